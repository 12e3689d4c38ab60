"""Statuses and Accounts: what is in them, who gets them, and what a page of them costs."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.membership import MembershipState
from communities.people import ActorKey, Person
from communities.posts import Post, PostContent, Visibility
from communities.visibility import ANONYMOUS, Viewer
from node.mastodon.desk import Desk
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry, boost_id_of
from tests.support.clock import Clock
from tests.support.factories import World


def as_viewer(person: Person | None) -> Viewer:
    return ANONYMOUS if person is None else Viewer(person_id=person.id)


def plain(*posts: Post) -> list[FeedEntry]:
    return [FeedEntry(id=post.id, post_id=post.id) for post in posts]


def passed_on(post: Post) -> FeedEntry:
    assert post.community_id is not None
    return FeedEntry(id=boost_id_of(post.id), post_id=post.id, booster_id=post.community_id)


async def shown(
    desk: Desk, person: Person | None, entries: Sequence[FeedEntry], context: str | None = None
) -> list[Entity]:
    return await desk.storage.read(
        desk.presenter.statuses, as_viewer(person), entries, desk.now(), context
    )


async def test_a_thread_is_the_boost_of_its_community(desk: Desk, world: World) -> None:
    ada = await desk.storage.write(world.person, "ada")
    bees = await desk.storage.write(world.community, "bees")
    post = await desk.storage.write(world.post, ada, bees)

    (status,) = await shown(desk, None, [passed_on(post)])

    assert status["id"] == str(post.id ^ 0x8000)
    assert status["account"]["group"] is True  # type: ignore[index]
    assert status["reblog"]["id"] == str(post.id)  # type: ignore[index]
    assert status["reblog"]["account"]["username"] == "ada"  # type: ignore[index]
    assert str(status["content"]).startswith(f"<p><strong>{post.content.title}</strong></p>")
