"""Accounts as apps look at them: who may know of whom, and who follows whom."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.people import ActorState, Person
from node.mastodon.desk import Desk
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.factories import World
from tests.support.statement_count import counting

As = Callable[[Person | None], App]
SECRET = {"visibility": CommunityVisibility.SECRET, "join": JoinPolicy.INVITE}


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def ben(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ben")


async def secret_hive(desk: Desk, world: World, member: Person) -> Community:
    def make(uow: UnitOfWork) -> Community:
        hive = world.community(uow, "hive", **SECRET)
        world.member(uow, hive, member)
        return hive

    return await desk.storage.write(make)


async def hide_collections(desk: Desk, person: Person) -> None:
    def change(uow: UnitOfWork) -> None:
        appearance = uow.people.appearance(person.id)
        assert appearance is not None
        uow.people.set_appearance(person.id, replace(appearance, hide_collections=True))

    await desk.storage.write(change)


def ids(accounts: list[dict[str, Any]]) -> list[int]:
    return [int(account["id"]) for account in accounts]


async def test_anyone_sees_an_account(as_: As, ada: Person) -> None:
    found = await as_(None).get(f"/api/v1/accounts/{ada.id}")

    assert (found["id"], found["acct"], found["group"]) == (str(ada.id), "ada", False)


async def test_a_secret_community_is_there_for_its_members_alone(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    hive = await secret_hive(desk, world, ada)

    assert (await as_(ada).get(f"/api/v1/accounts/{hive.id}"))["group"] is True
    for paths in ("", "/followers", "/following", "/endorsements", "/identity_proofs"):
        for stranger in (ben, None):
            refused = await as_(stranger).call("GET", f"/api/v1/accounts/{hive.id}{paths}")
            unknown = await as_(stranger).call("GET", f"/api/v1/accounts/1{paths}")
            assert (refused.status, refused.json) == (unknown.status, unknown.json)
            assert refused.status == 404
    assert (await as_(ben).call("GET", "/api/v1/accounts/lookup?acct=hive")).status == 404
    assert await as_(ben).get(f"/api/v1/accounts?id[]={hive.id}") == []
    assert await as_(ben).get(f"/api/v1/accounts/relationships?id[]={hive.id}") == []
    refused = await as_(ben).call("POST", f"/api/v1/accounts/{hive.id}/follow")
    assert refused.status == 404


async def test_a_deleted_account_is_not_there_and_a_suspended_one_shows_no_more_than_its_name(
    desk: Desk, as_: As, ada: Person, ben: Person
) -> None:
    await desk.storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.DELETED))
    await desk.storage.write(lambda uow: uow.people.set_state(ben.id, ActorState.SUSPENDED))

    assert (await as_(None).call("GET", f"/api/v1/accounts/{ada.id}")).status == 404
    found = await as_(None).get(f"/api/v1/accounts/{ben.id}")
    assert (found["suspended"], found["display_name"]) == (True, "")


async def test_many_accounts_are_given_in_the_order_asked_for(
    as_: As, ada: Person, ben: Person
) -> None:
    asked = f"id[]={ben.id}&id[]={ada.id}&id[]=77&id[]=x&id[]={ben.id}"

    assert ids(await as_(None).get(f"/api/v1/accounts?{asked}")) == [ben.id, ada.id]


@pytest.mark.parametrize("words", ["ada", "@ada", "Ada@noaber.example", "@ada@NOABER.example"])
async def test_a_handle_of_this_node_is_found_however_it_is_written(
    as_: As, ada: Person, words: str
) -> None:
    found = await as_(None).get("/api/v1/accounts/lookup", params={"acct": words})

    assert found["id"] == str(ada.id)


async def test_a_handle_of_another_server_is_found_when_it_is_known(
    desk: Desk, world: World, as_: As
) -> None:
    cyd = await desk.storage.write(world.remote_person, "Cyd", "far.example")

    found = await as_(None).get("/api/v1/accounts/lookup?acct=Cyd@far.example")

    assert (found["id"], found["acct"]) == (str(cyd.id), "Cyd@far.example")
    for unknown in ("dan@far.example", "nobody", "cyd@other.example"):
        path = f"/api/v1/accounts/lookup?acct={unknown}"
        assert (await as_(None).call("GET", path)).status == 404


async def test_followers_come_in_pages_that_end(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    def make(uow: UnitOfWork) -> list[Person]:
        fans = [world.person(uow, f"p{number}") for number in range(5)]
        for fan in fans:
            world.follow(uow, fan, ada)
        return fans

    fans = await desk.storage.write(make)
    seen: list[int] = []
    path: str | None = f"/api/v1/accounts/{ada.id}/followers?limit=2"
    while path is not None:
        page = await as_(None).call("GET", path)
        seen += ids(page.json)
        following = re.search(r'<([^>]*)>; rel="next"', page.headers.get("Link", ""))
        path = None if following is None else following[1].removeprefix(desk.uris.base)

    assert seen == [fan.id for fan in reversed(fans)]


async def test_who_hides_their_ties_shows_them_to_nobody_else(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    await desk.storage.write(world.follow, ada, ben)
    await desk.storage.write(world.follow, ben, ada)
    await hide_collections(desk, ada)

    for path in ("followers", "following"):
        assert await as_(ben).get(f"/api/v1/accounts/{ada.id}/{path}") == []
        assert await as_(None).get(f"/api/v1/accounts/{ada.id}/{path}") == []
        assert ids(await as_(ada).get(f"/api/v1/accounts/{ada.id}/{path}")) == [ben.id]


async def test_the_communities_one_is_in_are_seen_by_oneself_alone(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada)
    await desk.storage.write(world.follow, ada, ben)

    path = f"/api/v1/accounts/{ada.id}/following"
    assert ids(await as_(ada).get(path)) == [ben.id, bees.id]
    assert ids(await as_(ben).get(path)) == [ben.id]


async def test_members_of_a_community_are_seen_by_members(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    await desk.storage.write(world.member, bees, ada)
    path = f"/api/v1/accounts/{bees.id}/followers"

    assert ids(await as_(ada).get(path)) == [ada.id]
    assert await as_(ben).get(path) == []
    assert await as_(None).get(path) == []
    assert ids(await as_(ada).acting_as(bees.id).get(path)) == [ada.id]


async def test_familiar_followers_are_those_one_follows_but_not_those_who_hide_it(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    cyd, dan = [await desk.storage.write(world.person, name) for name in ("cyd", "dan")]
    for follower, followee in ((ada, ben), (ada, cyd), (ben, dan), (cyd, dan)):
        await desk.storage.write(world.follow, follower, followee)
    await hide_collections(desk, cyd)

    (found,) = await as_(ada).get(f"/api/v1/accounts/familiar_followers?id[]={dan.id}")

    assert found["id"] == str(dan.id)
    assert ids(found["accounts"]) == [ben.id]


async def test_endorsements_are_shown_to_everyone_and_need_a_follow(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    refused = await as_(ada).call("POST", f"/api/v1/accounts/{ben.id}/endorse")
    assert refused.status == 422
    await desk.storage.write(world.follow, ada, ben)

    made = await as_(ada).post(f"/api/v1/accounts/{ben.id}/pin")

    assert made["endorsed"] is True
    assert ids(await as_(None).get(f"/api/v1/accounts/{ada.id}/endorsements")) == [ben.id]
    assert ids(await as_(ada).get("/api/v1/endorsements")) == [ben.id]
    assert (await as_(ada).post(f"/api/v1/accounts/{ben.id}/unpin"))["endorsed"] is False
    assert await as_(ada).get("/api/v1/endorsements") == []


async def test_an_endorsed_secret_community_is_hidden_from_others(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    hive = await secret_hive(desk, world, ada)

    await as_(ada).post(f"/api/v1/accounts/{hive.id}/endorse")

    path = f"/api/v1/accounts/{ada.id}/endorsements"
    assert ids(await as_(ada).get(path)) == [hive.id]
    assert await as_(ben).get(path) == []


async def test_a_page_of_followers_is_read_by_as_many_statements_as_one_follower(
    desk: Desk, world: World, as_: As, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    for number in (1, 30):
        for one in range(number):
            fan = await desk.storage.write(world.person, f"fan_{number}_{one}")
            await desk.storage.write(world.follow, fan, ada)
        with monkeypatch.context() as patch:
            count = counting(patch)
            await as_(ada).get(f"/api/v1/accounts/{ada.id}/followers")
            counts.append(count())

    assert counts[0] == counts[1]
