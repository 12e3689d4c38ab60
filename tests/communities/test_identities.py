"""As whom a person may act: as themselves, and as the communities of this node they moderate."""

import pytest

from communities.identities import may_act_as
from communities.membership import MembershipState, Role
from tests.communities.village import NOW, Village


def test_everybody_acts_as_themselves(village: Village) -> None:
    assert may_act_as(village.uow, village.ann.id, village.ann.id, NOW)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.OWNER])
def test_moderator_may_act_as_the_community(village: Village, role: Role) -> None:
    village.member(village.bees, village.ann, role)

    assert may_act_as(village.uow, village.ann.id, village.bees.id, NOW)


def test_member_and_stranger_may_not(village: Village) -> None:
    village.member(village.bees, village.ann)

    assert not may_act_as(village.uow, village.ann.id, village.bees.id, NOW)
    assert not may_act_as(village.uow, village.bob.id, village.bees.id, NOW)
    assert not may_act_as(village.uow, village.ann.id, village.bob.id, NOW)


@pytest.mark.parametrize("state", [MembershipState.LEFT, MembershipState.BANNED])
def test_who_was_a_moderator_may_no_longer(village: Village, state: MembershipState) -> None:
    village.member(village.bees, village.ann, Role.MODERATOR, state=state)

    assert not may_act_as(village.uow, village.ann.id, village.bees.id, NOW)


def test_community_of_another_server_is_not_ours_to_speak_for(village: Village) -> None:
    village.member(village.far, village.ann, Role.OWNER)

    assert not may_act_as(village.uow, village.ann.id, village.far.id, NOW)


def test_suspension_of_either_ends_it(village: Village) -> None:
    village.member(village.bees, village.ann, Role.OWNER)
    village.member(village.club, village.bob, Role.OWNER)

    village.suspend(village.ann)
    village.suspend(village.club)

    assert not may_act_as(village.uow, village.ann.id, village.bees.id, NOW)
    assert not may_act_as(village.uow, village.bob.id, village.club.id, NOW)
