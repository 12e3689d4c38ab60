"""Accept and Reject: what communities and people elsewhere answer to ours.

Only who was asked can answer; an answer to nothing changes nothing.

Spec: ActivityPub 7.6, 7.7; security ORI-14; NodeBB 6e7c057d86 (unsolicited Accept).
"""

from communities import following, joining, posting
from communities.errors import NotAllowed, NotFound, Reason
from communities.people import ActorKey
from federation.activitypub.act import Act, Context, Handler, nothing_needed
from federation.activitypub.handle_deletes import reason_of
from protocols.activitypub.vocabulary import Activity, ActivityType
from storage.unit_of_work import UnitOfWork

_REQUESTS = (ActivityType.FOLLOW, ActivityType.JOIN)


def accept_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Let one of ours in, who asked.

    Raises:
        NotFound: nobody asked.
        NotAllowed: somebody else was asked.
    """
    asker = _asker(uow, act)
    if asker is None or not _accept(uow, act, asker):
        raise NotFound("Nobody asked for this")


def _accept(uow: UnitOfWork, act: Act, asker: ActorKey) -> bool:
    if uow.communities.get(act.actor) is not None and joining.record_accepted(
        uow, act.actor, asker, act.at
    ):
        return True
    return following.accept(uow, asker, act.actor, act.at)


def reject_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Turn one of ours down or away, or refuse a post that one of ours sent to a community.

    Raises:
        NotFound: nobody asked.
        NotAllowed: somebody else was asked.
    """
    if _refuses_post(uow, act):
        return
    asker = _asker(uow, act)
    if asker is None or not _reject(uow, act, asker):
        raise NotFound("Nobody asked for this")


def _reject(uow: UnitOfWork, act: Act, asker: ActorKey) -> bool:
    reason = reason_of(act.activity)
    if uow.communities.get(act.actor) is not None and joining.record_rejected(
        uow, act.actor, asker, act.at, reason
    ):
        return True
    return following.reject(uow, asker, act.actor)


def _refuses_post(uow: UnitOfWork, act: Act) -> bool:
    """Refuse the pending post that is answered; the domain asks whether it is theirs to refuse."""
    answered = act.activity.object
    if isinstance(answered, Activity):
        uri = answered.object_id if answered.type is ActivityType.CREATE else None
    else:
        uri = act.activity.object_id
    post = uow.posts.by_uri(uri) if uri is not None else None
    if post is None:
        return False
    posting.refuse(uow, post.id, act.at, act.actor, reason_of(act.activity))
    return True


def _asker(uow: UnitOfWork, act: Act) -> ActorKey | None:
    """The actor of ours whose request is answered: it was sent along, or only its id was."""
    answered = act.activity.object
    if not isinstance(answered, Activity):
        return _asker_by_id(uow, act, act.activity.object_id or "")
    if answered.type not in _REQUESTS:
        return None
    if answered.object_id != act.activity.actor:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Somebody else was asked")
    asker = uow.actors.by_uri(answered.actor)
    return asker.id if asker is not None and asker.is_local else None


def _asker_by_id(uow: UnitOfWork, act: Act, uri: str) -> ActorKey | None:
    membership = uow.memberships.asked_by(act.actor, uri)
    found = (
        membership.person_id if membership is not None else uow.people.follower_by(act.actor, uri)
    )
    asker = uow.actors.get(found) if found is not None else None
    return found if asker is not None and asker.is_local else None


ACCEPT = Handler(nothing_needed, accept_apply)
REJECT = Handler(nothing_needed, reject_apply)
