"""A community that was open and is for its members now: what leaves it, and what does not."""

from dataclasses import replace

from communities import moderation
from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.moderation import ModeratePost
from communities.people import Person
from communities.posts import Post, Visibility
from storage.unit_of_work import UnitOfWork
from tests.support.outbox import LEMMY, OLD_LEMMY, Village, to_hosts
from tests.support.postbox import PUBLIC


async def close(village: Village) -> None:
    """Let the bees go on in private."""

    def shut(uow: UnitOfWork) -> None:
        bees = uow.communities.get(village.bees.id)
        assert bees is not None
        closed: Community = replace(
            bees, visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
        uow.communities.update(closed)

    await village.storage.write(shut)


async def follow(village: Village, follower: Person, followee: Person) -> None:
    await village.storage.write(village.world.follow, follower, followee)


async def test_an_edit_goes_to_members_alone_once_the_community_is_closed(
    village: Village,
) -> None:
    await follow(village, village.members[OLD_LEMMY], village.bob)
    post = await village.publish(village.bob, village.bees)
    await close(village)
    await village.skip()

    await village.edit(post)
    sent = await village.step()

    assert OLD_LEMMY not in to_hosts(sent)
    assert LEMMY in to_hosts(sent)
    assert all(PUBLIC.encode() not in one.body for one in sent)


async def _moderate(village: Village, post: Post) -> None:
    act = ModeratePost(
        post_id=post.id, moderator_id=village.ada.id, at=village.world.tick(), reason="spam"
    )
    await village.do(moderation.lock, act)
    await village.do(moderation.remove, act)


async def test_of_a_post_for_followers_a_community_announces_no_removal(village: Village) -> None:
    author = village.members[LEMMY]
    post = await village.publish(author, village.bees, cause=b"{}", visibility=Visibility.FOLLOWERS)
    await village.skip()

    await _moderate(village, post)
    sent = await village.step()

    assert set(to_hosts(sent)) <= {LEMMY}
