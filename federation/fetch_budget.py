"""How many documents are fetched from one peer in a minute: a bound on what strangers cause.

Spec: security FLD-04, FET-05.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from storage.errors import Busy

MINUTE = timedelta(minutes=1)
REMEMBERED_PEERS = 8192


class FetchBudget:
    """Counts fetches from each peer, minute by minute; one object for each thing fetched."""

    def __init__(self, per_minute: int, *, now: Callable[[], datetime]) -> None:
        """Allow `per_minute` fetches from each peer."""
        self._per_minute = per_minute
        self._now = now
        self._spent: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def spend(self, peer: str) -> None:
        """Count one fetch from an origin.

        Raises:
            Busy: too many were made in this minute; try again in the next.
        """
        now = self._now()
        began, spent = self._spent.get(peer, (now, 0))
        if now - began >= MINUTE:
            began, spent = now, 0
        if spent >= self._per_minute:
            raise Busy("too much was fetched from this server lately; try again in a minute")
        self._spent[peer] = (began, spent + 1)
        self._spent.move_to_end(peer)
        if len(self._spent) > REMEMBERED_PEERS:
            self._spent.popitem(last=False)
