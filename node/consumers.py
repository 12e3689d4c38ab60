"""Consumers of the event log: each has a cursor and a step that moves it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from node.metrics import Metrics
from storage.errors import StorageError
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
MOST = 200
"""Events in one unit: more would hold up the writer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """What acts on the log: its cursor's name, and the unit that takes up to 200 events.

    `step(uow, now_ms, most)` does its work, moves its cursor and says how many events it took.
    """

    name: str
    step: Callable[[UnitOfWork, int, int], int]


@dataclass(slots=True)
class Consumers:
    """Runs the declared consumers, each in its own loop."""

    storage: Storage
    consumers: tuple[Consumer, ...]
    metrics: Metrics
    now_ms: Callable[[], int]
    _wakes: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """One wake-up each."""
        self._wakes = {consumer.name: asyncio.Event() for consumer in self.consumers}

    def wake(self) -> None:
        """A commit appended events."""
        for wake in self._wakes.values():
            wake.set()

    async def prepare(self) -> None:
        """Drop the cursors of consumers that are no longer declared."""
        names = frozenset(consumer.name for consumer in self.consumers)
        await self.storage.write(_drop_unknown, names)

    async def step(self) -> int:
        """One step of every consumer, in order; how many events were taken. For tests."""
        taken = 0
        for consumer in self.consumers:
            taken += await self.storage.write(consumer.step, self.now_ms(), MOST)
        return taken

    async def run(self, consumer: Consumer) -> None:
        """Step one consumer for ever, woken by commits."""
        wake = self._wakes[consumer.name]
        while True:
            wake.clear()
            while await self.take(consumer):
                continue
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await wake.wait()
            except TimeoutError:
                lag = await self.storage.read(_lag, consumer.name)
                self.metrics.consumer_lag(consumer.name, lag)

    async def take(self, consumer: Consumer) -> int:
        """Take up to 200 events; when that fails, one by one past the one that is to blame."""
        try:
            return await self.storage.write(consumer.step, self.now_ms(), MOST)
        except StorageError:
            raise
        except Exception:
            log.exception("%s failed; its events are taken one by one", consumer.name)
        return await self._step_singly(consumer)

    async def _step_singly(self, consumer: Consumer) -> int:
        taken = 0
        while taken < MOST:
            try:
                found = await self.storage.write(consumer.step, self.now_ms(), 1)
            except StorageError:
                raise
            except Exception:
                seq = await self.storage.write(_pass_over, consumer.name)
                log.exception("%s passed over event %d: nobody acts on it", consumer.name, seq)
                self.metrics.event_passed_over(consumer.name)
                found = 1
            if not found:
                break
            taken += found
        return taken


def _pass_over(uow: UnitOfWork, name: str) -> int:
    """Move a cursor past the one event that cannot be acted on, so that the others can."""
    events = uow.events.after(uow.events.cursor(name), 1)
    seq = events[0].seq if events else uow.events.last()
    uow.events.move_cursor(name, seq)
    return seq


def _drop_unknown(uow: UnitOfWork, names: frozenset[str]) -> None:
    for name in uow.events.cursors():
        if name not in names:
            uow.events.drop_cursor(name)


def _lag(uow: UnitOfWork, name: str) -> int:
    return uow.events.last() - uow.events.cursor(name)
