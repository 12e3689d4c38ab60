"""Undo: of what the same actor did, or, for acts of moderation, of what any moderator did.

Spec: ActivityPub 7.11; reference activitypub 3; security ORI-12.
"""

from collections.abc import Callable, Mapping

from communities.errors import NotAllowed, NotFound, Reason
from federation.activitypub.act import Act, Context, Handler
from federation.activitypub.handle_deletes import undelete, undelete_needs
from federation.activitypub.handle_membership import leave, leave_by_id
from federation.activitypub.handle_moderation import change_block, change_lock
from federation.activitypub.handle_reactions import undo_given, undo_reaction
from protocols.activitypub.vocabulary import Activity, ActivityType
from storage.unit_of_work import UnitOfWork

_Undo = Callable[[UnitOfWork, Act, Activity], None]


def _unblock(uow: UnitOfWork, act: Act, block: Activity) -> None:
    change_block(uow, act, block, blocked=False)


def _unlock(uow: UnitOfWork, act: Act, lock: Activity) -> None:
    change_lock(uow, act, lock, locked=False)


_UNDO: Mapping[ActivityType, _Undo] = {
    ActivityType.LIKE: undo_reaction,
    ActivityType.DISLIKE: undo_reaction,
    ActivityType.EMOJI_REACT: undo_reaction,
    ActivityType.ANNOUNCE: undo_reaction,
    ActivityType.FOLLOW: leave,
    ActivityType.JOIN: leave,
    ActivityType.BLOCK: _unblock,
    ActivityType.LOCK: _unlock,
    ActivityType.DELETE: undelete,
}
_MODERATION = frozenset({ActivityType.BLOCK, ActivityType.LOCK, ActivityType.DELETE})
"""One moderator may undo what another did; the domain asks whether they are moderators."""
_ANNOUNCED = _UNDO.keys() - {ActivityType.FOLLOW, ActivityType.JOIN, ActivityType.ANNOUNCE}


def undo_needs(uow: UnitOfWork, act: Act, _context: Context) -> frozenset[str]:
    """What bringing back a deleted post needs; nothing for all else.

    Raises:
        NotFound: we do not undo this.
        NotAllowed: somebody else did it.
    """
    undone = act.activity.object
    if not isinstance(undone, Activity):
        return frozenset()
    if undone.type not in (_UNDO if act.announced_by is None else _ANNOUNCED):
        raise NotFound("There is nothing here to undo")
    if undone.actor != act.activity.actor and undone.type not in _MODERATION:
        raise NotAllowed(Reason.NOT_AUTHOR, "Only who did it can undo it")
    return undelete_needs(uow, act, undone) if undone.type is ActivityType.DELETE else frozenset()


def undo_apply(uow: UnitOfWork, act: Act, _context: Context) -> None:
    """Undo it.

    Raises:
        NotFound: it is not known here.
        NotAllowed: somebody else did it, or the actor is no moderator.
    """
    undone = act.activity.object
    if isinstance(undone, Activity):
        _UNDO[undone.type](uow, act, undone)
        return
    uri = act.activity.object_id or ""
    if undo_given(uow, act, uri) or (act.announced_by is None and leave_by_id(uow, act, uri)):
        return
    raise NotFound("There is nothing here to undo")


UNDO = Handler(undo_needs, undo_apply)
