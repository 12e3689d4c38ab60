"""Reacting through the API: votes, boosts, bookmarks, pins, muted conversations."""

from collections.abc import Callable
from typing import Any

import pytest

from communities.community import Community, CommunityVisibility
from communities.membership import Role
from communities.people import Person
from communities.posts import Post, Visibility
from node.mastodon.allowances import MAX_PROFILE_PINS
from node.mastodon.desk import Desk
from storage.feeds import boost_id_of
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.factories import World

As = Callable[[Person | None], App]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def ben(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ben")


@pytest.fixture
async def bees(sqlite_storage: Storage, world: World) -> Community:
    return await sqlite_storage.write(world.community, "bees")


@pytest.fixture
async def thread(sqlite_storage: Storage, world: World, ada: Person, bees: Community) -> Post:
    """A thread by ada in a community."""
    return await sqlite_storage.write(world.post, ada, bees)


async def own_post(desk: Desk, world: World, author: Person, **changes: Any) -> Post:
    return await desk.storage.write(lambda uow: world.post(uow, author, **changes))


def verb(post: Post | int, word: str) -> str:
    return f"/api/v1/statuses/{post if isinstance(post, int) else post.id}/{word}"


@pytest.mark.parametrize(
    ("word", "back", "mark", "count"),
    [
        ("favourite", "unfavourite", "favourited", "favourites_count"),
        ("dislike", "undislike", "disliked", "dislikes_count"),
        ("bookmark", "unbookmark", "bookmarked", None),
        ("mute", "unmute", "muted", None),
    ],
)
async def test_a_reaction_is_given_and_taken_back_as_often_as_one_likes(
    as_: As, ben: Person, thread: Post, word: str, back: str, mark: str, count: str | None
) -> None:
    app = as_(ben)

    given = [await app.post(verb(thread, word)) for _ in range(2)]
    taken = [await app.post(verb(thread, back)) for _ in range(2)]

    assert [status[mark] for status in (*given, *taken)] == [True, True, False, False]
    if count is not None:
        assert [status[count] for status in (*given, *taken)] == [1, 1, 0, 0]


async def test_what_is_done_to_a_boost_is_done_to_the_post(
    as_: As, ben: Person, thread: Post
) -> None:
    status = await as_(ben).post(verb(boost_id_of(thread.id), "favourite"))

    assert status["id"] == str(thread.id)
    assert status["favourited"] is True


async def test_a_downvote_replaces_an_upvote_also_by_the_path_of_friendica(
    as_: As, ben: Person, thread: Post
) -> None:
    await as_(ben).post(verb(thread, "favourite"))

    status = await as_(ben).post(f"/api/friendica/statuses/{thread.id}/dislike")

    assert (status["favourites_count"], status["dislikes_count"]) == (0, 1)
    back = await as_(ben).post(f"/api/friendica/statuses/{thread.id}/undislike")
    assert back["dislikes_count"] == 0


async def test_a_community_without_downvotes_says_so(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    calm = await desk.storage.write(lambda uow: world.community(uow, "calm", downvotes=False))
    post = await desk.storage.write(lambda uow: world.post(uow, ada, calm))

    reply = await as_(ben).call("POST", verb(post, "dislike"))

    assert (reply.status, reply.json["error"]) == (422, "This community has no downvotes")


async def test_a_boost_is_a_status_of_its_own(as_: As, ben: Person, thread: Post) -> None:
    first = await as_(ben).post(verb(thread, "reblog"), json={"visibility": "unlisted"})
    again = await as_(ben).post(verb(int(first["id"]), "reblog"))

    assert first["id"] == again["id"] != str(thread.id)
    assert first["account"]["username"] == "ben"
    assert first["reblog"]["id"] == str(thread.id)
    assert first["reblog"]["reblogged"] is True

    back = await as_(ben).post(verb(int(first["id"]), "unreblog"))

    assert (back["id"], back["reblogged"]) == (str(thread.id), False)
    assert back["reblogs_count"] == 0


async def test_what_is_not_for_everyone_cannot_be_boosted(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    await desk.storage.write(world.follow, ben, ada)
    hive = await desk.storage.write(
        lambda uow: world.community(uow, "hive", visibility=CommunityVisibility.PRIVATE)
    )
    await desk.storage.write(world.member, hive, ben)
    private = await own_post(desk, world, ada, visibility=Visibility.FOLLOWERS)
    inside = await desk.storage.write(
        lambda uow: world.post(uow, ada, hive, visibility=Visibility.MEMBERS)
    )
    before = await desk.storage.write(world.post, ada, hive)

    for post in (private, inside, before):
        reply = await as_(ben).call("POST", verb(post, "reblog"))
        assert (reply.status, "not meant for everyone" in reply.json["error"]) == (422, True)


async def test_a_boost_cannot_be_for_followers_only(as_: As, ben: Person, thread: Post) -> None:
    reply = await as_(ben).call("POST", verb(thread, "reblog"), json={"visibility": "private"})

    assert reply.status == 422
    status = await as_(ben).post(verb(thread, "bookmark"))
    assert status["reblogged"] is False


async def test_bookmarks_are_listed_latest_first_page_by_page(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    posts = [await own_post(desk, world, ada) for _ in range(3)]
    app = as_(ben)
    for post in reversed(posts):
        await app.post(verb(post, "bookmark"))

    first = await app.call("GET", "/api/v1/bookmarks?limit=2")
    second = await app.call("GET", str(first.headers["Link"]).split(">")[0].lstrip("<")[23:])

    assert [status["id"] for status in first.json] == [str(post.id) for post in posts[:2]]
    assert [status["id"] for status in second.json] == [str(posts[2].id)]
    assert 'rel="next"' not in second.headers["Link"]
    assert all(status["bookmarked"] for status in (*first.json, *second.json))


async def test_a_bookmark_of_what_cannot_be_seen_any_more_is_not_shown(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    post = await own_post(desk, world, ada)
    await as_(ben).post(verb(post, "bookmark"))
    await desk.acting.withdraw(ada.id, post.id)

    assert await as_(ben).get("/api/v1/bookmarks") == []


async def test_one_pins_up_to_five_posts_of_ones_own(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    posts = [await own_post(desk, world, ada) for _ in range(MAX_PROFILE_PINS + 1)]
    app = as_(ada)
    pinned = [await app.post(verb(post, "pin")) for post in posts[:MAX_PROFILE_PINS]]
    again = await app.post(verb(posts[0], "pin"))

    one_more = await app.call("POST", verb(posts[-1], "pin"))
    by_other = await as_(ben).call("POST", verb(posts[0], "pin"))

    assert all(status["pinned"] for status in (*pinned, again))
    assert (one_more.status, by_other.status) == (422, 422)
    assert (await app.post(verb(posts[0], "unpin")))["pinned"] is False
    assert (await app.post(verb(posts[-1], "pin")))["pinned"] is True


async def test_a_deleted_post_makes_room_for_another_pin(
    as_: As, ada: Person, world: World, desk: Desk
) -> None:
    posts = [await own_post(desk, world, ada) for _ in range(MAX_PROFILE_PINS + 1)]
    for post in posts[:MAX_PROFILE_PINS]:
        await as_(ada).post(verb(post, "pin"))
    await desk.acting.withdraw(ada.id, posts[0].id)

    assert (await as_(ada).post(verb(posts[-1], "pin")))["pinned"] is True


async def test_in_a_community_moderators_pin(
    as_: As, ada: Person, ben: Person, bees: Community, thread: Post, world: World, desk: Desk
) -> None:
    await desk.storage.write(world.member, bees, ben, Role.MODERATOR)

    by_author = await as_(ada).call("POST", verb(thread, "pin"))
    await as_(ben).post(verb(thread, "pin"))

    assert (by_author.status, by_author.json["error"]) == (
        422,
        "This is for moderators of the community",
    )
    pinned = await desk.storage.read(lambda uow: uow.posts.get(thread.id))
    assert pinned is not None
    assert pinned.pinned


async def test_muting_any_post_of_a_thread_mutes_all_of_it(
    as_: As, ada: Person, ben: Person, thread: Post, world: World, desk: Desk
) -> None:
    comment = await desk.storage.write(world.comment, ada, thread)

    await as_(ben).post(verb(comment, "mute"))

    assert (await as_(ben).post(verb(thread, "bookmark")))["muted"] is True
    muting = await desk.storage.read(lambda uow: uow.thread_mutes.muting(thread.id))
    assert muting == {ben.id}


@pytest.mark.parametrize(
    "word", ["favourite", "dislike", "reblog", "bookmark", "pin", "mute", "unfavourite"]
)
async def test_nothing_can_be_done_to_what_one_may_not_see(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk, word: str
) -> None:
    secret = await own_post(desk, world, ada, visibility=Visibility.DIRECT)

    hidden = await as_(ben).call("POST", verb(secret, word))
    unknown = await as_(ben).call("POST", verb(12345, word))

    assert (hidden.status, hidden.json) == (404, {"error": "Record not found"})
    assert (unknown.status, unknown.json) == (hidden.status, hidden.json)
