"""The queues of all peers, and which of them to look at now.

Looking at every peer at every commit would cost ten thousand steps where one peer has something
to do: only those that were touched, and those whose time has come, are looked at.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime

from federation.backoff import remaining
from federation.peer_queue import PeerQueue


class PeerQueues:
    """Queues by origin. Of one that is idle only stays whether the peer is proven."""

    def __init__(self) -> None:
        """Begin with none."""
        self._queues: dict[str, PeerQueue] = {}
        self._touched: dict[str, None] = {}
        self._due: list[tuple[datetime, str]] = []
        self._overflowing: set[str] = set()
        self._proven: set[str] = set()

    def __iter__(self) -> Iterator[PeerQueue]:
        """All queues."""
        return iter(self._queues.values())

    def __len__(self) -> int:
        """How many peers there are something about."""
        return len(self._queues)

    def get(self, peer: str) -> PeerQueue | None:
        """The queue of a peer, if there is something about it."""
        return self._queues.get(peer)

    def of(self, peer: str) -> PeerQueue:
        """The queue of a peer, made if need be."""
        found = self._queues.get(peer)
        if found is None:
            found = self._queues[peer] = PeerQueue(peer, is_proven=peer in self._proven)
        return found

    @property
    def overflowing(self) -> frozenset[str]:
        """Peers of which items are left in storage."""
        return frozenset(self._overflowing)

    def hungry(self) -> list[PeerQueue]:
        """Queues that can go on only with what is left in storage."""
        found = (self._queues[peer] for peer in self._overflowing)
        return [queue for queue in found if queue.is_hungry]

    def touch(self, queue: PeerQueue) -> None:
        """Something changed for this peer: look at it."""
        self._touched[queue.peer] = None

    def touch_all(self) -> None:
        """Look at every peer: after a clock was set back, planned times mean nothing."""
        self._touched.update(dict.fromkeys(self._queues))

    def note_overflow(self, queue: PeerQueue) -> None:
        """Take over whether there is more in storage."""
        if queue.more_from is None:
            self._overflowing.discard(queue.peer)
        else:
            self._overflowing.add(queue.peer)

    def take(self, now: datetime) -> list[PeerQueue]:
        """The queues to look at now; each must go to `plan` afterwards."""
        while self._due and not remaining(self._due[0][0], now=now):
            at, peer = heapq.heappop(self._due)
            queue = self._queues.get(peer)
            if queue is not None and queue.planned == at:
                queue.planned = None
                self._touched[peer] = None
        touched, self._touched = self._touched, {}
        return [self._queues[peer] for peer in touched if peer in self._queues]

    def plan(self, queue: PeerQueue) -> None:
        """Come back to a queue when its next time has come, or let it go when it is idle."""
        if queue.is_idle:
            self._let_go(queue)
            return
        at = queue.next_due()
        if at is not None and at != queue.planned:
            heapq.heappush(self._due, (at, queue.peer))
        queue.planned = at

    def _let_go(self, queue: PeerQueue) -> None:
        self._queues.pop(queue.peer, None)
        if queue.is_proven:
            self._proven.add(queue.peer)
        else:
            self._proven.discard(queue.peer)

    def next_due(self) -> datetime | None:
        """When a queue has to be looked at again."""
        return self._due[0][0] if self._due else None
