"""Which handler an activity goes to, and which activities must go in order."""

from collections.abc import Mapping

from federation.activitypub.act import Handler
from federation.activitypub.handle_announce import add_handler, announce_handler
from federation.activitypub.handle_answers import ACCEPT, REJECT
from federation.activitypub.handle_deletes import DELETE
from federation.activitypub.handle_membership import FOLLOW, INVITE, LEAVE
from federation.activitypub.handle_moderation import ADD, BLOCK, LOCK, REMOVE
from federation.activitypub.handle_moves import MOVE
from federation.activitypub.handle_posts import CREATE
from federation.activitypub.handle_reactions import REACTION
from federation.activitypub.handle_reports import FLAG
from federation.activitypub.handle_undo import UNDO
from federation.activitypub.handle_updates import UPDATE
from protocols.activitypub.vocabulary import Activity, ActivityType, Actor

MAX_NESTING = 3

ANNOUNCED: Mapping[ActivityType, Handler] = {
    ActivityType.CREATE: CREATE,
    ActivityType.UPDATE: UPDATE,
    ActivityType.DELETE: DELETE,
    ActivityType.UNDO: UNDO,
    ActivityType.LIKE: REACTION,
    ActivityType.DISLIKE: REACTION,
    ActivityType.EMOJI_REACT: REACTION,
    ActivityType.ADD: ADD,
    ActivityType.REMOVE: REMOVE,
    ActivityType.BLOCK: BLOCK,
    ActivityType.FLAG: FLAG,
    ActivityType.LOCK: LOCK,
}
"""What a community can announce. Nobody follows, answers, invites or moves for another."""

HANDLERS: Mapping[ActivityType, Handler] = {
    **ANNOUNCED,
    ActivityType.ANNOUNCE: announce_handler(ANNOUNCED),
    ActivityType.ADD: add_handler(ANNOUNCED, ADD),
    ActivityType.FOLLOW: FOLLOW,
    ActivityType.JOIN: FOLLOW,
    ActivityType.LEAVE: LEAVE,
    ActivityType.ACCEPT: ACCEPT,
    ActivityType.REJECT: REJECT,
    ActivityType.INVITE: INVITE,
    ActivityType.MOVE: MOVE,
}


def handler_of(activity: Activity) -> Handler | None:
    """The handler of an activity; None for what we do not act on."""
    return HANDLERS.get(activity.type)


def order_key(activity: Activity) -> str:
    """What an activity is about: activities with the same key are applied in order.

    That is the innermost object, so that an Update waits for its Create and an Undo for what it
    takes back; for acts on people and communities it is the actor with it.
    """
    innermost = activity
    for _ in range(MAX_NESTING):
        inner = innermost.object
        if not isinstance(inner, Activity):
            break
        innermost = inner
    about = innermost.object
    if about is None or isinstance(about, Actor):
        return innermost.actor
    return about.id or innermost.actor
