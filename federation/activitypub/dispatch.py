"""Which handler an activity goes to, and which activities must go in order."""

from collections.abc import Mapping

from federation.activitypub import handle_posts, handle_reactions
from federation.activitypub.act import Handler
from protocols.activitypub.vocabulary import Activity, ActivityType, Actor, Post

MAX_NESTING = 3

HANDLERS: Mapping[ActivityType, Handler] = {
    ActivityType.CREATE: handle_posts.CREATE,
    ActivityType.LIKE: handle_reactions.REACTION,
    ActivityType.DISLIKE: handle_reactions.REACTION,
    ActivityType.EMOJI_REACT: handle_reactions.REACTION,
    ActivityType.ANNOUNCE: handle_reactions.BOOST,
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
    if isinstance(about, Post):
        return about.id or innermost.actor
    if about is None or isinstance(about, Actor):
        return innermost.actor
    return about.id or innermost.actor
