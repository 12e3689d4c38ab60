"""Power in the rooms of a community: what every role may do there, and back from level to role.

The node's own user stands above every level, as creator of rooms of version 12, and is never
named. What follows from the community's settings takes `NODE_ONLY`, which no person has: clients
then do not offer it. Roles take the level of an owner, so that moderators can be appointed in a
Matrix client; the community's rules still decide, and the levels are written anew where they
refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from communities.community import CommunityKind
from communities.membership import Membership
from communities.roles import Standing, standing
from communities.rooms import NODE_LOCALPART, Inviter, RoomSettings, RoomUse, terms


class RoomRole(StrEnum):
    """What somebody is in the rooms of a community.

    A host leads broadcasts and talk; who is muted reads along. A visitor does not belong there.
    """

    OWNER = "owner"
    MODERATOR = "moderator"
    HOST = "host"
    MEMBER = "member"
    MUTED = "muted"
    VISITOR = "visitor"


LEVELS: Final[Mapping[RoomRole, int]] = {
    RoomRole.OWNER: 100,
    RoomRole.MODERATOR: 50,
    RoomRole.HOST: 25,
    RoomRole.MEMBER: 0,
    RoomRole.MUTED: -1,
    RoomRole.VISITOR: 0,
}
"""The level of every role. Clients call 100, 50, 0 and -1 by their own words, much like these."""

NODE_ONLY: Final = 150
"""The level of what the node alone does; above every role."""

if set(LEVELS) != set(RoomRole) or max(LEVELS.values()) >= NODE_ONLY:
    raise AssertionError("every role needs a level, below that of the node")

_OF_STANDING: Final[Mapping[Standing, RoomRole]] = {
    Standing.BANNED: RoomRole.VISITOR,
    Standing.VISITOR: RoomRole.VISITOR,
    Standing.PENDING: RoomRole.VISITOR,
    Standing.MEMBER: RoomRole.MEMBER,
    Standing.MODERATOR: RoomRole.MODERATOR,
    Standing.OWNER: RoomRole.OWNER,
}

if set(_OF_STANDING) != set(Standing):
    raise AssertionError("every standing needs its role in rooms")

_ANNOUNCING: Final = frozenset({CommunityKind.PAGE, CommunityKind.FORUM})
_HOST, _MODERATOR, _OWNER = (
    LEVELS[role] for role in (RoomRole.HOST, RoomRole.MODERATOR, RoomRole.OWNER)
)
_OF_SETTINGS: Final = (
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.canonical_alias",
    "m.room.name",
    "m.room.server_acl",
    "m.room.tombstone",
    "m.space.parent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleWish:
    """Somebody gave a person another role by their level in a room."""

    user_id: str
    was: RoomRole
    role: RoomRole


def room_role(membership: Membership | None, at: datetime) -> RoomRole:
    """Give what the holder of a membership is in the rooms, at that time."""
    return _OF_STANDING[standing(membership, at)]


def power_levels(
    settings: RoomSettings, use: RoomUse, roles: Mapping[str, RoomRole]
) -> dict[str, int | dict[str, int]]:
    """Give the content of m.room.power_levels; `roles` are those of people, by Matrix id.

    Nobody talks in a Space. In the rooms of a page or forum moderators announce and members react;
    in those of a group or channel members talk. A ban and its end take the level of moderators,
    and one's own level must be higher than that of whom one kicks or bans, as in posts.

    Spec: matrix/v1.19 client-server API "m.room.power_levels".
    Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 10.4 (creators are not named).

    Raises:
        Invalid: visibility and way of joining do not go together.
    """
    is_space = use is RoomUse.SPACE
    by_node = terms(settings).inviter is Inviter.NODE
    return {
        "users": _users(roles),
        "users_default": 0,
        "events": {"m.room.power_levels": _OWNER} if is_space else _events(settings),
        "events_default": NODE_ONLY if is_space else _talking(settings.kind),
        "state_default": NODE_ONLY if is_space else _MODERATOR,
        "ban": _MODERATOR,
        "kick": _MODERATOR,
        "redact": _MODERATOR if is_space else _HOST,
        "invite": NODE_ONLY if by_node else _MODERATOR,
        "notifications": {"room": _MODERATOR},
    }


def sending_level(settings: RoomSettings, event_type: str) -> int:
    """Give the level for sending a message of this type to a chat room. Raises as `power_levels`.

    Spec: matrix/v1.19 server-server API "Definitions", required power level.
    """
    return _events(settings).get(event_type, _talking(settings.kind))


def role_of_level(level: int) -> RoomRole:
    """Give the role that a level stands for; levels between two roles are the lower one."""
    for role in (RoomRole.OWNER, RoomRole.MODERATOR, RoomRole.HOST, RoomRole.MEMBER):
        if level >= LEVELS[role]:
            return role
    return RoomRole.MUTED


def role_wishes(wanted: Mapping[str, int], arrived: Mapping[str, int]) -> list[RoleWish]:
    """Give the roles that a power levels event from Matrix changes, by its `users`.

    `wanted` are the users as the community has them. Whoever is named in neither is a member.
    Levels that leave the role as it is are no wish, and neither is the node's own user.
    """
    wishes = []
    for user_id in sorted({*wanted, *arrived}):
        was = role_of_level(wanted.get(user_id, 0))
        role = role_of_level(arrived.get(user_id, 0))
        if role is not was and not _is_node_user(user_id):
            wishes.append(RoleWish(user_id=user_id, was=was, role=role))
    return wishes


def _users(roles: Mapping[str, RoomRole]) -> dict[str, int]:
    return {
        user_id: LEVELS[role]
        for user_id, role in sorted(roles.items())
        if LEVELS[role] != 0 and not _is_node_user(user_id)
    }


def _is_node_user(user_id: str) -> bool:
    return user_id.startswith(f"@{NODE_LOCALPART}:")


def _talking(kind: CommunityKind) -> int:
    return _MODERATOR if kind in _ANNOUNCING else LEVELS[RoomRole.MEMBER]


def _events(settings: RoomSettings) -> dict[str, int]:
    member = LEVELS[RoomRole.MEMBER]
    encryption = _OWNER if terms(settings).encryption_allowed else NODE_ONLY
    return {
        **dict.fromkeys(_OF_SETTINGS, NODE_ONLY),
        "m.room.encryption": encryption,
        "m.room.power_levels": _OWNER,
        "m.room.pinned_events": _HOST,
        "x.noaber.live": _HOST,
        "m.reaction": member,
        # Taking back what one said oneself; for that of others there is the level `redact`.
        "m.room.redaction": member,
    }
