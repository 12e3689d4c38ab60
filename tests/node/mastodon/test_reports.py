"""Reports from apps reach whoever decides."""

from collections.abc import Callable

import pytest

from communities.membership import Role
from communities.people import ActorKey, Person
from communities.posts import Visibility
from communities.reports import Report, ReportCategory
from node.mastodon.desk import Desk
from storage.feeds import boost_id_of
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.factories import World

As = Callable[[Person | None], App]


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def ben(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ben")


async def queue(desk: Desk, community_id: ActorKey | None = None) -> list[Report]:
    def unit(uow: UnitOfWork) -> list[Report]:
        return [*uow.reports.queue(community_id)]

    return await desk.storage.read(unit)


async def test_a_report_of_an_account_is_for_those_who_run_the_node(
    desk: Desk, as_: As, ada: Person, ben: Person
) -> None:
    made = await as_(ada).post(
        "/api/v1/reports",
        json={"account_id": str(ben.id), "comment": "Sells honey", "category": "spam"},
    )

    (report,) = await queue(desk)
    assert made["id"] == str(report.id)
    assert (made["category"], made["comment"], made["forwarded"]) == ("spam", "Sells honey", False)
    assert made["target_account"]["id"] == str(ben.id)
    assert (report.reporter_id, report.subject_id, report.community_id) == (ada.id, ben.id, None)
    assert (report.reason, report.category) == ("Sells honey", ReportCategory.SPAM)


async def test_reported_posts_go_each_to_the_moderators_of_their_community(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees, wasps = [await desk.storage.write(world.community, name) for name in ("bees", "wasps")]
    posts = [await desk.storage.write(world.post, ben, where) for where in (bees, wasps)]

    made = await as_(ada).post(
        "/api/v1/reports",
        data={
            "account_id": str(ben.id),
            "status_ids[]": [str(post.id) for post in posts],
            "rule_ids[]": ["1", "3"],
        },
    )

    assert made["status_ids"] == [str(post.id) for post in posts]
    assert (made["category"], made["rule_ids"]) == ("violation", ["1", "3"])
    for community, post in zip((bees, wasps), posts, strict=True):
        (report,) = await queue(desk, community.id)
        assert (report.post_id, report.rules) == (post.id, ("1", "3"))


async def test_the_boost_of_a_community_stands_for_the_thread_and_its_author(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    post = await desk.storage.write(world.post, ben, bees)

    await as_(ada).post(
        "/api/v1/reports",
        json={"account_id": str(bees.id), "status_ids": [str(boost_id_of(post.id))]},
    )

    (report,) = await queue(desk, bees.id)
    assert (report.subject_id, report.post_id) == (ben.id, post.id)


async def test_a_person_reports_also_where_the_app_acts_as_a_community(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada, Role.OWNER)

    await as_(ada).acting_as(bees.id).post("/api/v1/reports", json={"account_id": str(ben.id)})

    (report,) = await queue(desk)
    assert report.reporter_id == ada.id


async def test_what_one_cannot_see_cannot_be_reported(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    post = await desk.storage.write(
        lambda uow: world.post(uow, ben, visibility=Visibility.FOLLOWERS)
    )
    public = await desk.storage.write(world.post, ben)

    reply = await as_(ada).call(
        "POST",
        "/api/v1/reports",
        json={"account_id": str(ben.id), "status_ids": [str(public.id), str(post.id)]},
    )

    assert reply.status == 404
    assert await queue(desk) == []


@pytest.mark.parametrize(
    "said",
    [
        {"account_id": None},
        {"comment": "c" * 1_001},
        {"category": "boring"},
        {"rule_ids": ["one"]},
        {"status_ids": ["1"] * 21},
    ],
)
async def test_a_report_that_says_nonsense_is_refused(
    as_: As, ada: Person, ben: Person, said: dict[str, object]
) -> None:
    reply = await as_(ada).call("POST", "/api/v1/reports", json={"account_id": str(ben.id), **said})

    assert reply.status == 422


async def test_a_report_of_someone_elsewhere_is_passed_on_when_that_is_wanted(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    cyd = await desk.storage.write(world.remote_person, "cyd")

    made = await as_(ada).post("/api/v1/reports", json={"account_id": str(cyd.id), "forward": True})

    assert made["forwarded"] is True
