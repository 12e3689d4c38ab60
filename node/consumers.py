"""Consumers of the event log: each has a cursor and a step that moves it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from node.metrics import Metrics
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

IDLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """What acts on the log: its cursor's name, and the unit that takes up to 200 events.

    `step(uow, now_ms)` does its work, moves its cursor and says how many events it took.
    """

    name: str
    step: Callable[[UnitOfWork, int], int]


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
            taken += await self.storage.write(consumer.step, self.now_ms())
        return taken

    async def run(self, consumer: Consumer) -> None:
        """Step one consumer for ever, woken by commits."""
        wake = self._wakes[consumer.name]
        while True:
            wake.clear()
            while await self.storage.write(consumer.step, self.now_ms()):
                continue
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await wake.wait()
            except TimeoutError:
                lag = await self.storage.read(_lag, consumer.name)
                self.metrics.consumer_lag(consumer.name, lag)


def _drop_unknown(uow: UnitOfWork, names: frozenset[str]) -> None:
    for name in uow.events.cursors():
        if name not in names:
            uow.events.drop_cursor(name)


def _lag(uow: UnitOfWork, name: str) -> int:
    return uow.events.last() - uow.events.cursor(name)
