"""Making people moderators and owners, and the other way round.

Spec: security GRP-02; a moderator may live anywhere, an owner stays until there is another.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from communities.actors import Actor, find_actor, find_community, require_actor
from communities.authority import Case, decide, refuse_claim
from communities.community import Community
from communities.errors import Conflict, Invalid, NotAllowed, Reason
from communities.events import RoleChanged
from communities.joining import current_membership, is_last_owner
from communities.limits import check_reason
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.reports import LogEntry, ModerationAction
from communities.roles import Action, require

_POWER = {Role.MEMBER: 0, Role.MODERATOR: 1, Role.OWNER: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRole:
    """A role given to a member or taken away.

    `staff` says that whoever acts runs this node (checked by the surface): they appoint an owner
    where none is left.
    """

    community_id: ActorKey
    person_id: ActorKey
    role: Role
    moderator_id: ActorKey
    at: datetime
    reason: str = ""
    staff: bool = False


def grant_role(uow: UnitOfWork, command: ChangeRole, announced_by: ActorKey | None = None) -> bool:
    """Make a member a moderator or owner; False when they are that, or more, already.

    Moderators appoint moderators, owners appoint owners. A community elsewhere may appoint
    people of peers of whom we did not know that they are members, and of ours who asked to be.

    Spec: security ORI-14 (nobody of this node is a member unasked).

    Raises:
        NotFound: there is no such community or person.
        NotAllowed: the person is no member, or who appoints may not; or someone else than the
            community announced it.
        Conflict: the community says so of someone it has banned.
        Invalid: `role` is that of a plain member, or the reason is too long.
    """
    community, case = _decide(uow, command, announced_by)
    appointing = Action.CHANGE_OWNERS if command.role is Role.OWNER else Action.ADD_MODERATOR
    _require(uow, command, community, case, appointing)
    current = current_membership(uow, community.id, command.person_id, command.at)
    if current.state is MembershipState.BANNED and case is Case.FACT:
        raise Conflict("A banned person cannot have a role")
    if current.state is not MembershipState.MEMBER:
        asked = current.state is MembershipState.REQUESTED
        ours = find_actor(uow, command.person_id).is_local
        if case is not Case.FACT or (ours and not asked):
            raise NotAllowed(Reason.NOT_A_MEMBER, "Only members can become moderators")
        current = replace(current, state=MembershipState.MEMBER, role=Role.MEMBER, since=command.at)
    elif _POWER[current.role] >= _POWER[command.role]:
        return False
    _finish(uow, command, replace(current, role=command.role), case, granted=True)
    return True


def revoke_role(uow: UnitOfWork, command: ChangeRole, announced_by: ActorKey | None = None) -> bool:
    """Make a moderator or owner a plain member; False when they do not have that role.

    Owners do so, and everyone may step down. The last owner of a community of this node stays.

    Raises:
        NotFound: there is no such community or person.
        NotAllowed: who acts may not, the last owner would go, or someone else than the community
            announced it.
        Invalid: `role` is that of a plain member, or the reason is too long.
    """
    community, case = _decide(uow, command, announced_by)
    taking = Action.CHANGE_OWNERS if command.role is Role.OWNER else Action.REMOVE_MODERATOR
    if command.person_id != command.moderator_id:
        _require(uow, command, community, case, taking)
    current = current_membership(uow, community.id, command.person_id, command.at)
    if current.state is not MembershipState.MEMBER or current.role is not command.role:
        return False
    if case is Case.COMMAND and is_last_owner(uow, current):
        raise NotAllowed(Reason.LAST_OWNER, "Make someone else an owner first")
    _finish(uow, command, replace(current, role=Role.MEMBER), case, granted=False)
    return True


def _decide(
    uow: UnitOfWork, command: ChangeRole, announced_by: ActorKey | None
) -> tuple[Community, Case]:
    check_reason(command.reason)
    if command.role is Role.MEMBER:
        raise Invalid("role", "Name the role of a moderator or owner")
    find_actor(uow, command.person_id)
    community = find_community(uow, command.community_id)
    case = decide(community, find_actor(uow, command.moderator_id), announced_by)
    refuse_claim(case)
    return community, case


def _require(
    uow: UnitOfWork, command: ChangeRole, community: Community, case: Case, action: Action
) -> None:
    if case is Case.FACT:
        return
    moderator: Actor = require_actor(uow, command.moderator_id)
    if command.staff and moderator.is_local and community.is_local:
        return
    require(uow, community, moderator, action, command.at)


def _finish(
    uow: UnitOfWork, command: ChangeRole, changed: Membership, case: Case, *, granted: bool
) -> None:
    if case is not Case.REQUEST:
        uow.memberships.put(changed)
        uow.reports.log(
            LogEntry(
                at=command.at,
                moderator_id=command.moderator_id,
                action=ModerationAction.ADD_MODERATOR
                if granted
                else ModerationAction.REMOVE_MODERATOR,
                community_id=command.community_id,
                subject_id=command.person_id,
                reason=command.reason,
            )
        )
    uow.record(
        RoleChanged(
            community_id=command.community_id,
            person_id=command.person_id,
            moderator_id=command.moderator_id,
            role=command.role,
            granted=granted,
            requested=case is Case.REQUEST,
        )
    )
