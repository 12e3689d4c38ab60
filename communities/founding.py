"""Founding communities, changing what they are, and closing them."""

import re
from dataclasses import replace
from datetime import datetime

from communities.actors import find_actor, find_community, require_actor
from communities.authority import Case, decide, refuse_claim
from communities.community import JOINS, Community, CommunityKind
from communities.errors import Conflict, Invalid, NotAllowed, Reason
from communities.events import CommunityChanged
from communities.limits import MAX_TEXT_BYTES, MAX_TITLE, check_reason
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey, ActorState
from communities.ports import UnitOfWork
from communities.reports import LogEntry, ModerationAction
from communities.roles import Action, require

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,29}")


def found_community(
    uow: UnitOfWork, community: Community, founder_id: ActorKey, at: datetime
) -> Community:
    """Make a community of this node, with its founder as the first owner.

    Spec: product 1.0 (legal pairs of visibility and joining).

    Raises:
        NotFound: there is no such founder.
        NotAllowed: the founder is suspended or not of this node.
        Conflict: a community with this id stands already.
        Invalid: the name is not one, or the policies do not go together.
    """
    founder = require_actor(uow, founder_id)
    if not founder.is_local or not community.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Communities are made by people of this node")
    if _NAME.fullmatch(community.localpart) is None:
        raise Invalid("name", "A name has 1 to 30 of a-z, 0-9 and _, and does not begin with _")
    _check(community)
    if uow.communities.get(community.id) is not None or uow.communities.by_uri(community.uri):
        raise Conflict("This community stands already")
    uow.communities.add(community)
    uow.memberships.put(
        Membership(
            community_id=community.id,
            person_id=founder_id,
            state=MembershipState.MEMBER,
            since=at,
            role=Role.OWNER,
        )
    )
    uow.record(CommunityChanged(community_id=community.id, actor_id=founder_id))
    return community


def edit_community(
    uow: UnitOfWork,
    changed: Community,
    editor_id: ActorKey,
    at: datetime,
    announced_by: ActorKey | None = None,
) -> bool:
    """Change name, description and policies; False when nothing changes.

    Identity fields and state stay as they are, whatever `changed` says. A community of this node
    that its members shared in private never becomes public, and a page never becomes a group.

    Raises:
        NotFound: there is no such community.
        NotAllowed: who edits is no owner, or someone else than the community announced it.
        Invalid: the policies do not go together, or a field is too long.
    """
    stored = find_community(uow, changed.id)
    editor = find_actor(uow, editor_id)
    case = decide(stored, editor, announced_by)
    refuse_claim(case)
    if case is not Case.FACT:
        require(uow, stored, editor, Action.EDIT_COMMUNITY, at)
        _check(changed)
        _check_change(stored, changed)
    wanted = replace(
        changed,
        uri=stored.uri,
        localpart=stored.localpart,
        host=stored.host,
        state=stored.state,
        created_at=stored.created_at,
    )
    if wanted == stored:
        return False
    event = CommunityChanged(
        community_id=stored.id, actor_id=editor_id, requested=case is Case.REQUEST
    )
    if case is not Case.REQUEST:
        uow.communities.update(wanted)
        _log(uow, stored.id, editor_id, at, "")
    uow.record(event)
    return True


def close_community(
    uow: UnitOfWork,
    community_id: ActorKey,
    owner_id: ActorKey,
    at: datetime,
    *,
    reason: str = "",
    also_tell: tuple[str, ...] = (),
) -> None:
    """Close a community of this node for good; closing it again finds none.

    `also_tell` are the hosts of its members and followers, looked up before.

    Raises:
        NotFound: there is no such community, or it was closed.
        NotAllowed: who closes it is no owner, or it is of another server.
        Invalid: the reason is too long.
    """
    check_reason(reason)
    community = find_community(uow, community_id)
    if not community.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Another server decides in this community")
    require(uow, community, find_actor(uow, owner_id), Action.CLOSE_COMMUNITY, at)
    uow.communities.update(replace(community, state=ActorState.DELETED))
    _log(uow, community_id, owner_id, at, reason)
    uow.record(
        CommunityChanged(
            community_id=community_id,
            actor_id=owner_id,
            state=ActorState.DELETED,
            also_tell=also_tell,
        )
    )


def _check(community: Community) -> None:
    if community.join not in JOINS[community.visibility]:
        raise Invalid(
            "join", f"A {community.visibility} community cannot be {community.join} to join"
        )
    if not community.name.strip() or len(community.name) > MAX_TITLE:
        raise Invalid("title", f"A community has a title of at most {MAX_TITLE} characters")
    for text in (community.description_html, community.description_source):
        if len(text.encode()) > MAX_TEXT_BYTES:
            raise Invalid("description", f"It is longer than {MAX_TEXT_BYTES} bytes")


def _check_change(stored: Community, changed: Community) -> None:
    if changed.is_open_to_read and not stored.is_open_to_read:
        raise Invalid("visibility", "What was shared in private cannot be made public")
    if changed.kind is not stored.kind and CommunityKind.PAGE in (changed.kind, stored.kind):
        raise Invalid("kind", "A page speaks for itself, a group does not")


def _log(
    uow: UnitOfWork, community_id: ActorKey, moderator_id: ActorKey, at: datetime, reason: str
) -> None:
    uow.reports.log(
        LogEntry(
            at=at,
            moderator_id=moderator_id,
            action=ModerationAction.EDIT_COMMUNITY,
            community_id=community_id,
            reason=reason,
        )
    )
