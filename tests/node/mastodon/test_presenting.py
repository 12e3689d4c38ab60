"""Statuses and Accounts: what is in them, who gets them, and what a page of them costs."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from communities.community import Community, CommunityKind, CommunityVisibility, JoinPolicy
from communities.filtering import Filter, FilterAction, FilterContext, Keyword
from communities.people import ActorState, Person
from communities.posts import (
    Attachment,
    PostContent,
    Reaction,
    ReactionKind,
    Visibility,
)
from node.mastodon.desk import Desk
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME, World
from tests.support.presenting import passed_on, plain, shown, the_one, write


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def bob(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.remote_person, "bob")


@pytest.fixture
async def bees(desk: Desk, world: World) -> Community:
    return await desk.storage.write(world.community, "bees")


async def account(desk: Desk, actor: Person | Community) -> Any:
    found = await desk.storage.read(desk.presenter.accounts, [actor.id])
    return found[actor.id]


async def test_a_thread_is_the_boost_of_its_community(
    desk: Desk, world: World, ada: Person, bees: Community
) -> None:
    post = await write(desk, world, ada, community=bees)

    (status,) = await shown(desk, None, [passed_on(post)])

    assert status["id"] == str(post.id ^ 0x8000)
    assert status["account"]["group"] is True
    assert status["reblog"]["id"] == str(post.id)
    assert status["reblog"]["account"]["username"] == "ada"
    assert status["created_at"] == status["reblog"]["created_at"]
    assert status["uri"] == f"{HOME.base}/post/{post.id}/boost"


async def test_a_title_stands_in_bold_before_the_text_and_hides_nothing(
    desk: Desk, world: World, ada: Person
) -> None:
    content = PostContent(
        title="Wax & <honey>", html="<p>Moin.</p>", link="https://a.example/x?y&z"
    )
    post = await write(desk, world, ada, content=content)

    status = await the_one(desk, None, post)

    assert status["content"] == (
        "<p><strong>Wax &amp; &lt;honey&gt;</strong></p><p>Moin.</p>"
        '<p><a href="https://a.example/x?y&amp;z" rel="nofollow noopener noreferrer"'
        ' target="_blank">https://a.example/x?y&amp;z</a></p>'
    )
    assert status["title"] == "Wax & <honey>"
    assert status["spoiler_text"] == ""
    assert status["card"]["type"] == "link"
    assert status["card"]["title"] == "Wax & <honey>"


async def test_a_link_that_is_no_web_address_is_not_shown(
    desk: Desk, world: World, ada: Person
) -> None:
    post = await write(desk, world, ada, content=PostContent(link="javascript:alert(1)"))

    status = await the_one(desk, None, post)

    assert "javascript" not in json.dumps(status)
    assert status["card"] is None


async def test_times_have_milliseconds_and_end_in_z(desk: Desk, world: World, ada: Person) -> None:
    published = world.now + timedelta(milliseconds=7)
    post = await write(desk, world, ada, published_at=published)

    status = await the_one(desk, None, post)

    assert status["created_at"] == published.strftime("%Y-%m-%dT%H:%M:%S.007Z")


@pytest.mark.parametrize(
    ("visibility", "word"),
    [
        (Visibility.PUBLIC, "public"),
        (Visibility.UNLISTED, "unlisted"),
        (Visibility.FOLLOWERS, "private"),
        (Visibility.DIRECT, "direct"),
    ],
)
async def test_audiences_have_the_names_that_apps_know(
    desk: Desk, world: World, ada: Person, visibility: Visibility, word: str
) -> None:
    post = await write(desk, world, ada, visibility=visibility)

    assert (await the_one(desk, ada, post))["visibility"] == word


async def test_what_is_said_in_a_closed_community_is_private(
    desk: Desk, world: World, ada: Person
) -> None:
    den = await desk.storage.write(
        lambda uow: world.community(uow, "den", visibility=CommunityVisibility.PRIVATE)
    )
    await desk.storage.write(world.member, den, ada)
    posts = [
        await write(desk, world, ada, community=den, visibility=visibility)
        for visibility in (Visibility.PUBLIC, Visibility.MEMBERS)
    ]

    found = await shown(desk, ada, [passed_on(post) for post in posts])

    assert [status["visibility"] for status in found] == ["private", "private"]


async def test_an_account_never_lacks_a_picture(
    desk: Desk, world: World, ada: Person, bob: Person
) -> None:
    for person in (ada, bob):
        entity = await account(desk, person)

        for name in ("avatar", "avatar_static", "header", "header_static"):
            assert entity[name].startswith(f"{HOME.base}/static/")
    assert (Path(__file__).parents[3] / "node/web/static/avatar.png").read_bytes()[1:4] == b"PNG"


async def test_accounts_are_named_by_host_unless_they_are_ours(
    desk: Desk, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    names = [(await account(desk, actor))["acct"] for actor in (ada, bob, bees)]

    assert names == ["ada", "bob@peer.example", "bees"]


@pytest.mark.parametrize(
    ("kind", "join", "group", "locked"),
    [
        (CommunityKind.GROUP, JoinPolicy.OPEN, True, False),
        (CommunityKind.FORUM, JoinPolicy.ASK, True, True),
        (CommunityKind.PAGE, JoinPolicy.OPEN, False, False),
        (CommunityKind.CHANNEL, JoinPolicy.INVITE, True, True),
    ],
)
async def test_a_community_is_a_group_that_may_have_to_be_asked(
    desk: Desk, world: World, kind: CommunityKind, join: JoinPolicy, group: bool, locked: bool
) -> None:
    community = await desk.storage.write(
        lambda uow: world.community(uow, "some", kind=kind, join=join)
    )

    entity = await account(desk, community)

    assert (entity["group"], entity["locked"], entity["bot"]) == (group, locked, False)
    assert entity["fields"][0]["name"] == "Type"
    assert entity["fields"][0]["value"].lower() == kind.value


async def test_what_is_counted_of_accounts(
    desk: Desk, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    await desk.storage.write(world.follow, bob, ada)
    await desk.storage.write(world.follow, ada, bob)
    await desk.storage.write(world.member, bees, bob)
    await write(desk, world, ada)
    last = await write(desk, world, ada, community=bees)

    person, community = await account(desk, ada), await account(desk, bees)

    keys = ("followers_count", "following_count", "statuses_count")
    assert [person[key] for key in keys] == [1, 1, 2]
    assert [community[key] for key in keys] == [1, 0, 1]
    day = last.published_at.date().isoformat()
    assert person["last_status_at"] == community["last_status_at"] == day


async def test_a_suspended_account_is_a_name_alone(desk: Desk, world: World, ada: Person) -> None:
    post = await write(desk, world, ada)
    await desk.storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.SUSPENDED))

    entity = await account(desk, ada)

    assert entity["suspended"] is True
    assert (entity["display_name"], entity["note"], entity["fields"]) == ("", "", [])
    assert await shown(desk, None, plain(post)) == []


async def test_mentions_lead_to_accounts_that_are_known(
    desk: Desk, world: World, ada: Person, bob: Person
) -> None:
    html = (
        f'<p><a href="{ada.uri}" class="u-url mention">@ada</a>'
        ' <span class="h-card"><a href="https://peer.example/@bob" class="u-url mention">'
        "@<span>bob</span></a></span>"
        f' <a href="{HOME.base}/@ada">@ada</a>'
        ' <a href="https://peer.example/tags/bob" class="mention hashtag">#bob</a>'
        ' <a href="https://other.example/@bob" class="mention">@bob</a></p>'
    )
    post = await write(desk, world, ada, content=PostContent(html=html))

    status = await the_one(desk, None, post)

    assert [mention["acct"] for mention in status["mentions"]] == ["ada", "bob@peer.example"]
    assert status["content"] == html


async def test_pictures_of_peers_come_through_this_node(
    desk: Desk, world: World, bob: Person
) -> None:
    picture = Attachment(
        kind="Image", url="https://peer.example/1.png", alt="A bee", width=30, height=20
    )
    link = Attachment(kind="Link", url="https://a.example/")
    post = await write(desk, world, bob, content=PostContent(attachments=(picture, link)))

    (medium,) = (await the_one(desk, None, post))["media_attachments"]

    assert medium["type"] == "image"
    assert medium["url"].startswith(f"{HOME.base}/media/proxy/")
    assert medium["remote_url"] == picture.url
    assert medium["description"] == "A bee"
    assert medium["meta"]["original"] == {
        "width": 30,
        "height": 20,
        "size": "30x20",
        "aspect": 1.5,
    }


async def test_marks_are_those_of_the_reader(
    desk: Desk, world: World, ada: Person, bob: Person
) -> None:
    post = await write(desk, world, ada)

    def mark(uow: UnitOfWork) -> None:
        for kind in (ReactionKind.DISLIKE, ReactionKind.BOOST):
            uow.reactions.put(
                Reaction(actor_id=ada.id, post_id=post.id, kind=kind, uri=None, at=world.now)
            )
        uow.bookmarks.add(7, ada.id, post.id)
        uow.profile_pins.add(ada.id, post.id, at=world.now)
        uow.thread_mutes.add(ada.id, post.root_id)

    await desk.storage.write(mark)

    own, other, nobody = [await the_one(desk, person, post) for person in (ada, bob, None)]

    words = ("favourited", "disliked", "reblogged", "bookmarked", "pinned", "muted")
    assert [own[word] for word in words] == [False, True, True, True, True, True]
    assert [other[word] for word in words if word != "pinned"] == [False] * 5
    assert "pinned" not in other, "only its author can pin it"
    assert not any(word in nobody for word in words)


@pytest.mark.parametrize(("action", "count"), [(FilterAction.WARN, 1), (FilterAction.HIDE, 0)])
async def test_filters_are_applied_here(
    desk: Desk, world: World, ada: Person, bob: Person, action: FilterAction, count: int
) -> None:
    post = await write(desk, world, bob, content=PostContent(html="<p>Hornets!</p>"))
    own = await write(desk, world, ada, content=PostContent(html="<p>Hornets!</p>"))

    def add(uow: UnitOfWork) -> None:
        uow.filters.add(
            Filter(
                id=5,
                person_id=ada.id,
                title="No hornets",
                contexts=frozenset({FilterContext.HOME}),
                action=action,
            )
        )
        uow.filters.put_keyword(5, Keyword(id=6, word="hornets", whole_word=True))

    await desk.storage.write(add)

    at_home = await shown(desk, ada, plain(post), "home")
    in_public = await shown(desk, ada, plain(post), "public")
    own_post = await shown(desk, ada, plain(own), "home")

    assert len(at_home) == count
    if at_home:
        assert at_home[0]["filtered"][0]["keyword_matches"] == ["hornets"]
    assert in_public[0]["filtered"] == []
    assert own_post[0]["filtered"] == []
