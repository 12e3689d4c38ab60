"""The front page and the pages of communities: what is there, and what a visitor may know."""

from dataclasses import replace

import pytest

from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.membership import Role
from communities.people import ActorKey, ActorState, Person
from communities.posts import PostContent, PostState, Visibility
from node.settings_instance import InstanceSettings
from node.web.site import Site
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.read_html import Document
from tests.support.visitor import Visitor, visiting

HIDDEN = (CommunityVisibility.PRIVATE, CommunityVisibility.SECRET)


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def bees(sqlite_storage: Storage, world: World, ada: Person) -> Community:
    def found(uow: UnitOfWork) -> Community:
        community = world.community(uow, "bees")
        world.member(uow, community, ada, Role.OWNER)
        return community

    return await sqlite_storage.write(found)


async def set_state(storage: Storage, key: ActorKey, state: ActorState) -> None:
    await storage.write(lambda uow: uow.people.set_state(key, state))


def hrefs(document: Document) -> list[str]:
    return [link.href for link in document.links]


def titles(document: Document) -> list[str]:
    """The threads of a page in order."""
    return [words.strip() for level, words in document.headings if level == 3]


async def write_threads(
    storage: Storage, world: World, author: Person, community: Community, number: int
) -> list[str]:
    """Threads called "Thread 1" and so on; their titles, newest first."""

    def write(uow: UnitOfWork) -> None:
        for place in range(1, number + 1):
            content = PostContent(title=f"Thread {place}", html="<p>Moin.</p>")
            world.post(uow, author, community, content=content)

    await storage.write(write)
    return [f"Thread {place}" for place in range(number, 0, -1)]


async def test_front_page_of_a_new_node_says_what_is_missing_and_where_to_go(
    visitor: Visitor,
) -> None:
    document = await visitor.read("/")

    assert "There are no public communities here yet." in document.text
    assert "/about" in hrefs(document)


async def test_front_page_lists_public_communities_and_their_newest_threads(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    await write_threads(sqlite_storage, world, ada, bees, 2)

    def found_others(uow: UnitOfWork) -> None:
        for visibility in (CommunityVisibility.UNLISTED, *HIDDEN):
            world.community(uow, f"no_{visibility.value}", visibility=visibility)

    await sqlite_storage.write(found_others)

    document = await visitor.read("/")

    assert "/c/bees" in hrefs(document)
    assert "1 member" in document.text
    assert "2 threads" in document.text
    assert {"Thread 1", "Thread 2"} <= set(titles(document))
    assert "no_" not in document.text


async def test_communities_beyond_the_first_page_are_reached_by_a_link(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    def found_many(uow: UnitOfWork) -> None:
        for number in range(55):
            world.community(uow, f"c{number}")

    await sqlite_storage.write(found_many)

    first = await visitor.read("/")
    second = await visitor.read("/?page=2")

    assert "/?page=2" in hrefs(first)
    shown = {href for page in (first, second) for href in hrefs(page) if href.startswith("/c/")}
    assert len(shown) == 55
    assert second.rel("canonical") == ["https://noaber.example/?page=2"]


async def test_community_page_pages_through_every_thread_once_in_every_order(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    expected = await write_threads(sqlite_storage, world, ada, bees, 45)

    for order in ("active", "new", "hot", "top"):
        found: list[str] = []
        path: str | None = f"/c/bees?sort={order}"
        while path is not None:
            page = await visitor.read(path)
            found.extend(title for title in titles(page) if title.startswith("Thread"))
            path = page.next_page()
        assert sorted(found) == sorted(expected)
        if order in ("new", "active"):
            assert found == expected


@pytest.mark.parametrize("sort", ["", "bad", "NEW", "new'--"])
async def test_order_that_nobody_knows_is_the_usual_one(
    visitor: Visitor, bees: Community, sort: str
) -> None:
    document = await visitor.read(f"/c/bees?sort={sort}")

    assert document.rel("canonical") == ["https://noaber.example/c/bees"]


@pytest.mark.parametrize(
    "cursor", ["x", "1", "1_2_3", "_", "99999999999999999999_1", "1_99999999999999999999"]
)
async def test_cursor_of_nobody_is_refused(visitor: Visitor, bees: Community, cursor: str) -> None:
    await visitor.read(f"/c/bees?after={cursor}", status=422)


async def test_pinned_threads_stand_on_top_of_the_first_page_once(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await sqlite_storage.write(world.post, ada, bees)
    await sqlite_storage.write(lambda uow: uow.posts.set_pinned(post.id, pinned=True))
    await write_threads(sqlite_storage, world, ada, bees, 3)

    found = titles(await visitor.read("/c/bees"))

    assert found == [f"Post {post.id}", "Thread 3", "Thread 2", "Thread 1"]


async def test_community_page_says_how_to_take_part_and_who_moderates(
    visitor: Visitor, bees: Community
) -> None:
    document = await visitor.read("/c/bees")

    assert "!bees@noaber.example" in document.text
    assert "@bees@noaber.example" in document.text
    assert "/@ada" in hrefs(document)
    assert "/c/bees/feed.atom" in hrefs(document)
    assert "Nobody has written here yet." in document.text


@pytest.mark.parametrize(
    ("join", "says"),
    [
        (JoinPolicy.ASK, "Ask to join: search for !hive@noaber.example"),
        (JoinPolicy.INVITE, "New members come by invitation."),
        (JoinPolicy.CLOSED, "It takes no new members at the moment."),
    ],
)
async def test_private_community_says_how_to_join_and_shows_nothing_else(
    visitor: Visitor,
    sqlite_storage: Storage,
    world: World,
    ada: Person,
    join: JoinPolicy,
    says: str,
) -> None:
    def found(uow: UnitOfWork) -> None:
        hive = world.community(uow, "hive", visibility=CommunityVisibility.PRIVATE, join=join)
        world.member(uow, hive, ada, Role.OWNER)
        secret = PostContent(title="Among us", html="<p>Among us.</p>")
        world.post(uow, ada, hive, content=secret, visibility=Visibility.MEMBERS)

    await sqlite_storage.write(found)

    document = await visitor.read("/c/hive")

    assert says in document.text
    assert "fewer than 10 members" in document.text
    assert "Among us" not in document.text
    assert "ada" not in document.text
    assert document.meta("robots") == "noindex"
    assert document.meta("og:title") is None
    assert not [href for href in hrefs(document) if "feed" in href]


async def test_secret_community_is_not_there_even_when_it_is_gone(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    secret = await sqlite_storage.write(
        lambda uow: world.community(uow, "moles", visibility=CommunityVisibility.SECRET)
    )
    there = await visitor.get("/c/moles")
    await set_state(sqlite_storage, secret.id, ActorState.DELETED)
    gone = await visitor.get("/c/moles")
    unknown = await visitor.get("/c/never")

    assert [seen.status for seen in (there, gone, unknown)] == [404, 404, 404]
    assert there.body == gone.body == unknown.body


@pytest.mark.parametrize(
    ("state", "status"), [(ActorState.SUSPENDED, 404), (ActorState.DELETED, 410)]
)
async def test_community_that_was_taken_away_is_not_shown(
    visitor: Visitor, sqlite_storage: Storage, bees: Community, state: ActorState, status: int
) -> None:
    await set_state(sqlite_storage, bees.id, state)

    await visitor.read("/c/bees", status=status)


async def test_unlisted_community_is_shown_and_kept_from_search_engines(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    await sqlite_storage.write(
        lambda uow: world.community(uow, "quiet", visibility=CommunityVisibility.UNLISTED)
    )

    document = await visitor.read("/c/quiet")

    assert "not listed" in document.text
    assert document.meta("robots") == "noindex"


async def test_community_elsewhere_leads_to_its_home(
    visitor: Visitor, sqlite_storage: Storage, world: World
) -> None:
    await sqlite_storage.write(world.remote_community, "wasps")

    document = await visitor.read("/c/wasps@peer.example")

    assert "https://peer.example/c/wasps" in hrefs(document)
    assert "lives on another server" in document.text
    assert document.meta("robots") == "noindex"
    assert document.rel("canonical") == ["https://peer.example/c/wasps"]


@pytest.mark.parametrize("path", ["/c/bees@noaber.example", "/c/BEES", "/c/bees@NOABER.example"])
async def test_community_is_found_by_every_spelling_and_says_its_own(
    visitor: Visitor, bees: Community, path: str
) -> None:
    document = await visitor.read(path)

    assert document.rel("canonical") == ["https://noaber.example/c/bees"]


async def test_removed_threads_are_not_listed(
    visitor: Visitor, sqlite_storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    await write_threads(sqlite_storage, world, ada, bees, 2)

    def remove_first(uow: UnitOfWork) -> None:
        entry = uow.timelines.threads(bees.id)[-1]
        uow.posts.set_state(entry.post.id, PostState.REMOVED, at=world.now)

    await sqlite_storage.write(remove_first)

    assert titles(await visitor.read("/c/bees")) == ["Thread 2"]
    assert "Thread 1" not in (await visitor.read("/")).text


async def test_about_page_names_the_contact_and_what_runs(visitor: Visitor, site: Site) -> None:
    document = await visitor.read("/about")

    assert "mailto:beheer@noaber.example" in hrefs(document)
    assert "noaber 0." in document.text
    assert "Servers it knows" in document.text


async def test_about_page_says_what_newcomers_agree_to(site: Site) -> None:
    told = InstanceSettings(
        description="Neighbours.",
        about="We keep *bees*.",
        rules=("Be kind.", "No <advertising>."),
        privacy_policy="What you delete is gone.",
        terms="Leave when you like.",
    )

    async with visiting(replace(site, instance=told)) as visitor:
        page = await visitor.read("/about")

    for words in ("Neighbours.", "We keep bees.", "Be kind.", "No <advertising>."):
        assert words in page.text
    assert "What you delete is gone." in page.text
    assert "Leave when you like." in page.text


async def test_community_is_shown_without_a_name_of_its_own(
    visitor: Visitor, sqlite_storage: Storage, bees: Community
) -> None:
    await sqlite_storage.write(lambda uow: uow.communities.update(replace(bees, name="")))

    document = await visitor.read("/c/bees")

    assert (1, "bees") in document.headings
