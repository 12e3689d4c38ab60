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
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from federation.backoff import FIRST_WAIT, HORIZON, Attempt, Drop, remaining, verdict
from federation.delivery_outcomes import HORIZON_REASON, Attempted, Outcomes
from federation.errors import FederationError
from federation.exchanges import Answer
from federation.keys import OwnKeys
from federation.peer_queue import Item, PeerQueue
from federation.peer_queues import PeerQueues
from federation.policies import Policies
from federation.ports import DeliveryFigures, Post, Spawn
from federation.settlement import write_down
from federation.young_requests import YoungRequests
from storage.deliveries import Delivery, Position
from storage.errors import Busy
from storage.peers import Peer
from storage.store import Storage
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

LOADED_AT_ONCE = 5000
MOST_IN_MEMORY = 500
SETTLE_SECONDS = 0.02
SETTLE_COUNT = 500
SETTLE_AGAIN_SECONDS = 1.0
LONGEST_REST = timedelta(minutes=5)


class Deliverer:
    """Sends what the ledger holds."""

    def __init__(  # noqa: PLR0913 - put together once, in compose
        self,
        storage: Storage,
        client: Post,
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
        self._now = now
        self._in_flight = in_flight
        self._young = YoungRequests(young)
        self._queues = PeerQueues()
        self._wake = asyncio.Event()
        self._is_added = True
        self._loaded_to = 0
        self._swept_at = 0.0
        self._outcomes = Outcomes(figures)

    @property
    def waiting(self) -> int:
        """How many items are in memory, unsettled."""
        return sum(queue.count for queue in self._queues)

    def wake(self) -> None:
        """A commit added deliveries."""
        self._is_added = True
        self._wake.set()

    def peer_spoke(self, origin: str) -> None:
        """A verified message came from this peer: it is awake."""
        queue = self._queues.get(origin)
        if queue is not None and queue.sleeps_until is not None:
            queue.sleeps_until = None
            self._look_at(queue)

    async def run(self) -> None:
        """Load and start lanes for ever; run it beside `settle_for_ever`."""
        await self.load_health()
        while True:
            self._wake.clear()
            await self.step()
            await self._rest()

    async def settle_for_ever(self) -> None:
        """Write down what became of items, gathered."""
        while True:
            await self._outcomes.wait()
            if self._outcomes.count < SETTLE_COUNT:
                await asyncio.sleep(SETTLE_SECONDS)
            try:
                await self.settle()
            except Busy as error:
                log.warning("what became of deliveries cannot be written now: %s", error)
                await asyncio.sleep(SETTLE_AGAIN_SECONDS)

    async def settle(self) -> None:
        """Write down what became of items until now.

        Raises:
            Busy: it cannot be written now; it is kept for the next call.
        """
        ended = self._outcomes.take()
        if ended.is_empty:
            return
        try:
            await self._storage.write(write_down, ended, to_ms(self._now()))
        except Busy:
            self._outcomes.put_back(ended)
            raise

    async def load_health(self) -> None:
        """Learn which peers did not answer before this process began."""
        for peer in await self._storage.read(_failing):
            queue = self._queues.of(peer.origin)
            queue.failures = peer.failures
            queue.failing_since = peer.last_success_at or peer.first_seen_at
            queue.sleeps_until = peer.next_try_at

    async def step(self) -> None:
        """Load what is new and start lanes for what is due. `run` does this at each wake-up."""
        if self._is_added:
            self._is_added = False
            try:
                await self._load()
            except BaseException:
                self._is_added = True
                raise
        while hungry := self._queues.hungry():
            for queue in hungry:
                await self._load_more(queue)
        now = self._now()
        for queue in self._queues.take(now):
            queue.release_due(now)
            self._start_lanes(queue, now)
            self._queues.plan(queue)
            if queue.is_hungry:
                self._wake.set()

    async def _load(self) -> None:
        while True:
            found, bodies = await self._storage.read(
                _load_after, self._loaded_to, LOADED_AT_ONCE, self._queues.overflowing
            )
            for delivery in found:
                self._take_in(delivery, bodies)
            if found:
                self._loaded_to = max(self._loaded_to, found[-1].seq)
            if len(found) < LOADED_AT_ONCE:
                return

    def _take_in(self, delivery: Delivery, bodies: Mapping[int, bytes]) -> None:
        queue = self._queues.of(delivery.peer)
        if queue.more_from is not None:
            return
        if queue.count >= MOST_IN_MEMORY:
            queue.more_from = queue.last
            self._queues.note_overflow(queue)
            return
        self._put(queue, delivery, bodies)

    async def _load_more(self, queue: PeerQueue) -> None:
        """Go on where memory ended, up to where `_load` has come: what is newer comes by that."""
        after = queue.more_from
        if after is None:
            return
        found, bodies = await self._storage.read(
            _load_of_peer, queue.peer, after, self._loaded_to, MOST_IN_MEMORY
        )
        for delivery in found:
            self._put(queue, delivery, bodies)
        is_all = len(found) < MOST_IN_MEMORY
        queue.more_from = None if is_all else (found[-1].seq, found[-1].inbox)
        self._queues.note_overflow(queue)
        self._queues.touch(queue)

    def _put(self, queue: PeerQueue, delivery: Delivery, bodies: Mapping[int, bytes]) -> None:
        now = self._now()
        if queue.failures and now - from_ms(delivery.queued_ms) >= HORIZON:
            self._outcomes.give_up(delivery, HORIZON_REASON)
            return
        at = from_ms(delivery.run_ms) if delivery.run_ms else None
        if at is not None and not remaining(at, now=now):
            at = None
        queue.add(Item(delivery, bodies[delivery.seq], delivery.attempts, at))
        self._queues.touch(queue)

    def _start_lanes(self, queue: PeerQueue, now: datetime) -> None:
        if queue.sleeps_until is not None:
            if remaining(queue.sleeps_until, now=now):
                return
            queue.sleeps_until = None
        most = self._in_flight if queue.is_proven else 1
        for _ in range(min(most - queue.lanes, queue.ready_count)):
            queue.lanes += 1
            self._spawn(self._lane(queue), f"deliver to {queue.peer}")

    async def _rest(self) -> None:
        clock = asyncio.get_running_loop().time
        due = self._queues.next_due()
        pause = LONGEST_REST if due is None else remaining(due, now=self._now())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(min(pause, LONGEST_REST).total_seconds(), 0.05)):
                await self._wake.wait()
        if clock() - self._swept_at >= LONGEST_REST.total_seconds():
            self._swept_at = clock()
            self._queues.touch_all()

    def _look_at(self, queue: PeerQueue) -> None:
        self._queues.touch(queue)
        self._wake.set()

    async def _lane(self, queue: PeerQueue) -> None:
        try:
            while queue.sleeps_until is None and (item := queue.take()) is not None:
                await self._work_on(queue, item)
                if queue.is_proven:
                    self._start_lanes(queue, self._now())
        finally:
            queue.lanes -= 1
            if queue.is_idle:
                self._queues.plan(queue)
            else:
                self._look_at(queue)

    async def _work_on(self, queue: PeerQueue, item: Item) -> None:
        try:
            attempted = await self._try(queue, item)
        except Exception:
            # The trouble is ours: the item must neither be lost nor tried again at once.
            queue.hold(item, None)
            queue.sleeps_until = self._now() + FIRST_WAIT
            raise
        self._outcomes.apply(queue, item, attempted)

    async def _try(self, queue: PeerQueue, item: Item) -> Attempted:
        failures = queue.failures
        if self._policies.is_refused(queue.peer):
            return Attempted(Drop(reason="blocked"), "", failures, self._now())
        signer = await self._keys.signer(item.delivery.sender_id)
        if signer is None:
            return Attempted(Drop(reason="no-key"), "", failures, self._now())
        outcome: Answer | FederationError
        place = await self._young.enter()
        try:
            outcome = await self._client.post_signed(item.delivery.inbox, item.body, signer)
        except FederationError as error:
            outcome = error
        finally:
            place.leave()
        now = self._now()
        attempt = Attempt(
            outcome=outcome.status if isinstance(outcome, Answer) else outcome,
            failures=failures + 1,
            refusals=item.refusals + 1,
            age=now - from_ms(item.delivery.queued_ms),
            down_for=now - (queue.failing_since or now),
            retry_after=outcome.retry_after if isinstance(outcome, Answer) else None,
            is_twin=item.delivery.twin,
        )
        ended = verdict(attempt, now=now, random=random.random())  # noqa: S311 - jitter
        return Attempted(ended, _words(outcome), failures, now)


def _words(outcome: Answer | FederationError) -> str:
    if isinstance(outcome, Answer):
        return f"{outcome.status} {outcome.excerpt}".rstrip()
    return str(outcome)


def _failing(uow: UnitOfWork) -> list[Peer]:
    return uow.peers.failing()


def _load_after(
    uow: UnitOfWork, after: int, most: int, without: frozenset[str]
) -> tuple[list[Delivery], dict[int, bytes]]:
    """Deliveries of newer bodies; the bodies of all but those that only go to these peers."""
    found = uow.deliveries.after(after, most)
    return found, uow.deliveries.bodies(
        sorted({one.seq for one in found if one.peer not in without})
    )


def _load_of_peer(
    uow: UnitOfWork, peer: str, after: Position, up_to: int, most: int
) -> tuple[list[Delivery], dict[int, bytes]]:
    found = uow.deliveries.of_peer(peer, after=after, up_to=up_to, most=most)
    return found, uow.deliveries.bodies(sorted({one.seq for one in found}))
