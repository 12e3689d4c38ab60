"""Power in community rooms, tried with the auth rules of room version 12."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities.community import CommunityKind, CommunityVisibility, JoinPolicy
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey
from communities.room_levels import (
    LEVELS,
    NODE_ONLY,
    RoleWish,
    RoomRole,
    power_levels,
    role_of_level,
    role_wishes,
    room_role,
    sending_level,
)
from communities.room_membership import InRoom
from communities.rooms import TABLE, RoomSettings, RoomUse
from tests.communities.room_states import (
    HOST,
    MEMBER,
    MODERATOR,
    MUTED,
    NODE,
    OWNER,
    ROLES,
    STRANGER,
    MatrixRoom,
)
from tests.communities.village import NOW

BEES = RoomSettings(localpart="bees", name="Bees")
PEOPLE = (OWNER, MODERATOR, HOST, MEMBER, MUTED)
HELLO = {"msgtype": "m.text", "body": "hello"}
LEVELS_TYPE = "m.room.power_levels"


def talkers(settings: RoomSettings, use: RoomUse, kind: str = "m.room.message") -> list[str]:
    room = MatrixRoom(settings, use)
    return [user for user in PEOPLE if room.may(user, kind, None, HELLO)]


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (CommunityKind.GROUP, [OWNER, MODERATOR, HOST, MEMBER]),
        (CommunityKind.CHANNEL, [OWNER, MODERATOR, HOST, MEMBER]),
        (CommunityKind.PAGE, [OWNER, MODERATOR]),
        (CommunityKind.FORUM, [OWNER, MODERATOR]),
    ],
)
def test_members_talk_in_groups_and_channels_and_moderators_announce_elsewhere(
    kind: CommunityKind, allowed: list[str]
) -> None:
    assert talkers(replace(BEES, kind=kind), RoomUse.CHAT) == allowed


@pytest.mark.parametrize("kind", list(CommunityKind))
def test_all_but_the_muted_react_and_take_back_what_they_said(kind: CommunityKind) -> None:
    settings = replace(BEES, kind=kind)

    assert MUTED not in talkers(settings, RoomUse.CHAT, "m.reaction")
    assert MEMBER in talkers(settings, RoomUse.CHAT, "m.reaction")
    assert MEMBER in talkers(settings, RoomUse.CHAT, "m.room.redaction")


def test_nobody_talks_in_a_space() -> None:
    assert talkers(BEES, RoomUse.SPACE) == []


@pytest.mark.parametrize("use", list(RoomUse))
@pytest.mark.parametrize("pair", list(TABLE), ids="-".join)
def test_nobody_but_the_node_changes_what_follows_from_the_settings(
    pair: tuple[CommunityVisibility, JoinPolicy], use: RoomUse
) -> None:
    room = MatrixRoom(replace(BEES, visibility=pair[0], join=pair[1]), use)
    kinds = (
        "m.room.join_rules",
        "m.room.history_visibility",
        "m.room.guest_access",
        "m.room.canonical_alias",
        "m.room.name",
        "m.room.server_acl",
        "m.room.tombstone",
        "m.space.parent",
    )

    for kind in kinds:
        assert room.may(NODE, kind, "", {})
        assert not any(room.may(user, kind, "", {}) for user in PEOPLE)


def test_children_of_a_space_are_the_nodes_to_add() -> None:
    room = MatrixRoom(BEES, RoomUse.SPACE)

    assert not any(room.may(user, "m.space.child", "!x", {"via": ["h"]}) for user in PEOPLE)


def test_owners_encrypt_where_strangers_do_not_read_along() -> None:
    club = replace(BEES, visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
    content = {"algorithm": "m.megolm.v1.aes-sha2"}

    open_, private = (MatrixRoom(each, RoomUse.CHAT) for each in (BEES, club))

    assert not open_.may(OWNER, "m.room.encryption", "", content)
    assert private.may(OWNER, "m.room.encryption", "", content)
    assert not private.may(MODERATOR, "m.room.encryption", "", content)


def test_moderators_keep_order_among_those_below_them() -> None:
    room = MatrixRoom(BEES, RoomUse.CHAT)

    assert room.may_be(MODERATOR, MEMBER, InRoom.BAN)
    assert room.may_be(MODERATOR, HOST, InRoom.LEAVE)
    assert room.may_be(MODERATOR, STRANGER, InRoom.INVITE)
    assert not room.may_be(MODERATOR, MODERATOR, InRoom.BAN)
    assert not room.may_be(MODERATOR, OWNER, InRoom.BAN)
    assert not room.may_be(HOST, MEMBER, InRoom.LEAVE)
    assert not room.may_be(MEMBER, STRANGER, InRoom.INVITE)


def test_the_node_can_take_power_from_everyone() -> None:
    room = MatrixRoom(BEES, RoomUse.CHAT)
    nobody = dict(power_levels(BEES, RoomUse.CHAT, {}))

    assert room.may(NODE, LEVELS_TYPE, "", nobody)
    assert all(room.may_be(NODE, user, InRoom.BAN) for user in PEOPLE)
    assert not any(room.may_be(user, NODE, InRoom.BAN) for user in PEOPLE)


def test_owners_appoint_in_a_client_and_moderators_do_not() -> None:
    room = MatrixRoom(BEES, RoomUse.CHAT)
    promoted = dict(power_levels(BEES, RoomUse.CHAT, {**ROLES, MEMBER: RoomRole.MODERATOR}))
    above = {**promoted, "users": {OWNER: NODE_ONLY}}

    assert room.may(OWNER, LEVELS_TYPE, "", promoted)
    assert not room.may(MODERATOR, LEVELS_TYPE, "", promoted)
    assert not room.may(OWNER, LEVELS_TYPE, "", above)


@pytest.mark.parametrize("use", list(RoomUse))
def test_no_person_has_the_level_of_the_node(use: RoomUse) -> None:
    users = power_levels(BEES, use, {**ROLES, NODE: RoomRole.OWNER})["users"]

    assert users == {OWNER: 100, MODERATOR: 50, HOST: 25, MUTED: -1}


def test_closed_communities_take_invitations_from_the_node_alone() -> None:
    closed = MatrixRoom(replace(BEES, join=JoinPolicy.CLOSED), RoomUse.SPACE)

    assert not any(closed.may_be(user, STRANGER, InRoom.INVITE) for user in PEOPLE)
    assert closed.may_be(NODE, STRANGER, InRoom.INVITE)


@pytest.mark.parametrize("kind", ["m.room.message", "m.reaction", "x.noaber.live"])
def test_the_level_of_a_message_is_that_of_the_room(kind: str) -> None:
    for settings in (BEES, replace(BEES, kind=CommunityKind.PAGE)):
        allowed = [user for user in PEOPLE if LEVELS[ROLES[user]] >= sending_level(settings, kind)]
        assert talkers(settings, RoomUse.CHAT, kind) == allowed


@pytest.mark.parametrize(
    ("level", "role"),
    [
        (2**53 - 1, RoomRole.OWNER),
        (100, RoomRole.OWNER),
        (99, RoomRole.MODERATOR),
        (50, RoomRole.MODERATOR),
        (49, RoomRole.HOST),
        (25, RoomRole.HOST),
        (24, RoomRole.MEMBER),
        (0, RoomRole.MEMBER),
        (-1, RoomRole.MUTED),
    ],
)
def test_levels_between_two_roles_are_the_lower_one(level: int, role: RoomRole) -> None:
    assert role_of_level(level) is role


def test_levels_set_in_a_client_are_wishes_for_roles() -> None:
    wanted = {OWNER: 100, MODERATOR: 50, HOST: 25}

    wishes = role_wishes(wanted, {OWNER: 100, HOST: 50, MEMBER: 30, NODE: 100})

    assert wishes == [
        RoleWish(user_id=HOST, was=RoomRole.HOST, role=RoomRole.MODERATOR),
        RoleWish(user_id=MODERATOR, was=RoomRole.MODERATOR, role=RoomRole.MEMBER),
        RoleWish(user_id=MEMBER, was=RoomRole.MEMBER, role=RoomRole.HOST),
    ]


def test_levels_as_the_community_has_them_wish_for_nothing() -> None:
    assert role_wishes({OWNER: 100, MUTED: -1}, {OWNER: 120, MUTED: -5, MEMBER: 0}) == []


@pytest.mark.parametrize(
    ("state", "role", "expected"),
    [
        (MembershipState.MEMBER, Role.OWNER, RoomRole.OWNER),
        (MembershipState.MEMBER, Role.MODERATOR, RoomRole.MODERATOR),
        (MembershipState.MEMBER, Role.MEMBER, RoomRole.MEMBER),
        (MembershipState.REQUESTED, Role.MEMBER, RoomRole.VISITOR),
        (MembershipState.INVITED, Role.MEMBER, RoomRole.VISITOR),
        (MembershipState.LEFT, Role.MEMBER, RoomRole.VISITOR),
        (MembershipState.BANNED, Role.MEMBER, RoomRole.VISITOR),
    ],
)
def test_roles_in_rooms_are_those_of_members(
    state: MembershipState, role: Role, expected: RoomRole
) -> None:
    membership = Membership(
        community_id=ActorKey(1), person_id=ActorKey(2), state=state, since=NOW, role=role
    )

    assert room_role(membership, NOW + timedelta(1)) is expected
    assert room_role(None, NOW) is RoomRole.VISITOR
