"""Follow and Join of what is ours, Undo of the one and Leave, and Invite.

Following a community is joining it; a Group that follows one of our groups gets its posts
(FEP-d36d). Who follows is the signer: nobody asks for another.

Spec: ActivityPub 7.5, 7.10; FEP-1b12; FEP-d36d; reference activitypub 2 (Smithereen joins and
leaves); security ORI-12.
"""

from communities import following, joining
from communities.community import Community
from communities.errors import NotAllowed, NotFound, Reason
from communities.people import ActorKey
from federation.activitypub.act import Act, Context, Handler, nothing_needed
from federation.activitypub.handle_reactions import never_apply
from protocols.activitypub.parsing_origins import same_origin
from protocols.activitypub.vocabulary import Activity, ActivityType, ActorType
from protocols.errors import RemoteProtocolError
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork


def follow_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Let the actor join the community or follow the person; the answer is sent by the log.

    Raises:
        NotFound: it is none of ours.
        NotAllowed: the actor is banned, blocked or suspended.
        RemoteProtocolError: it has no id that an answer could name.
    """
    target = _ours(uow, act.activity)
    uri = act.activity.id
    if uri is None:
        raise RemoteProtocolError("A Follow needs an id, for its answer to name.", status_hint=422)
    if target.kind != "community":
        if act.activity.type is ActivityType.JOIN:
            raise NotFound("Only communities can be joined")
        following.follow(uow, act.actor, target.id, uri, act.at)
    elif uow.communities.get(act.actor) is not None:
        following.follow(uow, act.actor, target.id, uri, act.at)
    else:
        joining.ask_to_join(uow, target.id, act.actor, uri, act.at)


def leave_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """End the membership. Raises as `leave`."""
    leave(uow, act, act.activity)


def leave(uow: UnitOfWork, act: Act, asked: Activity) -> None:
    """End what a Follow or Join of the actor began; one that never came is never applied.

    Raises:
        NotFound: it was about none of ours.
        NotAllowed: the actor is the last owner of the community.
    """
    if not _end(uow, act, _ours(uow, asked)) and asked is not act.activity:
        never_apply(uow, act, asked)


def leave_by_id(uow: UnitOfWork, act: Act, uri: str) -> bool:
    """End what the actor's Follow or Join with this id began; False when there is none."""
    membership = uow.memberships.asked_by_person(act.actor, uri)
    target_id = (
        membership.community_id
        if membership is not None
        else uow.people.followee_by(act.actor, uri)
    )
    target = uow.actors.get(target_id) if target_id is not None else None
    return target is not None and target.is_local and _end(uow, act, target)


def _end(uow: UnitOfWork, act: Act, target: Profile) -> bool:
    if target.kind == "community" and uow.communities.get(act.actor) is None:
        return joining.leave(uow, target.id, act.actor, act.at)
    return following.unfollow(uow, act.actor, target.id)


def _ours(uow: UnitOfWork, asked: Activity) -> Profile:
    """The person or community of this node that a Follow names; the node itself is neither."""
    target = uow.actors.by_uri(asked.object_id or "")
    if target is None or not target.is_local or target.type == ActorType.APPLICATION:
        raise NotFound("There is nobody here with this id")
    return target


def invite_apply(uow: UnitOfWork, act: Act, context: Context) -> None:
    """Invite people to a community: by a moderator to one of ours, or one of ours elsewhere.

    Raises:
        NotFound: the community is not known, or nobody here is invited.
        NotAllowed: who invites has no say in the community.
    """
    community = uow.communities.by_uri(act.activity.object_id or "")
    if community is None:
        raise NotFound("No such community")
    invited = _invited(uow, act, context, community)
    if not invited:
        raise NotFound("Nobody is invited")
    for person_id in invited:
        if community.is_local:
            joining.invite(uow, community.id, person_id, act.actor, act.at, act.activity.id)
        else:
            joining.record_invited(uow, community.id, person_id, act.at, act.activity.id)


def _invited(
    uow: UnitOfWork, act: Act, context: Context, community: Community
) -> tuple[ActorKey, ...]:
    """Those named: to a community of ours anyone known, to one elsewhere only people of ours.

    Raises:
        NotAllowed: the invitation is not from the community's own server.
    """
    if not community.is_local and not same_origin(community.uri, act.activity.actor):
        raise NotAllowed(Reason.NOT_AUTHORITY, "Only the community itself can invite")
    named = dict.fromkeys(uri for uri in (act.activity.target, *act.activity.to) if uri is not None)
    found = []
    for uri in named:
        if not community.is_local and context.uris.key_of(uri, "u") is None:
            continue
        profile = uow.people.by_uri(uri)
        if profile is None or profile.id in (act.actor, community.id):
            continue
        if profile.is_local and uow.people.has_blocked(profile.id, act.actor):
            continue
        found.append(profile.id)
    return tuple(found)


FOLLOW = Handler(nothing_needed, follow_apply)
LEAVE = Handler(nothing_needed, leave_apply)
INVITE = Handler(nothing_needed, invite_apply)
