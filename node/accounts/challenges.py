"""Challenges that wait for an answer: in memory, bounded, each for a while and for one answer."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

MOST_CHALLENGES = 10_000

Key = TypeVar("Key", bound=Hashable)
Asked = TypeVar("Asked")


class Challenges(Generic[Key, Asked]):
    """What was asked, by whom it was given to; a restart forgets it, and people ask anew."""

    def __init__(
        self, now: Callable[[], datetime], *, kept: timedelta, most: int = MOST_CHALLENGES
    ) -> None:
        """Hold each for so long; the oldest go first when there are too many."""
        self._now = now
        self._kept = kept
        self._most = most
        self._asked: OrderedDict[Key, tuple[Asked, datetime]] = OrderedDict()

    def __len__(self) -> int:
        """How many are held."""
        return len(self._asked)

    def put(self, key: Key, asked: Asked) -> None:
        """Hold a challenge; the one before it with this key ends."""
        now = self._now()
        self._asked[key] = (asked, now + self._kept)
        self._asked.move_to_end(key)
        while len(self._asked) > self._most or self._oldest_ends() <= now:
            self._asked.popitem(last=False)

    def take(self, key: Key) -> Asked | None:
        """Use a challenge up; None when there is none, or none any more."""
        asked, until = self._asked.pop(key, (None, self._now()))
        return asked if until > self._now() else None

    def _oldest_ends(self) -> datetime:
        return next(iter(self._asked.values()))[1]
