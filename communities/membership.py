"""Who belongs to a community, and how that changes: a declared graph, checked at import."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from communities.people import ActorKey


class MembershipState(StrEnum):
    """Where a person stands towards a community. `NONE` is the absence of a row."""

    NONE = "none"
    INVITED = "invited"
    REQUESTED = "requested"
    MEMBER = "member"
    LEFT = "left"
    REFUSED = "refused"
    BANNED = "banned"


class Role(StrEnum):
    """What a member is for; ordered by power in `communities.roles`."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


TRANSITIONS: Mapping[MembershipState, frozenset[MembershipState]] = {
    MembershipState.NONE: frozenset(
        {
            MembershipState.INVITED,
            MembershipState.REQUESTED,
            MembershipState.MEMBER,
            MembershipState.BANNED,
            MembershipState.REFUSED,
        }
    ),
    MembershipState.INVITED: frozenset(
        {
            MembershipState.REQUESTED,
            MembershipState.MEMBER,
            MembershipState.LEFT,
            MembershipState.BANNED,
        }
    ),
    MembershipState.REQUESTED: frozenset(
        {
            MembershipState.MEMBER,
            MembershipState.REFUSED,
            MembershipState.LEFT,
            MembershipState.BANNED,
        }
    ),
    MembershipState.MEMBER: frozenset({MembershipState.LEFT, MembershipState.BANNED}),
    MembershipState.LEFT: frozenset(
        {
            MembershipState.INVITED,
            MembershipState.REQUESTED,
            MembershipState.MEMBER,
            MembershipState.BANNED,
            MembershipState.REFUSED,
        }
    ),
    MembershipState.REFUSED: frozenset(
        {
            MembershipState.INVITED,
            MembershipState.REQUESTED,
            MembershipState.MEMBER,
            MembershipState.BANNED,
            MembershipState.LEFT,
        }
    ),
    MembershipState.BANNED: frozenset({MembershipState.LEFT}),
}
"""From each state the states that may follow; an unban leads to LEFT, never straight back in.

Someone whom a community elsewhere invited still has to ask it: INVITED may become REQUESTED.
"""

if set(TRANSITIONS) != set(MembershipState):
    raise AssertionError("every membership state needs its transitions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One person's standing in one community.

    `uri` is the id of the Follow or Join that asked for it, which Accept and Reject repeat.
    `until` ends a ban. `since` is the time of the last change of state.
    """

    community_id: ActorKey
    person_id: ActorKey
    state: MembershipState
    since: datetime
    role: Role = Role.MEMBER
    uri: str | None = None
    until: datetime | None = None


def may_become(current: MembershipState, following: MembershipState) -> bool:
    """Whether the graph lets a membership go from one state to another."""
    return following in TRANSITIONS[current]
