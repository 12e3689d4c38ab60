"""What waits for one peer, in memory: items in order by order key, and how the peer answers."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from storage.deliveries import BEGINNING, Delivery, Position


@dataclass(slots=True)
class Item:
    """A delivery with its body at hand.

    Attributes:
        refusals: how often the peer has answered with a status that stands a second try.
        not_before: when it may be tried again; None for at once.
    """

    delivery: Delivery
    body: bytes
    refusals: int
    not_before: datetime | None = None

    @property
    def position(self) -> Position:
        """Its place in the ledger."""
        return self.delivery.seq, self.delivery.inbox


@dataclass(slots=True)
class PeerQueue:
    """One peer. Items of one order key go one after another; different keys side by side.

    Attributes:
        failures: how often in a row the peer did not answer.
        failing_since: when that began.
        sleeps_until: no item is tried before; None while the peer is awake.
        is_proven: it has answered since this process began (or since it last failed), so that
            several requests may go side by side.
        more_from: place of the last item in memory when others are left in storage; None if none.
        planned: when `PeerQueues` looks at it next.
        lanes: how many tasks work on it.
        last: place of the last item that was added.
        count: how many items wait or are under way.
    """

    peer: str
    failures: int = 0
    failing_since: datetime | None = None
    sleeps_until: datetime | None = None
    is_proven: bool = False
    more_from: Position | None = None
    planned: datetime | None = None
    lanes: int = 0
    last: Position = BEGINNING
    count: int = 0
    _by_key: dict[int, deque[Item]] = field(default_factory=dict)
    _ready: deque[int] = field(default_factory=deque)
    _held: dict[int, datetime] = field(default_factory=dict)

    def add(self, item: Item) -> None:
        """Put an item behind those with its order key."""
        key = item.delivery.order_key
        waiting = self._by_key.get(key)
        self.count += 1
        self.last = item.position
        if waiting is not None:
            waiting.append(item)
            return
        self._by_key[key] = deque((item,))
        self._offer(key, item)

    @property
    def ready_count(self) -> int:
        """How many items could be tried side by side."""
        return len(self._ready)

    @property
    def is_hungry(self) -> bool:
        """Whether nothing here is left to begin with, while more lies in storage.

        What waits behind an item that is under way is something to go on with.
        """
        if self.more_from is None or self._ready or self.sleeps_until is not None:
            return False
        return self.lanes == 0 or self.count <= self.lanes

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do and nothing to remember."""
        return not (self.count or self.lanes or self.failures or self.more_from)

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
        if waiting:
            self._offer(key, waiting[0])
        else:
            del self._by_key[key]

    def _offer(self, key: int, first: Item) -> None:
        if first.not_before is None:
            self._ready.append(key)
        else:
            self._held[key] = first.not_before

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
            self._by_key[key][0].not_before = None
            self._ready.append(key)

    def next_due(self) -> datetime | None:
        """When to look at this peer again; None when nothing waits for a time."""
        if self.sleeps_until is not None:
            return self.sleeps_until if self.count or self.more_from else None
        return min(self._held.values(), default=None)

    def expire(self, before_ms: int) -> list[Item]:
        """Take out what was queued before a time and is not under way."""
        expired: list[Item] = []
        for key in [*self._ready, *self._held]:
            waiting = self._by_key[key]
            while waiting and waiting[0].delivery.queued_ms < before_ms:
                expired.append(waiting.popleft())
            if not waiting:
                del self._by_key[key]
                self._held.pop(key, None)
        self._ready = deque(key for key in self._ready if key in self._by_key)
        self.count -= len(expired)
        return expired
