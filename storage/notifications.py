"""Notifications: what a person of this node is told about, until it is read and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from communities.notifications import NoticeKind
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

    `id` is its position: a later one is larger. It is 0 until the notification is stored. Those
    with one `group_key` can be told together. A `filtered` one is held back by the policy of the
    person; `report_id` and `reason` (a moderator's words) say more where there is more to say.
    """

    person_id: ActorKey
    kind: str
    actor_id: ActorKey
    at: datetime
    post_id: PostKey | None = None
    community_id: ActorKey | None = None
    read_at: datetime | None = None
    id: int = 0
    group_key: str | None = None
    filtered: bool = False
    report_id: int | None = None
    reason: str | None = None


_NAMES = (
    "person_id",
    "kind",
    "actor_id",
    "post_id",
    "community_id",
    "at_ms",
    "group_key",
    "filtered",
    "report_id",
    "reason",
)
COLUMNS = (
    notifications.c.id,
    notifications.c.person_id,
    notifications.c.kind,
    notifications.c.actor_id,
    notifications.c.post_id,
    notifications.c.community_id,
    notifications.c.at_ms,
    notifications.c.read_ms,
    notifications.c.group_key,
    notifications.c.filtered,
    notifications.c.report_id,
    notifications.c.reason,
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
    select(*COLUMNS)
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
_DROP_EDIT = Statement(
    delete(notifications).where(
        notifications.c.post_id == bindparam("post"),
        _OF_PERSON,
        notifications.c.kind == bindparam("word"),
    )
)
_DROP_ASKING = Statement(
    delete(notifications).where(
        _OF_PERSON,
        notifications.c.kind == bindparam("word"),
        notifications.c.actor_id == bindparam("actor"),
    )
)
_DROP_JOIN_REQUEST = Statement(
    delete(notifications).where(
        _OF_PERSON,
        notifications.c.kind == NoticeKind.JOIN_REQUEST.value,
        notifications.c.actor_id == bindparam("actor"),
        notifications.c.community_id == bindparam("community"),
    )
)
_DROP = Statement(delete(notifications).where(_OF_PERSON, notifications.c.id == bindparam("id")))
_DROP_GROUP = Statement(
    delete(notifications).where(_OF_PERSON, notifications.c.group_key == bindparam("group"))
)
_CLEAR = Statement(delete(notifications).where(_OF_PERSON))
_NEW = Statement(
    select(*COLUMNS)
    .where(notifications.c.id > bindparam("after"))
    .order_by(notifications.c.id)
    .limit(bindparam("most"))
)
_LAST = Statement(select(func.coalesce(func.max(notifications.c.id), 0)))


def to_notification(row: Row) -> Notification:
    """The notification of a row of `COLUMNS`."""
    return Notification(
        id=row[0],
        person_id=ActorKey(row[1]),
        kind=row[2],
        actor_id=ActorKey(row[3]),
        post_id=None if row[4] is None else PostKey(row[4]),
        community_id=None if row[5] is None else ActorKey(row[5]),
        at=from_ms(row[6]),
        read_at=from_ms_or_none(row[7]),
        group_key=row[8],
        filtered=bool(row[9]),
        report_id=row[10],
        reason=row[11],
    )


class Notifications:
    """Add, page, mark as read, forget. Lists as apps read them are in `notice_pages`."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self.added = False

    def start_unit(self) -> None:
        """Forget whether the unit before added anything."""
        self.added = False

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
            group_key=notification.group_key,
            filtered=notification.filtered,
            report_id=notification.report_id,
            reason=notification.reason,
        )
        if row is None:
            raise ValueError("the database returned no id")
        self.added = True
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
        return [to_notification(row) for row in rows]

    def unread(self, person_id: ActorKey) -> int:
        """How many a person has not read; a hundred stands for more."""
        row = self._db.row(_UNREAD, person=person_id)
        return 0 if row is None else int(row[0])

    def mark_read(self, person_id: ActorKey, *, up_to: int = NEWEST, at: datetime) -> int:
        """Mark everything up to a position as read; how many were not before."""
        return self._db.run(_MARK_READ, person=person_id, up_to=up_to, new_read_ms=to_ms(at))

    def drop(self, person_id: ActorKey, notification_id: int) -> bool:
        """Forget one; False when the person has no such notification."""
        return self._db.run(_DROP, person=person_id, id=notification_id) > 0

    def drop_group(self, person_id: ActorKey, group_key: str) -> int:
        """Forget a group; how many there were."""
        return self._db.run(_DROP_GROUP, person=person_id, group=group_key)

    def drop_asking(self, person_id: ActorKey, kind: str, actor_id: ActorKey) -> int:
        """Forget that someone asks for something, once it is answered or taken back."""
        return self._db.run(_DROP_ASKING, person=person_id, word=kind, actor=actor_id)

    def drop_join_request(
        self, person_id: ActorKey, actor_id: ActorKey, community_id: ActorKey
    ) -> int:
        """Forget that someone asks to join a community, once a moderator has answered."""
        return self._db.run(
            _DROP_JOIN_REQUEST, person=person_id, actor=actor_id, community=community_id
        )

    def drop_former(self, person_id: ActorKey, kind: str, post_id: PostKey) -> int:
        """Forget what was told of the last edit of a post, for the next one to be told."""
        return self._db.run(_DROP_EDIT, person=person_id, word=kind, post=post_id)

    def clear(self, person_id: ActorKey) -> int:
        """Forget everything that a person was told; how much that was."""
        return self._db.run(_CLEAR, person=person_id)

    def since(self, position: int, most: int) -> Sequence[Notification]:
        """What anybody was told after a position, oldest first."""
        return [to_notification(row) for row in self._db.rows(_NEW, after=position, most=most)]

    def last(self) -> int:
        """The position of the newest notification of all; 0 when there is none."""
        row = self._db.row(_LAST)
        return 0 if row is None else int(row[0])

    def drop_about(self, post_id: PostKey) -> int:
        """Forget notifications about a post that is gone; how many there were."""
        return self._db.run(_DROP_ABOUT, post=post_id)
