"""Lists through the API: those one makes, and the one that comes with each community."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from communities.community import Community
from communities.lists import MAX_LISTS
from communities.membership import MembershipState
from communities.people import FollowState, Person
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bob(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "bob")


@pytest.fixture
async def bees(sqlite_storage: Storage, world: World, ada: Person) -> Community:
    bees = await sqlite_storage.write(world.community, "bees")
    await sqlite_storage.write(world.member, bees, ada)
    return bees


async def test_a_list_is_made_changed_and_dropped(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)

    made = await app.post("/api/v1/lists", data={"title": "Friends"})

    one = f"/api/v1/lists/{made['id']}"
    assert made == {
        "id": made["id"],
        "title": "Friends",
        "replies_policy": "list",
        "exclusive": False,
    }
    changed = await app.done(
        "PUT", one, json={"title": "Family", "replies_policy": "none", "exclusive": True}
    )
    assert changed == {
        "id": made["id"],
        "title": "Family",
        "replies_policy": "none",
        "exclusive": True,
    }
    assert await app.get(one) == changed
    assert await app.get("/api/v1/lists") == [changed]
    assert await app.done("DELETE", one) == {}
    assert await app.get("/api/v1/lists") == []
    assert (await app.call("GET", one)).status == 404


async def test_accounts_that_one_follows_are_put_in_a_list(
    as_: AppsOf, ada: Person, bob: Person, sqlite_storage: Storage, world: World
) -> None:
    app = as_(ada)
    carl = await sqlite_storage.write(world.remote_person, "carl")
    await sqlite_storage.write(world.follow, ada, bob)
    await sqlite_storage.write(world.follow, ada, carl, FollowState.REQUESTED)
    made = await app.post("/api/v1/lists", json={"title": "Friends"})
    path = f"/api/v1/lists/{made['id']}/accounts"

    await app.post(path, json={"account_ids": [str(bob.id), str(carl.id)]})
    await app.post(path, data={"account_ids[]": str(bob.id)})

    inside = await app.get(path)
    assert [account["acct"] for account in inside] == ["carl@peer.example", "bob"]
    assert await app.get(f"/api/v1/accounts/{bob.id}/lists") == [made]
    await app.done("DELETE", path, json={"account_ids": [str(bob.id)]})
    assert [account["acct"] for account in await app.get(path)] == ["carl@peer.example"]
    assert await app.get(f"/api/v1/accounts/{bob.id}/lists") == []


async def test_who_is_not_followed_is_not_put_in_a_list(
    as_: AppsOf, ada: Person, bob: Person
) -> None:
    app = as_(ada)
    made = await app.post("/api/v1/lists", json={"title": "Friends"})
    path = f"/api/v1/lists/{made['id']}/accounts"

    assert (await app.call("POST", path, json={"account_ids": [str(bob.id)]})).status == 404
    assert (await app.call("POST", path, json={"account_ids": ["x"]})).status == 404
    assert (await app.call("POST", path, json={})).status == 422
    assert await app.get(path) == []


async def test_who_is_no_longer_followed_leaves_the_lists(
    as_: AppsOf,
    ada: Person,
    bob: Person,
    bees: Community,
    sqlite_storage: Storage,
    world: World,
) -> None:
    app = as_(ada)
    await sqlite_storage.write(world.follow, ada, bob)
    made = await app.post("/api/v1/lists", json={"title": "Friends"})
    path = f"/api/v1/lists/{made['id']}/accounts"
    await app.post(path, json={"account_ids": [str(bob.id), str(bees.id)]})

    await sqlite_storage.write(lambda uow: uow.people.end_follow(ada.id, bob.id))
    await sqlite_storage.write(lambda uow: world.member(uow, bees, ada, state=MembershipState.LEFT))

    assert await app.get(path) == []


async def test_accounts_of_a_list_come_in_pages_that_end(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, world: World
) -> None:
    app = as_(ada)
    made = await app.post("/api/v1/lists", json={"title": "Friends"})
    path = f"/api/v1/lists/{made['id']}/accounts"
    for number in range(5):
        someone = await sqlite_storage.write(world.remote_person, f"one{number}")
        await sqlite_storage.write(world.follow, ada, someone)
        await app.post(path, json={"account_ids": [str(someone.id)]})

    pages, where = [], f"{path}?limit=2"
    for _ in range(4):
        reply = await app.call("GET", where)
        pages.append([account["username"] for account in reply.json])
        following = re.search(r'<https://noaber.example([^>]*)>; rel="next"', reply.headers["Link"])
        if following is None:
            break
        where = following[1]

    assert pages == [["one4", "one3"], ["one2", "one1"], ["one0"]]
    everyone = await app.get(f"{path}?limit=0")
    assert len(everyone) == 5


async def test_a_joined_community_is_a_list(as_: AppsOf, ada: Person, bees: Community) -> None:
    app = as_(ada)
    await app.post("/api/v1/lists", json={"title": "Zoo"})

    found = await app.get("/api/v1/lists")

    assert [each["title"] for each in found] == ["Zoo", "Bees"]
    assert found[1]["id"] == str(bees.id)
    assert await app.get(f"/api/v1/lists/{bees.id}") == found[1]
    (inside,) = await app.get(f"/api/v1/lists/{bees.id}/accounts")
    assert inside["acct"] == "bees"
    assert await app.get(f"/api/v1/accounts/{bees.id}/lists") == [found[1]]


async def test_the_list_of_a_community_goes_with_the_membership(
    as_: AppsOf,
    ada: Person,
    bob: Person,
    bees: Community,
    sqlite_storage: Storage,
    world: World,
) -> None:
    one = f"/api/v1/lists/{bees.id}"
    await sqlite_storage.write(
        lambda uow: world.member(uow, bees, bob, state=MembershipState.REQUESTED)
    )

    assert (await as_(bob).call("GET", one)).status == 404
    await sqlite_storage.write(lambda uow: world.member(uow, bees, ada, state=MembershipState.LEFT))

    assert (await as_(ada).call("GET", one)).status == 404
    assert await as_(ada).get("/api/v1/lists") == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"title": "Wasps"}),
        ("DELETE", "", None),
        ("POST", "/accounts", {"account_ids": ["1"]}),
        ("DELETE", "/accounts", {"account_ids": ["1"]}),
    ],
)
async def test_the_list_of_a_community_cannot_be_changed(
    as_: AppsOf, ada: Person, bees: Community, method: str, path: str, body: Any
) -> None:
    refused = await as_(ada).call(method, f"/api/v1/lists/{bees.id}{path}", json=body)

    assert refused.status == 422
    assert "comes with a community" in refused.json["error"]


async def test_lists_of_others_are_not_there(as_: AppsOf, ada: Person, bob: Person) -> None:
    made = await as_(ada).post("/api/v1/lists", json={"title": "Friends"})
    one = f"/api/v1/lists/{made['id']}"

    for method, path in (
        ("GET", one),
        ("PUT", one),
        ("DELETE", one),
        ("GET", f"{one}/accounts"),
        ("POST", f"{one}/accounts"),
        ("DELETE", f"{one}/accounts"),
    ):
        body = None if method == "GET" else {"title": "Mine", "account_ids": [str(bob.id)]}
        assert (await as_(bob).call(method, path, json=body)).status == 404
    assert await as_(ada).get("/api/v1/lists") == [made]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": " "},
        {"title": "x" * 256},
        {"title": "Friends", "replies_policy": "some"},
        {"title": "Friends", "exclusive": "maybe"},
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(
    as_: AppsOf, ada: Person, wrong: dict[str, Any]
) -> None:
    assert (await as_(ada).call("POST", "/api/v1/lists", json=wrong)).status == 422
    assert await as_(ada).get("/api/v1/lists") == []


async def test_there_is_an_end_to_the_number_of_lists(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    for number in range(MAX_LISTS):
        await app.post("/api/v1/lists", json={"title": f"List {number}"})

    assert (await app.call("POST", "/api/v1/lists", json={"title": "More"})).status == 422


@pytest.mark.parametrize("key", ["0", "x", "9" * 30, "-1", "1.5"])
async def test_what_is_no_id_of_a_list_is_not_found(as_: AppsOf, ada: Person, key: str) -> None:
    assert (await as_(ada).call("GET", f"/api/v1/lists/{key}")).status == 404
