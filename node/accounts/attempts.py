"""How often something may be tried: a few times at once, then with waits that grow.

It is kept in memory, bounded: a restart forgives everybody, which nobody outside can cause.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from math import ceil

from node.errors import Refusal

MOST_KEYS = 20_000
_LARGEST_EXPONENT = 30
_NETWORK_BITS = 64


class TooManyAttempts(Refusal):
    """Somebody must wait before they try again."""

    def __init__(self, wait: timedelta) -> None:
        """Say how long."""
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many attempts; please wait before the next one",
            headers={"Retry-After": str(self.seconds)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`free` tries, then a wait that doubles from `first` to `longest`; forgotten after `kept`."""

    free: int
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=15)
    kept: timedelta = timedelta(hours=1)

    def wait(self, tries: int) -> timedelta:
        """How long after so many tries the next one must wait."""
        if tries < self.free:
            return timedelta(0)
        return min(self.first * (1 << min(tries - self.free, _LARGEST_EXPONENT)), self.longest)


class Attempts:
    """Counts attempts by key: an account, an address."""

    def __init__(self, now: Callable[[], datetime], *, most: int = MOST_KEYS) -> None:
        """Count nothing yet; the keys that were not tried for longest are forgotten first."""
        self._now = now
        self._most = most
        self._tries: OrderedDict[Hashable, tuple[int, datetime]] = OrderedDict()

    def begin(self, *counted: tuple[Hashable, Patience]) -> None:
        """Count one more attempt under each key, before it is made: a burst counts as a burst.

        Raises:
            TooManyAttempts: one of the keys must wait; nothing is counted then.
        """
        now = self._now()
        wait = max(self._wait(key, patience, now) for key, patience in counted)
        if wait > timedelta(0):
            raise TooManyAttempts(wait)
        for key, patience in counted:
            tries, at = self._tries.get(key, (0, now))
            kept = tries if now - at <= patience.kept else 0
            self._tries[key] = (kept + 1, now)
            self._tries.move_to_end(key)
        while len(self._tries) > self._most:
            self._tries.popitem(last=False)

    def forgive(self, key: Hashable) -> None:
        """Take one attempt back, which turned out to be none."""
        tries, at = self._tries.get(key, (0, None))
        if at is not None and tries > 1:
            self._tries[key] = (tries - 1, at)
        else:
            self.forget(key)

    def forget(self, key: Hashable) -> None:
        """Begin anew with this key."""
        self._tries.pop(key, None)

    def _wait(self, key: Hashable, patience: Patience, now: datetime) -> timedelta:
        tries, at = self._tries.get(key, (0, now))
        if now - at > patience.kept:
            return timedelta(0)
        return at + patience.wait(tries) - now


def network_of(address: str) -> str:
    """What an address is counted by: itself, or the network that one customer has (IPv6 /64)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
    return str(parsed)
