"""Bans, and the roles of moderators and owners."""

from datetime import datetime, timedelta

import pytest

from communities.appointing import ChangeRole, grant_role, revoke_role
from communities.banning import BanMember, ban, remove_content, unban
from communities.community import Community
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import MembershipChanged, RoleChanged
from communities.membership import MembershipState, Role
from communities.people import ActorKey, Person
from communities.posts import PostState
from communities.reports import ModerationAction
from tests.communities.village import NOW, PEER, Village

WEEK = NOW + timedelta(days=7)


def sentence(
    village: Village,
    target: Person,
    moderator: Person | Community,
    *,
    community: Community | None = None,
    until: datetime | None = None,
    remove: bool = False,
    staff: bool = False,
) -> BanMember:
    return BanMember(
        community_id=(community or village.bees).id,
        person_id=target.id,
        moderator_id=moderator.id,
        at=NOW,
        until=until,
        reason="spam",
        remove_content=remove,
        staff=staff,
    )


def appointment(
    village: Village,
    person: Person,
    by: Person,
    role: Role = Role.MODERATOR,
    *,
    community: Community | None = None,
    staff: bool = False,
) -> ChangeRole:
    return ChangeRole(
        community_id=(community or village.bees).id,
        person_id=person.id,
        role=role,
        moderator_id=by.id,
        at=NOW,
        staff=staff,
    )


def state(village: Village, community: Community, person: Person) -> MembershipState:
    stored = village.uow.memberships.get(community.id, person.id)
    return MembershipState.NONE if stored is None else stored.state


def role(village: Village, community: Community, person: Person) -> Role | None:
    stored = village.uow.memberships.get(community.id, person.id)
    return None if stored is None else stored.role


@pytest.fixture
def moderated(village: Village) -> Village:
    """The village with ann as owner and bob as moderator of the bees."""
    village.member(village.bees, village.ann, Role.OWNER)
    village.member(village.bees, village.bob, Role.MODERATOR)
    return village


class TestBan:
    """Banning and letting back."""

    def test_a_ban_is_stored_logged_and_told_to_the_persons_server(
        self, moderated: Village
    ) -> None:
        moderated.member(moderated.bees, moderated.zoe)

        assert ban(moderated.uow, sentence(moderated, moderated.zoe, moderated.bob, until=WEEK))

        assert state(moderated, moderated.bees, moderated.zoe) is MembershipState.BANNED
        assert moderated.uow.events == [
            MembershipChanged(
                community_id=moderated.bees.id,
                person_id=moderated.zoe.id,
                state="banned",
                was="member",
                actor_id=moderated.bob.id,
                uri=f"{moderated.zoe.uri}/follow",
                reason="spam",
                until_ms=int(WEEK.timestamp() * 1000),
                also_tell=(PEER,),
            )
        ]
        (entry,) = moderated.uow.reports.entries
        assert (entry.action, entry.reason) == (ModerationAction.BAN, "spam")

    def test_the_same_ban_again_leaves_no_trace_and_another_end_replaces_it(
        self, moderated: Village
    ) -> None:
        week = sentence(moderated, moderated.zoe, moderated.bob, until=WEEK)
        for_good = sentence(moderated, moderated.zoe, moderated.bob)

        done = [ban(moderated.uow, command) for command in (week, week, for_good, for_good)]

        assert done == [True, False, True, False]
        assert len(moderated.uow.events) == len(moderated.uow.reports.entries) == 2

    def test_someone_who_never_came_can_be_banned(self, moderated: Village) -> None:
        assert ban(moderated.uow, sentence(moderated, moderated.zoe, moderated.bob))

    def test_a_ban_can_take_the_posts_away(self, moderated: Village) -> None:
        here = moderated.post(moderated.zoe, moderated.bees)
        elsewhere = moderated.post(moderated.zoe)

        ban(moderated.uow, sentence(moderated, moderated.zoe, moderated.bob, remove=True))

        assert moderated.stored(here).state is PostState.REMOVED
        assert moderated.stored(elsewhere).state is PostState.PUBLISHED
        (event,) = moderated.uow.events
        assert isinstance(event, MembershipChanged)
        assert event.remove_content

    def test_the_rest_of_many_posts_is_removed_in_steps(self, moderated: Village) -> None:
        for _ in range(501):
            moderated.post(moderated.zoe, moderated.bees)

        ban(moderated.uow, sentence(moderated, moderated.zoe, moderated.bob, remove=True))

        assert remove_content(moderated.uow, moderated.bees.id, moderated.zoe.id, NOW) == 1
        assert remove_content(moderated.uow, moderated.bees.id, moderated.zoe.id, NOW) == 0

    def test_nobody_bans_equals_or_betters(self, moderated: Village) -> None:
        moderated.member(moderated.bees, moderated.zoe, Role.MODERATOR)

        for target in (moderated.zoe, moderated.ann, moderated.bob):
            with pytest.raises(NotAllowed) as caught:
                ban(moderated.uow, sentence(moderated, target, moderated.bob))
            assert caught.value.reason is Reason.ROLE

        assert ban(moderated.uow, sentence(moderated, moderated.zoe, moderated.ann))
        assert role(moderated, moderated.bees, moderated.zoe) is Role.MEMBER

    def test_a_member_bans_nobody(self, moderated: Village) -> None:
        moderated.member(moderated.bees, moderated.zoe)

        for act in (ban, unban):
            with pytest.raises(NotAllowed):
                act(moderated.uow, sentence(moderated, moderated.person("eve"), moderated.zoe))

    def test_a_ban_ends_in_the_future(self, moderated: Village) -> None:
        with pytest.raises(Invalid):
            ban(moderated.uow, sentence(moderated, moderated.zoe, moderated.bob, until=NOW))

    def test_an_unknown_person_cannot_be_banned(self, moderated: Village) -> None:
        command = BanMember(
            community_id=moderated.bees.id,
            person_id=ActorKey(999),
            moderator_id=moderated.bob.id,
            at=NOW,
        )

        with pytest.raises(NotFound):
            ban(moderated.uow, command)

    def test_an_unban_makes_nobody_a_member_and_is_told_once(self, moderated: Village) -> None:
        moderated.ban(moderated.bees, moderated.zoe)

        done = [
            unban(moderated.uow, sentence(moderated, moderated.zoe, moderated.bob))
            for _ in range(2)
        ]

        assert done == [True, False]
        assert state(moderated, moderated.bees, moderated.zoe) is MembershipState.LEFT
        (event,) = moderated.uow.events
        assert isinstance(event, MembershipChanged)
        assert (event.was, event.state) == ("banned", "left")

    def test_a_ban_in_a_community_elsewhere_is_asked_for_and_changes_nothing(
        self, village: Village
    ) -> None:
        village.member(village.far, village.ann, Role.MODERATOR)
        post = village.post(village.zoe, village.far)
        command = sentence(village, village.zoe, village.ann, community=village.far, remove=True)

        assert ban(village.uow, command)

        assert state(village, village.far, village.zoe) is MembershipState.NONE
        assert village.stored(post).state is PostState.PUBLISHED
        (event,) = village.uow.events
        assert isinstance(event, MembershipChanged)
        assert (event.requested, event.state, event.remove_content) == (True, "banned", True)
        assert village.uow.reports.entries == []

    def test_an_announced_ban_is_recorded_whoever_it_hits(self, village: Village) -> None:
        village.member(village.far, village.ann, Role.OWNER)
        command = sentence(village, village.ann, village.zoe, community=village.far)

        assert ban(village.uow, command, village.far.id)
        assert unban(village.uow, command, village.far.id)

        assert state(village, village.far, village.ann) is MembershipState.LEFT

    def test_staff_ban_in_communities_of_this_node_alone(self, moderated: Village) -> None:
        root = moderated.person("root")

        assert ban(moderated.uow, sentence(moderated, moderated.bob, root, staff=True))
        assert unban(moderated.uow, sentence(moderated, moderated.bob, root, staff=True))
        with pytest.raises(NotAllowed):
            ban(
                moderated.uow,
                sentence(moderated, moderated.zoe, root, community=moderated.far, staff=True),
            )


class TestRoles:
    """Appointing and stepping down."""

    def test_a_moderator_elsewhere_appoints_a_moderator(self, moderated: Village) -> None:
        moderated.member(moderated.bees, moderated.zoe, Role.MODERATOR)
        eve = moderated.person("eve", "third.example")
        moderated.member(moderated.bees, eve)
        command = appointment(moderated, eve, moderated.zoe)

        assert [grant_role(moderated.uow, command) for _ in range(2)] == [True, False]

        assert role(moderated, moderated.bees, eve) is Role.MODERATOR
        assert moderated.uow.events == [
            RoleChanged(
                community_id=moderated.bees.id,
                person_id=eve.id,
                moderator_id=moderated.zoe.id,
                role="moderator",
                granted=True,
            )
        ]
        (entry,) = moderated.uow.reports.entries
        assert entry.action is ModerationAction.ADD_MODERATOR

    def test_nobody_appoints_themselves(self, moderated: Village) -> None:
        """Spec: security GRP-02."""
        moderated.member(moderated.bees, moderated.zoe)

        for wanted in (Role.MODERATOR, Role.OWNER):
            with pytest.raises(NotAllowed):
                grant_role(
                    moderated.uow, appointment(moderated, moderated.zoe, moderated.zoe, wanted)
                )

    def test_only_owners_appoint_owners_and_remove_moderators(self, moderated: Village) -> None:
        moderated.member(moderated.bees, moderated.zoe, Role.MODERATOR)

        for change, command in (
            (grant_role, appointment(moderated, moderated.zoe, moderated.bob, Role.OWNER)),
            (revoke_role, appointment(moderated, moderated.zoe, moderated.bob)),
            (revoke_role, appointment(moderated, moderated.ann, moderated.bob, Role.OWNER)),
        ):
            with pytest.raises(NotAllowed) as caught:
                change(moderated.uow, command)
            assert caught.value.reason is Reason.ROLE

        assert revoke_role(moderated.uow, appointment(moderated, moderated.zoe, moderated.ann))
        assert grant_role(
            moderated.uow, appointment(moderated, moderated.bob, moderated.ann, Role.OWNER)
        )

    def test_an_owner_needs_no_lesser_role(self, moderated: Village) -> None:
        assert not grant_role(moderated.uow, appointment(moderated, moderated.ann, moderated.bob))

        assert role(moderated, moderated.bees, moderated.ann) is Role.OWNER

    def test_only_members_are_appointed(self, moderated: Village) -> None:
        with pytest.raises(NotAllowed) as caught:
            grant_role(moderated.uow, appointment(moderated, moderated.zoe, moderated.ann))

        assert caught.value.reason is Reason.NOT_A_MEMBER

    def test_the_role_of_a_member_is_no_appointment(self, moderated: Village) -> None:
        for change in (grant_role, revoke_role):
            with pytest.raises(Invalid):
                change(
                    moderated.uow,
                    appointment(moderated, moderated.bob, moderated.ann, Role.MEMBER),
                )

    def test_a_moderator_may_step_down_once(self, moderated: Village) -> None:
        command = appointment(moderated, moderated.bob, moderated.bob)

        assert [revoke_role(moderated.uow, command) for _ in range(2)] == [True, False]

        assert state(moderated, moderated.bees, moderated.bob) is MembershipState.MEMBER

    def test_the_last_owner_stays(self, moderated: Village) -> None:
        command = appointment(moderated, moderated.ann, moderated.ann, Role.OWNER)

        with pytest.raises(NotAllowed) as caught:
            revoke_role(moderated.uow, command)
        assert caught.value.reason is Reason.LAST_OWNER

        moderated.member(moderated.bees, moderated.bob, Role.OWNER)
        assert revoke_role(moderated.uow, command)

    def test_staff_appoint_where_no_owner_is_left(self, village: Village) -> None:
        village.member(village.bees, village.bob)
        root = village.person("root")

        assert grant_role(
            village.uow, appointment(village, village.bob, root, Role.OWNER, staff=True)
        )

    def test_an_announced_appointment_may_name_someone_we_did_not_know(
        self, village: Village
    ) -> None:
        command = appointment(village, village.zoe, village.zoe, community=village.far)

        assert grant_role(village.uow, command, village.far.id)
        assert role(village, village.far, village.zoe) is Role.MODERATOR

        assert revoke_role(village.uow, command, village.far.id)
        assert role(village, village.far, village.zoe) is Role.MEMBER

    def test_a_banned_person_is_not_announced_as_moderator(self, village: Village) -> None:
        village.ban(village.far, village.zoe)
        command = appointment(village, village.zoe, village.zoe, community=village.far)

        with pytest.raises(Conflict):
            grant_role(village.uow, command, village.far.id)

    def test_an_appointment_elsewhere_is_asked_for_and_changes_nothing(
        self, village: Village
    ) -> None:
        village.member(village.far, village.ann, Role.MODERATOR)
        village.member(village.far, village.zoe)
        command = appointment(village, village.zoe, village.ann, community=village.far)

        assert grant_role(village.uow, command)

        assert role(village, village.far, village.zoe) is Role.MEMBER
        (event,) = village.uow.events
        assert isinstance(event, RoleChanged)
        assert event.requested
