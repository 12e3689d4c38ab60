"""What is public, tagged, of one account or community, boosted and liked; on both databases."""

from datetime import UTC, datetime

import pytest

from communities.community import Community, CommunityVisibility
from communities.membership import MembershipState
from communities.people import ActorKey, Person
from communities.posts import (
    Attachment,
    Post,
    PostContent,
    Reaction,
    ReactionKind,
    Visibility,
)
from storage.feed_statements import Origin
from storage.feeds import FeedEntry, OfAccount, TagQuery, boost_id_of
from storage.pages import Window
from storage.store import Storage
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
