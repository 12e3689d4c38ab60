"""Votes, boosts, emoji and polls with their counts, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from communities.community import Community
from communities.people import ActorKey, Person
from communities.posts import (
    Poll,
    PollOption,
    Post,
    PostContent,
    PostCounts,
    PostKey,
    PostKind,
    Reaction,
    ReactionKind,
)
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
POLL = Poll(options=(PollOption(name="yes"), PollOption(name="no")), multiple=True, ends_at=NOON)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


@pytest.fixture
async def bees(storage: Storage, world: World) -> Community:
    return await storage.write(world.community, "bees")


async def post_of(storage: Storage, post_id: PostKey) -> Post | None:
    return await storage.read(lambda uow: uow.posts.get(post_id))


async def counts_of(storage: Storage, post_id: PostKey) -> PostCounts:
    return await storage.read(lambda uow: uow.posts.counts(post_id))


async def totals_of(storage: Storage, community: Community) -> tuple[int, int]:
    listing = await storage.read(lambda uow: uow.directory.listing(community.id))
    assert listing is not None
    return listing.posts, listing.comments


async def test_each_voter_counts_once_in_a_poll(
    storage: Storage, world: World, ada: Person
) -> None:
    poll_post = await storage.write(
        lambda uow: world.post(uow, ada, content=PostContent(poll=POLL), kind=PostKind.QUESTION)
    )
    bob = await storage.write(world.person, "bob")

    def vote(uow: UnitOfWork, voter: ActorKey, option: int) -> bool:
        return uow.posts.vote(poll_post.id, voter, option)

    counted = [
        await storage.write(vote, voter, option)
        for voter, option in ((ada.id, 0), (ada.id, 0), (ada.id, 1), (bob.id, 1))
    ]

    assert counted == [True, False, True, True]
    found = await post_of(storage, poll_post.id)
    assert found is not None
    assert found.content.poll == replace(
        POLL, options=(PollOption(name="yes", votes=1), PollOption(name="no", votes=2)), voters=2
    )
    assert await storage.read(lambda uow: uow.posts.votes_of(poll_post.id, ada.id)) == [0, 1]


async def test_nobody_votes_in_what_is_no_poll(storage: Storage, world: World, ada: Person) -> None:
    post = await storage.write(world.post, ada)

    assert not await storage.write(lambda uow: uow.posts.vote(post.id, ada.id, 0))


def reaction(post: Post, kind: ReactionKind, emoji: str | None = None) -> Reaction:
    return Reaction(
        actor_id=post.author_id,
        post_id=post.id,
        kind=kind,
        emoji=emoji,
        uri=f"{post.uri}/{kind}/{emoji}",
        at=NOON,
    )


def put_reaction(uow: UnitOfWork, one: Reaction) -> bool:
    return uow.reactions.put(one)


async def test_a_like_replaces_a_dislike_and_each_counts_once(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(world.post, ada)
    like, dislike = reaction(post, ReactionKind.LIKE), reaction(post, ReactionKind.DISLIKE)

    put = [await storage.write(put_reaction, one) for one in (dislike, like, like)]

    counts = await counts_of(storage, post.id)
    assert put == [True, True, False]
    assert (counts.likes, counts.dislikes) == (1, 0)
    found = await storage.read(
        lambda uow: (
            uow.reactions.find(ada.id, post.id, ReactionKind.LIKE),
            uow.reactions.find(ada.id, post.id, ReactionKind.DISLIKE),
            uow.reactions.by_uri(str(like.uri)),
            uow.reactions.by_uri(str(dislike.uri)),
        )
    )
    assert found == (like, None, like, None)


async def test_what_was_given_is_taken_back_once(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(world.post, ada)
    for kind in (ReactionKind.LIKE, ReactionKind.BOOST):
        await storage.write(put_reaction, reaction(post, kind))
    given = await counts_of(storage, post.id)

    def remove(uow: UnitOfWork, kind: ReactionKind) -> bool:
        return uow.reactions.remove(ada.id, post.id, kind)

    taken = [
        await storage.write(remove, kind)
        for kind in (ReactionKind.DISLIKE, ReactionKind.LIKE, ReactionKind.LIKE, ReactionKind.BOOST)
    ]

    assert (given.likes, given.boosts) == (1, 1)
    assert taken == [False, True, False, True]
    counts = await counts_of(storage, post.id)
    assert (counts.likes, counts.boosts) == (0, 0)


async def test_votes_do_not_move_a_thread_up_in_activity(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(world.post, ada)

    await storage.write(lambda uow: uow.reactions.put(reaction(post, ReactionKind.LIKE)))

    assert (await counts_of(storage, post.id)).last_activity_at == post.published_at


async def test_emoji_stand_beside_each_other(storage: Storage, world: World, ada: Person) -> None:
    post = await storage.write(world.post, ada)
    bob = await storage.write(world.person, "bob")
    bee = reaction(post, ReactionKind.EMOJI, "\U0001f41d")
    honey = reaction(post, ReactionKind.EMOJI, ":honey:")

    for one in (bee, honey, honey, replace(honey, actor_id=bob.id)):
        await storage.write(put_reaction, one)

    assert await storage.read(lambda uow: uow.reactions.emoji_of(post.id)) == [
        (":honey:", 2),
        ("\U0001f41d", 1),
    ]
    found = await storage.read(
        lambda uow: uow.reactions.find(ada.id, post.id, ReactionKind.EMOJI, ":honey:")
    )
    assert found == honey


async def test_the_emoji_of_one_actor_are_counted(
    storage: Storage, world: World, ada: Person
) -> None:
    post, other = [await storage.write(world.post, ada) for _ in range(2)]
    bob = await storage.write(world.person, "bob")
    bee = reaction(post, ReactionKind.EMOJI, "\U0001f41d")
    given = [
        bee,
        reaction(post, ReactionKind.EMOJI, ":honey:"),
        reaction(post, ReactionKind.LIKE),
        reaction(other, ReactionKind.EMOJI, ":honey:"),
        replace(bee, actor_id=bob.id),
    ]

    for one in given:
        await storage.write(put_reaction, one)

    assert await storage.read(lambda uow: uow.reactions.emoji_by(ada.id, post.id)) == 2
    assert await storage.read(lambda uow: uow.reactions.emoji_by(bob.id, other.id)) == 0
