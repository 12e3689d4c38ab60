"""Entries of timelines for tests, and posts and boosts that they are of."""

from typing import Any

from communities.people import Person
from communities.posts import (
    Post,
    Reaction,
    ReactionKind,
)
from storage.feeds import FeedEntry, OfAccount, boost_id_of
from storage.pages import Window
from storage.store import Storage
from tests.support.factories import World


def plain(post: Post) -> FeedEntry:
    """A post that stands for itself."""
    return FeedEntry(id=post.id, post_id=post.id)


def passed_on(post: Post) -> FeedEntry:
    """A thread as its community's boost."""
    assert post.community_id is not None
    return FeedEntry(id=boost_id_of(post.id), post_id=post.id, booster_id=post.community_id)


async def boost(storage: Storage, world: World, person: Person, post: Post) -> FeedEntry:
    """Let someone boost a post; the entry of the boost."""
    reaction = Reaction(
        actor_id=person.id,
        post_id=post.id,
        kind=ReactionKind.BOOST,
        uri=f"{person.uri}/boosts/{post.id}",
        at=world.tick(),
    )
    await storage.write(lambda uow: uow.reactions.put(reaction))
    found = await storage.read(
        lambda uow: uow.feeds.of_account(person.id, person.id, Window(), OfAccount())
    )
    return next(each for each in found if each.booster_id and each.post_id == post.id)


async def add_post(storage: Storage, world: World, author: Person, **changes: Any) -> Post:
    """A post of an author, in a `community` or on their own."""
    community = changes.pop("community", None)
    return await storage.write(lambda uow: world.post(uow, author, community, **changes))
