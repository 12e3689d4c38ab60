"""Jobs: leased to one, ended once, in order where that matters; on both databases."""

from collections.abc import Callable

import pytest

from storage.errors import LeaseLost
from storage.jobs import Job
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

MINUTE = 60_000


async def enqueue(
    storage: Storage,
    name: str,
    *,
    run_ms: int = 0,
    key: str | None = None,
    order_key: str | None = None,
) -> bool:
    return await storage.write(
        lambda uow: uow.jobs.enqueue(
            "fetch", name.encode(), run_ms=run_ms, key=key, order_key=order_key
        )
    )


async def lease(storage: Storage, now_ms: int = 0, most: int = 50) -> list[Job]:
    return await storage.write(
        lambda uow: uow.jobs.lease(now_ms=now_ms, until_ms=now_ms + MINUTE, most=most)
    )


def names(jobs: list[Job]) -> list[str]:
    return [job.payload.decode() for job in jobs]


async def test_a_job_is_leased_to_one_until_the_lease_ends(storage: Storage) -> None:
    await enqueue(storage, "a")

    first, second = await lease(storage), await lease(storage, 1)
    after = await lease(storage, MINUTE)

    assert (names(first), names(second), names(after)) == (["a"], [], ["a"])
    assert [job.attempts for job in (*first, *after)] == [1, 2]


async def test_a_job_waits_for_its_time(storage: Storage) -> None:
    await enqueue(storage, "later", run_ms=1000)

    assert await storage.read(lambda uow: uow.jobs.next_run_ms(now_ms=0)) == 1000
    assert await lease(storage, 999) == []
    assert names(await lease(storage, 1000)) == ["later"]
    assert await storage.read(lambda uow: uow.jobs.next_run_ms(now_ms=1000)) is None


async def test_a_key_stands_for_one_waiting_job(storage: Storage) -> None:
    added = [await enqueue(storage, "a", key="actor 1") for _ in range(2)]
    (job,) = await lease(storage)
    await storage.write(lambda uow: uow.jobs.finish(job))

    assert added == [True, False]
    assert await enqueue(storage, "b", key="actor 1"), "its place is free again"


async def test_a_job_given_up_does_not_stand_in_the_way_of_the_next_with_its_key(
    storage: Storage,
) -> None:
    await enqueue(storage, "a", key="letter to ada")
    (job,) = await lease(storage)

    await storage.write(lambda uow: uow.jobs.fail(job, at_ms=5, error="no mail server"))

    assert await enqueue(storage, "b", key="letter to ada")
    assert names(await lease(storage, 6)) == ["b"]


async def test_jobs_of_one_order_key_run_one_after_the_other(storage: Storage) -> None:
    for name in ("a1", "a2", "b1"):
        await enqueue(storage, name, order_key=name[0])
    await enqueue(storage, "free")

    together = await lease(storage)
    assert names(together) == ["a1", "b1", "free"]
    assert await lease(storage, 1) == []
    assert await storage.read(lambda uow: uow.jobs.has_waiting("a"))

    await storage.write(lambda uow: uow.jobs.finish(together[0]))

    assert names(await lease(storage, 2)) == ["a2"]


async def test_a_job_that_waits_to_be_tried_again_holds_up_its_order_key(
    storage: Storage,
) -> None:
    await enqueue(storage, "a1", order_key="a")
    await enqueue(storage, "a2", order_key="a")
    (job,) = await lease(storage)

    await storage.write(lambda uow: uow.jobs.retry(job, run_ms=1000, error="503"))

    assert await lease(storage, 999) == []
    assert names(await lease(storage, 1000)) == ["a1"]


async def test_a_job_given_up_lets_the_next_one_pass_and_stays_to_be_seen(
    storage: Storage,
) -> None:
    await enqueue(storage, "a1", order_key="a")
    await enqueue(storage, "a2", order_key="a")
    (job,) = await lease(storage)

    await storage.write(lambda uow: uow.jobs.fail(job, at_ms=5, error="not there"))

    assert names(await lease(storage, 6)) == ["a2"]
    assert await storage.read(lambda uow: uow.jobs.counts()) == {"fetch": (1, 1)}


async def test_a_retry_can_go_on_from_where_the_work_has_come(storage: Storage) -> None:
    await enqueue(storage, "page 1")
    (job,) = await lease(storage)

    await storage.write(lambda uow: uow.jobs.retry(job, run_ms=0, error="", payload=b"page 2"))

    assert names(await lease(storage)) == ["page 2"]


def end_by_finish(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.finish(job)


def end_by_retry(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.retry(job, run_ms=0, error="")


def end_by_failure(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.fail(job, at_ms=0, error="")


def hold_longer(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.extend(job, until_ms=9 * MINUTE)


@pytest.mark.parametrize("end", [end_by_finish, end_by_retry, end_by_failure, hold_longer])
async def test_who_lost_the_lease_ends_nothing_and_leaves_no_effect(
    storage: Storage, end: Callable[[UnitOfWork, Job], None]
) -> None:
    await enqueue(storage, "a")
    (late,) = await lease(storage)
    (holder,) = await lease(storage, MINUTE)

    def work(uow: UnitOfWork, job: Job) -> None:
        uow.instance.put("effect", "twice")
        end(uow, job)

    with pytest.raises(LeaseLost):
        await storage.write(work, late)

    assert await storage.read(lambda uow: uow.instance.get("effect")) is None
    await storage.write(end_by_finish, holder)


async def test_a_job_ends_once(storage: Storage) -> None:
    await enqueue(storage, "a")
    (job,) = await lease(storage)
    await storage.write(end_by_finish, job)

    with pytest.raises(LeaseLost):
        await storage.write(end_by_finish, job)


async def test_a_lease_can_be_extended(storage: Storage) -> None:
    await enqueue(storage, "a")
    (job,) = await lease(storage)

    await storage.write(hold_longer, job)

    assert await lease(storage, 2 * MINUTE) == []
    assert names(await lease(storage, 9 * MINUTE)) == ["a"]


async def test_what_a_killed_process_held_is_free_at_the_next_start(storage: Storage) -> None:
    await enqueue(storage, "a")
    await lease(storage)

    assert await storage.write(lambda uow: uow.jobs.release_all()) == 1
    assert names(await lease(storage, 1)) == ["a"]


async def test_no_more_are_leased_than_asked_for(storage: Storage) -> None:
    for name in "abc":
        await enqueue(storage, name)

    assert names(await lease(storage, most=2)) == ["a", "b"]
    assert names(await lease(storage, most=2)) == ["c"]


async def test_what_waits_behind_one_job_is_not_looked_at_by_a_lease(
    sqlite_storage: Storage,
) -> None:
    def steps_of_a_lease(uow: UnitOfWork) -> int:
        steps: list[None] = []
        raw = uow.connection.raw
        raw.set_progress_handler(lambda: steps.append(None), 100)
        uow.jobs.lease(now_ms=5, until_ms=6)
        uow.jobs.next_run_ms(now_ms=5)
        raw.set_progress_handler(None, 0)
        return 100 * len(steps)

    def enqueue_many(uow: UnitOfWork) -> None:
        for _ in range(5_000):
            uow.jobs.enqueue("fetch", b"x" * 2_000, run_ms=0, order_key="a")
        uow.jobs.enqueue("fetch", b"b", run_ms=1, order_key="b")

    await sqlite_storage.write(enqueue_many)

    assert await sqlite_storage.write(steps_of_a_lease) < 1_000


async def test_every_job_of_a_line_gets_its_turn(storage: Storage) -> None:
    for name in ("a1", "a2", "a3", "a4"):
        await enqueue(storage, name, order_key="a")
    done = []

    for turn in range(4):
        (job,) = await lease(storage, turn * MINUTE)
        await storage.write(end_by_failure if turn % 2 else end_by_finish, job)
        done += names([job])

    assert done == ["a1", "a2", "a3", "a4"]
    assert await lease(storage, 9 * MINUTE) == []


async def test_waiting_jobs_of_a_peer_are_counted_up_to_a_bound(storage: Storage) -> None:
    def enqueue_three(uow: UnitOfWork) -> None:
        for _ in range(3):
            uow.jobs.enqueue("inbox", b"", run_ms=0, peer="https://a.example")
        uow.jobs.enqueue("inbox", b"", run_ms=0, peer="https://b.example")

    await storage.write(enqueue_three)
    first, *_ = await lease(storage)
    await storage.write(lambda uow: uow.jobs.fail(first, at_ms=0, error=""))

    def counts(uow: UnitOfWork) -> list[int]:
        count = uow.jobs.count_of_peer
        return [
            count("https://a.example", most=9),
            count("https://a.example", most=1),
            count("https://c.example", most=9),
        ]

    assert await storage.read(counts) == [2, 1, 0]
