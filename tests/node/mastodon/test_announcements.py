"""Announcements through the API: read, dismissed and cheered by people of this node."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from communities.people import Person
from node.mastodon.announcements import MAX_KINDS
from storage.announcements import Announcement
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]
EMOJIS = ["🐝", "👍🏽", "❤️", "🏳️‍🌈", "👩‍👩‍👧", "🇳🇱", "5️⃣", "🎉", "🔥"]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bob(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "bob")


@pytest.fixture
async def one(sqlite_storage: Storage, clock: Clock) -> Announcement:
    announcement = Announcement(
        id=7,
        source="Moin",
        html="<p>Moin</p>",
        published_at=clock(),
        starts_at=clock() + timedelta(hours=1),
        ends_at=clock() + timedelta(hours=2),
    )
    await sqlite_storage.write(lambda uow: uow.announcements.add(announcement))
    return announcement


async def test_an_announcement_is_shown_until_it_ends(
    as_: AppsOf, ada: Person, one: Announcement, clock: Clock
) -> None:
    (found,) = await as_(ada).get("/api/v1/announcements")

    assert found["content"] == "<p>Moin</p>"
    assert found["read"] is False
    assert found["starts_at"] < found["ends_at"]
    clock.advance(timedelta(hours=2))
    assert await as_(ada).get("/api/v1/announcements") == []


async def test_who_dismissed_it_has_read_it(
    as_: AppsOf, ada: Person, bob: Person, one: Announcement
) -> None:
    for _ in range(2):
        assert await as_(ada).post("/api/v1/announcements/7/dismiss") == {}

    assert (await as_(ada).get("/api/v1/announcements"))[0]["read"] is True
    assert (await as_(bob).get("/api/v1/announcements"))[0]["read"] is False
    assert (await as_(ada).call("POST", "/api/v1/announcements/8/dismiss")).status == 404


async def test_emojis_are_given_and_taken_back(
    as_: AppsOf, ada: Person, bob: Person, one: Announcement
) -> None:
    base = "/api/v1/announcements/7/reactions"
    for person in (ada, bob):
        await as_(person).done("PUT", f"{base}/🐝")
    await as_(ada).done("PUT", f"{base}/🐝")
    await as_(bob).done("PUT", f"{base}/🎉")

    (found,) = await as_(ada).get("/api/v1/announcements")

    assert found["reactions"] == [
        {"name": "🐝", "count": 2, "me": True},
        {"name": "🎉", "count": 1, "me": False},
    ]
    await as_(ada).done("DELETE", f"{base}/🐝")
    (found,) = await as_(ada).get("/api/v1/announcements")
    assert found["reactions"][0]["me"] is False


@pytest.mark.parametrize("emoji", EMOJIS)
async def test_any_emoji_can_be_given(
    as_: AppsOf, ada: Person, one: Announcement, emoji: str
) -> None:
    await as_(ada).done("PUT", f"/api/v1/announcements/7/reactions/{emoji}")

    (found,) = await as_(ada).get("/api/v1/announcements")
    assert found["reactions"][0]["name"] == emoji


@pytest.mark.parametrize("word", ["a", "blobcat", "🐝bees", "%20", "1", "🐝" * 40, "<b>"])
async def test_what_is_no_emoji_cannot_be_given(
    as_: AppsOf, ada: Person, one: Announcement, word: str
) -> None:
    refused = await as_(ada).call("PUT", f"/api/v1/announcements/7/reactions/{word}")

    assert refused.status == 422


async def test_there_is_an_end_to_the_kinds_of_emojis(
    as_: AppsOf, ada: Person, one: Announcement
) -> None:
    base = "/api/v1/announcements/7/reactions"
    for emoji in EMOJIS[:MAX_KINDS]:
        await as_(ada).done("PUT", f"{base}/{emoji}")

    assert (await as_(ada).call("PUT", f"{base}/{EMOJIS[MAX_KINDS]}")).status == 422
    await as_(ada).done("PUT", f"{base}/{EMOJIS[0]}")


async def test_announcements_are_for_people_of_this_node(as_: AppsOf, one: Announcement) -> None:
    assert (await as_(None).call("GET", "/api/v1/announcements")).status == 401
