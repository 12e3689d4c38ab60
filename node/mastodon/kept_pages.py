"""Pages that were answered a moment ago, for when nothing has happened since.

A page is kept with the state of the database that it was read from, and given again only to the
same reader, for the same request, out of the same state: any change, by whomever, makes all pages
anew. So it helps against many visitors of one page, and apps that ask again and again, and can show
nothing that is not so.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from communities.people import ActorKey
from node.mastodon.paging import Around
from storage.unit_of_work import UnitOfWork

MOST_BYTES = 32 * 1024 * 1024
_LONGEST_KEY = 1_000
_LONGEST = timedelta(seconds=5)
"""Mutes, filters and polls end by themselves: nobody writes when they do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of a page, and what is around it."""

    body: bytes
    around: Around


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    at: datetime


class KeptPages:
    """Answers by reader, request and state of the database; used by several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Keep nothing yet; of too much, what was asked for longest ago goes."""
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def read(
        self,
        uow: UnitOfWork,
        viewer_id: ActorKey | None,
        request: str,
        at: datetime,
        make: Callable[[], Answer],
    ) -> Answer:
        """The answer to a request, made unless it is kept and still holds.

        Args:
            uow: the read transaction.
            viewer_id: who reads.
            request: all that the answer depends on besides: path and query.
            at: now.
            make: reads the answer in this transaction.
        """
        key = (uow.connection.state(), viewer_id, request)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and abs(at - kept.at) < _LONGEST:
                self._kept.move_to_end(key)
                return kept.answer
        answer = make()
        if len(request) <= _LONGEST_KEY and len(answer.body) < self._most_bytes:
            with self._lock:
                self._keep(key, _Kept(answer, at))
        return answer

    def _keep(self, key: tuple[object, ...], kept: _Kept) -> None:
        before = self._kept.pop(key, None)
        self._bytes += len(kept.answer.body) - (0 if before is None else len(before.answer.body))
        self._kept[key] = kept
        while self._bytes > self._most_bytes:
            _key, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.answer.body)
