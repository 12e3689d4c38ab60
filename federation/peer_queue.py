"""What waits for one peer, in memory: items in order by order key, and how the peer answers."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from storage.deliveries import Delivery


@dataclass(slots=True)
class Item:
    """A delivery with its body at hand."""

    delivery: Delivery
    body: bytes
    attempts: int
    not_before: datetime | None = None


@dataclass(slots=True)
class PeerQueue:
    """One peer. Items of one order key go one after another; different keys side by side.

    Attributes:
        failures: how often in a row the peer did not answer.
        failing_since: when that began.
        sleeps_until: no item is tried before; None while the peer is awake.
        is_proven: it has answered since this process began (or since it last failed), so that
            several requests may go side by side.
        more_from: seq of the last item in memory when others are left in storage; None if none.
    """

    peer: str
    failures: int = 0
    failing_since: datetime | None = None
    sleeps_until: datetime | None = None
    is_proven: bool = False
    more_from: int | None = None
    lanes: int = 0
    last_seq: int = 0
    count: int = 0
    _by_key: dict[int, deque[Item]] = field(default_factory=dict)
    _ready: deque[int] = field(default_factory=deque)
    _held: dict[int, datetime] = field(default_factory=dict)

    def add(self, item: Item) -> None:
        """Put an item behind those with its order key."""
        key = item.delivery.order_key
        waiting = self._by_key.get(key)
        self.count += 1
        self.last_seq = max(self.last_seq, item.delivery.seq)
        if waiting is not None:
            waiting.append(item)
            return
        self._by_key[key] = deque((item,))
        if item.not_before is None:
            self._ready.append(key)
        else:
            self._held[key] = item.not_before

    @property
    def has_ready(self) -> bool:
        """Whether an item could be tried now."""
        return bool(self._ready)

    @property
    def ready_count(self) -> int:
        """How many items could be tried side by side."""
        return len(self._ready)

    def take(self) -> Item | None:
        """The next item to try; its order key rests until `done` or `hold`."""
        if not self._ready:
            return None
        return self._by_key[self._ready.popleft()][0]

    def done(self, item: Item) -> None:
        """The item is settled: the next of its key may go."""
        key = item.delivery.order_key
        waiting = self._by_key[key]
        waiting.popleft()
        self.count -= 1
        if not waiting:
            del self._by_key[key]
            return
        following = waiting[0].not_before
        if following is None:
            self._ready.append(key)
        else:
            self._held[key] = following

    def hold(self, item: Item, until: datetime | None) -> None:
        """The item is to be tried again: at a time, or (None) as soon as the peer is awake."""
        key = item.delivery.order_key
        item.not_before = until
        if until is None:
            self._ready.appendleft(key)
        else:
            self._held[key] = until

    def release_due(self, now: datetime) -> None:
        """Make items ready whose time has come."""
        for key in [key for key, at in self._held.items() if at <= now]:
            del self._held[key]
            self._ready.append(key)

    def next_due(self) -> datetime | None:
        """When to look at this peer again; None when nothing waits for a time."""
        if self.sleeps_until is not None:
            return self.sleeps_until if self._by_key else None
        return min(self._held.values(), default=None)
