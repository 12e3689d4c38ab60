"""The consumer that tells the people of this node: events become their notifications."""

from datetime import timedelta

from communities.events import PostPublished, PostWithdrawn
from communities.notifications import StoredLookups, notices
from storage.event_log import Logged
from storage.notifications import Notification
from storage.times import from_ms
from storage.unit_of_work import UnitOfWork

CURSOR = "notifications"
MOST = 200

STALE = timedelta(hours=24)
"""A post that was this old when it came is history that was fetched, and no news."""


def step(uow: UnitOfWork, now_ms: int, most: int = MOST) -> int:
    """Turn up to `most` events into notifications and move the cursor; how many there were.

    Each notification bears the time of its event, or of this step if that has none. What is told
    about a post is forgotten when its author withdraws it.
    """
    events = uow.events.after(uow.events.cursor(CURSOR), most)
    if not events:
        return 0
    lookups = StoredLookups(uow=uow, at=from_ms(now_ms))
    for logged in events:
        _tell(uow, logged, lookups)
    uow.events.move_cursor(CURSOR, events[-1].seq)
    return len(events)


def _tell(uow: UnitOfWork, logged: Logged, lookups: StoredLookups) -> None:
    event = logged.event
    if isinstance(event, PostWithdrawn):
        uow.notifications.drop_about(event.post_id)
        return
    at = from_ms(logged.at_ms) if logged.at_ms else lookups.at
    if isinstance(event, PostPublished):
        post = lookups.post(event.post_id)
        if post is None or at - post.published_at > STALE:
            return
    for notice in notices(event, lookups):
        uow.notifications.add(
            Notification(
                person_id=notice.person_id,
                kind=notice.kind.value,
                actor_id=notice.actor_id,
                at=at,
                post_id=notice.post_id,
                community_id=notice.community_id,
            )
        )
