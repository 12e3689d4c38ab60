"""Timelines: what stands in them, once each, page by page in both directions; on both databases."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from communities.community import Community, CommunityVisibility
from communities.lists import AccountList, RepliesPolicy
from communities.membership import MembershipState
from communities.people import ActorKey, Person
from communities.posts import (
    Attachment,
    Post,
    PostContent,
    PostKey,
    PostState,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.ties import FollowOptions, Mute
from storage.feed_statements import Origin
from storage.feeds import FeedEntry, OfAccount, TagQuery, boost_id_of
from storage.pages import Window
from storage.statements import Statement
from storage.store import Storage
from storage.tables.reading import followed_tags
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = Window(most=40)
Turn = Callable[[UnitOfWork, Window], list[FeedEntry]]


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


def plain(post: Post) -> FeedEntry:
    return FeedEntry(id=post.id, post_id=post.id)


def passed_on(post: Post) -> FeedEntry:
    assert post.community_id is not None
    return FeedEntry(id=boost_id_of(post.id), post_id=post.id, booster_id=post.community_id)


async def boost(storage: Storage, world: World, person: Person, post: Post) -> FeedEntry:
    reaction = Reaction(
        actor_id=person.id,
        post_id=post.id,
        kind=ReactionKind.BOOST,
        uri=f"{person.uri}/boosts/{post.id}",
        at=world.tick(),
    )
    await storage.write(lambda uow: uow.reactions.put(reaction))
    found = await storage.read(
        lambda uow: uow.feeds.of_account(person.id, person.id, ALL, OfAccount())
    )
    return next(each for each in found if each.booster_id and each.post_id == post.id)


async def home(
    storage: Storage, person: Person, window: Window = ALL, at: datetime = NOON
) -> list[FeedEntry]:
    def page(uow: UnitOfWork) -> list[FeedEntry]:
        return uow.feeds.home(person.id, window, uow.feeds.hidden_from(person.id, at))

    return await storage.read(page)


async def add_post(storage: Storage, world: World, author: Person, **changes: Any) -> Post:
    community = changes.pop("community", None)
    return await storage.write(lambda uow: world.post(uow, author, community, **changes))


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


async def test_the_public_timeline_shows_public_threads_only(
    storage: Storage, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    secret = await storage.write(
        lambda uow: world.community(uow, "moths", visibility=CommunityVisibility.UNLISTED)
    )
    own = await add_post(storage, world, ada)
    far = await add_post(storage, world, bob)
    thread = await add_post(storage, world, bob, community=bees)
    await storage.write(world.comment, ada, thread)
    await add_post(storage, world, bob, community=secret)
    for visibility in (Visibility.UNLISTED, Visibility.FOLLOWERS, Visibility.DIRECT):
        await add_post(storage, world, ada, visibility=visibility)

    def pages(uow: UnitOfWork) -> list[list[FeedEntry]]:
        return [uow.feeds.public(ALL, origin=origin) for origin in Origin]

    anywhere, local, remote = await storage.read(pages)

    assert anywhere == [passed_on(thread), plain(far), plain(own)]
    assert local == [plain(own)]
    assert remote == [passed_on(thread), plain(far)]


async def test_only_media_leaves_posts_with_attachments(
    storage: Storage, world: World, ada: Person
) -> None:
    picture = Attachment(kind="Image", url="https://x.example/1.png")
    shown = await add_post(storage, world, ada, content=PostContent(attachments=(picture,)))
    await add_post(storage, world, ada, content=PostContent(html='<p>"attachments"</p>'))

    def pages(uow: UnitOfWork) -> list[list[FeedEntry]]:
        wanted = OfAccount(only_media=True)
        return [
            uow.feeds.public(ALL, only_media=True),
            uow.feeds.of_account(ada.id, None, ALL, wanted),
        ]

    assert await storage.read(pages) == [[plain(shown)], [plain(shown)]]


async def test_a_tag_timeline_asks_for_any_all_and_none(
    storage: Storage, world: World, ada: Person
) -> None:
    posts = {}
    for tags in ("honey", "honey wax", "wax", "honey sting"):
        content = PostContent(hashtags=tuple(tags.upper().split()))
        posts[tags] = await add_post(storage, world, ada, content=content)

    async def found(query: TagQuery) -> list[FeedEntry]:
        return await storage.read(lambda uow: uow.feeds.tagged(query, ALL))

    both = await found(TagQuery(any_of=["Honey"], all_of=["wax"]))
    either = await found(TagQuery(any_of=["honey", "wax"]))
    without = await found(TagQuery(any_of=["honey"], none_of=["sting", "wax"]))

    assert both == [plain(posts["honey wax"])]
    assert either == [plain(posts[key]) for key in ("honey sting", "wax", "honey wax", "honey")]
    assert without == [plain(posts["honey"])]


async def test_an_edit_changes_by_which_tags_a_post_is_found(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await add_post(storage, world, ada, content=PostContent(hashtags=("honey", "wax")))
    changed = PostContent(hashtags=("wax", "comb"))
    await storage.write(lambda uow: uow.posts.edit(post.id, changed, at=NOON))

    def found(uow: UnitOfWork) -> list[bool]:
        return [
            bool(uow.feeds.tagged(TagQuery(any_of=[tag]), ALL)) for tag in ("honey", "wax", "comb")
        ]

    assert await storage.read(found) == [False, True, True]


async def test_an_account_shows_posts_comments_and_boosts_by_time(
    storage: Storage, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    thread = await add_post(storage, world, bob, community=bees)
    post = await add_post(storage, world, ada)
    comment = await storage.write(world.comment, ada, thread)
    own_thread = await add_post(storage, world, ada, community=bees)
    entry = await boost(storage, world, ada, thread)

    async def found(wanted: OfAccount) -> list[FeedEntry]:
        return await storage.read(lambda uow: uow.feeds.of_account(ada.id, None, ALL, wanted))

    everything = await found(OfAccount())
    no_replies = await found(OfAccount(exclude_replies=True))
    no_boosts = await found(OfAccount(exclude_reblogs=True))

    assert everything == [entry, plain(own_thread), plain(comment), plain(post)]
    assert no_replies == [entry, plain(own_thread), plain(post)]
    assert no_boosts == [plain(own_thread), plain(comment), plain(post)]


@pytest.mark.parametrize("visibility", [Visibility.FOLLOWERS, Visibility.MEMBERS])
async def test_an_account_shows_private_posts_to_those_they_are_for(
    storage: Storage,
    world: World,
    ada: Person,
    bob: Person,
    eve: Person,
    visibility: Visibility,
) -> None:
    den = await storage.write(
        lambda uow: world.community(uow, "den", visibility=CommunityVisibility.PRIVATE)
    )
    await storage.write(world.follow, bob, ada)
    await storage.write(world.member, den, bob)
    await storage.write(lambda uow: world.member(uow, den, eve, state=MembershipState.BANNED))
    place = den if visibility is Visibility.MEMBERS else None
    await add_post(storage, world, ada, visibility=visibility, community=place)

    async def sees(person: Person | None) -> bool:
        viewer = None if person is None else person.id
        found = await storage.read(
            lambda uow: uow.feeds.of_account(ada.id, viewer, ALL, OfAccount())
        )
        return bool(found)

    assert [await sees(person) for person in (None, eve, bob, ada)] == [False, False, True, True]


async def test_a_private_community_is_read_by_its_members_only(
    storage: Storage, world: World, ada: Person, bob: Person, eve: Person
) -> None:
    den = await storage.write(
        lambda uow: world.community(uow, "den", visibility=CommunityVisibility.PRIVATE)
    )
    await storage.write(world.member, den, bob)
    await storage.write(lambda uow: world.member(uow, den, eve, state=MembershipState.BANNED))
    await add_post(storage, world, ada, community=den)

    async def reads(person: Person | None) -> bool:
        viewer = None if person is None else person.id
        return bool(await storage.read(lambda uow: uow.feeds.of_group(den.id, viewer, ALL)))

    assert [await reads(person) for person in (None, eve, bob)] == [False, False, True]


async def test_every_form_of_a_status_id_leads_to_its_post(
    storage: Storage, world: World, ada: Person, bob: Person, bees: Community
) -> None:
    thread = await add_post(storage, world, bob, community=bees)
    comment = await storage.write(world.comment, bob, thread)
    entry = await boost(storage, world, ada, comment)

    def found(uow: UnitOfWork) -> list[FeedEntry | None]:
        ids = (thread.id, boost_id_of(thread.id), entry.id, boost_id_of(comment.id), 17)
        return [uow.feeds.entry(each) for each in ids]

    assert await storage.read(found) == [plain(thread), passed_on(thread), entry, None, None]


async def test_a_boost_that_was_taken_back_is_gone(
    storage: Storage, world: World, ada: Person, bob: Person
) -> None:
    post = await add_post(storage, world, bob)
    entry = await boost(storage, world, ada, post)
    await storage.write(lambda uow: uow.reactions.remove(ada.id, post.id, ReactionKind.BOOST))

    found = await storage.read(lambda uow: uow.feeds.entry(entry.id))
    boosters = await storage.read(lambda uow: uow.feeds.reblogged_by(post.id, ALL))

    assert found is None
    assert boosters == []


async def test_boosts_of_one_moment_get_keys_of_their_own(
    storage: Storage, world: World, bob: Person
) -> None:
    posts = [await add_post(storage, world, bob) for _ in range(3)]
    people = [await storage.write(world.remote_person, f"p{number}") for number in range(20)]

    def boost_all(uow: UnitOfWork) -> None:
        for person in people:
            for post in posts:
                uow.reactions.put(
                    Reaction(
                        actor_id=person.id,
                        post_id=post.id,
                        kind=ReactionKind.BOOST,
                        uri=None,
                        at=NOON,
                    )
                )

    await storage.write(boost_all)

    def boosters(uow: UnitOfWork) -> list[list[tuple[ActorKey, int]]]:
        return [uow.feeds.reblogged_by(post.id, ALL) for post in posts]

    found = await storage.read(boosters)

    assert [len(each) for each in found] == [20, 20, 20]
    places = {place for each in found for _actor, place in each}
    assert len(places) == 60
    assert {place >> 16 for place in places} == {int(NOON.timestamp() * 1000)}


async def test_likes_by_people_of_this_node_are_their_favourites(
    storage: Storage, world: World, ada: Person, bob: Person
) -> None:
    posts = [await add_post(storage, world, bob) for _ in range(3)]

    async def react(person: Person, post: Post, kind: ReactionKind) -> None:
        reaction = Reaction(
            actor_id=person.id, post_id=post.id, kind=kind, uri=None, at=world.tick()
        )
        await storage.write(lambda uow: uow.reactions.put(reaction))

    for post in posts:
        await react(ada, post, ReactionKind.LIKE)
        await react(bob, post, ReactionKind.LIKE)
    await react(ada, posts[0], ReactionKind.DISLIKE)
    await storage.write(lambda uow: uow.reactions.remove(ada.id, posts[1].id, ReactionKind.LIKE))

    of_ada = await storage.read(lambda uow: uow.feeds.favourites(ada.id, ALL))
    of_bob = await storage.read(lambda uow: uow.feeds.favourites(bob.id, ALL))
    likers = await storage.read(lambda uow: uow.feeds.favourited_by(posts[2].id, ALL))

    assert [key for _place, key in of_ada] == [posts[2].id]
    assert of_bob == [], "what people elsewhere liked is theirs to list"
    assert [actor for actor, _place in likers] == [bob.id, ada.id]


async def busy_world(storage: Storage, world: World, ada: Person, seed: int) -> None:
    """Posts, threads and boosts at random moments, many of them in the same one."""
    dice = random.Random(seed)
    people = [await storage.write(world.remote_person, f"p{number}") for number in range(4)]
    places = [await storage.write(world.community, f"c{number}") for number in range(3)]
    for person in people:
        await storage.write(world.follow, ada, person)
    for place in places:
        await storage.write(world.member, place, ada)
    begin = int(NOON.timestamp() * 1000)
    keys = {(begin + dice.randrange(6) << 16) | dice.randrange(1 << 16) for _ in range(60)}

    def fill(uow: UnitOfWork) -> None:
        for key in sorted(keys):
            author = dice.choice(people)
            place = dice.choice([None, *places])
            uri = f"https://peer.example/post/{key}"
            draft = world.draft(author, place)
            uow.posts.add(replace(draft, id=PostKey(key), root_id=PostKey(key), uri=uri, url=uri))
        for key in dice.sample(sorted(keys), 10):
            uow.reactions.put(
                Reaction(
                    actor_id=dice.choice(people).id,
                    post_id=PostKey(key),
                    kind=ReactionKind.BOOST,
                    uri=None,
                    at=NOON + timedelta(milliseconds=dice.randrange(6)),
                )
            )

    await storage.write(fill)


async def walk(storage: Storage, turn: Turn, most: int) -> list[list[FeedEntry]]:
    """All pages from the newest to the oldest."""
    pages: list[list[FeedEntry]] = []
    window = Window(most=most)
    while page := await storage.read(turn, window):
        pages.append(page)
        window = replace(window, before=page[-1].id)
    return pages


async def walk_back(storage: Storage, turn: Turn, most: int) -> list[list[FeedEntry]]:
    """All pages from the oldest to the newest."""
    pages: list[list[FeedEntry]] = []
    window = Window(most=most, forward=True)
    while page := await storage.read(turn, window):
        pages.append(page)
        window = replace(window, after=page[-1].id)
    return pages


@pytest.mark.parametrize("seed", range(4))
async def test_walking_on_and_back_gives_the_same_posts(
    storage: Storage, world: World, ada: Person, seed: int
) -> None:
    await busy_world(storage, world, ada, seed)

    def turn(uow: UnitOfWork, window: Window) -> list[FeedEntry]:
        return uow.feeds.home(ada.id, window, ())

    (everything,) = await walk(storage, turn, 200)
    pages = await walk(storage, turn, 7)
    back = await walk_back(storage, turn, 7)

    posts = {entry.post_id for entry in everything}
    for some in (pages, back):
        assert {entry.post_id for page in some for entry in page} == posts
        assert all(len({entry.post_id for entry in page}) == len(page) for page in some)
        assert all(len(page) == 7 for page in some[:-1])
    ids = [entry.id for page in pages for entry in page]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids)
    onward = [entry.id for page in back for entry in page]
    assert onward == sorted(onward)
