"""Delivery: every peer has its own queue, so that a dead or slow one delays nobody.

The ledger in storage is the truth; this is its moving part. A commit that added deliveries wakes
`run`, which loads them and starts lanes: tasks that take one item after another of one peer, up
to `in_flight` side by side once the peer has answered, one at a time before. What became of items
gathers for 20 ms or 500 and is one unit of work. After a kill -9 the rows are still there.

Spec: house 2.6 "Jobs and delivery"; security 3.2 (the table is in `backoff`).
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from federation.backoff import Attempt, Done, Drop, Gone, Retry, Scope, Verdict, remaining, verdict
from federation.client import Client
from federation.errors import FederationError
from federation.exchanges import Answer
from federation.keys import OwnKeys
from federation.peer_queue import Item, PeerQueue
from federation.policies import Policies
from federation.ports import DeliveryFigures, Spawn
from storage.deliveries import Delivery, GivenUp, Postponed
from storage.peers import Peer
from storage.store import Storage
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

LOADED_AT_ONCE = 5000
MOST_IN_MEMORY = 500
SETTLE_SECONDS = 0.02
SETTLE_COUNT = 500
LONGEST_REST = timedelta(minutes=5)
CONFIRM_GONE_JOB = "confirm-gone"
SLOT_SECONDS = 1.0
"""After this time an unanswered request no longer counts against the young ones."""


@dataclass(slots=True)
class Settlement:
    """What became of items since the last unit."""

    done: list[tuple[int, str]] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    health: dict[str, tuple[int, datetime | None, str]] = field(default_factory=dict)
    healthy: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many items it holds."""
        return len(self.done) + len(self.postponed) + len(self.given_up)


class Deliverer:
    """Sends what the ledger holds."""

    def __init__(  # noqa: PLR0913 - put together once, in compose
        self,
        storage: Storage,
        client: Client,
        keys: OwnKeys,
        policies: Policies,
        spawn: Spawn,
        figures: DeliveryFigures,
        *,
        now: Callable[[], datetime],
        in_flight: int = 8,
        young: int = 256,
    ) -> None:
        """Take what it works with.

        Args:
            storage: holds the ledger.
            client: posts.
            keys: sign as the sender.
            policies: peers that are refused get nothing.
            spawn: runs lanes.
            figures: counts outcomes.
            now: an aware datetime.
            in_flight: requests side by side to one peer.
            young: requests of all peers that are younger than a second.
        """
        self._storage = storage
        self._client = client
        self._keys = keys
        self._policies = policies
        self._spawn = spawn
        self._figures = figures
        self._now = now
        self._in_flight = in_flight
        self._young = asyncio.Semaphore(young)
        self._peers: dict[str, PeerQueue] = {}
        self._wake = asyncio.Event()
        self._loaded_to = 0
        self._settlement = Settlement()
        self._settling = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many items are in memory, unsettled."""
        return sum(queue.count for queue in self._peers.values())

    def wake(self) -> None:
        """A commit added deliveries."""
        self._wake.set()

    def peer_spoke(self, origin: str) -> None:
        """A verified message came from this peer: it is awake."""
        queue = self._peers.get(origin)
        if queue is not None and queue.sleeps_until is not None:
            queue.sleeps_until = self._now()
            self._wake.set()

    async def run(self) -> None:
        """Load and start lanes for ever; run it beside `settle_for_ever`."""
        await self._load_health()
        while True:
            self._wake.clear()
            await self._load()
            self._start_due()
            await self._rest()

    async def settle_for_ever(self) -> None:
        """Write down what became of items, gathered."""
        while True:
            await self._settling.wait()
            if self._settlement.size < SETTLE_COUNT:
                await asyncio.sleep(SETTLE_SECONDS)
            await self.settle()

    async def settle(self) -> None:
        """Write down what became of items until now."""
        self._settling.clear()
        ended, self._settlement = self._settlement, Settlement()
        if ended.size or ended.health or ended.healthy:
            await self._storage.write(_settle, ended, to_ms(self._now()))

    async def _load_health(self) -> None:
        for peer in await self._storage.read(_failing):
            queue = self._queue(peer.origin)
            queue.failures = peer.failures
            queue.failing_since = peer.last_success_at or peer.first_seen_at
            queue.sleeps_until = peer.next_try_at

    async def _load(self) -> None:
        while True:
            found, bodies = await self._storage.read(_load_after, self._loaded_to, LOADED_AT_ONCE)
            for delivery in found:
                self._take_in(delivery, bodies)
            if found:
                self._loaded_to = max(self._loaded_to, found[-1].seq)
            if len(found) < LOADED_AT_ONCE:
                break
        for queue in self._peers.values():
            if queue.more_from is not None and queue.count == 0:
                await self._load_more(queue)

    async def _load_more(self, queue: PeerQueue) -> None:
        after, queue.more_from = queue.more_from or 0, None
        found, bodies = await self._storage.read(_load_of_peer, queue.peer, after, MOST_IN_MEMORY)
        for delivery in found:
            self._put(queue, delivery, bodies)
        if len(found) == MOST_IN_MEMORY:
            queue.more_from = queue.last_seq

    def _take_in(self, delivery: Delivery, bodies: dict[int, bytes]) -> None:
        queue = self._queue(delivery.peer)
        if queue.more_from is not None:
            return
        if queue.count >= MOST_IN_MEMORY:
            queue.more_from = queue.last_seq
            return
        self._put(queue, delivery, bodies)

    def _put(self, queue: PeerQueue, delivery: Delivery, bodies: dict[int, bytes]) -> None:
        at = from_ms(delivery.run_ms) if delivery.run_ms else None
        if at is not None and not remaining(at, now=self._now()):
            at = None
        queue.add(Item(delivery, bodies[delivery.seq], delivery.attempts, at))

    def _queue(self, peer: str) -> PeerQueue:
        found = self._peers.get(peer)
        if found is None:
            found = self._peers[peer] = PeerQueue(peer)
        return found

    def _start_due(self) -> None:
        now = self._now()
        idle: list[str] = []
        for queue in self._peers.values():
            queue.release_due(now)
            self._start_lanes(queue, now)
            if not queue.count and not queue.lanes and not queue.failures:
                idle.append(queue.peer)
        for peer in idle:
            if self._peers[peer].more_from is None:
                del self._peers[peer]

    def _start_lanes(self, queue: PeerQueue, now: datetime) -> None:
        if queue.sleeps_until is not None:
            if remaining(queue.sleeps_until, now=now):
                return
            queue.sleeps_until = None
        most = self._in_flight if queue.is_proven else 1
        wanted = min(most - queue.lanes, queue.ready_count)
        for _ in range(wanted):
            queue.lanes += 1
            self._spawn(self._lane(queue), f"deliver to {queue.peer}")

    async def _rest(self) -> None:
        now = self._now()
        due = [at for queue in self._peers.values() if (at := queue.next_due()) is not None]
        pause = min([LONGEST_REST, *(remaining(at, now=now) for at in due)])
        try:
            async with asyncio.timeout(max(pause.total_seconds(), 0.05)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _lane(self, queue: PeerQueue) -> None:
        try:
            while queue.sleeps_until is None:
                item = queue.take()
                if item is None:
                    break
                await self._try(queue, item)
                if queue.is_proven:
                    self._start_lanes(queue, self._now())
        finally:
            queue.lanes -= 1
            if queue.more_from is not None and not queue.count:
                self._wake.set()

    async def _try(self, queue: PeerQueue, item: Item) -> None:
        item.attempts += 1
        if self._policies.is_refused(queue.peer):
            self._apply(queue, item, Drop(reason="blocked"), "")
            return
        outcome = await self._post(item)
        now = self._now()
        if isinstance(outcome, Answer):
            status: int | FederationError = outcome.status
            patience, words = outcome.retry_after, f"{outcome.status} {outcome.excerpt}"
        else:
            status, patience, words = outcome, None, str(outcome)
        attempt = Attempt(
            outcome=status,
            failures=queue.failures + 1,
            refusals=item.attempts,
            age=now - from_ms(item.delivery.queued_ms),
            down_for=now - (queue.failing_since or now),
            retry_after=patience,
            is_twin=item.delivery.twin,
        )
        ended = verdict(attempt, now=now, random=random.random())  # noqa: S311 - jitter
        self._apply(queue, item, ended, words)

    async def _post(self, item: Item) -> Answer | FederationError:
        signer = await self._keys.signer(item.delivery.sender_id)
        if signer is None:
            return Answer(status=403, excerpt="the sender has no key any more")
        slot = _Slot(self._young)
        await slot.take()
        try:
            return await self._client.post_signed(item.delivery.inbox, item.body, signer)
        except FederationError as error:
            return error
        finally:
            slot.give_back()

    def _apply(self, queue: PeerQueue, item: Item, ended: Verdict, words: str) -> None:
        delivery, settlement = item.delivery, self._settlement
        match ended:
            case Done():
                self._figures.delivery("done")
                settlement.done.append((delivery.seq, delivery.inbox))
                self._note_answer(queue)
                queue.done(item)
            case Gone():
                self._figures.delivery("gone")
                settlement.given_up.append(GivenUp(delivery.seq, delivery.inbox, "gone"))
                settlement.gone.append(delivery.inbox)
                queue.done(item)
            case Drop(reason=reason):
                self._figures.delivery("dropped")
                settlement.given_up.append(
                    GivenUp(delivery.seq, delivery.inbox, f"{reason}: {words}")
                )
                self._note_answer(queue)
                queue.done(item)
            case Retry(at=at, scope=scope):
                self._figures.delivery("retried")
                self._postpone(queue, item, at, scope, words)
        self._settling.set()

    def _postpone(
        self, queue: PeerQueue, item: Item, at: datetime, scope: Scope, words: str
    ) -> None:
        delivery = item.delivery
        if scope is Scope.ITEM:
            queue.hold(item, at)
        else:
            queue.hold(item, None)
            queue.sleeps_until = max(at, queue.sleeps_until or at)
        if scope is Scope.PEER:
            queue.is_proven = False
            queue.failures += 1
            queue.failing_since = queue.failing_since or self._now()
            self._settlement.health[queue.peer] = (queue.failures, at, words)
            self._settlement.healthy.discard(queue.peer)
        run_ms = to_ms(at) if scope is Scope.ITEM else 0
        self._settlement.postponed.append(
            Postponed(delivery.seq, delivery.inbox, item.attempts, run_ms, words)
        )
        self._wake.set()

    def _note_answer(self, queue: PeerQueue) -> None:
        queue.is_proven = True
        if queue.failures:
            queue.failures, queue.failing_since = 0, None
            self._settlement.health.pop(queue.peer, None)
            self._settlement.healthy.add(queue.peer)


class _Slot:
    """A place among the young requests, given back when it answers or grows old."""

    __slots__ = ("_held", "_pool", "_timer")

    def __init__(self, pool: asyncio.Semaphore) -> None:
        self._pool = pool
        self._held = False
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        await self._pool.acquire()
        self._held = True
        self._timer = asyncio.get_running_loop().call_later(SLOT_SECONDS, self._release)

    def give_back(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._release()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._pool.release()


def _failing(uow: UnitOfWork) -> list[Peer]:
    return uow.peers.failing()


def _load_after(uow: UnitOfWork, after: int, most: int) -> tuple[list[Delivery], dict[int, bytes]]:
    found = uow.deliveries.after(after, most)
    return found, uow.deliveries.bodies(sorted({one.seq for one in found}))


def _load_of_peer(
    uow: UnitOfWork, peer: str, after: int, most: int
) -> tuple[list[Delivery], dict[int, bytes]]:
    found = uow.deliveries.of_peer(peer, after=after, most=most)
    return found, uow.deliveries.bodies(sorted({one.seq for one in found}))


def _settle(uow: UnitOfWork, ended: Settlement, at_ms: int) -> None:
    uow.deliveries.settle(ended.done, ended.postponed, ended.given_up, at_ms=at_ms)
    for peer, (failures, next_try, words) in ended.health.items():
        uow.peers.note_failure(peer, failures=failures, next_try_at=next_try, error=words)
    for peer in ended.healthy:
        uow.peers.note_success(peer, at=from_ms(at_ms))
    for inbox in ended.gone:
        uow.jobs.enqueue(
            CONFIRM_GONE_JOB, inbox.encode(), run_ms=at_ms, key=f"{CONFIRM_GONE_JOB} {inbox}"
        )
