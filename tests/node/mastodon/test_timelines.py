"""Timelines as apps get them: who sees what, and pages that lead on and back."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from communities.community import Community, CommunityVisibility
from communities.lists import AccountList
from communities.membership import MembershipState
from communities.people import Person
from communities.posts import Post, PostContent, PostState, Reaction, ReactionKind, Visibility
from communities.ties import Mute
from node.mastodon.desk import Desk
from storage.feeds import boost_id_of
from tests.support.app_caller import App, Reply
from tests.support.factories import World

As = Callable[[Person | None], App]
SECRET = "What nobody else may read"


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def bob(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "bob")


@pytest.fixture
async def bees(desk: Desk, world: World) -> Community:
    return await desk.storage.write(world.community, "bees")


async def write(desk: Desk, world: World, author: Person, **changes: Any) -> Post:
    community = changes.pop("community", None)
    return await desk.storage.write(lambda uow: world.post(uow, author, community, **changes))


async def like(desk: Desk, world: World, person: Person, post: Post) -> None:
    reaction = Reaction(
        actor_id=person.id, post_id=post.id, kind=ReactionKind.LIKE, uri=None, at=world.tick()
    )
    await desk.storage.write(lambda uow: uow.reactions.put(reaction))


def ids(statuses: Any) -> list[int]:
    return [int(status["id"]) for status in statuses]


def links(reply: Reply) -> dict[str, str]:
    """The addresses in a Link header, by their relation, as paths of this node."""
    found = {}
    for part in filter(None, reply.headers.get("Link", "").split(", ")):
        address, _, relation = part.partition("; ")
        parts = urlsplit(address.strip("<>"))
        found[relation.removeprefix('rel="').rstrip('"')] = f"{parts.path}?{parts.query}"
    return found


async def walk(app: App, path: str, relation: str) -> list[Any]:
    """Everything on a page and on those that it leads to."""
    found: list[Any] = []
    address: str | None = path
    while address is not None:
        reply = await app.call("GET", address)
        assert reply.status == 200
        assert len(found) < 200, "the pages do not end"
        found += reply.json
        address = links(reply).get(relation) if reply.json else None
    return found


async def test_home_is_for_people_only(as_: As) -> None:
    reply = await as_(None).call("GET", "/api/v1/timelines/home")

    assert reply.status == 401


async def test_home_mixes_communities_and_people_by_time(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, bees: Community
) -> None:
    await desk.storage.write(world.member, bees, ada)
    await desk.storage.write(world.follow, ada, bob)
    thread = await write(desk, world, bob, community=bees)
    post = await write(desk, world, bob)

    home = await as_(ada).get("/api/v1/timelines/home")

    assert ids(home) == [post.id, boost_id_of(thread.id)]
    assert home[1]["account"]["acct"] == "bees"
    assert home[1]["reblog"]["account"]["acct"] == "bob"
    assert home[1]["reblog"]["title"] == thread.content.title


async def test_a_status_of_a_timeline_is_found_by_its_id(
    desk: Desk, world: World, as_: As, ada: Person, bees: Community
) -> None:
    await desk.storage.write(world.member, bees, ada)
    await write(desk, world, ada, community=bees)
    (status,) = await as_(ada).get("/api/v1/timelines/home")

    again = await as_(ada).get(f"/api/v1/statuses/{status['id']}")

    assert again == status


async def test_pages_lead_on_and_back_to_the_same_statuses(
    desk: Desk, world: World, as_: As, ada: Person, bees: Community
) -> None:
    await desk.storage.write(world.member, bees, ada)
    written = [
        await write(desk, world, ada, community=bees if number % 2 else None) for number in range(9)
    ]
    app = as_(ada)

    onward = await walk(app, "/api/v1/timelines/home?limit=4", "next")
    oldest = min(ids(onward))
    back = await walk(app, f"/api/v1/timelines/home?limit=4&min_id={oldest}", "prev")

    assert len(onward) == len(written)
    assert set(ids(back)) == set(ids(onward)) - {oldest}


async def test_a_last_page_says_that_it_is_the_last(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    posts = [await write(desk, world, ada) for _ in range(4)]
    app = as_(ada)

    first = await app.call("GET", "/api/v1/timelines/home?limit=2&local=true")
    last = await app.call("GET", links(first)["next"])

    assert "local=true" in links(first)["next"]
    assert ids(last.json) == [posts[1].id, posts[0].id]
    assert "next" not in links(last)
    assert dict(parse_qsl(urlsplit(links(last)["prev"]).query))["min_id"] == str(posts[1].id)


async def test_what_someone_muted_is_not_in_their_home(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, bees: Community
) -> None:
    await desk.storage.write(world.member, bees, ada)
    await desk.storage.write(world.follow, ada, bob)
    await write(desk, world, bob)
    await write(desk, world, bob, community=bees)
    await desk.storage.write(lambda uow: uow.mutes.put(ada.id, Mute(target_id=bob.id), key=1))

    home = await as_(ada).get("/api/v1/timelines/home")
    profile = await as_(ada).get(f"/api/v1/accounts/{bob.id}/statuses")

    assert home == []
    assert len(profile) == 2, "who asks for someone by name wants to see them"


async def test_a_post_that_waits_is_shown_to_its_author_alone(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, bees: Community
) -> None:
    for person in (ada, bob):
        await desk.storage.write(world.member, bees, person)
    waiting = await write(desk, world, ada, community=bees, state=PostState.PENDING)

    own, other = [await as_(person).get("/api/v1/timelines/home") for person in (ada, bob)]

    assert ids(own) == [boost_id_of(waiting.id)]
    assert other == []


@pytest.mark.parametrize("query", ["", "?local=true", "?remote=true", "?only_media=true"])
async def test_the_public_timeline_is_open_to_everyone(
    desk: Desk, world: World, as_: As, ada: Person, query: str
) -> None:
    post = await write(desk, world, ada)

    found = await as_(None).get(f"/api/v1/timelines/public{query}")

    assert ids(found) == ([post.id] if query in ("", "?local=true") else [])
    assert all("favourited" not in status for status in found)


async def test_a_tag_timeline_reads_its_tag_and_others(
    desk: Desk, world: World, as_: As, ada: Person
) -> None:
    both = await write(desk, world, ada, content=PostContent(hashtags=("Honey", "Wax")))
    honey = await write(desk, world, ada, content=PostContent(hashtags=("honey",)))
    app = as_(None)

    plain = await app.get("/api/v1/timelines/tag/HONEY")
    narrow = await app.get("/api/v1/timelines/tag/honey?all[]=wax")
    without = await app.get("/api/v1/timelines/tag/honey?none[]=wax")
    wide = await app.get("/api/v1/timelines/tag/comb?any[]=wax")

    assert [ids(found) for found in (plain, narrow, without, wide)] == [
        [honey.id, both.id],
        [both.id],
        [honey.id],
        [both.id],
    ]
    assert [tag["name"] for tag in plain[1]["tags"]] == ["honey", "wax"]


async def test_a_community_is_read_as_a_list_of_its_members(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, bees: Community
) -> None:
    await desk.storage.write(world.member, bees, ada)
    thread = await write(desk, world, bob, community=bees)

    own = await as_(ada).get(f"/api/v1/timelines/list/{bees.id}")
    reply = await as_(bob).call("GET", f"/api/v1/timelines/list/{bees.id}")
    group = await as_(None).get(f"/api/v1/timelines/group/{bees.id}")

    assert ids(own) == ids(group) == [boost_id_of(thread.id)]
    assert reply.status == 404, "bob is no member, so that he has no such list"


async def test_a_list_is_read_by_its_owner_only(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person
) -> None:
    await desk.storage.write(world.follow, ada, bob)
    post = await write(desk, world, bob)
    wanted = AccountList(id=77, person_id=ada.id, title="Few")
    await desk.storage.write(lambda uow: uow.lists.add(wanted))
    await desk.storage.write(lambda uow: uow.lists.add_members(77, [bob.id]))

    own = await as_(ada).get("/api/v1/timelines/list/77")
    reply = await as_(bob).call("GET", "/api/v1/timelines/list/77")

    assert ids(own) == [post.id]
    assert reply.status == 404


async def test_a_page_in_the_news_has_no_timeline_here(as_: As) -> None:
    assert await as_(None).get("/api/v1/timelines/link?url=https://a.example/") == []


EVERYWHERE = (
    "/api/v1/timelines/public",
    "/api/v1/timelines/tag/honey",
    "/api/v1/timelines/group/{den}",
    "/api/v1/accounts/{ada}/statuses",
    "/api/v1/accounts/{ada}/statuses?pinned=true",
    "/api/v1/accounts/{den}/statuses",
    "/api/v1/accounts/{den}/statuses?pinned=true",
    "/api/v1/statuses/{post}",
    "/api/v1/statuses/{boost}",
    "/api/v1/statuses?id[]={post}&id[]={boost}",
    "/api/v1/statuses/{post}/context",
    "/api/v1/statuses/{root}/context",
    "/api/v1/statuses/{post}/history",
    "/api/v1/statuses/{post}/favourited_by",
    "/api/v1/statuses/{post}/reblogged_by",
    "/api/v1/timelines/home",
    "/api/v1/timelines/list/{den}",
    "/api/v1/favourites",
    "/api/v1/statuses/{post}/source",
)


@pytest.mark.parametrize("who", ["anonymous", "stranger", "banned"])
@pytest.mark.parametrize("audience", ["followers", "direct", "members", "private", "secret"])
async def test_nothing_private_is_told_to_others(
    desk: Desk, world: World, as_: As, ada: Person, bob: Person, who: str, audience: str
) -> None:
    """Each way to a status, for each audience that the caller does not belong to."""
    openness = {
        "private": CommunityVisibility.PRIVATE,
        "secret": CommunityVisibility.SECRET,
        "members": CommunityVisibility.PRIVATE,
    }.get(audience, CommunityVisibility.PUBLIC)
    den = await desk.storage.write(lambda uow: world.community(uow, "den", visibility=openness))
    place = den if audience in ("private", "secret", "members") else None
    visibility = Visibility(audience) if audience in set(Visibility) else Visibility.PUBLIC
    content = PostContent(title=SECRET, html=f"<p>{SECRET}</p>", hashtags=("honey",))
    root = await write(desk, world, ada, community=place, visibility=visibility)
    post = await write(
        desk, world, ada, community=place, visibility=visibility, content=content, pinned=True
    )
    await desk.storage.write(
        lambda uow: world.comment(uow, ada, root, content=content, visibility=visibility)
    )
    await desk.storage.write(lambda uow: uow.profile_pins.add(ada.id, post.id, at=world.tick()))
    await like(desk, world, bob, post)
    if who == "banned":
        await desk.storage.write(
            lambda uow: world.member(uow, den, bob, state=MembershipState.BANNED)
        )
    app = as_(None if who == "anonymous" else bob)
    names = {
        "den": den.id,
        "ada": ada.id,
        "post": post.id,
        "root": root.id,
        "boost": boost_id_of(post.id),
    }

    answers = [await app.call("GET", path.format(**names)) for path in EVERYWHERE]

    told = [path for path, reply in zip(EVERYWHERE, answers, strict=True) if SECRET in str(reply)]
    own = await as_(ada).get(f"/api/v1/statuses/{post.id}")
    assert told == []
    assert SECRET in own["content"]
