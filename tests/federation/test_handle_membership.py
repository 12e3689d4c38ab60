"""Follow, Join, Leave, Accept, Reject and Invite, as peers send them."""

import pytest

from communities.community import CommunityVisibility, JoinPolicy
from communities.errors import NotAllowed, Reason
from communities.events import FollowChanged, MembershipChanged
from communities.membership import Membership, MembershipState, Role
from communities.people import Follow, FollowState
from communities.posts import PostState
from federation.errors import SignatureRejected
from federation.inbox import Outcome
from protocols.errors import RemoteProtocolError
from tests.support.postbox import Postbox, activity


async def test_a_follow_of_an_open_group_makes_a_member_under_the_id_of_the_follow(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    follow = activity("Follow", eve.uri, group.uri)

    outcome = await postbox.deliver(follow)

    assert outcome is Outcome.APPLIED
    membership = await postbox.membership(group, eve)
    assert membership is not None
    assert membership.state is MembershipState.MEMBER
    event = (await postbox.events())[-1]
    assert isinstance(event, MembershipChanged)
    assert event.uri == follow["id"]


async def test_a_follow_of_a_group_that_asks_first_waits(postbox: Postbox) -> None:
    group = await postbox.group("bees", join=JoinPolicy.ASK)
    eve = await postbox.stranger("eve")

    await postbox.deliver(activity("Follow", eve.uri, group.uri))

    membership = await postbox.membership(group, eve)
    assert membership is not None
    assert membership.state is MembershipState.REQUESTED


async def test_a_secret_group_is_not_there_for_a_stranger(postbox: Postbox) -> None:
    group = await postbox.group(
        "bees", visibility=CommunityVisibility.SECRET, join=JoinPolicy.INVITE
    )
    eve = await postbox.stranger("eve")

    outcome = await postbox.deliver(activity("Follow", eve.uri, group.uri))

    assert outcome is Outcome.IGNORED
    assert await postbox.membership(group, eve) is None


async def test_a_banned_person_cannot_follow(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    await postbox.member(group, eve, state=MembershipState.BANNED)

    with pytest.raises(NotAllowed) as refused:
        await postbox.deliver(activity("Follow", eve.uri, group.uri))

    assert refused.value.reason is Reason.BANNED


async def test_smithereen_joins_and_leaves(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")

    await postbox.deliver(activity("Join", eve.uri, group.uri))
    joined = await postbox.membership(group, eve)
    await postbox.deliver(activity("Leave", eve.uri, group.uri))
    left = await postbox.membership(group, eve)

    assert joined is not None
    assert left is not None
    assert (joined.state, left.state) == (MembershipState.MEMBER, MembershipState.LEFT)


async def test_a_follow_of_a_person_is_accepted_or_waits_where_they_are_asked_first(
    postbox: Postbox,
) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")

    await postbox.deliver(activity("Follow", eve.uri, ada.uri))

    follow = await postbox.following(eve, ada)
    assert follow is not None
    assert follow.state is FollowState.ACCEPTED


async def test_a_follow_without_an_id_is_refused_since_no_answer_could_name_it(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    follow = activity("Follow", eve.uri, group.uri)
    del follow["id"]

    with pytest.raises(RemoteProtocolError):
        await postbox.deliver(follow)


async def test_nobody_follows_for_another(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    ida = await postbox.stranger("ida")

    with pytest.raises(SignatureRejected):
        await postbox.deliver(activity("Follow", ida.uri, group.uri), signer=eve.uri)

    assert await postbox.membership(group, ida) is None


async def test_a_follow_of_nobody_here_is_ignored(postbox: Postbox) -> None:
    eve = await postbox.stranger("eve")
    relay = "https://www.w3.org/ns/activitystreams#Public"

    outcome = await postbox.deliver(activity("Follow", eve.uri, relay))

    assert outcome is Outcome.IGNORED


async def test_a_public_group_follows_a_public_group(postbox: Postbox) -> None:
    group = await postbox.group("bees", join=JoinPolicy.ASK)
    wasps = await postbox.distant_group("wasps")

    await postbox.deliver(activity("Follow", wasps.uri, group.uri))

    follow = await postbox.following(wasps, group)
    assert follow is not None
    assert follow.state is FollowState.ACCEPTED


async def test_a_group_cannot_follow_a_private_group(postbox: Postbox) -> None:
    group = await postbox.group("bees", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
    wasps = await postbox.distant_group("wasps")

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Follow", wasps.uri, group.uri))

    assert await postbox.following(wasps, group) is None


@pytest.mark.parametrize("embedded", [True, False])
async def test_an_undone_follow_ends_the_membership(postbox: Postbox, *, embedded: bool) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    follow = activity("Follow", eve.uri, group.uri)
    await postbox.deliver(follow)

    await postbox.deliver(activity("Undo", eve.uri, follow if embedded else follow["id"]))

    membership = await postbox.membership(group, eve)
    assert membership is not None
    assert membership.state is MembershipState.LEFT


@pytest.mark.parametrize("embedded", [True, False])
async def test_an_undone_follow_of_a_person_ends_it(postbox: Postbox, *, embedded: bool) -> None:
    ada = await postbox.resident("ada")
    eve = await postbox.stranger("eve")
    follow = activity("Follow", eve.uri, ada.uri)
    await postbox.deliver(follow)

    await postbox.deliver(activity("Undo", eve.uri, follow if embedded else follow["id"]))

    assert await postbox.following(eve, ada) is None


async def test_ori_12_nobody_undoes_the_follow_of_another(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve, ida = await postbox.stranger("eve"), await postbox.stranger("ida", "far.example")
    follow = activity("Follow", ida.uri, group.uri)
    await postbox.deliver(follow)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Undo", eve.uri, follow))
    by_id = await postbox.deliver(activity("Undo", eve.uri, follow["id"]))

    assert by_id is Outcome.IGNORED
    membership = await postbox.membership(group, ida)
    assert membership is not None
    assert membership.state is MembershipState.MEMBER


async def test_a_follow_that_was_undone_before_it_came_changes_nothing(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    follow = activity("Follow", eve.uri, group.uri)

    await postbox.deliver(activity("Undo", eve.uri, follow))
    late = await postbox.deliver(follow)

    assert late is Outcome.DUPLICATE
    assert await postbox.membership(group, eve) is None


async def request_by(postbox: Postbox, name: str = "ada") -> tuple[Membership, str, str]:
    """One of ours asks to join a group elsewhere; the membership, the group's and person's id."""
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident(name)
    await postbox.member(group, ada, state=MembershipState.REQUESTED)
    membership = await postbox.membership(group, ada)
    assert membership is not None
    return membership, group.uri, ada.uri


async def state_of(postbox: Postbox, membership: Membership) -> MembershipState:
    found = await postbox.storage.read(
        lambda uow: uow.memberships.get(membership.community_id, membership.person_id)
    )
    assert found is not None
    return found.state


@pytest.mark.parametrize("embedded", [True, False])
async def test_an_accept_makes_the_asker_a_member(postbox: Postbox, *, embedded: bool) -> None:
    asked, group, ada = await request_by(postbox)
    follow = activity("Follow", ada, group, id=asked.uri)

    await postbox.deliver(activity("Accept", group, follow if embedded else asked.uri))

    assert await state_of(postbox, asked) is MembershipState.MEMBER


async def test_ori_14_an_accept_that_nobody_asked_for_is_ignored(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    follow = activity("Follow", ada.uri, group.uri, id="https://noaber.example/activities/x")

    outcome = await postbox.deliver(activity("Accept", group.uri, follow))

    assert outcome is Outcome.IGNORED
    assert await postbox.membership(group, ada) is None


async def test_an_accept_by_another_than_who_was_asked_is_refused(postbox: Postbox) -> None:
    asked, group, ada = await request_by(postbox)
    other = await postbox.distant_group("hornets")
    follow = activity("Follow", ada, group, id=asked.uri)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Accept", other.uri, follow))
    by_id = await postbox.deliver(activity("Accept", other.uri, asked.uri))

    assert by_id is Outcome.IGNORED
    assert await state_of(postbox, asked) is MembershipState.REQUESTED


async def test_a_reject_refuses_who_waits_and_ends_who_is_in(postbox: Postbox) -> None:
    asked, group, ada = await request_by(postbox)
    follow = activity("Follow", ada, group, id=asked.uri)

    await postbox.deliver(activity("Accept", group, follow))
    await postbox.deliver(activity("Reject", group, follow))

    assert await state_of(postbox, asked) is MembershipState.LEFT


async def test_a_person_elsewhere_accepts_and_later_rejects_a_follower_of_ours(
    postbox: Postbox,
) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.follow(ada, eve, FollowState.REQUESTED)
    asked = await postbox.following(ada, eve)
    assert asked is not None
    follow = activity("Follow", ada.uri, eve.uri, id=asked.uri)

    await postbox.deliver(activity("Accept", eve.uri, asked.uri))
    accepted: Follow | None = await postbox.following(ada, eve)
    await postbox.deliver(activity("Reject", eve.uri, follow))

    assert accepted is not None
    assert accepted.state is FollowState.ACCEPTED
    assert await postbox.following(ada, eve) is None
    last = (await postbox.events())[-1]
    assert isinstance(last, FollowChanged)
    assert last.state == "rejected"


async def test_a_group_refuses_a_post_of_ours(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    post = await postbox.post(ada, group, state=PostState.PENDING)

    await postbox.deliver(activity("Reject", group.uri, post.uri, summary="Off topic"))

    refused = await postbox.find(post.uri)
    assert refused is not None
    assert refused.state is PostState.REFUSED


async def test_only_its_community_refuses_a_post(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    other = await postbox.distant_group("hornets")
    ada = await postbox.resident("ada")
    post = await postbox.post(ada, group, state=PostState.PENDING)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Reject", other.uri, post.uri))


async def test_an_invitation_of_a_group_elsewhere_reaches_its_guest(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")

    await postbox.deliver(activity("Invite", group.uri, group.uri, to=[ada.uri]))

    membership = await postbox.membership(group, ada)
    assert membership is not None
    assert membership.state is MembershipState.INVITED


async def test_a_stranger_cannot_invite_to_a_group_elsewhere(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Invite", eve.uri, group.uri, to=[ada.uri]))

    assert await postbox.membership(group, ada) is None


async def test_a_moderator_elsewhere_invites_to_a_group_of_ours_and_a_member_cannot(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees", join=JoinPolicy.INVITE)
    mod, eve = await postbox.stranger("mod"), await postbox.stranger("eve")
    guest = await postbox.stranger("guest", "far.example")
    await postbox.member(group, mod, Role.MODERATOR)
    await postbox.member(group, eve)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Invite", eve.uri, group.uri, to=[guest.uri]))
    before = await postbox.membership(group, guest)
    await postbox.deliver(activity("Invite", mod.uri, group.uri, to=[guest.uri]))

    after = await postbox.membership(group, guest)
    assert before is None
    assert after is not None
    assert after.state is MembershipState.INVITED
