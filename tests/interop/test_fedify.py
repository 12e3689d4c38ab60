"""A conversation with Fedify, a second implementation, over loopback and in both signature schemes.

The Fedify server gives its documents to signed requests only, refuses the other scheme, and tells
what it could prove of each activity. Slow: a process of another language, 4096-bit keys.
"""

import pytest

from communities.community import Community
from communities.membership import MembershipState
from communities.people import FollowState
from communities.posts import Post, PostState, ReactionKind, Visibility
from node.founding import CommunityPlan
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork
from tests.interop.fedify_server import Fedify, of_type
from tests.interop.home import Home

pytestmark = pytest.mark.slow


async def found_garden(home: Home) -> tuple[Profile, Community]:
    """Someone of ours, and the open community that they own."""
    owner = await home.person("ada")
    return owner, await home.community("garden", owner, CommunityPlan())


async def follow_garden(home: Home, fedify: Fedify, garden: Community, who: str = "alice") -> str:
    """Let someone of the Fedify server join; the id of the Follow."""
    asked = await fedify.act("follow", who, actor=garden.uri)
    await fedify.hears(
        lambda one: of_type("Accept")(one)
        and one.heard is not None
        and one.heard.object_id == asked
    )
    return asked


def counts(uow: UnitOfWork, post: Post) -> tuple[int, int]:
    """Likes and dislikes of a post."""
    found = uow.posts.counts(post.id)
    return found.likes, found.dislikes


async def test_follows_a_group_and_is_accepted(home: Home, fedify: Fedify) -> None:
    _, garden = await found_garden(home)

    await follow_garden(home, fedify, garden)

    accept = await fedify.hears(of_type("Accept"))
    assert accept.scheme == fedify.process.scheme
    assert accept.signed_by == home.node.uris.main_key(garden.uri)
    membership = await home.node.storage.read(
        lambda uow: uow.memberships.get(garden.id, _key(uow, fedify.actor("alice")))
    )
    assert membership is not None
    assert membership.state is MembershipState.MEMBER


def _key(uow: UnitOfWork, uri: str) -> "ActorKey":
    found = uow.actors.key_of(uri)
    assert found is not None
    return found
