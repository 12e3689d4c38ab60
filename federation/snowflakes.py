"""Snowflakes: 64-bit keys that sort by time, (milliseconds << 16) | sequence.

Spec: house "Settled beforehand": a remote post's key carries its published time, clamped to
[2000-01-01, time of receipt]; local ones never run backwards.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000)
_SEQUENCE = 0xFFFF
_SECOND = 1000
_MILLISECOND = timedelta(milliseconds=1)


class Snowflakes:
    """Gives out keys; one object for the whole node."""

    def __init__(self, now: Callable[[], datetime], *, first: int) -> None:
        """Read the time from `now`; begin to count at a random `first` (26 bits are used)."""
        self._now = now
        self._count = first
        self._last_ms = 0

    def mint(self) -> int:
        """A key for something of this node, made now; never smaller than one before."""
        self._last_ms = max(self._last_ms, (self._now() - _EPOCH) // _MILLISECOND)
        return self._key(self._last_ms)

    def mint_at(self, moment: datetime | None, *, received: datetime) -> int:
        """A key that carries the time a peer gave.

        Most peers give whole seconds, or for accounts the day; then the milliseconds count on,
        so that 65 million keys of one moment differ.
        """
        latest = (received - _EPOCH) // _MILLISECOND
        if moment is None:
            return self._key(latest)
        stated = max((moment - _EPOCH) // _MILLISECOND, _EARLIEST_MS)
        if stated % _SECOND == 0:
            stated += (self._count >> 16) % _SECOND
        return self._key(min(stated, latest))

    def _key(self, milliseconds: int) -> int:
        self._count += 1
        return (milliseconds << 16) | (self._count & _SEQUENCE)
