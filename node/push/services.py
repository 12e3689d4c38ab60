"""Push services, as far as they answer: how much is sent to each at once, and when it rests.

All of a service's subscriptions share what is known of it, so that one that is down costs a try
now and then, and one that is slow holds no more than its share of the jobs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

AT_ONCE: Final = 6
"""Of the sixteen jobs that run at once."""
APART: Final = timedelta(milliseconds=50)
FIRST_REST: Final = timedelta(seconds=30)
LONGEST_REST: Final = timedelta(hours=1)
_MOST_KNOWN: Final = 10_000
_DOUBLINGS: Final = 10


@dataclass(slots=True)
class _Service:
    running: int = 0
    failures: int = 0
    rests_until: datetime | None = None
    next_turn: datetime | None = None


class Services:
    """By origin; what is known of one that nothing is sent to is forgotten in time."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[str, _Service] = {}

    def turn(self, origin: str, now: datetime) -> datetime | None:
        """When to come back; None when it is one's turn now."""
        service = self._known.get(origin)
        if service is None:
            return None
        if service.rests_until is not None and service.rests_until > now:
            return self._line_up(service, service.rests_until)
        if service.running >= AT_ONCE:
            return self._line_up(service, now + APART)
        return None

    def _line_up(self, service: _Service, earliest: datetime) -> datetime:
        """A turn behind those of all who came before: nobody asks twice for nothing."""
        at = earliest
        if service.next_turn is not None and service.next_turn > earliest:
            at = service.next_turn
        service.next_turn = at + APART
        return at

    @contextmanager
    def sending(self, origin: str) -> Iterator[None]:
        """Hold a place while something is sent."""
        if len(self._known) >= _MOST_KNOWN:
            self._forget()
        service = self._known.setdefault(origin, _Service())
        service.running += 1
        try:
            yield
        finally:
            service.running -= 1

    def _forget(self) -> None:
        idle = [origin for origin, service in self._known.items() if not service.running]
        for origin in idle:
            del self._known[origin]

    def answered(self, origin: str) -> None:
        """It is there."""
        service = self._known.setdefault(origin, _Service())
        service.failures = 0
        service.rests_until = None

    def failed(self, origin: str, now: datetime, retry_after: timedelta | None = None) -> None:
        """It is not, or asks for patience: nothing more is sent to it for a while."""
        service = self._known.setdefault(origin, _Service())
        rest = min(FIRST_REST * 2 ** min(service.failures, _DOUBLINGS), LONGEST_REST)
        service.failures += 1
        service.rests_until = now + (
            rest if retry_after is None else min(retry_after, LONGEST_REST)
        )
