"""Consumers of the event log: order, wake-ups, and an event that nobody can act on."""

import logging

import pytest

from communities.events import PersonChanged
from communities.people import ActorKey
from node.consumers import Consumer, Consumers
from node.metrics import Metrics
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

POISON = ActorKey(3)


class Reader:
    """A consumer that keeps what it saw and cannot bear one event."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def step(self, uow: UnitOfWork, _now_ms: int, most: int) -> int:
        events = uow.events.after(uow.events.cursor("reader"), most)
        if not events:
            return 0
        found = []
        for logged in events:
            assert isinstance(logged.event, PersonChanged)
            if logged.event.person_id == POISON:
                raise RuntimeError("this event cannot be read")
            found.append(int(logged.event.person_id))
        uow.events.move_cursor("reader", events[-1].seq)
        self.seen.extend(found)
        return len(events)


def _happen(uow: UnitOfWork, keys: range) -> None:
    for key in keys:
        uow.record(PersonChanged(person_id=ActorKey(key)))


def _consumers(storage: Storage, reader: Reader) -> Consumers:
    return Consumers(
        storage=storage,
        consumers=(Consumer(name="reader", step=reader.step),),
        metrics=Metrics(),
        now_ms=lambda: 0,
    )


async def test_one_event_that_nobody_can_act_on_holds_up_no_other(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader()
    consumers = _consumers(storage, reader)
    await storage.write(_happen, range(1, 7))

    with caplog.at_level(logging.CRITICAL):
        taken = await consumers.take(consumers.consumers[0])

    assert taken == 6
    assert reader.seen == [1, 2, 4, 5, 6]
    assert await consumers.take(consumers.consumers[0]) == 0


async def test_cursor_of_a_consumer_that_is_gone_is_dropped(storage: Storage) -> None:
    consumers = _consumers(storage, Reader())
    await storage.write(lambda uow: uow.events.move_cursor("bygone", 1))
    await storage.write(lambda uow: uow.events.move_cursor("reader", 1))

    await consumers.prepare()

    assert await storage.read(lambda uow: uow.events.cursors()) == {"reader": 1}
