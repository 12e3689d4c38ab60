"""Home timelines and lists: what stands in them, once each; on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from communities.community import Community
from communities.lists import AccountList, RepliesPolicy
from communities.people import Person
from communities.posts import (
    PostContent,
    PostState,
    Visibility,
)
from communities.ties import FollowOptions, Mute
from storage.feeds import FeedEntry, OfAccount, TagQuery
from storage.pages import Window
from storage.statements import Statement
from storage.store import Storage
from storage.tables.reading import followed_tags
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.feed_entries import add_post, boost, passed_on, plain

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = Window(most=40)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


@pytest.fixture
async def bob(storage: Storage, world: World) -> Person:
    return await storage.write(world.remote_person, "bob")


@pytest.fixture
async def eve(storage: Storage, world: World) -> Person:
    return await storage.write(world.remote_person, "eve")


@pytest.fixture
async def bees(storage: Storage, world: World) -> Community:
    return await storage.write(world.community, "bees")


async def home(
    storage: Storage, person: Person, window: Window = ALL, at: datetime = NOON
) -> list[FeedEntry]:
    def page(uow: UnitOfWork) -> list[FeedEntry]:
        return uow.feeds.home(person.id, window, uow.feeds.hidden_from(person.id, at))

    return await storage.read(page)


async def test_home_shows_own_posts_and_those_of_the_followed(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person
) -> None:
    await storage.write(world.follow, ada, bob)
    own = await add_post(storage, world, ada)
    followed = await add_post(storage, world, bob, visibility=Visibility.FOLLOWERS)
    await add_post(storage, world, eve)

    found = await home(storage, ada)

    assert found == [plain(followed), plain(own)]


async def test_home_shows_threads_of_joined_communities_as_their_boosts(
    storage: Storage, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    await storage.write(world.member, bees, ada)
    cats = await storage.write(world.community, "cats")
    thread = await add_post(storage, world, bob, community=bees)
    await storage.write(world.comment, bob, thread)
    await add_post(storage, world, bob, community=cats)

    found = await home(storage, ada)

    assert found == [passed_on(thread)]


async def test_home_leaves_comments_in_communities_to_the_thread(
    storage: Storage, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    await storage.write(world.member, bees, ada)
    await storage.write(world.follow, ada, bob)
    thread = await add_post(storage, world, bob, community=bees)
    await storage.write(world.comment, bob, thread)
    await storage.write(world.comment, ada, thread)

    assert await home(storage, ada) == [passed_on(thread)]


async def test_home_shows_a_post_that_waits_for_its_community_to_its_author(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    await storage.write(world.member, bees, ada)
    waiting = await add_post(storage, world, ada, community=bees, state=PostState.PENDING)

    assert await home(storage, ada) == [passed_on(waiting)]


async def test_home_shows_answers_only_to_those_one_reads(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person
) -> None:
    await storage.write(world.follow, ada, bob)
    of_ada, of_bob, of_eve = [
        await add_post(storage, world, author, visibility=Visibility.UNLISTED)
        for author in (ada, bob, eve)
    ]
    answers = [await storage.write(world.comment, bob, post) for post in (of_ada, of_bob, of_eve)]
    await add_post(storage, world, bob, parent_uri="https://far.example/1")

    found = await home(storage, ada)

    assert found == [plain(post) for post in (answers[1], answers[0], of_bob, of_ada)]


async def test_home_shows_boosts_by_the_followed_unless_they_are_hidden(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person
) -> None:
    await storage.write(world.follow, ada, bob)
    post = await add_post(storage, world, eve)
    entry = await boost(storage, world, bob, post)

    shown = await home(storage, ada)
    options = FollowOptions(show_reblogs=False)
    await storage.write(lambda uow: uow.follow_options.put(ada.id, bob.id, options))
    hidden = await home(storage, ada)

    assert shown == [entry]
    assert entry.booster_id == bob.id
    assert hidden == []


async def test_a_post_and_its_boost_stand_once_on_a_page_where_the_newest_is(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person
) -> None:
    await storage.write(world.follow, ada, bob)
    await storage.write(world.follow, ada, eve)
    post = await add_post(storage, world, bob)
    later = await add_post(storage, world, bob)
    entry = await boost(storage, world, eve, post)

    newest_first = await home(storage, ada)
    forward = await home(storage, ada, replace(ALL, forward=True))

    assert newest_first == [entry, plain(later)]
    assert forward == newest_first[::-1]


async def test_muted_and_blocked_people_are_not_in_a_home(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person, bees: Community
) -> None:
    kim = await storage.write(world.remote_person, "kim")
    await storage.write(world.member, bees, ada)
    for person in (bob, eve, kim):
        await storage.write(world.follow, ada, person)
        await add_post(storage, world, person)
        await add_post(storage, world, person, community=bees)

    def settle(uow: UnitOfWork) -> None:
        uow.mutes.put(ada.id, Mute(target_id=bob.id), key=1)
        uow.people.set_blocked(ada.id, eve.id, blocked=True, uri="https://x.example/1", at=NOON)
        uow.people.set_blocked(kim.id, ada.id, blocked=True, uri="https://x.example/2", at=NOON)

    await storage.write(settle)

    assert await home(storage, ada) == []


async def test_a_mute_ends_when_its_time_is_over(
    storage: Storage, world: World, ada: Person, bob: Person
) -> None:
    await storage.write(world.follow, ada, bob)
    post = await add_post(storage, world, bob)
    mute = Mute(target_id=bob.id, until=NOON)
    await storage.write(lambda uow: uow.mutes.put(ada.id, mute, key=1))

    before = await home(storage, ada, at=NOON - timedelta(seconds=1))
    after = await home(storage, ada, at=NOON + timedelta(seconds=1))

    assert (before, after) == ([], [plain(post)])


@pytest.mark.parametrize("state", [PostState.REMOVED, PostState.WITHDRAWN, PostState.REFUSED])
async def test_posts_that_were_taken_away_are_in_no_timeline(
    storage: Storage, world: World, ada: Person, bees: Community, state: PostState
) -> None:
    await storage.write(world.member, bees, ada)
    content = PostContent(html="<p>#honey</p>", hashtags=("honey",))
    for community in (None, bees):
        post = await add_post(storage, world, ada, community=community, content=content)
        await storage.write(lambda uow, key: uow.posts.set_state(key, state, at=NOON), post.id)

    def everything(uow: UnitOfWork) -> list[list[FeedEntry]]:
        return [
            uow.feeds.home(ada.id, ALL, ()),
            uow.feeds.public(ALL),
            uow.feeds.tagged(TagQuery(any_of=["honey"]), ALL),
            uow.feeds.of_group(bees.id, ada.id, ALL),
            uow.feeds.of_account(ada.id, ada.id, ALL, OfAccount()),
        ]

    assert await storage.read(everything) == [[]] * 5


async def test_home_shows_what_bears_a_followed_tag(
    storage: Storage, world: World, ada: Person, eve: Person
) -> None:
    content = PostContent(html="<p>#Honey</p>", hashtags=("Honey",))
    post = await add_post(storage, world, eve, content=content)
    await storage.write(world.comment, eve, post)
    row = insert(followed_tags).values(id=7, person_id=ada.id, name="honey")
    await storage.write(lambda uow: uow.connection.run(Statement(row)))

    assert await home(storage, ada) == [plain(post)]


async def test_a_list_shows_its_accounts_and_answers_as_it_says(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person, bees: Community
) -> None:
    wanted = AccountList(id=5, person_id=ada.id, title="Few", replies_policy=RepliesPolicy.LIST)
    await storage.write(world.member, bees, ada)
    for person in (bob, eve):
        await storage.write(world.follow, ada, person)

    def fill(uow: UnitOfWork) -> None:
        uow.lists.add(wanted)
        uow.lists.add_members(5, [bob.id, bees.id])

    await storage.write(fill)
    of_bob, of_eve = [await add_post(storage, world, author) for author in (bob, eve)]
    to_bob, to_eve = [await storage.write(world.comment, bob, post) for post in (of_bob, of_eve)]
    thread = await add_post(storage, world, eve, community=bees)

    def read(uow: UnitOfWork, policy: RepliesPolicy) -> list[FeedEntry]:
        return uow.feeds.of_list(replace(wanted, replies_policy=policy), ALL, ())

    strict = await storage.read(read, RepliesPolicy.LIST)
    lax = await storage.read(read, RepliesPolicy.FOLLOWED)

    assert strict == [passed_on(thread), plain(to_bob), plain(of_bob)]
    assert lax == [passed_on(thread), plain(to_eve), plain(to_bob), plain(of_bob)]


async def test_an_exclusive_list_keeps_its_accounts_out_of_the_home(
    storage: Storage, world: World, ada: Person, bob: Person
) -> None:
    await storage.write(world.follow, ada, bob)
    await add_post(storage, world, bob)
    apart = AccountList(id=5, person_id=ada.id, title="Apart", exclusive=True)

    def fill(uow: UnitOfWork) -> None:
        uow.lists.add(apart)
        uow.lists.add_members(5, [bob.id])

    await storage.write(fill)

    assert await home(storage, ada) == []
