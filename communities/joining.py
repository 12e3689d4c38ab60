"""Becoming a member and leaving: what people ask, what moderators and authorities answer.

In a community of this node `ask_to_join` and `leave` are commands and the moderators `admit`,
`refuse` and `invite`. In a community elsewhere one of ours requests (`request_to_join`) and its
authority answers (`record_accepted`, `record_rejected`, `record_invited`). Bans are in `banning`.
"""

from dataclasses import replace
from datetime import datetime

from communities.actors import find_actor, find_community, require_actor
from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.errors import Conflict, NotAllowed, NotFound, Reason
from communities.events import MembershipChanged
from communities.membership import Membership, MembershipState, Role, may_become
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.roles import Action, is_banned, require

_ON_ASKING = {
    JoinPolicy.OPEN: MembershipState.MEMBER,
    JoinPolicy.ASK: MembershipState.REQUESTED,
    JoinPolicy.INVITE: MembershipState.REFUSED,
    JoinPolicy.CLOSED: MembershipState.REFUSED,
}
_OUTSIDE = (MembershipState.NONE, MembershipState.LEFT, MembershipState.REFUSED)
_INSIDE = (MembershipState.MEMBER, MembershipState.REQUESTED, MembershipState.INVITED)


def ask_to_join(
    uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey, uri: str, at: datetime
) -> Membership:
    """Become a member, a candidate, or refused, as the community's policy and invitations say.

    Asked again by the same Follow (`uri`) nothing happens; by another one the answer is given
    again under the new id, since the asker may have lost the first (lemmy#6045).

    Raises:
        NotFound: the community is not there, or is secret and did not invite the person.
        NotAllowed: the person is suspended or banned.
    """
    community = find_community(uow, community_id)
    if not community.is_local:
        return request_to_join(uow, community_id, person_id, uri, at)
    require_actor(uow, person_id)
    current = current_membership(uow, community_id, person_id, at)
    if current.state is MembershipState.INVITED:
        return store(uow, current, moved(current, MembershipState.MEMBER, at, uri=uri))
    _refuse_banned(current, at)
    if current.state in (MembershipState.MEMBER, MembershipState.REQUESTED):
        return _answer_again(uow, current, uri)
    if community.visibility is CommunityVisibility.SECRET:
        raise NotFound("No such community")
    following = _ON_ASKING[community.join]
    if following is current.state:
        return _answer_again(uow, current, uri)
    return store(uow, current, moved(current, following, at, uri=uri))


def request_to_join(
    uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey, uri: str, at: datetime
) -> Membership:
    """Let one of ours ask a community elsewhere; it answers by an Accept or a Reject.

    Asked again under a new id, the request is sent again; a member has nothing to ask.

    Raises:
        NotFound: the community is not there.
        NotAllowed: the person is suspended, banned there, or not of this node.
    """
    community = find_community(uow, community_id)
    person = require_actor(uow, person_id)
    if community.is_local or not person.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "There is no other server to ask")
    current = current_membership(uow, community_id, person_id, at)
    _refuse_banned(current, at)
    if current.state is MembershipState.MEMBER:
        return current
    if current.state is MembershipState.REQUESTED:
        return _answer_again(uow, current, uri, requested=True)
    return store(
        uow, current, moved(current, MembershipState.REQUESTED, at, uri=uri), requested=True
    )


def record_accepted(
    uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey, at: datetime
) -> bool:
    """Record that a community elsewhere accepted one of ours; False when nobody asked.

    Spec: security ORI-14 (nothing is shown before the Accept, and none counts unasked).
    """
    community = _find_elsewhere(uow, community_id)
    current = current_membership(uow, community.id, person_id, at)
    if current.uri is None or current.state not in (
        MembershipState.REQUESTED,
        MembershipState.REFUSED,
    ):
        return False
    store(uow, current, moved(current, MembershipState.MEMBER, at), actor_id=community.id)
    return True


def record_rejected(
    uow: UnitOfWork,
    community_id: ActorKey,
    person_id: ActorKey,
    at: datetime,
    reason: str = "",
) -> bool:
    """Record that a community elsewhere refused one of ours, or ended the membership.

    False when the person is neither member nor candidate.
    """
    community = _find_elsewhere(uow, community_id)
    current = current_membership(uow, community.id, person_id, at)
    if current.state is MembershipState.REQUESTED:
        following = MembershipState.REFUSED
    elif current.state is MembershipState.MEMBER:
        following = MembershipState.LEFT
    else:
        return False
    store(uow, current, moved(current, following, at), actor_id=community.id, reason=reason)
    return True


def record_invited(
    uow: UnitOfWork,
    community_id: ActorKey,
    person_id: ActorKey,
    at: datetime,
    uri: str | None = None,
) -> bool:
    """Record that a community elsewhere invites one of ours; False when that changes nothing."""
    community = _find_elsewhere(uow, community_id)
    require_actor(uow, person_id)
    current = current_membership(uow, community.id, person_id, at)
    if current.state not in _OUTSIDE:
        return False
    store(uow, current, moved(current, MembershipState.INVITED, at, uri=uri), actor_id=community.id)
    return True


def admit(
    uow: UnitOfWork,
    community_id: ActorKey,
    person_id: ActorKey,
    moderator_id: ActorKey,
    at: datetime,
) -> Membership:
    """Let a candidate in, also one that was refused before; a member stays one.

    Raises:
        NotFound: the person did not ask.
        NotAllowed: who admits is no moderator here, or the community is not ours.
    """
    current = _for_moderator(uow, community_id, person_id, moderator_id, Action.ADMIT, at)
    if current.state is MembershipState.MEMBER:
        return current
    if current.state not in (MembershipState.REQUESTED, MembershipState.REFUSED):
        raise NotFound("This person did not ask to join")
    require_actor(uow, person_id)
    return store(uow, current, moved(current, MembershipState.MEMBER, at), actor_id=moderator_id)


def refuse(
    uow: UnitOfWork,
    community_id: ActorKey,
    person_id: ActorKey,
    moderator_id: ActorKey,
    at: datetime,
    reason: str = "",
) -> Membership:
    """Turn a candidate down; one that was refused stays so.

    Raises:
        NotFound: the person did not ask.
        NotAllowed: who refuses is no moderator here, or the community is not ours.
    """
    current = _for_moderator(uow, community_id, person_id, moderator_id, Action.ADMIT, at)
    if current.state is MembershipState.REFUSED:
        return current
    if current.state is not MembershipState.REQUESTED:
        raise NotFound("This person did not ask to join")
    return store(
        uow,
        current,
        moved(current, MembershipState.REFUSED, at),
        actor_id=moderator_id,
        reason=reason,
    )


def invite(
    uow: UnitOfWork,
    community_id: ActorKey,
    person_id: ActorKey,
    moderator_id: ActorKey,
    at: datetime,
    uri: str | None = None,
) -> Membership:
    """Invite a person; one who had asked becomes a member, and members and invited stay that.

    Raises:
        NotFound: there is no such person.
        NotAllowed: who invites is no moderator here, or the person is banned or suspended.
    """
    current = _for_moderator(uow, community_id, person_id, moderator_id, Action.INVITE, at)
    require_actor(uow, person_id)
    _refuse_banned(current, at)
    if current.state is MembershipState.REQUESTED:
        return store(
            uow, current, moved(current, MembershipState.MEMBER, at), actor_id=moderator_id
        )
    if current.state not in _OUTSIDE:
        return current
    return store(
        uow, current, moved(current, MembershipState.INVITED, at, uri=uri), actor_id=moderator_id
    )


def leave(uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey, at: datetime) -> bool:
    """End a membership, a request or an invitation; False when there is none.

    It holds at once, also in a community elsewhere, which is told.

    Raises:
        NotFound: there is no such community or person.
        NotAllowed: the person is the last owner of a community of this node.
    """
    community = uow.communities.get(community_id)
    if community is None:
        raise NotFound("No such community")
    person = find_actor(uow, person_id)
    current = current_membership(uow, community_id, person_id, at)
    if current.state not in _INSIDE:
        return False
    if community.is_local and is_last_owner(uow, current):
        raise NotAllowed(Reason.LAST_OWNER, "Make someone else an owner first")
    requested = person.is_local and not community.is_local
    store(uow, current, moved(current, MembershipState.LEFT, at), requested=requested)
    return True


def is_last_owner(uow: UnitOfWork, membership: Membership) -> bool:
    """Whether the community would be without an owner if this membership ended."""
    return (
        membership.state is MembershipState.MEMBER
        and membership.role is Role.OWNER
        and uow.memberships.count_in_role(membership.community_id, Role.OWNER) <= 1
    )


def current_membership(
    uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey, at: datetime
) -> Membership:
    """The membership as it counts now: NONE without a row, LEFT when a ban has run out."""
    stored = uow.memberships.get(community_id, person_id)
    if stored is None:
        return Membership(
            community_id=community_id, person_id=person_id, state=MembershipState.NONE, since=at
        )
    if stored.state is MembershipState.BANNED and not is_banned(stored, at):
        return replace(stored, state=MembershipState.LEFT, role=Role.MEMBER, until=None)
    return stored


def moved(
    current: Membership,
    following: MembershipState,
    at: datetime,
    *,
    uri: str | None = None,
    until: datetime | None = None,
) -> Membership:
    """The membership in another state of the graph; its role ends with the old one.

    Raises:
        Conflict: the graph has no such transition.
    """
    if not may_become(current.state, following):
        raise Conflict(f"Who is {current.state} cannot become {following}")
    return replace(
        current, state=following, since=at, role=Role.MEMBER, uri=uri or current.uri, until=until
    )


def store(
    uow: UnitOfWork,
    current: Membership,
    changed: Membership,
    *,
    actor_id: ActorKey | None = None,
    reason: str = "",
    requested: bool = False,
) -> Membership:
    """Store a changed membership and tell; `actor_id` is who did it, by default the person."""
    uow.memberships.put(changed)
    uow.record(
        told(
            uow,
            current,
            changed,
            actor_id=changed.person_id if actor_id is None else actor_id,
            reason=reason,
            requested=requested,
        )
    )
    return changed


def told(
    uow: UnitOfWork,
    current: Membership,
    changed: Membership,
    *,
    actor_id: ActorKey,
    reason: str,
    requested: bool,
) -> MembershipChanged:
    """The event of a change; it names the person's own host, which may have no member left."""
    person = uow.people.get(changed.person_id)
    host = None if person is None else person.host
    return MembershipChanged(
        community_id=changed.community_id,
        person_id=changed.person_id,
        state=changed.state,
        was=current.state,
        actor_id=actor_id,
        uri=changed.uri,
        reason=reason,
        until_ms=None if changed.until is None else int(changed.until.timestamp() * 1000),
        also_tell=() if host is None else (host,),
        requested=requested,
    )


def _answer_again(
    uow: UnitOfWork, current: Membership, uri: str, *, requested: bool = False
) -> Membership:
    if current.uri == uri:
        return current
    return store(uow, current, replace(current, uri=uri), requested=requested)


def _refuse_banned(current: Membership, at: datetime) -> None:
    if is_banned(current, at):
        raise NotAllowed(Reason.BANNED, "You are banned from this community")


def _find_elsewhere(uow: UnitOfWork, community_id: ActorKey) -> Community:
    community = find_community(uow, community_id)
    if community.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "This node decides in this community")
    return community


def _for_moderator(
    uow: UnitOfWork,
    community_id: ActorKey,
    person_id: ActorKey,
    moderator_id: ActorKey,
    action: Action,
    at: datetime,
) -> Membership:
    community = find_community(uow, community_id)
    if not community.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Another server decides in this community")
    require(uow, community, find_actor(uow, moderator_id), action, at)
    return current_membership(uow, community_id, person_id, at)
