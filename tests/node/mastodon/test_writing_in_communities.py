"""Posting in communities through the API: by a mention or an id, titled, for whom it may be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from communities.community import Community, CommunityVisibility, PostingPolicy
from communities.membership import MembershipState
from communities.people import Person
from communities.posts import Post, PostKind, PostState, Visibility
from communities.titles import TITLE_LINE
from node.mastodon.desk import Desk
from storage.feeds import boost_id_of
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

As = Callable[[Person | None], App]
STATUSES = "/api/v1/statuses"
LONG = "w" * TITLE_LINE


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def ben(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ben")


@pytest.fixture
async def bees(sqlite_storage: Storage, world: World) -> Community:
    """A community that is open to everyone."""
    return await sqlite_storage.write(world.community, "bees")


async def make(desk: Desk, world: World, name: str, **changes: Any) -> Community:
    return await desk.storage.write(lambda uow: world.community(uow, name, **changes))


async def join(
    desk: Desk,
    world: World,
    community: Community,
    person: Person,
    state: MembershipState = MembershipState.MEMBER,
) -> None:
    await desk.storage.write(lambda uow: world.member(uow, community, person, state=state))


async def post_of(desk: Desk, status: Any) -> Post:
    found = await desk.storage.read(lambda uow: uow.posts.get(int(status["id"])))  # type: ignore[arg-type]  # a PostKey
    assert found is not None
    return found


async def test_the_name_of_the_community_alone_is_no_post(
    as_: As, ada: Person, bees: Community
) -> None:
    told = await as_(ada).call("POST", STATUSES, json={"status": "@bees"})

    assert told.status == 422
    assert told.json["error"] == "Validation failed: Text can't be blank"


@pytest.mark.parametrize(
    ("text", "title", "source"),
    [
        ("@bees Bees in winter", "Bees in winter", ""),
        ("Bees in winter @bees", "Bees in winter", ""),
        ("@bees: Bees in winter\n\nThey cluster.", "Bees in winter", "They cluster."),
        ("@bees\nBees in winter\nThey cluster.", "Bees in winter", "They cluster."),
        ("Bees\n\nThey cluster.\n\n@BEES@noaber.example", "Bees", "They cluster."),
        ("!bees@noaber.example Bees", "Bees", ""),
        (f"@bees {LONG}", None, LONG),
        (f"@bees {LONG}\n\nbody", LONG, "body"),
        ("We at @bees keep bees\n\nYes.", "We at @bees keep bees", "Yes."),
        ("@bees @ben look\n\nthere", "@ben look", "there"),
    ],
)
@pytest.mark.usefixtures("ben")
async def test_a_status_that_mentions_one_community_is_a_post_in_it(
    as_: As,
    ada: Person,
    bees: Community,
    desk: Desk,
    text: str,
    title: str | None,
    source: str,
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": text})

    post = await post_of(desk, status)
    assert post.community_id == bees.id
    assert (post.content.title, post.content.source) == (title, source)
    assert post.kind is (PostKind.NOTE if title is None else PostKind.PAGE)
    assert status["title"] == title
    assert status["group_id"] == str(bees.id)
    assert status["account"]["username"] == "ada", "the post itself, not the community's boost"


@pytest.mark.parametrize(
    "text",
    [
        "@ben who keeps @bees well? @ben@noaber.example @ada",
        "@bees and @wasps are not the same",
        "nothing of the kind",
    ],
)
async def test_other_statuses_stay_with_their_author(
    as_: As, ada: Person, ben: Person, bees: Community, world: World, desk: Desk, text: str
) -> None:
    await make(desk, world, "wasps")

    status = await as_(ada).post(STATUSES, json={"status": text})

    post = await post_of(desk, status)
    assert (post.community_id, post.content.title) == (None, None)
    assert post.content.source == text


async def test_a_group_can_be_named_by_its_id_with_a_title_and_a_link(
    as_: As, ada: Person, bees: Community, desk: Desk
) -> None:
    wanted = {
        "group_id": str(bees.id),
        "title": "Bees",
        "status": "short line",
        "link": "https://bees.example/",
    }

    status = await as_(ada).post(STATUSES, json=wanted)

    content = (await post_of(desk, status)).content
    assert (content.title, content.source) == ("Bees", "short line")
    assert status["card"]["url"] == "https://bees.example/"


async def test_a_poll_in_a_community_has_a_title(
    as_: As, ada: Person, bees: Community, desk: Desk
) -> None:
    poll = {"options": ["honey", "wax"], "expires_in": 3600}

    status = await as_(ada).post(STATUSES, json={"status": "@bees Which?", "poll": poll})

    post = await post_of(desk, status)
    assert (post.kind, post.content.title) == (PostKind.QUESTION, "Which?")
    assert [option["title"] for option in status["poll"]["options"]] == ["honey", "wax"]


async def test_an_edit_keeps_the_title_first(
    as_: As, ada: Person, bees: Community, desk: Desk, clock: Clock
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "@bees Bees\n\nThey cluster."})
    clock.advance(timedelta(minutes=1))

    changed = await as_(ada).done(
        "PUT", f"{STATUSES}/{status['id']}", json={"status": "Honey bees\n\nThey cluster. @bees"}
    )

    post = await post_of(desk, changed)
    assert (post.content.title, post.content.source) == ("Honey bees", "They cluster.")
    assert post.community_id == bees.id


async def test_what_is_deleted_to_be_written_anew_goes_to_its_community_again(
    as_: As, ada: Person, bees: Community, desk: Desk
) -> None:
    status = await as_(ada).post(STATUSES, json={"status": "@bees Bees\n\nThey cluster."})

    deleted = await as_(ada).done("DELETE", f"{STATUSES}/{boost_id_of(int(status['id']))}")
    anew = await as_(ada).post(STATUSES, json={"status": deleted["text"]})

    post = await post_of(desk, anew)
    assert (post.community_id, post.content.title) == (bees.id, "Bees")
    assert post.content.source == "They cluster."


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_a_member_posts_for_the_members_alone(
    as_: As, ada: Person, bees: Community, world: World, desk: Desk, visibility: str
) -> None:
    await join(desk, world, bees, ada)

    status = await as_(ada).post(STATUSES, json={"status": "Keys @bees", "visibility": visibility})

    post = await post_of(desk, status)
    assert (post.community_id, post.visibility) == (bees.id, Visibility.MEMBERS)
    assert status["visibility"] == "private"


async def test_who_is_no_member_cannot_post_for_the_members(
    as_: As, ada: Person, bees: Community
) -> None:
    reply = await as_(ada).call(
        "POST", STATUSES, json={"status": "Keys @bees", "visibility": "private"}
    )

    assert reply.status == 422
    assert "members" in reply.json["error"]


async def test_a_message_to_someone_that_names_a_community_is_for_that_one(
    as_: As, ada: Person, ben: Person, bees: Community, desk: Desk
) -> None:
    wanted = {"status": "@ben shall we leave @bees", "visibility": "direct"}

    post = await post_of(desk, await as_(ada).post(STATUSES, json=wanted))

    assert (post.community_id, post.visibility) == (None, Visibility.DIRECT)
    assert await desk.storage.read(lambda uow: uow.posts.recipients(post.id)) == [ben.id]


async def test_a_private_community_takes_nothing_public(
    as_: As, ada: Person, world: World, desk: Desk
) -> None:
    hive = await make(desk, world, "hive", visibility=CommunityVisibility.PRIVATE)
    await join(desk, world, hive, ada)
    app = as_(ada)

    refused = await app.call("POST", STATUSES, json={"status": "@hive x", "visibility": "public"})
    kept = await app.post(STATUSES, json={"status": "@hive x", "visibility": "private"})
    unsaid = await app.post(STATUSES, json={"status": "@hive y"})

    assert refused.status == 422
    assert "private" in refused.json["error"]
    for status in (kept, unsaid):
        assert (await post_of(desk, status)).visibility is Visibility.MEMBERS


async def test_answers_in_a_private_community_stay_in_it(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    hive = await make(desk, world, "hive", visibility=CommunityVisibility.PRIVATE)
    await join(desk, world, hive, ada)
    await join(desk, world, hive, ben)
    status = await as_(ada).post(STATUSES, json={"status": "@hive x", "visibility": "private"})

    answer = await as_(ben).post(
        STATUSES, json={"status": "y", "in_reply_to_id": status["id"], "visibility": "public"}
    )

    post = await post_of(desk, answer)
    assert (post.community_id, post.visibility) == (hive.id, Visibility.MEMBERS)


async def test_a_secret_community_is_not_there_for_others(
    as_: As, ada: Person, world: World, desk: Desk
) -> None:
    hive = await make(desk, world, "hive", visibility=CommunityVisibility.SECRET)

    by_id = await as_(ada).call("POST", STATUSES, json={"status": "x", "group_id": str(hive.id)})
    mentioned = await as_(ada).post(STATUSES, json={"status": "@hive x"})

    assert by_id.status == 404
    assert mentioned["content"] == "<p>@hive x</p>", "not even a link tells that it is there"


async def test_a_post_in_a_community_elsewhere_is_shown_to_its_author_at_once(
    as_: As, ada: Person, ben: Person, world: World, desk: Desk
) -> None:
    far = await desk.storage.write(world.remote_community, "far")

    status = await as_(ada).post(STATUSES, json={"status": "@far@peer.example Moin"})

    post = await post_of(desk, status)
    assert (post.community_id, post.state) == (far.id, PostState.PENDING)
    assert status["title"] == "Moin"
    answer = {"status": "y", "in_reply_to_id": status["id"]}
    assert (await as_(ben).call("POST", STATUSES, json=answer)).status == 404


async def test_an_open_community_elsewhere_keeps_nothing_to_its_members(
    as_: As, ada: Person, world: World, desk: Desk
) -> None:
    await desk.storage.write(world.remote_community, "far")
    wanted = {"status": "@far@peer.example Moin", "visibility": "private"}

    reply = await as_(ada).call("POST", STATUSES, json=wanted)

    assert reply.status == 422
    assert "another server" in reply.json["error"]


async def test_who_is_banned_or_no_member_is_told_so(
    as_: As, ada: Person, bees: Community, world: World, desk: Desk
) -> None:
    club = await make(desk, world, "club", posting=PostingPolicy.MEMBERS)
    await join(desk, world, bees, ada, MembershipState.BANNED)

    banned = await as_(ada).call("POST", STATUSES, json={"status": "@bees x"})
    outside = await as_(ada).call("POST", STATUSES, json={"status": "x", "group_id": str(club.id)})

    assert (banned.status, banned.json["error"]) == (422, "You are banned from this community")
    assert (outside.status, outside.json["error"]) == (
        422,
        "This is for members of the community",
    )


async def test_a_locked_thread_takes_no_answer(
    as_: As, ada: Person, ben: Person, bees: Community, world: World, desk: Desk
) -> None:
    thread = await desk.storage.write(lambda uow: world.post(uow, ada, bees))
    await desk.storage.write(lambda uow: uow.posts.set_locked(thread.id, locked=True))

    reply = await as_(ben).call(
        "POST", STATUSES, json={"status": "y", "in_reply_to_id": str(boost_id_of(thread.id))}
    )

    assert (reply.status, reply.json["error"]) == (422, "This thread is locked")


async def test_a_comment_has_no_title_and_no_group_of_its_own(
    as_: As, ada: Person, bees: Community, world: World, desk: Desk
) -> None:
    thread = await desk.storage.write(lambda uow: world.post(uow, ada, bees))
    answer = {"status": "y", "in_reply_to_id": str(thread.id)}

    refused = await as_(ada).call("POST", STATUSES, json={**answer, "title": "T"})
    comment = await as_(ada).post(STATUSES, json={**answer, "status": "@bees y"})

    assert refused.status == 422
    post = await post_of(desk, comment)
    assert (post.community_id, post.content.title) == (bees.id, None)


async def test_an_app_that_acts_as_a_community_posts_in_it(
    as_: As, ada: Person, bees: Community, desk: Desk
) -> None:
    status = await as_(ada).acting_as(bees.id).post(STATUSES, json={"status": "Moin"})

    post = await post_of(desk, status)
    assert (post.author_id, post.community_id) == (bees.id, bees.id)
    assert status["account"]["group"] is True
