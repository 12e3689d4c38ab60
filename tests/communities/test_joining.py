"""Asking to join, being let in, leaving: here and elsewhere."""

from datetime import timedelta

import pytest

from communities.community import CommunityVisibility, JoinPolicy
from communities.errors import NotAllowed, NotFound, Reason
from communities.events import MembershipChanged
from communities.joining import (
    admit,
    ask_to_join,
    invite,
    leave,
    record_accepted,
    record_invited,
    record_rejected,
    refuse,
    request_to_join,
)
from communities.membership import MembershipState, Role
from tests.communities.village import NOW, PEER, Village

LATER = NOW + timedelta(hours=1)


def told(village: Village) -> list[MembershipChanged]:
    events = village.uow.take_events()
    changes = [event for event in events if isinstance(event, MembershipChanged)]
    assert changes == events
    return changes


@pytest.mark.parametrize(
    ("policy", "state"),
    [
        (JoinPolicy.OPEN, MembershipState.MEMBER),
        (JoinPolicy.ASK, MembershipState.REQUESTED),
        (JoinPolicy.INVITE, MembershipState.REFUSED),
        (JoinPolicy.CLOSED, MembershipState.REFUSED),
    ],
)
def test_the_join_policy_answers_who_asks(
    village: Village, policy: JoinPolicy, state: MembershipState
) -> None:
    village.change(village.bees, join=policy)

    membership = ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)

    assert membership.state is state
    (event,) = told(village)
    assert (event.was, event.state, event.uri) == ("none", state, "https://f/1")
    assert event.also_tell == (PEER,)


@pytest.mark.parametrize("policy", list(JoinPolicy), ids=str)
def test_who_was_invited_gets_in_under_any_policy(village: Village, policy: JoinPolicy) -> None:
    village.change(village.bees, join=policy, visibility=CommunityVisibility.SECRET)
    village.member(village.bees, village.zoe, state=MembershipState.INVITED)

    membership = ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)

    assert membership.state is MembershipState.MEMBER


def test_a_secret_community_is_not_there_for_a_stranger(village: Village) -> None:
    village.change(village.bees, visibility=CommunityVisibility.SECRET, join=JoinPolicy.INVITE)

    with pytest.raises(NotFound):
        ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)


def test_the_same_follow_again_changes_nothing(village: Village) -> None:
    ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)
    told(village)

    ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", LATER)

    assert told(village) == []


@pytest.mark.parametrize("policy", [JoinPolicy.OPEN, JoinPolicy.ASK, JoinPolicy.CLOSED], ids=str)
def test_a_follow_with_a_new_id_is_answered_again_under_that_id(
    village: Village, policy: JoinPolicy
) -> None:
    """Spec: lemmy#6045."""
    village.change(village.bees, join=policy)
    first = ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)
    told(village)

    again = ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/2", LATER)

    assert (again.state, again.uri, again.since) == (first.state, "https://f/2", NOW)
    (event,) = told(village)
    assert (event.was, event.state, event.uri) == (first.state, first.state, "https://f/2")


def test_a_moderator_who_asks_again_keeps_the_role(village: Village) -> None:
    village.member(village.bees, village.zoe, Role.MODERATOR)

    again = ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/2", NOW)

    assert again.role is Role.MODERATOR


def test_a_banned_person_cannot_join(village: Village) -> None:
    village.ban(village.bees, village.zoe)

    with pytest.raises(NotAllowed) as caught:
        ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)

    assert caught.value.reason is Reason.BANNED


def test_who_was_banned_for_a_time_can_join_after_it(village: Village) -> None:
    village.ban(village.bees, village.zoe, until=NOW)

    membership = ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)

    assert (membership.state, membership.until) == (MembershipState.MEMBER, None)


def test_a_suspended_person_cannot_join(village: Village) -> None:
    village.suspend(village.zoe)

    with pytest.raises(NotAllowed):
        ask_to_join(village.uow, village.bees.id, village.zoe.id, "https://f/1", NOW)


class TestModerators:
    """Answers of the moderators of a community of this node."""

    def ask(self, village: Village) -> None:
        village.member(village.club, village.bob, Role.MODERATOR)
        ask_to_join(village.uow, village.club.id, village.zoe.id, "https://f/1", NOW)
        told(village)

    def test_a_moderator_lets_a_candidate_in(self, village: Village) -> None:
        self.ask(village)

        admit(village.uow, village.club.id, village.zoe.id, village.bob.id, LATER)
        again = admit(village.uow, village.club.id, village.zoe.id, village.bob.id, LATER)

        assert again.state is MembershipState.MEMBER
        (event,) = told(village)
        assert (event.state, event.actor_id, event.uri) == (
            "member",
            village.bob.id,
            "https://f/1",
        )

    def test_a_refusal_can_be_reversed(self, village: Village) -> None:
        self.ask(village)
        refuse(village.uow, village.club.id, village.zoe.id, village.bob.id, LATER, "no room")

        admitted = admit(village.uow, village.club.id, village.zoe.id, village.bob.id, LATER)

        assert admitted.state is MembershipState.MEMBER
        assert [event.reason for event in told(village)] == ["no room", ""]

    def test_a_refusal_again_changes_nothing(self, village: Village) -> None:
        self.ask(village)
        refuse(village.uow, village.club.id, village.zoe.id, village.bob.id, LATER)
        told(village)

        refuse(village.uow, village.club.id, village.zoe.id, village.bob.id, LATER)

        assert told(village) == []

    def test_who_did_not_ask_is_not_let_in(self, village: Village) -> None:
        village.member(village.club, village.bob, Role.MODERATOR)

        for answer in (admit, refuse):
            with pytest.raises(NotFound):
                answer(village.uow, village.club.id, village.zoe.id, village.bob.id, NOW)

    def test_members_do_not_admit_refuse_or_invite(self, village: Village) -> None:
        self.ask(village)
        village.member(village.club, village.ann)

        for act in (admit, refuse, invite):
            with pytest.raises(NotAllowed) as caught:
                act(village.uow, village.club.id, village.zoe.id, village.ann.id, NOW)
            assert caught.value.reason is Reason.ROLE

    def test_moderators_do_not_decide_for_a_community_elsewhere(self, village: Village) -> None:
        village.member(village.far, village.bob, Role.MODERATOR)
        village.member(village.far, village.zoe, state=MembershipState.REQUESTED)

        with pytest.raises(NotAllowed) as caught:
            admit(village.uow, village.far.id, village.zoe.id, village.bob.id, NOW)

        assert caught.value.reason is Reason.NOT_AUTHORITY

    def test_an_invitation_stands_until_it_is_taken(self, village: Village) -> None:
        village.member(village.club, village.bob, Role.MODERATOR)

        first = invite(village.uow, village.club.id, village.zoe.id, village.bob.id, NOW, "i/1")
        again = invite(village.uow, village.club.id, village.zoe.id, village.bob.id, NOW, "i/2")

        assert first == again
        assert [event.state for event in told(village)] == ["invited"]

    def test_inviting_a_candidate_lets_them_in(self, village: Village) -> None:
        self.ask(village)

        joined = invite(village.uow, village.club.id, village.zoe.id, village.bob.id, NOW)

        assert (joined.state, joined.uri) == (MembershipState.MEMBER, "https://f/1")

    def test_a_banned_person_cannot_be_invited(self, village: Village) -> None:
        village.member(village.club, village.bob, Role.MODERATOR)
        village.ban(village.club, village.zoe)

        with pytest.raises(NotAllowed) as caught:
            invite(village.uow, village.club.id, village.zoe.id, village.bob.id, NOW)

        assert caught.value.reason is Reason.BANNED


class TestLeaving:
    """One click, and the last owner stays."""

    @pytest.mark.parametrize(
        "state",
        [MembershipState.MEMBER, MembershipState.REQUESTED, MembershipState.INVITED],
        ids=str,
    )
    def test_who_is_in_or_asked_or_invited_can_leave(
        self, village: Village, state: MembershipState
    ) -> None:
        village.member(village.bees, village.zoe, state=state)

        assert leave(village.uow, village.bees.id, village.zoe.id, NOW)
        assert not leave(village.uow, village.bees.id, village.zoe.id, NOW)

        (event,) = told(village)
        assert (event.was, event.state, event.requested) == (state, "left", False)

    @pytest.mark.parametrize("state", [MembershipState.REFUSED, MembershipState.BANNED], ids=str)
    def test_leaving_does_not_wash_off_a_refusal_or_ban(
        self, village: Village, state: MembershipState
    ) -> None:
        before = village.member(village.bees, village.zoe, state=state)

        assert not leave(village.uow, village.bees.id, village.zoe.id, NOW)

        assert village.uow.memberships.get(village.bees.id, village.zoe.id) == before

    def test_leaving_a_community_of_this_node_asks_nobody(self, village: Village) -> None:
        village.member(village.bees, village.ann)

        leave(village.uow, village.bees.id, village.ann.id, NOW)

        (event,) = told(village)
        assert not event.requested

    def test_nobody_leaves_what_is_not_there(self, village: Village) -> None:
        with pytest.raises(NotFound):
            leave(village.uow, village.ann.id, village.zoe.id, NOW)

    def test_the_last_owner_stays(self, village: Village) -> None:
        village.member(village.bees, village.ann, Role.OWNER)

        with pytest.raises(NotAllowed) as caught:
            leave(village.uow, village.bees.id, village.ann.id, NOW)

        assert caught.value.reason is Reason.LAST_OWNER

    def test_one_of_two_owners_may_go_and_loses_the_role(self, village: Village) -> None:
        village.member(village.bees, village.ann, Role.OWNER)
        village.member(village.bees, village.bob, Role.OWNER)

        leave(village.uow, village.bees.id, village.ann.id, NOW)

        left = village.uow.memberships.get(village.bees.id, village.ann.id)
        assert left is not None
        assert (left.state, left.role) == (MembershipState.LEFT, Role.MEMBER)

    def test_leaving_a_community_elsewhere_holds_at_once_and_tells_it(
        self, village: Village
    ) -> None:
        village.member(village.far, village.ann)

        assert leave(village.uow, village.far.id, village.ann.id, NOW)

        (event,) = told(village)
        assert (event.state, event.requested) == ("left", True)


class TestElsewhere:
    """One of ours in a community that another server decides about."""

    def ask(self, village: Village) -> None:
        ask_to_join(village.uow, village.far.id, village.ann.id, "https://f/1", NOW)

    def state(self, village: Village) -> MembershipState:
        stored = village.uow.memberships.get(village.far.id, village.ann.id)
        return MembershipState.NONE if stored is None else stored.state

    def test_asking_is_a_request_even_where_all_may_join(self, village: Village) -> None:
        self.ask(village)

        assert self.state(village) is MembershipState.REQUESTED
        (event,) = told(village)
        assert (event.state, event.requested) == ("requested", True)

    def test_asking_again_sends_the_request_again(self, village: Village) -> None:
        self.ask(village)
        told(village)

        request_to_join(village.uow, village.far.id, village.ann.id, "https://f/2", LATER)

        (event,) = told(village)
        assert (event.state, event.uri, event.requested) == ("requested", "https://f/2", True)

    def test_a_member_has_nothing_to_ask(self, village: Village) -> None:
        village.member(village.far, village.ann)

        request_to_join(village.uow, village.far.id, village.ann.id, "https://f/2", NOW)

        assert told(village) == []

    def test_the_accept_makes_a_member_once(self, village: Village) -> None:
        self.ask(village)
        told(village)

        assert record_accepted(village.uow, village.far.id, village.ann.id, LATER)
        assert not record_accepted(village.uow, village.far.id, village.ann.id, LATER)

        assert self.state(village) is MembershipState.MEMBER
        (event,) = told(village)
        assert (event.actor_id, event.requested) == (village.far.id, False)

    def test_an_accept_that_nobody_asked_for_counts_for_nothing(self, village: Village) -> None:
        """Spec: security ORI-14."""
        assert not record_accepted(village.uow, village.far.id, village.ann.id, NOW)

        assert self.state(village) is MembershipState.NONE

    def test_an_accept_after_leaving_counts_for_nothing(self, village: Village) -> None:
        self.ask(village)
        leave(village.uow, village.far.id, village.ann.id, LATER)

        assert not record_accepted(village.uow, village.far.id, village.ann.id, LATER)

    def test_a_reject_refuses_and_a_later_one_ends_a_membership(self, village: Village) -> None:
        self.ask(village)
        assert record_rejected(village.uow, village.far.id, village.ann.id, LATER)
        assert self.state(village) is MembershipState.REFUSED
        assert not record_rejected(village.uow, village.far.id, village.ann.id, LATER)

        assert record_accepted(village.uow, village.far.id, village.ann.id, LATER)
        assert record_rejected(village.uow, village.far.id, village.ann.id, LATER)
        assert self.state(village) is MembershipState.LEFT

    def test_who_was_invited_elsewhere_still_asks(self, village: Village) -> None:
        assert record_invited(village.uow, village.far.id, village.ann.id, NOW, "i/1")
        assert not record_invited(village.uow, village.far.id, village.ann.id, NOW, "i/1")

        self.ask(village)

        assert self.state(village) is MembershipState.REQUESTED

    def test_nobody_tells_us_who_is_in_our_own_community(self, village: Village) -> None:
        village.member(village.club, village.zoe, state=MembershipState.REQUESTED)

        for fact in (record_accepted, record_rejected, record_invited):
            with pytest.raises(NotAllowed) as caught:
                fact(village.uow, village.club.id, village.zoe.id, NOW)
            assert caught.value.reason is Reason.NOT_AUTHORITY

    def test_someone_of_a_peer_does_not_ask_through_us(self, village: Village) -> None:
        with pytest.raises(NotAllowed):
            ask_to_join(village.uow, village.far.id, village.zoe.id, "https://f/1", NOW)

    def test_who_is_banned_elsewhere_is_told_at_once(self, village: Village) -> None:
        village.ban(village.far, village.ann)

        with pytest.raises(NotAllowed) as caught:
            self.ask(village)

        assert caught.value.reason is Reason.BANNED
