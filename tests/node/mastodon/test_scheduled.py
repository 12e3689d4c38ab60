"""Scheduled statuses through the API, and the job that publishes them at their time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from communities.membership import MembershipState
from communities.people import Person
from node.jobs import JobRunner
from node.mastodon.allowances import MAX_SCHEDULED_A_DAY
from node.mastodon.desk import Desk
from node.mastodon.publishing import PUBLISH_JOB
from node.mastodon.scheduled import publish_scheduled_job
from node.metrics import Metrics
from node.tasks import Tasks
from storage.jobs import Job
from storage.scheduled import ScheduledPost
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.statement_count import counting

As = Callable[[Person | None], App]
STATUSES, SCHEDULED = "/api/v1/statuses", "/api/v1/scheduled_statuses"


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
def jobs(desk: Desk) -> JobRunner:
    """Runs what is due."""
    handlers = {PUBLISH_JOB: publish_scheduled_job(desk)}
    return JobRunner(desk.storage, handlers, Tasks(), Metrics(), now=desk.now)


def text_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def schedule(app: App, at: datetime, **more: Any) -> Any:
    return await app.post(STATUSES, json={"status": "Moin", "scheduled_at": text_of(at), **more})


async def sources_by(desk: Desk, person: Person) -> list[str]:
    def read(uow: UnitOfWork) -> list[str]:
        found = uow.timelines.by_author(person.id, before=1 << 62, most=50)
        return [entry.post.content.source for entry in found]

    return await desk.storage.read(read)


async def test_a_status_waits_for_its_time_and_is_posted_once(
    as_: As, ada: Person, desk: Desk, clock: Clock, jobs: JobRunner
) -> None:
    at = clock() + timedelta(minutes=10)

    waiting = await schedule(as_(ada), at, spoiler_text="hm", visibility="unlisted")
    assert await jobs.step() == 0
    clock.advance(timedelta(minutes=10))
    assert await jobs.step() == 1

    assert waiting["scheduled_at"] == "2026-11-22T09:10:00.000Z"
    assert waiting["params"]["text"] == "Moin"
    assert waiting["params"]["visibility"] == "unlisted"
    assert await sources_by(desk, ada) == ["Moin"]
    assert await as_(ada).get(SCHEDULED) == []


async def test_a_job_that_runs_twice_posts_once(
    as_: As, ada: Person, desk: Desk, clock: Clock
) -> None:
    at = clock() + timedelta(minutes=10)
    await schedule(as_(ada), at)
    clock.advance(timedelta(minutes=10))
    now_ms = to_ms(clock())

    def lease(uow: UnitOfWork) -> list[Job]:
        return uow.jobs.lease(now_ms=now_ms, until_ms=now_ms, most=1)

    run = publish_scheduled_job(desk)
    (first,) = await desk.storage.write(lease)
    await run(first)
    await desk.storage.write(lambda uow: uow.jobs.enqueue(PUBLISH_JOB, first.payload, run_ms=0))
    (second,) = await desk.storage.write(lease)
    await run(second)

    assert await sources_by(desk, ada) == ["Moin"]
    assert await desk.storage.read(lambda uow: uow.jobs.counts()) == {}


async def test_the_same_key_schedules_once(as_: As, ada: Person, clock: Clock) -> None:
    at, headers = clock() + timedelta(minutes=10), {"Idempotency-Key": "k"}
    wanted = {"status": "Moin", "scheduled_at": text_of(at)}

    first = await as_(ada).post(STATUSES, json=wanted, headers=headers)
    second = await as_(ada).post(STATUSES, json=wanted, headers=headers)

    assert first == second
    assert first["params"]["idempotency"] == "k"
    assert len(await as_(ada).get(SCHEDULED)) == 1


async def test_it_can_be_moved_looked_at_and_dropped(
    as_: As, ada: Person, desk: Desk, clock: Clock, jobs: JobRunner
) -> None:
    app, at = as_(ada), clock() + timedelta(minutes=10)
    moved, dropped = await schedule(app, at), await schedule(app, at)
    later = text_of(at + timedelta(hours=1))

    shown = await app.done("PUT", f"{SCHEDULED}/{moved['id']}", json={"scheduled_at": later})
    await app.done("DELETE", f"{SCHEDULED}/{dropped['id']}")
    clock.advance(timedelta(minutes=10))
    await jobs.step()

    assert shown["scheduled_at"] == "2026-11-22T10:10:00.000Z"
    assert await sources_by(desk, ada) == [], "the job of the first time finds nothing to do"
    assert (await app.get(f"{SCHEDULED}/{moved['id']}"))["id"] == moved["id"]
    clock.advance(timedelta(hours=1))
    await jobs.step()
    assert await sources_by(desk, ada) == ["Moin"]


async def test_what_is_refused_at_its_time_stays_for_its_author_to_see(
    as_: As, ada: Person, desk: Desk, clock: Clock, jobs: JobRunner, world: World
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    waiting = await schedule(as_(ada), clock() + timedelta(minutes=10), group_id=str(bees.id))
    await desk.storage.write(lambda uow: world.member(uow, bees, ada, state=MembershipState.BANNED))

    clock.advance(timedelta(minutes=10))
    await jobs.step()

    assert [one["id"] for one in await as_(ada).get(SCHEDULED)] == [waiting["id"]]
    assert await sources_by(desk, ada) == []


@pytest.mark.parametrize("when", ["2026-11-22T09:04:59Z", "2020-01-01", "tomorrow", "+1"])
async def test_a_time_that_is_too_soon_or_none_is_refused(
    as_: As, ada: Person, desk: Desk, when: str
) -> None:
    reply = await as_(ada).call("POST", STATUSES, json={"status": "Moin", "scheduled_at": when})

    assert reply.status == 422
    assert await sources_by(desk, ada) == []


async def test_no_more_wait_for_a_day_than_may(as_: As, ada: Person, desk: Desk) -> None:
    at = desk.now() + timedelta(days=1)

    def fill(uow: UnitOfWork) -> None:
        for number in range(MAX_SCHEDULED_A_DAY):
            uow.scheduled.add(ScheduledPost(id=number + 1, person_id=ada.id, at=at, params=b"{}"))

    await desk.storage.write(fill)
    wanted = {"status": "Moin", "scheduled_at": text_of(at)}

    full = await as_(ada).call("POST", STATUSES, json=wanted)
    other_day = await schedule(as_(ada), at + timedelta(days=1))
    moved = await as_(ada).call(
        "PUT", f"{SCHEDULED}/{other_day['id']}", json={"scheduled_at": text_of(at)}
    )

    assert (full.status, moved.status) == (422, 422)
    assert str(MAX_SCHEDULED_A_DAY) in full.json["error"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_another_has_scheduled_is_not_there(
    as_: As, ada: Person, desk: Desk, clock: Clock, world: World, method: str
) -> None:
    ben = await desk.storage.write(world.person, "ben")
    at = clock() + timedelta(minutes=10)
    waiting = await schedule(as_(ada), at)

    reply = await as_(ben).call(
        method, f"{SCHEDULED}/{waiting['id']}", json={"scheduled_at": text_of(at)}
    )

    assert reply.status == 404
    assert len(await as_(ada).get(SCHEDULED)) == 1


async def test_the_list_ends(as_: As, ada: Person, clock: Clock) -> None:
    at = clock() + timedelta(minutes=10)
    made = [await schedule(as_(ada), at) for _ in range(3)]

    first = await as_(ada).call("GET", f"{SCHEDULED}?limit=2")
    rest = await as_(ada).call("GET", f"{SCHEDULED}?limit=2&max_id={first.json[-1]['id']}")

    assert [one["id"] for one in first.json] == [made[2]["id"], made[1]["id"]]
    assert [one["id"] for one in rest.json] == [made[0]["id"]]
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="next"' not in rest.headers["Link"]


async def test_a_page_costs_the_same_however_long_it_is(
    as_: As, ada: Person, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[int] = []
    page: list[Any] = []
    for more in (1, 6):
        for _ in range(more):
            await schedule(as_(ada), clock() + timedelta(hours=1))
        with monkeypatch.context() as patch:
            count = counting(patch)
            page = await as_(ada).get(SCHEDULED)
            costs.append(count())

    assert len(page) == 7
    assert costs[0] == costs[1]
