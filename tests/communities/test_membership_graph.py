"""The graph of memberships, and a machine that lives through it.

The machine lets people ask, be invited, admitted, refused, banned, appointed and leave in one
community, in any order, and compares what is stored with a small model after every step.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from communities.appointing import ChangeRole, grant_role, revoke_role
from communities.banning import BanMember, ban, unban
from communities.community import JoinPolicy
from communities.errors import Conflict, DomainError, NotAllowed, Reason
from communities.events import MembershipChanged
from communities.joining import admit, ask_to_join, invite, leave, moved, refuse
from communities.membership import TRANSITIONS, Membership, MembershipState, Role, may_become
from communities.people import ActorKey, Person
from communities.roles import Standing, standing
from tests.communities.village import NOW, Village

State = MembershipState


def test_every_state_can_be_reached_and_left() -> None:
    reached, todo = {State.NONE}, [State.NONE]
    while todo:
        for following in TRANSITIONS[todo.pop()] - reached:
            reached.add(following)
            todo.append(following)

    assert reached == set(State)
    assert all(TRANSITIONS[state] for state in State)
    assert not any(State.NONE in following for following in TRANSITIONS.values())


def test_a_ban_never_leads_straight_back_in() -> None:
    assert TRANSITIONS[State.BANNED] == {State.LEFT}


@pytest.mark.parametrize("following", list(State), ids=str)
@pytest.mark.parametrize("current", list(State), ids=str)
def test_a_membership_moves_along_the_graph_alone(current: State, following: State) -> None:
    before = Membership(
        community_id=ActorKey(1),
        person_id=ActorKey(2),
        state=current,
        since=NOW,
        role=Role.MODERATOR,
        uri="f/1",
    )

    if may_become(current, following):
        after = moved(before, following, NOW + timedelta(1), uri="f/2")
        assert (after.state, after.role, after.uri) == (following, Role.MEMBER, "f/2")
    else:
        with pytest.raises(Conflict):
            moved(before, following, NOW + timedelta(1))


people = st.sampled_from(["ann", "bob", "zoe"])
policies = st.sampled_from(list(JoinPolicy))
roles = st.sampled_from([Role.MODERATOR, Role.OWNER])


class MembershipMachine(RuleBasedStateMachine):
    """One community, its owner olga, and three others who come and go."""

    @initialize(policy=policies)
    def begin(self, policy: JoinPolicy) -> None:
        self.village = Village()
        self.olga = self.village.person("olga")
        self.group = self.village.change(self.village.bees, join=policy)
        self.village.member(self.group, self.olga, Role.OWNER)
        self.at = NOW
        self.asked = 0
        self.banned_until: dict[ActorKey, datetime | None] = {}
        self.seen: dict[ActorKey, State] = {}

    def named(self, name: str) -> Person:
        return {"ann": self.village.ann, "bob": self.village.bob, "zoe": self.village.zoe}[name]

    def stored(self, person: Person) -> Membership | None:
        return self.village.uow.memberships.get(self.group.id, person.id)

    def is_banned(self, person: Person) -> bool:
        if person.id not in self.banned_until:
            return False
        until = self.banned_until[person.id]
        return until is None or until > self.at

    @rule(hours=st.integers(1, 48))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(policy=policies)
    def the_policy_changes(self, policy: JoinPolicy) -> None:
        self.group = self.village.change(self.group, join=policy)

    @rule(name=people)
    def ask(self, name: str) -> None:
        person, before = self.named(name), self.stored(self.named(name))
        self.asked += 1
        uri = f"f/{self.asked}"
        if self.is_banned(person):
            with pytest.raises(NotAllowed) as caught:
                ask_to_join(self.village.uow, self.group.id, person.id, uri, self.at)
            assert caught.value.reason is Reason.BANNED
            return
        after = ask_to_join(self.village.uow, self.group.id, person.id, uri, self.at)
        if before is not None and before.state in (State.MEMBER, State.INVITED):
            assert after.state is State.MEMBER
        elif before is not None and before.state is State.REQUESTED:
            assert after.state is State.REQUESTED
        else:
            assert (
                after.state
                is {
                    JoinPolicy.OPEN: State.MEMBER,
                    JoinPolicy.ASK: State.REQUESTED,
                    JoinPolicy.INVITE: State.REFUSED,
                    JoinPolicy.CLOSED: State.REFUSED,
                }[self.group.join]
            )
        assert after.uri == uri

    @rule(name=people)
    def go(self, name: str) -> None:
        person = self.named(name)
        before = self.stored(person)
        left = leave(self.village.uow, self.group.id, person.id, self.at)
        inside = (State.MEMBER, State.REQUESTED, State.INVITED)
        assert left is (before is not None and before.state in inside)

    @rule(name=people, answer=st.sampled_from([admit, refuse, invite]))
    def moderate(self, name: str, answer: Callable[..., Membership]) -> None:
        person = self.named(name)
        before = self.stored(person)
        try:
            after = answer(self.village.uow, self.group.id, person.id, self.olga.id, self.at)
        except DomainError:
            assert self.stored(person) == before
        else:
            assert not self.is_banned(person)
            assert after == self.stored(person)

    @rule(name=people, hours=st.none() | st.integers(1, 72))
    def punish(self, name: str, hours: int | None) -> None:
        person = self.named(name)
        until = None if hours is None else self.at + timedelta(hours=hours)
        command = self.sentence(person, until)
        stored = self.stored(person)
        if standing(stored, self.at) is Standing.OWNER:
            with pytest.raises(NotAllowed):
                ban(self.village.uow, command)
            return
        ban(self.village.uow, command)
        self.banned_until[person.id] = until

    @rule(name=people)
    def pardon(self, name: str) -> None:
        person = self.named(name)
        held = self.is_banned(person)
        assert unban(self.village.uow, self.sentence(person, None)) is held
        self.banned_until.pop(person.id, None)

    def sentence(self, person: Person, until: datetime | None) -> BanMember:
        return BanMember(
            community_id=self.group.id,
            person_id=person.id,
            moderator_id=self.olga.id,
            at=self.at,
            until=until,
        )

    @rule(name=people, role=roles, granted=st.booleans())
    def appoint(self, name: str, role: Role, granted: bool) -> None:
        person = self.named(name)
        command = ChangeRole(
            community_id=self.group.id,
            person_id=person.id,
            role=role,
            moderator_id=self.olga.id,
            at=self.at,
        )
        stored = self.stored(person)
        if granted and (stored is None or stored.state is not State.MEMBER):
            with pytest.raises(NotAllowed) as caught:
                grant_role(self.village.uow, command)
            assert caught.value.reason is Reason.NOT_A_MEMBER
        elif granted:
            grant_role(self.village.uow, command)
        else:
            revoke_role(self.village.uow, command)

    @rule()
    def the_owner_tries_to_go(self) -> None:
        owners = self.village.uow.memberships.count_in_role(self.group.id, Role.OWNER)
        if owners == 1:
            with pytest.raises(NotAllowed) as caught:
                leave(self.village.uow, self.group.id, self.olga.id, self.at)
            assert caught.value.reason is Reason.LAST_OWNER

    @invariant()
    def somebody_owns_the_community(self) -> None:
        assert self.village.uow.memberships.count_in_role(self.group.id, Role.OWNER) >= 1

    @invariant()
    def only_members_hold_roles(self) -> None:
        for row in self.village.uow.memberships.rows.values():
            assert row.role is Role.MEMBER or row.state is State.MEMBER

    @invariant()
    def the_banned_stand_nowhere(self) -> None:
        for person in (self.village.ann, self.village.bob, self.village.zoe):
            held = standing(self.stored(person), self.at)
            assert (held is Standing.BANNED) is self.is_banned(person)

    @invariant()
    def events_tell_every_change_along_the_graph(self) -> None:
        for event in self.village.uow.take_events():
            if not isinstance(event, MembershipChanged):
                continue
            was, state = State(event.was), State(event.state)
            known = self.seen.get(event.person_id, State.NONE)
            # A ban that ran out counts as having left, though nobody told.
            assert was is known or (known is State.BANNED and was is State.LEFT)
            assert state is was or may_become(was, state)
            self.seen[event.person_id] = state
        for row in self.village.uow.memberships.rows.values():
            if row.person_id != self.olga.id:
                assert row.state is self.seen[row.person_id]


MembershipMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
test_memberships_follow_the_model_through_any_story = MembershipMachine.TestCase
