"""The rooms of a community: one table of what its visibility and way of joining make of them.

Every community has a Space, and a chat room that belongs to the Space. Both are made by the node's
own user, never by a person: who made a room of version 12 stands above everyone in it for good,
and every person's power must be able to end.

A Space lists its members in its state, and only members may see who belongs to a community
(`visibility.may_see_members`). Therefore no room here is world readable, also not that of a
public community. What one may do in them is in `room_levels`, their
state in `room_state`, who belongs in them in `room_membership`.

Words of Matrix are those of the specification, as plain strings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from communities.community import (
    JOINS,
    Community,
    CommunityKind,
    CommunityVisibility,
    JoinPolicy,
)
from communities.errors import Invalid

ROOM_VERSION: Final = "12"
"""The version of community rooms: the first whose creator stands above all others."""

NODE_LOCALPART: Final = "_noaber"
"""The name of the node's own user, which no person can take."""


class RoomUse(StrEnum):
    """What a room is to its community; every room that is not the Space is a chat room."""

    SPACE = "space"
    CHAT = "chat"


class Reach(StrEnum):
    """Whether people of other servers can belong to a community."""

    FEDERATED = "federated"
    LOCAL_ONLY = "local-only"


class JoinRule(StrEnum):
    """The `join_rule` of m.room.join_rules."""

    PUBLIC = "public"
    KNOCK = "knock"
    INVITE = "invite"
    RESTRICTED = "restricted"
    KNOCK_RESTRICTED = "knock_restricted"


class HistoryVisibility(StrEnum):
    """The `history_visibility` of a room: what members see of the time before they joined."""

    SHARED = "shared"
    JOINED = "joined"


class Listing(StrEnum):
    """Whose directory of public rooms names a room."""

    NOWHERE = "nowhere"
    NODE = "node"
    EVERYWHERE = "everywhere"


class Inviter(StrEnum):
    """Who can invite from a Matrix client."""

    MODERATORS = "moderators"
    NODE = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One row of the table.

    Attributes:
        space: how one joins the Space.
        chat: how one joins the chat room; the restricted rules let members of the Space in.
        listed: the rooms that the directory names.
        inviter: who can invite.
        history: what members see of the time before they joined.
        has_alias: whether the rooms can be found by name. A name that resolves is a name that
            exists, which is more than strangers learn of a secret community.
        encryption_allowed: whether the owners can have the chat room encrypted. Where everyone
            can read along that would be a promise nobody keeps.
    """

    space: JoinRule
    chat: JoinRule
    listed: frozenset[RoomUse]
    inviter: Inviter
    history: HistoryVisibility
    has_alias: bool
    encryption_allowed: bool


_BOTH: Final = frozenset(RoomUse)
_SPACE: Final = frozenset({RoomUse.SPACE})
_NONE: Final[frozenset[RoomUse]] = frozenset()


def _open(
    space: JoinRule,
    chat: JoinRule,
    listed: frozenset[RoomUse],
    inviter: Inviter = Inviter.MODERATORS,
) -> Terms:
    return Terms(
        space=space,
        chat=chat,
        listed=listed,
        inviter=inviter,
        history=HistoryVisibility.SHARED,
        has_alias=True,
        encryption_allowed=False,
    )


def _for_members(
    space: JoinRule,
    chat: JoinRule,
    inviter: Inviter = Inviter.MODERATORS,
    *,
    has_alias: bool,
) -> Terms:
    return Terms(
        space=space,
        chat=chat,
        listed=_NONE,
        inviter=inviter,
        history=HistoryVisibility.JOINED,
        has_alias=has_alias,
        encryption_allowed=True,
    )


_V, _J, _R = CommunityVisibility, JoinPolicy, JoinRule

TABLE: Mapping[tuple[CommunityVisibility, JoinPolicy], Terms] = {
    (_V.PUBLIC, _J.OPEN): _open(_R.PUBLIC, _R.PUBLIC, _BOTH),
    (_V.PUBLIC, _J.ASK): _open(_R.KNOCK, _R.KNOCK_RESTRICTED, _BOTH),
    (_V.PUBLIC, _J.INVITE): _open(_R.INVITE, _R.RESTRICTED, _SPACE),
    (_V.PUBLIC, _J.CLOSED): _open(_R.INVITE, _R.RESTRICTED, _SPACE, Inviter.NODE),
    (_V.UNLISTED, _J.OPEN): _open(_R.PUBLIC, _R.PUBLIC, _NONE),
    (_V.UNLISTED, _J.ASK): _open(_R.KNOCK, _R.KNOCK_RESTRICTED, _NONE),
    (_V.UNLISTED, _J.INVITE): _open(_R.INVITE, _R.RESTRICTED, _NONE),
    (_V.UNLISTED, _J.CLOSED): _open(_R.INVITE, _R.RESTRICTED, _NONE, Inviter.NODE),
    (_V.PRIVATE, _J.ASK): _for_members(_R.KNOCK, _R.KNOCK_RESTRICTED, has_alias=True),
    (_V.PRIVATE, _J.INVITE): _for_members(_R.INVITE, _R.RESTRICTED, has_alias=True),
    (_V.PRIVATE, _J.CLOSED): _for_members(_R.INVITE, _R.RESTRICTED, Inviter.NODE, has_alias=True),
    (_V.SECRET, _J.INVITE): _for_members(_R.INVITE, _R.RESTRICTED, has_alias=False),
    (_V.SECRET, _J.CLOSED): _for_members(_R.INVITE, _R.RESTRICTED, Inviter.NODE, has_alias=False),
}
"""What each visibility and way of joining make of the rooms.

Where one can join or ask, one can do so at the chat room, too: that is the room whose name people
pass on. Listed are rooms in which a stranger has something to do, and the Space as the sign of it.
A private community is not listed: the directory tells how many members a room has.
"""

if set(TABLE) != {(visibility, join) for visibility in JOINS for join in JOINS[visibility]}:
    raise AssertionError("every legal pair of visibility and joining needs its rooms, and no other")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSettings:
    """What of a community decides on its rooms.

    `shows_past` lets members read what was said before they joined; in an open community they can
    anyway.
    """

    localpart: str
    name: str
    topic: str = ""
    kind: CommunityKind = CommunityKind.GROUP
    visibility: CommunityVisibility = CommunityVisibility.PUBLIC
    join: JoinPolicy = JoinPolicy.OPEN
    reach: Reach = Reach.FEDERATED
    shows_past: bool = False


def room_settings(
    community: Community, *, reach: Reach = Reach.FEDERATED, shows_past: bool = False
) -> RoomSettings:
    """Give what of a community decides on its rooms."""
    return RoomSettings(
        localpart=community.localpart,
        name=community.name,
        topic=community.description_source,
        kind=community.kind,
        visibility=community.visibility,
        join=community.join,
        reach=reach,
        shows_past=shows_past,
    )


def terms(settings: RoomSettings) -> Terms:
    """Give the row of the table that holds for a community.

    Spec: product 1.0 (legal pairs of visibility and joining), 1.2 (what strangers see), 2.1.

    Raises:
        Invalid: its visibility and its way of joining do not go together.
    """
    try:
        return TABLE[settings.visibility, settings.join]
    except KeyError:
        raise Invalid(
            "join", f"A {settings.visibility} community cannot be {settings.join} to join"
        ) from None


def join_rule(settings: RoomSettings, use: RoomUse) -> JoinRule:
    """Give how one joins the room. Raises as `terms`."""
    row = terms(settings)
    return row.space if use is RoomUse.SPACE else row.chat


def history_visibility(settings: RoomSettings) -> HistoryVisibility:
    """Give what members see of the time before they joined. Raises as `terms`."""
    row = terms(settings)
    return HistoryVisibility.SHARED if settings.shows_past else row.history


def listing(settings: RoomSettings, use: RoomUse) -> Listing:
    """Give whose directory names the room: other servers never learn of local ones.

    Raises as `terms`.
    """
    if use not in terms(settings).listed:
        return Listing.NOWHERE
    return Listing.EVERYWHERE if settings.reach is Reach.FEDERATED else Listing.NODE


def room_alias(settings: RoomSettings, use: RoomUse, domain: str) -> str | None:
    """Give the alias of the room, None where it can have none. Raises as `terms`.

    Names of communities hold no dot, so that no other community can take the chat's alias.
    """
    if not terms(settings).has_alias:
        return None
    suffix = "" if use is RoomUse.SPACE else ".chat"
    return f"#{settings.localpart}{suffix}:{domain}"


def node_user(domain: str) -> str:
    """Give the Matrix id of the node's own user, which makes all community rooms.

    Spec: house 2.10 (a leading `_` is reserved for the node).
    """
    return f"@{NODE_LOCALPART}:{domain}"
