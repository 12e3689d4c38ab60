"""What a try to deliver means: for its item, for the queue of its peer, and for the ledger."""

import asyncio
import random
from dataclasses import dataclass
from datetime import datetime

from federation.backoff import HORIZON, Done, Drop, Gone, Retry, Scope, Verdict, next_try
from federation.peer_queue import Item, PeerQueue
from federation.ports import DeliveryFigures
from federation.settlement import Settlement
from federation.wanted_jobs import NODEINFO_AGE
from storage.deliveries import Delivery, GivenUp, Postponed
from storage.times import to_ms

HORIZON_REASON = "horizon"
_STATUS_REASON = "status-"


@dataclass(slots=True)
class Attempted:
    """One try that has ended: what came of it, in words, and how often the peer had failed before.

    Requests that run side by side and fail together are one failure of the peer.
    """

    verdict: Verdict
    words: str
    failures: int
    at: datetime


class Outcomes:
    """Gathers what became of items until somebody takes it to storage."""

    def __init__(self, figures: DeliveryFigures) -> None:
        """Count outcomes in `figures`."""
        self._figures = figures
        self._settlement = Settlement()
        self._is_any = asyncio.Event()
        self._met: dict[str, datetime] = {}

    @property
    def count(self) -> int:
        """How many items wait to be settled."""
        return self._settlement.size

    async def wait(self) -> None:
        """Wait until there is something to settle."""
        await self._is_any.wait()

    def take(self) -> Settlement:
        """What has gathered; the caller writes it down, or puts it back."""
        self._is_any.clear()
        taken, self._settlement = self._settlement, Settlement()
        return taken

    def put_back(self, taken: Settlement) -> None:
        """Keep what could not be written down."""
        taken.put_before(self._settlement)
        self._settlement = taken
        self._is_any.set()

    def apply(self, queue: PeerQueue, item: Item, attempted: Attempted) -> None:
        """Note what came of a try, on the queue and for storage."""
        delivery = item.delivery
        match attempted.verdict:
            case Done():
                self._figures.delivery("done")
                self._settlement.done.append(item.position)
                self._note_answer(queue, attempted.at)
                queue.done(item)
            case Gone():
                self._settlement.gone.append(delivery.inbox)
                self.give_up(delivery, "gone")
                self._note_answer(queue, attempted.at)
                queue.done(item)
            case Drop(reason=reason):
                self.give_up(delivery, f"{reason}: {attempted.words}".removesuffix(": "))
                queue.done(item)
                self._after_drop(queue, reason, attempted)
            case Retry(at=at, scope=scope):
                self._figures.delivery("retried")
                self._postpone(queue, item, at, scope, attempted)
        self._is_any.set()

    def _after_drop(self, queue: PeerQueue, reason: str, attempted: Attempted) -> None:
        """A refusal is an answer, too; an item that grew too old says that the peer is away."""
        if reason.startswith(_STATUS_REASON):
            self._note_answer(queue, attempted.at)
        elif reason == HORIZON_REASON:
            down_for = attempted.at - (queue.failing_since or attempted.at)
            at = next_try(
                attempted.failures + 1,
                now=attempted.at,
                random=random.random(),  # noqa: S311 - jitter
                down_for=down_for,
            )
            self._note_failure(queue, at, attempted)
            for item in queue.expire(to_ms(attempted.at - HORIZON)):
                self.give_up(item.delivery, HORIZON_REASON)

    def give_up(self, delivery: Delivery, reason: str) -> None:
        """Note that a delivery will not be tried again."""
        self._figures.delivery("gone" if reason == "gone" else "dropped")
        self._settlement.given_up.append(GivenUp(delivery.seq, delivery.inbox, reason))
        self._is_any.set()

    def _postpone(
        self, queue: PeerQueue, item: Item, at: datetime, scope: Scope, attempted: Attempted
    ) -> None:
        run_ms = 0
        if scope is Scope.ITEM:
            item.refusals += 1
            run_ms = to_ms(at)
            queue.hold(item, at)
            self._note_answer(queue, attempted.at)
        else:
            queue.hold(item, None)
            queue.sleeps_until = max(at, queue.sleeps_until or at)
        if scope is Scope.PEER:
            self._note_failure(queue, at, attempted)
        seq, inbox = item.position
        self._settlement.postponed.append(
            Postponed(seq, inbox, item.refusals, run_ms, attempted.words)
        )

    def _note_failure(self, queue: PeerQueue, at: datetime, attempted: Attempted) -> None:
        queue.is_proven = False
        queue.failures = max(queue.failures, attempted.failures + 1)
        queue.failing_since = queue.failing_since or attempted.at
        queue.sleeps_until = max(at, queue.sleeps_until or at)
        self._settlement.health[queue.peer] = (queue.failures, at, attempted.words)
        self._settlement.healthy.discard(queue.peer)

    def _note_answer(self, queue: PeerQueue, at: datetime) -> None:
        queue.is_proven = True
        if queue.failures:
            queue.failures, queue.failing_since = 0, None
            self._settlement.health.pop(queue.peer, None)
            self._settlement.healthy.add(queue.peer)
        last = self._met.get(queue.peer)
        if last is None or at - last > NODEINFO_AGE:
            self._met[queue.peer] = at
            self._settlement.met.add(queue.peer)
