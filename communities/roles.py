"""Who may do what: one table of standing x action, and the two questions asked of it.

The table gives the least standing an action needs. READ, POST, COMMENT and REACT depend on the
policies of the community as well. The rest of the domain asks `require`; nothing else authorises.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum

from communities.actors import Actor, may_act
from communities.community import Community, CommunityVisibility, PostingPolicy
from communities.errors import NotAllowed, NotFound, Reason
from communities.membership import Membership, MembershipState, Role
from communities.ports import UnitOfWork


class Action(StrEnum):
    """What one can do in a community."""

    READ = "read"
    POST = "post"
    COMMENT = "comment"
    REACT = "react"
    REPORT = "report"
    EDIT_OWN = "edit-own"
    SEE_REMOVED = "see-removed"
    REMOVE = "remove"
    LOCK = "lock"
    PIN = "pin"
    BAN = "ban"
    INVITE = "invite"
    ADMIT = "admit"
    RESOLVE_REPORT = "resolve-report"
    ADD_MODERATOR = "add-moderator"
    ACT_AS = "act-as"
    REMOVE_MODERATOR = "remove-moderator"
    EDIT_COMMUNITY = "edit-community"
    CHANGE_OWNERS = "change-owners"
    CLOSE_COMMUNITY = "close-community"


class Standing(IntEnum):
    """Where somebody stands in a community, by power: a higher one may all that a lower one may.

    `PENDING` has asked to join and waits; it differs from a visitor only in the reason given.
    """

    BANNED = 0
    VISITOR = 1
    PENDING = 2
    MEMBER = 3
    MODERATOR = 4
    OWNER = 5


TABLE: Mapping[Action, Standing] = {
    Action.READ: Standing.VISITOR,
    Action.POST: Standing.VISITOR,
    Action.COMMENT: Standing.VISITOR,
    Action.REACT: Standing.VISITOR,
    Action.REPORT: Standing.BANNED,
    Action.EDIT_OWN: Standing.VISITOR,
    Action.SEE_REMOVED: Standing.MODERATOR,
    Action.REMOVE: Standing.MODERATOR,
    Action.LOCK: Standing.MODERATOR,
    Action.PIN: Standing.MODERATOR,
    Action.BAN: Standing.MODERATOR,
    Action.INVITE: Standing.MODERATOR,
    Action.ADMIT: Standing.MODERATOR,
    Action.RESOLVE_REPORT: Standing.MODERATOR,
    Action.ADD_MODERATOR: Standing.MODERATOR,
    Action.ACT_AS: Standing.MODERATOR,
    Action.REMOVE_MODERATOR: Standing.OWNER,
    Action.EDIT_COMMUNITY: Standing.OWNER,
    Action.CHANGE_OWNERS: Standing.OWNER,
    Action.CLOSE_COMMUNITY: Standing.OWNER,
}
"""The least standing that each action needs; policies of the community may ask for more."""

if set(TABLE) != set(Action):
    raise AssertionError("every action needs its row")

_POSTING = {
    PostingPolicy.ANYONE: Standing.VISITOR,
    PostingPolicy.MEMBERS: Standing.MEMBER,
    PostingPolicy.MODERATORS: Standing.MODERATOR,
}
_OF_ROLE = {
    Role.OWNER: Standing.OWNER,
    Role.MODERATOR: Standing.MODERATOR,
    Role.MEMBER: Standing.MEMBER,
}
_INSIDE = frozenset(
    {Action.READ, Action.POST, Action.COMMENT, Action.REACT, Action.EDIT_OWN, Action.REPORT}
)


def is_banned(membership: Membership | None, at: datetime) -> bool:
    """Whether a ban holds at that time; one whose `until` has passed does not count."""
    return (
        membership is not None
        and membership.state is MembershipState.BANNED
        and (membership.until is None or membership.until > at)
    )


def standing(membership: Membership | None, at: datetime) -> Standing:
    """Where the holder of this membership stands at that time."""
    if membership is None:
        return Standing.VISITOR
    if is_banned(membership, at):
        return Standing.BANNED
    if membership.state is MembershipState.MEMBER:
        return _OF_ROLE[membership.role]
    if membership.state is MembershipState.REQUESTED:
        return Standing.PENDING
    return Standing.VISITOR


def standing_of(uow: UnitOfWork, community: Community, actor: Actor, at: datetime) -> Standing:
    """Where an actor stands in a community; the community itself stands as an owner."""
    if actor.id == community.id:
        return Standing.OWNER
    return standing(uow.memberships.get(community.id, actor.id), at)


def needed(community: Community, action: Action) -> Standing:
    """The least standing that the action needs in this community, its policies included.

    The posting policy is about posts and, where only members may write, about comments: under
    MODERATORS (a page, a channel) anyone who can read may still comment.
    """
    least = TABLE[action]
    if action is Action.POST:
        least = max(least, _POSTING[community.posting])
    elif action is Action.COMMENT and community.posting is PostingPolicy.MEMBERS:
        least = max(least, Standing.MEMBER)
    if action in _INSIDE and not community.is_open_to_read:
        least = max(least, Standing.MEMBER)
    return least


def refusal(community: Community, held: Standing, action: Action) -> Reason | None:
    """Why somebody of this standing may not do it; None when they may."""
    if action is Action.READ and held is Standing.BANNED and community.is_open_to_read:
        return None
    least = needed(community, action)
    if held >= least:
        return None
    if held is Standing.BANNED:
        return Reason.BANNED
    if least > Standing.MEMBER:
        return Reason.ROLE
    return Reason.PENDING if held is Standing.PENDING else Reason.NOT_A_MEMBER


def may(
    community: Community, actor: Actor, membership: Membership | None, action: Action, at: datetime
) -> bool:
    """Whether an actor may do something in a community, given their membership of it."""
    if not may_act(actor):
        return False
    held = Standing.OWNER if actor.id == community.id else standing(membership, at)
    return refusal(community, held, action) is None


_SENTENCES = {
    Reason.BANNED: "You are banned from this community",
    Reason.ROLE: "This is for moderators of the community",
    Reason.PENDING: "Your request to join has not been answered yet",
    Reason.NOT_A_MEMBER: "This is for members of the community",
}


def require(
    uow: UnitOfWork, community: Community, actor: Actor, action: Action, at: datetime
) -> Standing:
    """The standing of an actor who may do this here.

    Spec: security PRV-01 (a secret community is answered like one that does not exist).

    Raises:
        NotFound: they may not, and the community is secret and never had to do with them.
        NotAllowed: they may not; suspended actors may nothing.
    """
    if not may_act(actor):
        raise NotAllowed(Reason.SUSPENDED, "This account is suspended or gone")
    held = standing_of(uow, community, actor, at)
    reason = refusal(community, held, action)
    if reason is not None:
        if held is Standing.VISITOR and community.visibility is CommunityVisibility.SECRET:
            raise NotFound("No such community")
        raise NotAllowed(reason, _SENTENCES[reason])
    return held
