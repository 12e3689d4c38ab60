"""Who asks to join a community: any app with its token answers, and moderators do below groups."""

from collections.abc import Callable

import pytest

from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.membership import MembershipState, Role
from communities.people import Person
from node.mastodon.desk import Desk
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.factories import World

As = Callable[[Person | None], App]


@pytest.fixture
async def people(desk: Desk, world: World) -> list[Person]:
    return [await desk.storage.write(world.person, name) for name in ("ada", "ben", "cyd")]


@pytest.fixture
async def hive(desk: Desk, world: World, people: list[Person]) -> Community:
    """Ada moderates it, Ben waits, Cyd is a member."""
    ada, ben, cyd = people

    def make(uow: UnitOfWork) -> Community:
        made = world.community(
            uow, "hive", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
        world.member(uow, made, ada, Role.MODERATOR)
        world.member(uow, made, ben, state=MembershipState.REQUESTED)
        world.member(uow, made, cyd)
        return made

    return await desk.storage.write(make)


async def state(desk: Desk, hive: Community, person: Person) -> MembershipState:
    found = await desk.storage.read(lambda uow: uow.memberships.get(hive.id, person.id))
    assert found is not None
    return found.state


async def test_a_token_for_a_community_answers_with_the_plain_calls(
    desk: Desk, as_: As, people: list[Person], hive: Community
) -> None:
    ada, ben, _cyd = people
    group = as_(ada).acting_as(hive.id)

    (waiting,) = await group.get("/api/v1/follow_requests")
    answered = await group.post(f"/api/v1/follow_requests/{ben.id}/authorize")

    assert waiting["id"] == str(ben.id)
    assert (answered["followed_by"], answered["requested_by"]) == (True, False)
    assert await state(desk, hive, ben) is MembershipState.MEMBER
    assert await group.get("/api/v1/follow_requests") == []


async def test_the_plain_calls_of_a_moderator_are_about_themselves(
    as_: As, people: list[Person], hive: Community
) -> None:
    ada, ben, _cyd = people

    assert await as_(ada).get("/api/v1/follow_requests") == []
    reply = await as_(ada).call("POST", f"/api/v1/follow_requests/{ben.id}/authorize")
    assert reply.status == 404


async def test_a_moderator_turns_down_below_the_group(
    desk: Desk, as_: As, people: list[Person], hive: Community
) -> None:
    ada, ben, _cyd = people
    path = f"/api/v1/groups/{hive.id}/membership_requests"

    (waiting,) = await as_(ada).get(path)
    answered = await as_(ada).post(f"{path}/{ben.id}/reject")

    assert waiting["id"] == str(ben.id)
    assert answered["requested_by"] is False
    assert await state(desk, hive, ben) is MembershipState.REFUSED
    again = await as_(ada).call("POST", f"{path}/{ben.id}/authorize")
    assert again.status == 404


async def test_members_neither_see_nor_answer_requests(
    desk: Desk, as_: As, people: list[Person], hive: Community
) -> None:
    _ada, ben, cyd = people
    path = f"/api/v1/groups/{hive.id}/membership_requests"

    assert (await as_(cyd).call("GET", path)).status == 403
    for asker in (ben, cyd):
        reply = await as_(asker).call("POST", f"{path}/{ben.id}/authorize")
        assert reply.status == 403
    assert await state(desk, hive, ben) is MembershipState.REQUESTED


async def test_a_token_for_one_community_says_nothing_in_another(
    desk: Desk, world: World, as_: As, people: list[Person], hive: Community
) -> None:
    ada, ben, _cyd = people
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada, Role.OWNER)
    path = f"/api/v1/groups/{hive.id}/membership_requests"

    other = as_(ada).acting_as(bees.id)

    assert (await other.call("GET", path)).status == 403
    assert (await other.call("POST", f"{path}/{ben.id}/authorize")).status == 403
    own = as_(ada).acting_as(hive.id)
    assert (await own.post(f"{path}/{ben.id}/authorize"))["followed_by"] is True


async def test_who_lost_their_office_answers_nobody_with_an_old_token(
    desk: Desk, as_: As, people: list[Person], hive: Community
) -> None:
    _ada, ben, cyd = people

    reply = (
        await as_(cyd)
        .acting_as(hive.id)
        .call("POST", f"/api/v1/follow_requests/{ben.id}/authorize")
    )

    assert reply.status == 403
    assert await state(desk, hive, ben) is MembershipState.REQUESTED


async def test_members_are_listed_with_their_roles_for_members(
    as_: As, people: list[Person], hive: Community
) -> None:
    ada, ben, cyd = people
    path = f"/api/v1/groups/{hive.id}/memberships"

    found = await as_(cyd).get(path)

    assert [(int(one["account"]["id"]), one["role"]) for one in found] == [
        (cyd.id, "user"),
        (ada.id, "admin"),
    ]
    assert (await as_(ben).call("GET", path)).status == 403
    page = await as_(cyd).call("GET", f"{path}?limit=1")
    assert [int(one["id"]) for one in page.json] == [cyd.id]
    assert 'rel="next"' in page.headers["Link"]
