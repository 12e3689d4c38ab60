"""Two writers on one PostgreSQL database: nothing is done twice, nothing overtakes."""

import asyncio

import pytest
from sqlalchemy import Engine

from communities.events import PersonChanged
from communities.people import ActorKey
from storage.jobs import Job
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

ITEMS = 2000
EVENT = PersonChanged(person_id=ActorKey(1))


def enqueue_all(uow: UnitOfWork) -> None:
    for number in range(ITEMS):
        uow.jobs.enqueue("count", str(number).encode(), run_ms=0)


def lease(uow: UnitOfWork) -> list[Job]:
    return uow.jobs.lease(now_ms=0, until_ms=60_000, most=40)


def work(uow: UnitOfWork, job: Job) -> None:
    """The effect of a job, that shows how often it was had, and the end of the job."""
    name = job.payload.decode()
    uow.instance.put(name, str(int(uow.instance.get(name) or 0) + 1))
    uow.record(EVENT)
    uow.jobs.finish(job)


async def work_until_nothing_is_left(storage: Storage) -> int:
    done = 0
    while jobs := await storage.write(lease):
        await asyncio.gather(*(storage.write(work, job) for job in jobs))
        done += len(jobs)
    return done


@pytest.mark.slow
async def test_two_processes_share_a_queue_and_do_nothing_twice(postgres_engine: Engine) -> None:
    """F-05, in short. Slow: two thousand effects, each in a unit of its own."""
    first, second = (Storage(postgres_engine, durable=False) for _ in range(2))
    await first.write(enqueue_all)

    shares = await asyncio.gather(*map(work_until_nothing_is_left, (first, second)))

    def effects(uow: UnitOfWork) -> tuple[list[str | None], list[int]]:
        counts = [uow.instance.get(str(number)) for number in range(ITEMS)]
        return counts, [logged.seq for logged in uow.events.after(0, ITEMS + 1)]

    counts, positions = await first.read(effects)
    assert counts == ["1"] * ITEMS
    assert positions == list(range(1, ITEMS + 1))
    assert sum(shares) == ITEMS
    assert min(shares) > 0, "both took part"
    await first.close()
    await second.close()


async def test_a_consumer_of_two_processes_handles_each_event_once(
    postgres_engine: Engine,
) -> None:
    """A cursor moves in the unit that has the effect, and is read in it."""
    storages = [Storage(postgres_engine, durable=False) for _ in range(2)]
    await asyncio.gather(*(storages[n % 2].write(lambda uow: uow.record(EVENT)) for n in range(60)))

    def consume(uow: UnitOfWork) -> int:
        events = uow.events.after(uow.events.cursor("count"), 7)
        for logged in events:
            name = f"event {logged.seq}"
            uow.instance.put(name, str(int(uow.instance.get(name) or 0) + 1))
        if events:
            uow.events.move_cursor("count", events[-1].seq)
        return len(events)

    async def consume_all(storage: Storage) -> None:
        while await storage.write(consume):
            pass

    await asyncio.gather(*map(consume_all, storages))

    counts = await storages[0].read(
        lambda uow: [uow.instance.get(f"event {seq}") for seq in range(1, 61)]
    )
    assert counts == ["1"] * 60
    for storage in storages:
        await storage.close()
