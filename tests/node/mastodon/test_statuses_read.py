"""One status and what is around it: threads, reactions, earlier forms, sources, favourites."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from communities.community import Community
from communities.people import Person
from communities.posts import (
    Attachment,
    Poll,
    PollOption,
    Post,
    PostContent,
    PostKey,
    PostState,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.ties import Mute
from node.mastodon.desk import Desk
from node.mastodon.threads import MOST_DESCENDANTS, around
from storage.feeds import boost_id_of
from tests.node.mastodon.test_timelines import links, walk
from tests.support.app_caller import App
from tests.support.factories import World

As = Callable[[Person | None], App]


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def bob(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.remote_person, "bob")


@pytest.fixture
async def bees(desk: Desk, world: World) -> Community:
    return await desk.storage.write(world.community, "bees")


async def write(desk: Desk, world: World, author: Person, **changes: Any) -> Post:
    community = changes.pop("community", None)
    return await desk.storage.write(lambda uow: world.post(uow, author, community, **changes))


async def answer(desk: Desk, world: World, author: Person, parent: Post, **more: Any) -> Post:
    return await desk.storage.write(lambda uow: world.comment(uow, author, parent, **more))


async def react(desk: Desk, world: World, person: Person, post: Post, kind: ReactionKind) -> None:
    uri = f"{person.uri}/{kind}/{post.id}"
    reaction = Reaction(actor_id=person.id, post_id=post.id, kind=kind, uri=uri, at=world.tick())
    await desk.storage.write(lambda uow: uow.reactions.put(reaction))


def ids(statuses: Any) -> list[int]:
    return [int(status["id"]) for status in statuses]


async def test_a_thread_is_told_depth_first_around_a_post(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, bees: Community
) -> None:
    root = await write(desk, world, ada, community=bees)
    one = await answer(desk, world, bob, root)
    two = await answer(desk, world, ada, root)
    one_one = await answer(desk, world, ada, one)
    one_two = await answer(desk, world, bob, one)
    one_one_one = await answer(desk, world, bob, one_one)

    of_root = await as_(None).get(f"/api/v1/statuses/{root.id}/context")
    of_wrapper = await as_(None).get(f"/api/v1/statuses/{boost_id_of(root.id)}/context")
    of_one = await as_(ada).get(f"/api/v1/statuses/{one_one.id}/context")

    tree = [one, one_one, one_one_one, one_two, two]
    assert of_root == of_wrapper
    assert of_root["ancestors"] == []
    assert ids(of_root["descendants"]) == [post.id for post in tree]
    assert ids(of_one["ancestors"]) == [root.id, one.id]
    assert ids(of_one["descendants"]) == [one_one_one.id]
    assert of_one["descendants"][0]["in_reply_to_id"] == str(one_one.id)
    assert of_one["descendants"][0]["in_reply_to_account_id"] == str(ada.id)


@pytest.mark.parametrize("state", [PostState.REMOVED, PostState.WITHDRAWN])
async def test_answers_to_what_is_gone_stay_in_the_thread(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, bees: Community, state: PostState
) -> None:
    root = await write(desk, world, ada, community=bees)
    gone = await answer(desk, world, bob, root)
    left = await answer(desk, world, ada, gone)
    await desk.storage.write(lambda uow: uow.posts.set_state(gone.id, state, at=world.tick()))

    found = await as_(None).get(f"/api/v1/statuses/{root.id}/context")
    up = await as_(None).get(f"/api/v1/statuses/{left.id}/context")
    reply = await as_(None).call("GET", f"/api/v1/statuses/{gone.id}")

    assert ids(found["descendants"]) == [left.id]
    assert ids(up["ancestors"]) == [root.id]
    assert reply.status == 404
    assert reply.json == {"error": "Record not found"}


async def test_a_thread_leaves_out_whom_its_reader_muted(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person
) -> None:
    root = await write(desk, world, ada)
    await answer(desk, world, bob, root)
    await desk.storage.write(lambda uow: uow.mutes.put(ada.id, Mute(target_id=bob.id), key=1))

    of_ada = await as_(ada).get(f"/api/v1/statuses/{root.id}/context")
    of_anyone = await as_(None).get(f"/api/v1/statuses/{root.id}/context")

    assert (len(of_ada["descendants"]), len(of_anyone["descendants"])) == (0, 1)


def test_a_reader_without_an_account_gets_the_beginning_of_a_long_thread() -> None:
    root = PostKey(1)
    parents: dict[PostKey, PostKey | None] = {root: None}
    parents |= {PostKey(key): root for key in range(2, 200)}

    some = around(root, parents, is_signed_in=False)
    everything = around(root, parents, is_signed_in=True)

    assert len(some.descendants) == MOST_DESCENDANTS
    assert some.descendants == everything.descendants[:MOST_DESCENDANTS]
    assert len(everything.descendants) == 198


async def test_statuses_are_told_by_their_ids_in_the_order_asked(
    desk: Desk, world: World, as_: As, ada: Person, bees: Community
) -> None:
    own = await write(desk, world, ada)
    thread = await write(desk, world, ada, community=bees)
    wanted = [own.id, boost_id_of(thread.id), 12345, thread.id]

    found = await as_(ada).get("/api/v1/statuses?" + "&".join(f"id[]={each}" for each in wanted))

    assert ids(found) == [own.id, boost_id_of(thread.id), thread.id]


async def test_who_liked_and_who_boosted_is_told_page_by_page(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person
) -> None:
    post = await write(desk, world, ada)
    people = [await desk.storage.write(world.remote_person, f"p{number}") for number in range(5)]
    for person in people:
        for kind in (ReactionKind.LIKE, ReactionKind.BOOST):
            await react(desk, world, person, post, kind)
    await react(desk, world, bob, post, ReactionKind.DISLIKE)

    for word in ("favourited_by", "reblogged_by"):
        found = await walk(as_(None), f"/api/v1/statuses/{post.id}/{word}?limit=2", "next")
        assert ids(found) == [person.id for person in reversed(people)]
    status = await as_(None).get(f"/api/v1/statuses/{post.id}")
    assert (status["favourites_count"], status["reblogs_count"]) == (5, 5)
    assert status["dislikes_count"] == 1


async def test_a_history_tells_every_form_of_a_post(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    first = PostContent(title="One", html="<p>a</p>", source="a")
    post = await write(desk, world, ada, content=first)
    poll = Poll(options=(PollOption(name="yes"), PollOption(name="no")))
    picture = Attachment(kind="Image", url="https://peer.example/1.png")
    second = replace(first, html="<p>b</p>", warning="Bees", poll=poll, attachments=(picture,))
    edited_at = world.tick()
    await desk.storage.write(lambda uow: uow.posts.edit(post.id, second, at=edited_at))

    found = await as_(None).get(f"/api/v1/statuses/{post.id}/history")

    assert [form["content"] for form in found] == [
        "<p><strong>One</strong></p><p>a</p>",
        "<p><strong>One</strong></p><p>b</p>",
    ]
    assert [form["spoiler_text"] for form in found] == ["", "Bees"]
    assert [option["title"] for option in found[1]["poll"]["options"]] == ["yes", "no"]
    assert len(found[1]["media_attachments"]) == 1
    assert found[1]["created_at"] == edited_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def test_a_source_is_for_the_author_with_the_title_above(
    desk: Desk, world: World, as_: As, ada: Person, bees: Community
) -> None:
    eve = await desk.storage.write(world.person, "eve")
    content = PostContent(title="On bees", html="<p>They hum.</p>", source="They *hum*.")
    post = await write(desk, world, ada, community=bees, content=content)

    own = await as_(ada).get(f"/api/v1/statuses/{post.id}/source")
    other = await as_(eve).call("GET", f"/api/v1/statuses/{post.id}/source")

    assert own["text"] == "On bees\n\nThey *hum*."
    assert own["title"] == "On bees"
    assert other.status == 404


async def test_favourites_are_paged_by_the_time_of_the_like(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person
) -> None:
    posts = [await write(desk, world, bob) for _ in range(5)]
    for post in (posts[3], posts[0], posts[4], posts[1]):
        await react(desk, world, ada, post, ReactionKind.LIKE)

    first = await as_(ada).call("GET", "/api/v1/favourites?limit=3")
    everything = await walk(as_(ada), "/api/v1/favourites?limit=3", "next")

    assert ids(first.json) == [posts[1].id, posts[4].id, posts[0].id]
    assert "next" in links(first)
    assert ids(everything) == [posts[1].id, posts[4].id, posts[0].id, posts[3].id]
    assert all(status["favourited"] for status in everything)


async def test_an_account_shows_its_pins_first(
    desk: Desk, world: World, as_: As, ada: Person, bees: Community
) -> None:
    pinned = await write(desk, world, ada)
    await write(desk, world, ada)
    await desk.storage.write(lambda uow: uow.profile_pins.add(ada.id, pinned.id, at=world.tick()))
    sticky = await write(desk, world, ada, community=bees, pinned=True)
    await write(desk, world, ada, community=bees)

    of_ada = await as_(None).get(f"/api/v1/accounts/{ada.id}/statuses?pinned=true")
    of_bees = await as_(None).get(f"/api/v1/accounts/{bees.id}/statuses?pinned=true")

    assert ids(of_ada) == [pinned.id]
    assert ids(of_bees) == [boost_id_of(sticky.id)]


async def test_a_community_shows_its_threads_as_boosts(
    desk: Desk, world: World, as_: As, ada: Person, bees: Community
) -> None:
    threads = [await write(desk, world, ada, community=bees) for _ in range(3)]
    await answer(desk, world, ada, threads[0])

    found = await as_(None).get(f"/api/v1/accounts/{bees.id}/statuses")
    without = await as_(None).get(f"/api/v1/accounts/{bees.id}/statuses?exclude_reblogs=true")

    assert ids(found) == [boost_id_of(post.id) for post in reversed(threads)]
    assert without == []


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("", [3, 2, 1, 0]),
        ("?exclude_replies=true", [3, 1, 0]),
        ("?only_media=true", [1]),
        ("?tagged=honey", [0]),
    ],
)
async def test_an_account_shows_what_is_asked_for(
    desk: Desk, world: World, as_: As, ada: Person, query: str, places: list[int]
) -> None:
    other = await desk.storage.write(world.person, "eve")
    picture = Attachment(kind="Image", url="https://noaber.example/1.png")
    far = await write(desk, world, other)
    posts = [
        await write(desk, world, ada, content=PostContent(hashtags=("Honey",))),
        await write(desk, world, ada, content=PostContent(attachments=(picture,))),
        await answer(desk, world, ada, far),
        await write(desk, world, ada),
    ]
    await write(desk, world, ada, visibility=Visibility.FOLLOWERS)

    found = await as_(None).get(f"/api/v1/accounts/{ada.id}/statuses{query}")

    assert ids(found) == [posts[place].id for place in places]


async def test_a_poll_in_a_status_says_what_its_reader_chose(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person
) -> None:
    poll = Poll(
        options=(PollOption(name="yes"), PollOption(name="no")),
        multiple=True,
        ends_at=desk.now() + timedelta(hours=1),
    )
    post = await write(desk, world, bob, content=PostContent(poll=poll))
    await desk.storage.write(lambda uow: uow.posts.vote(post.id, ada.id, 1))

    own = (await as_(ada).get(f"/api/v1/statuses/{post.id}"))["poll"]
    other = (await as_(None).get(f"/api/v1/statuses/{post.id}"))["poll"]

    assert own["voted"] is True
    assert own["own_votes"] == [1]
    assert [option["votes_count"] for option in own["options"]] == [0, 1]
    assert own["expired"] is False
    assert "voted" not in other
