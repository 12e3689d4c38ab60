"""Acts of moderation on their way out: in our communities announced, elsewhere asked for."""

from dataclasses import replace

from communities import appointing, moderation
from communities.appointing import ChangeRole
from communities.community import CommunityVisibility, JoinPolicy
from communities.events import RoleChanged
from communities.membership import Role
from communities.moderation import ModeratePost
from communities.people import Person
from communities.posts import Post
from protocols.activitypub.vocabulary import PUBLIC
from storage.unit_of_work import UnitOfWork
from tests.support.fixture_files import lemmy_keys
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    OLD_LEMMY,
    PIEFED,
    Village,
    at_host,
    inner,
)


async def thread(village: Village, author: Person) -> Post:
    """A post in bees that everyone knows already."""
    cause = None if author.host is None else b"{}"
    post = await village.publish(author, village.bees, cause=cause)
    await village.skip()
    return post


def by_ada(village: Village, post: Post) -> ModeratePost:
    return ModeratePost(
        post_id=post.id, moderator_id=village.ada.id, at=village.world.tick(), reason="spam"
    )


async def moderate_trees(village: Village) -> Post:
    """Make bob a moderator of the community elsewhere; a post there."""

    def appoint(uow: UnitOfWork) -> Post:
        member = uow.memberships.get(village.trees.id, village.bob.id)
        assert member is not None
        uow.memberships.put(replace(member, role=Role.MODERATOR))
        return village.world.post(uow, village.members[LEMMY], village.trees)

    return await village.storage.write(appoint)


async def test_a_removal_is_a_delete_with_a_reason_by_the_moderator(village: Village) -> None:
    post = await thread(village, village.bob)

    await village.remove(post)
    sent = await village.step()

    announce = at_host(sent, LEMMY)[0].document
    deleted = inner(announce)
    assert lemmy_keys("deletion/delete_page.json") <= deleted.keys()
    assert (deleted["type"], deleted["object"]) == ("Delete", post.uri)
    assert (deleted["actor"], deleted["summary"]) == (village.ada.uri, "spam")
    assert deleted["cc"] == [village.bees.uri]


async def test_a_removal_without_a_reason_still_has_a_summary(village: Village) -> None:
    """Lemmy takes a Delete without one for the author's."""
    post = await thread(village, village.bob)

    await village.remove(post, reason="")
    sent = await village.step()

    assert inner(at_host(sent, LEMMY)[0].document)["summary"] == ""


async def test_a_removal_undoes_the_boost_and_a_restoration_boosts_again(
    village: Village,
) -> None:
    post = await village.publish(village.bob, village.bees)
    (boost,) = [one for one in await village.step() if one.host == MASTODON]

    await village.remove(post)
    removed = await village.step()
    await village.remove(post, back=True)
    restored = await village.step()

    (undone,) = at_host(removed, MASTODON)
    (again,) = at_host(restored, MASTODON)
    assert undone.document["type"] == "Undo"
    assert undone.twin
    assert inner(undone.document)["id"] == boost.document["id"]
    assert again.document["object"] == post.uri
    assert not any(one.document["type"] == "Delete" for one in removed)


async def test_a_restoration_is_an_undo_of_the_whole_delete(village: Village) -> None:
    post = await thread(village, village.bob)
    await village.remove(post)
    await village.skip()

    await village.remove(post, back=True)
    sent = await village.step()

    undo = inner(at_host(sent, LEMMY)[0].document)
    assert lemmy_keys("deletion/undo_delete_page.json") <= undo.keys()
    assert undo["type"] == "Undo"
    deleted = inner(undo)
    assert (deleted["type"], deleted["object"]) == ("Delete", post.uri)
    assert "summary" in deleted


async def test_the_authors_server_hears_of_a_removal_though_nobody_there_follows(
    village: Village,
) -> None:
    post = await thread(village, village.members[OLD_LEMMY])

    await village.remove(post)
    sent = await village.step()

    (told,) = at_host(sent, OLD_LEMMY)
    assert inner(told.document)["type"] == "Delete"


async def test_a_peers_moderator_is_relayed_unchanged(village: Village) -> None:
    post = await thread(village, village.bob)
    lem = village.members[LEMMY]
    deleted = b'{"type":"Delete", "summary": "spam"}'

    def remove(uow: UnitOfWork) -> None:
        member = uow.memberships.get(village.bees.id, lem.id)
        assert member is not None
        uow.memberships.put(replace(member, role=Role.MODERATOR))
        uow.cause = uow.inbox.keep(deleted, at_ms=1)
        moderation.remove(uow, replace(by_ada(village, post), moderator_id=lem.id))

    await village.storage.write(remove)
    sent = await village.step()

    assert all(deleted in one.body for one in sent if not one.twin)


async def test_in_a_community_elsewhere_a_moderator_of_ours_asks(village: Village) -> None:
    post = await moderate_trees(village)
    act = replace(by_ada(village, post), moderator_id=village.bob.id)

    for verb in (moderation.remove, moderation.lock, moderation.pin):
        await village.do(verb, act)
    sent = await village.step()

    assert {one.host for one in sent} == {LEMMY}
    assert {one.sender_id for one in sent} == {village.bob.id}
    assert [one.document["type"] for one in sent] == ["Delete", "Lock", "Add"]
    assert sent[2].document["target"] == village.trees.featured_uri


async def test_what_staff_does_to_a_copy_here_is_told_to_nobody(village: Village) -> None:
    post = await village.storage.write(village.world.post, village.members[LEMMY], village.trees)

    await village.do(moderation.remove, replace(by_ada(village, post), staff=True))

    assert await village.step() == []


async def test_a_post_of_ours_outside_communities_that_staff_removes_is_deleted_elsewhere(
    village: Village,
) -> None:
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)
    post = await village.publish(village.bob)
    await village.skip()

    await village.do(moderation.remove, replace(by_ada(village, post), staff=True))
    (sent,) = await village.step()

    assert sent.host == MASTODON
    assert (sent.document["type"], sent.document["actor"]) == ("Delete", village.bob.uri)


async def test_locking_and_unlocking(village: Village) -> None:
    """The keys of lemmy/activities/community/undo_lock_page.json."""
    post = await thread(village, village.bob)

    await village.do(moderation.lock, by_ada(village, post))
    await village.do(moderation.unlock, by_ada(village, post))
    sent = at_host(await village.step(), LEMMY)

    lock, undo = (inner(one.document) for one in sent)
    assert (lock["type"], lock["object"]) == ("Lock", post.uri)
    assert undo["type"] == "Undo"
    assert inner(undo)["type"] == "Lock"
    assert lemmy_keys("community/undo_lock_page.json") - {"summary"} <= undo.keys()
    assert not at_host(sent, MASTODON)


async def test_pins_are_adds_to_the_featured_posts(village: Village) -> None:
    post = await thread(village, village.bob)

    await village.do(moderation.pin, by_ada(village, post))
    await village.do(moderation.unpin, by_ada(village, post))
    sent = at_host(await village.step(), LEMMY)

    acts = [inner(one.document) for one in sent]
    assert [act["type"] for act in acts] == ["Add", "Remove"]
    assert {str(act["target"]) for act in acts} == {village.bees.featured_uri}
    assert {str(act["object"]) for act in acts} == {post.uri}


async def test_moderators_are_added_to_their_collection(village: Village) -> None:
    """The keys of lemmy/activities/community/remove_mod.json."""
    lem = village.members[LEMMY]
    change = ChangeRole(
        community_id=village.bees.id,
        person_id=lem.id,
        role=Role.MODERATOR,
        moderator_id=village.ada.id,
        at=village.world.tick(),
    )

    await village.do(appointing.grant_role, change)
    await village.do(appointing.revoke_role, change)
    sent = at_host(await village.step(), PIEFED)

    added, removed = (inner(one.document) for one in sent)
    assert (added["type"], added["object"]) == ("Add", lem.uri)
    assert added["target"] == village.bees.moderators_uri
    assert removed["type"] == "Remove"
    assert lemmy_keys("community/remove_mod.json") <= removed.keys()


async def test_who_is_appointed_elsewhere_hears_of_it(village: Village) -> None:
    event = RoleChanged(
        community_id=village.bees.id,
        person_id=village.members[OLD_LEMMY].id,
        moderator_id=village.ada.id,
        role="moderator",
        granted=True,
    )
    await village.record(event)

    assert len(at_host(await village.step(), OLD_LEMMY)) == 1


async def test_in_a_private_community_moderation_is_for_its_members(village: Village) -> None:
    post = await thread(village, village.bob)

    def close(uow: UnitOfWork) -> None:
        private = replace(village.bees, visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
        uow.communities.update(private)

    await village.storage.write(close)
    await village.do(moderation.lock, by_ada(village, post))
    sent = await village.step()

    assert sent
    assert not any(PUBLIC in one.body.decode() for one in sent)


async def test_acts_on_a_post_are_told_though_it_was_withdrawn_before_the_step(
    village: Village,
) -> None:
    post = await thread(village, village.bob)
    await village.do(moderation.pin, by_ada(village, post))
    await village.do(moderation.lock, by_ada(village, post))
    await village.withdraw(post)

    sent = at_host(await village.step(), LEMMY)

    assert [inner(one.document)["type"] for one in sent] == ["Add", "Lock", "Delete"]
    assert {one.order_key for one in sent} == {post.root_id}
