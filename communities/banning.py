"""Banning people from a community, for a time or for good, and letting them back.

Spec: security GRP-08; a ban names the person's own server in its event, which may have no member
left to be told through.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from communities.actors import find_actor, find_community
from communities.authority import Case, decide, refuse_claim
from communities.community import Community
from communities.errors import Invalid, NotAllowed, Reason
from communities.joining import current_membership, moved, told
from communities.limits import check_reason
from communities.membership import Membership, MembershipState
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.reports import LogEntry, ModerationAction
from communities.roles import Action, require, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class BanMember:
    """One ban, or its end; `until` None means for good.

    `remove_content` takes away what the person posted in the community. `staff` says that the
    moderator runs this node and acts as that, which the surface has checked.
    """

    community_id: ActorKey
    person_id: ActorKey
    moderator_id: ActorKey
    at: datetime
    until: datetime | None = None
    reason: str = ""
    remove_content: bool = False
    staff: bool = False


def ban(uow: UnitOfWork, command: BanMember, announced_by: ActorKey | None = None) -> bool:
    """Ban a person from a community; False when the same ban holds already.

    Nobody bans their equals or betters. At most 500 posts go at once; the event has a job
    finish the work with `remove_content`.

    Raises:
        NotFound: there is no such community or person.
        NotAllowed: who bans is no moderator, or not above the person; or someone else than the
            community announced it.
        Invalid: the end lies in the past, or the reason is too long.
    """
    community, case = _decide(uow, command, announced_by)
    if command.until is not None and command.until <= command.at:
        raise Invalid("until", "A ban ends in the future")
    current = current_membership(uow, community.id, command.person_id, command.at)
    if case is not Case.FACT:
        _require_above(uow, command, community, current)
    if current.state is MembershipState.BANNED:
        if current.until == command.until:
            return False
        banned = replace(current, until=command.until)
    else:
        banned = moved(current, MembershipState.BANNED, command.at, until=command.until)
    _finish(uow, command, current, banned, case)
    if command.remove_content and case is not Case.REQUEST:
        remove_content(uow, community.id, command.person_id, command.at)
    return True


def unban(uow: UnitOfWork, command: BanMember, announced_by: ActorKey | None = None) -> bool:
    """End a ban, which makes nobody a member again; False when none holds. Raises as `ban`."""
    community, case = _decide(uow, command, announced_by)
    if case is not Case.FACT:
        _require_above(uow, command, community, None)
    current = current_membership(uow, community.id, command.person_id, command.at)
    if current.state is not MembershipState.BANNED:
        return False
    _finish(uow, command, current, moved(current, MembershipState.LEFT, command.at), case)
    return True


def remove_content(
    uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey, at: datetime
) -> int:
    """Remove up to 500 posts of a banned person in a community; how many were removed.

    Call it again until it answers less than that.
    """
    return uow.posts.remove_by_author(person_id, community_id, at=at)


def _decide(
    uow: UnitOfWork, command: BanMember, announced_by: ActorKey | None
) -> tuple[Community, Case]:
    check_reason(command.reason)
    find_actor(uow, command.person_id)
    community = find_community(uow, command.community_id)
    moderator = find_actor(uow, command.moderator_id)
    case = decide(community, moderator, announced_by)
    if command.staff and community.is_local and moderator.is_local:
        return community, Case.COMMAND
    refuse_claim(case)
    return community, case


def _require_above(
    uow: UnitOfWork, command: BanMember, community: Community, target: Membership | None
) -> None:
    moderator = find_actor(uow, command.moderator_id)
    if command.staff and community.is_local and moderator.is_local:
        return
    held = require(uow, community, moderator, Action.BAN, command.at)
    if target is not None and standing(target, command.at) >= held:
        raise NotAllowed(Reason.ROLE, "Moderators do not ban each other or the owners")


def _finish(
    uow: UnitOfWork, command: BanMember, current: Membership, changed: Membership, case: Case
) -> None:
    banned = changed.state is MembershipState.BANNED
    event = told(
        uow,
        current,
        changed,
        actor_id=command.moderator_id,
        reason=command.reason,
        requested=case is Case.REQUEST,
    )
    if case is not Case.REQUEST:
        uow.memberships.put(changed)
        uow.reports.log(
            LogEntry(
                at=command.at,
                moderator_id=command.moderator_id,
                action=ModerationAction.BAN if banned else ModerationAction.UNBAN,
                community_id=command.community_id,
                subject_id=command.person_id,
                reason=command.reason,
            )
        )
    uow.record(replace(event, remove_content=banned and command.remove_content))
