"""Notifications: what a person of this node is told about, until it is read and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.social import notifications
from storage.times import from_ms, from_ms_or_none, to_ms

NEWEST = (1 << 63) - 1
"""Position before which every notification lies."""

_MOST_COUNTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`actor_id` did something of this `kind` that `person_id` is told about.

    `id` is its position: a later one is larger. It is 0 until the notification is stored.
    """

    person_id: ActorKey
    kind: str
    actor_id: ActorKey
    at: datetime
    post_id: PostKey | None = None
    community_id: ActorKey | None = None
    read_at: datetime | None = None
    id: int = 0


_NAMES = ("person_id", "kind", "actor_id", "post_id", "community_id", "at_ms")
_COLUMNS = (
    notifications.c.id,
    notifications.c.person_id,
    notifications.c.kind,
    notifications.c.actor_id,
    notifications.c.post_id,
    notifications.c.community_id,
    notifications.c.at_ms,
    notifications.c.read_ms,
)
_ADD = Statement(
    insert(notifications)
    .values({name: bindparam(name) for name in _NAMES})
    .returning(notifications.c.id)
)
_OF_PERSON = notifications.c.person_id == bindparam("person")
_TOLD = Statement(
    select(notifications.c.id)
    .where(
        notifications.c.post_id == bindparam("post"),
        _OF_PERSON,
        notifications.c.kind == bindparam("word"),
        notifications.c.actor_id == bindparam("actor"),
    )
    .limit(1)
)
_PAGE = Statement(
    select(*_COLUMNS)
    .where(
        _OF_PERSON,
        notifications.c.id < bindparam("before"),
        notifications.c.id > bindparam("after"),
    )
    .order_by(notifications.c.id.desc())
    .limit(bindparam("most"))
)
_MARK_READ = Statement(
    update(notifications)
    .where(
        _OF_PERSON,
        notifications.c.id <= bindparam("up_to"),
        notifications.c.read_ms.is_(None),
    )
    .values(read_ms=bindparam("new_read_ms"))
)
_UNREAD = Statement(
    select(func.count()).select_from(
        select(notifications.c.id)
        .where(_OF_PERSON, notifications.c.read_ms.is_(None))
        .limit(_MOST_COUNTED)
        .subquery()
    )
)
_DROP_ABOUT = Statement(delete(notifications).where(notifications.c.post_id == bindparam("post")))


def _notification(row: Row) -> Notification:
    return Notification(
        id=row[0],
        person_id=ActorKey(row[1]),
        kind=row[2],
        actor_id=ActorKey(row[3]),
        post_id=None if row[4] is None else PostKey(row[4]),
        community_id=None if row[5] is None else ActorKey(row[5]),
        at=from_ms(row[6]),
        read_at=from_ms_or_none(row[7]),
    )


class Notifications:
    """Add, page, mark as read."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, notification: Notification) -> int | None:
        """Store it and give its position.

        None when the person was told of the same actor doing the same to the same post before:
        who likes and takes it back ten times is told of once.
        """
        if notification.post_id is not None and self._was_told(notification):
            return None
        row = self._db.row(
            _ADD,
            person_id=notification.person_id,
            kind=notification.kind,
            actor_id=notification.actor_id,
            post_id=notification.post_id,
            community_id=notification.community_id,
            at_ms=to_ms(notification.at),
        )
        if row is None:
            raise ValueError("the database returned no id")
        return int(row[0])

    def _was_told(self, notification: Notification) -> bool:
        row = self._db.row(
            _TOLD,
            post=notification.post_id,
            person=notification.person_id,
            word=notification.kind,
            actor=notification.actor_id,
        )
        return row is not None

    def page(
        self, person_id: ActorKey, *, before: int = NEWEST, after: int = 0, most: int = 40
    ) -> Sequence[Notification]:
        """A person's notifications between two positions, newest first."""
        rows = self._db.rows(_PAGE, person=person_id, before=before, after=after, most=most)
        return [_notification(row) for row in rows]

    def unread(self, person_id: ActorKey) -> int:
        """How many a person has not read; a hundred stands for more."""
        row = self._db.row(_UNREAD, person=person_id)
        return 0 if row is None else int(row[0])

    def mark_read(self, person_id: ActorKey, *, up_to: int = NEWEST, at: datetime) -> int:
        """Mark everything up to a position as read; how many were not before."""
        return self._db.run(_MARK_READ, person=person_id, up_to=up_to, new_read_ms=to_ms(at))

    def drop_about(self, post_id: PostKey) -> int:
        """Forget notifications about a post that is gone; how many there were."""
        return self._db.run(_DROP_ABOUT, post=post_id)
