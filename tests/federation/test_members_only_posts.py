"""Posts for the members of a community that everyone can read: they stay on this node."""

from communities.posts import Visibility
from federation.activitypub.from_domain import post_document
from protocols.activitypub.vocabulary import PUBLIC
from tests.support.factories import HOME
from tests.support.outbox import Village


async def test_a_post_for_the_members_of_an_open_community_leaves_by_nobody(
    village: Village,
) -> None:
    fan = await village.storage.write(village.world.remote_person, "fan", "fans.example")
    await village.storage.write(village.world.follow, fan, village.bob)

    await village.publish(village.bob, village.bees, visibility=Visibility.MEMBERS)

    assert await village.step() == []


async def test_it_is_addressed_to_the_members_and_not_to_its_authors_followers(
    village: Village,
) -> None:
    post = await village.publish(village.bob, village.bees, visibility=Visibility.MEMBERS)

    document = await village.storage.read(post_document, post, HOME)

    assert document is not None
    addressed = {*document.to, *document.cc}
    assert village.bees.followers_uri in addressed
    assert PUBLIC not in addressed
    assert HOME.followers(village.bob.uri) not in addressed
