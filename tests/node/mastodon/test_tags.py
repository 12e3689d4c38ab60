"""Hashtags through the API: their use, who follows them, which stand on a profile."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from communities.hashtags import MAX_FEATURED_TAGS
from communities.people import Person
from communities.posts import PostContent, Visibility
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]


@pytest.fixture
def world(clock: Clock) -> World:
    """Begins two days ago, so that hashtags were used this week."""
    return World(clock() - timedelta(days=2))


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bob(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "bob")


def tagged(*tags: str) -> PostContent:
    return PostContent(html="<p>Moin</p>", hashtags=tags)


async def write_with(storage: Storage, world: World, author: Person, *tags: str) -> None:
    await storage.write(lambda uow: world.post(uow, author, content=tagged(*tags)))


async def test_a_hashtag_tells_how_much_it_was_used(
    as_: AppsOf, ada: Person, bob: Person, sqlite_storage: Storage, world: World
) -> None:
    for author in (ada, ada, bob):
        await write_with(sqlite_storage, world, author, "Bees")
    await sqlite_storage.write(
        lambda uow: world.post(uow, bob, content=tagged("bees"), visibility=Visibility.DIRECT)
    )

    tag = await as_(None).get("/api/v1/tags/BEES")

    assert (tag["id"], tag["name"]) == ("bees", "bees")
    assert tag["url"] == "https://noaber.example/tags/bees"
    assert [(day["uses"], day["accounts"]) for day in tag["history"]] == [
        ("0", "0"),
        ("0", "0"),
        ("3", "2"),
        *[("0", "0")] * 4,
    ]
    assert "following" not in tag


async def test_a_hashtag_is_followed_and_left(as_: AppsOf, ada: Person, bob: Person) -> None:
    app = as_(ada)

    followed = await app.post("/api/v1/tags/Bees/follow")
    await app.post("/api/v1/tags/bees/follow")
    await app.post("/api/v1/tags/Wax/follow")

    assert followed["following"] is True
    assert [tag["name"] for tag in await app.get("/api/v1/followed_tags")] == ["wax", "bees"]
    assert await as_(bob).get("/api/v1/followed_tags") == []
    assert (await as_(bob).get("/api/v1/tags/bees"))["following"] is False
    assert (await app.post("/api/v1/tags/BEES/unfollow"))["following"] is False
    assert [tag["name"] for tag in await app.get("/api/v1/followed_tags")] == ["wax"]


async def test_followed_hashtags_come_in_pages_that_end(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    for number in range(3):
        await app.post(f"/api/v1/tags/tag{number}/follow")

    first = await app.call("GET", "/api/v1/followed_tags?limit=2")
    link = first.headers["Link"].partition(">")[0].partition("noaber.example")[2]
    second = await app.call("GET", link)

    assert [tag["name"] for tag in first.json] == ["tag2", "tag1"]
    assert [tag["name"] for tag in second.json] == ["tag0"]
    assert 'rel="next"' not in second.headers["Link"]


async def test_a_profile_shows_hashtags_with_their_posts(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, world: World, clock: Clock
) -> None:
    app = as_(ada)
    await sqlite_storage.write(lambda uow: world.post(uow, ada, content=tagged("Bees")))

    made = await app.post("/api/v1/featured_tags", data={"name": "#Bees"})

    assert made["name"] == "Bees"
    assert made["statuses_count"] == "1"
    assert made["last_status_at"] == (clock() - timedelta(days=2)).date().isoformat()
    assert await app.get("/api/v1/featured_tags") == [made]
    assert await as_(None).get(f"/api/v1/accounts/{ada.id}/featured_tags") == [made]
    assert (await app.get("/api/v1/tags/bees"))["featuring"] is True
    assert await app.done("DELETE", f"/api/v1/featured_tags/{made['id']}") == {}
    assert await app.get("/api/v1/featured_tags") == []
    assert (await app.call("DELETE", f"/api/v1/featured_tags/{made['id']}")).status == 404


async def test_a_hashtag_itself_is_put_on_a_profile(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)

    assert (await app.post("/api/v1/tags/Wax/feature"))["featuring"] is True
    await app.post("/api/v1/tags/wax/feature")

    assert [tag["name"] for tag in await app.get("/api/v1/featured_tags")] == ["Wax"]
    assert (await app.post("/api/v1/tags/wax/unfeature"))["featuring"] is False
    assert await app.get("/api/v1/featured_tags") == []


async def test_a_profile_shows_only_so_many(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    for number in range(MAX_FEATURED_TAGS):
        await app.post("/api/v1/featured_tags", data={"name": f"tag{number}"})

    refused = await app.call("POST", "/api/v1/featured_tags", data={"name": "more"})

    assert refused.status == 422


async def test_what_one_used_most_is_suggested(
    as_: AppsOf, ada: Person, sqlite_storage: Storage, world: World
) -> None:
    app = as_(ada)
    for tags in (["bees", "wax"], ["bees"], ["honey"]):
        await write_with(sqlite_storage, world, ada, *tags)
    await app.post("/api/v1/featured_tags", data={"name": "Wax"})

    found = await app.get("/api/v1/featured_tags/suggestions")

    assert [tag["name"] for tag in found] == ["bees", "honey"]


@pytest.mark.parametrize("name", ["123", "a-b", "x" * 101, "%20", "a%00b"])
async def test_what_is_no_hashtag_is_not_there(as_: AppsOf, ada: Person, name: str) -> None:
    app = as_(ada)

    assert (await app.call("GET", f"/api/v1/tags/{name}")).status == 404
    assert (await app.call("POST", f"/api/v1/tags/{name}/follow")).status == 404
    refused = await app.call("POST", "/api/v1/featured_tags", json={"name": name})
    assert refused.status == 422
