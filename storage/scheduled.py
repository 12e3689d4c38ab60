"""Scheduled posts: what people of this node wrote for a later time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, insert, select, update

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.writing import scheduled_posts
from storage.times import from_ms, to_ms

_COLUMNS = (
    scheduled_posts.c.id,
    scheduled_posts.c.person_id,
    scheduled_posts.c.at_ms,
    scheduled_posts.c.params,
)
_NAMES = ("id", "person_id", "at_ms", "params")
_MINE = and_(
    scheduled_posts.c.id == bindparam("scheduled"),
    scheduled_posts.c.person_id == bindparam("person"),
)
_FIND = Statement(select(*_COLUMNS).where(_MINE))
_GET = Statement(select(*_COLUMNS).where(scheduled_posts.c.id == bindparam("scheduled")))
_ADD = Statement(insert(scheduled_posts).values({name: bindparam(name) for name in _NAMES}))
_MOVE = Statement(update(scheduled_posts).where(_MINE).values(at_ms=bindparam("new_at_ms")))
_REMOVE = Statement(delete(scheduled_posts).where(scheduled_posts.c.id == bindparam("scheduled")))
_COUNT = Statement(
    select(func.count())
    .select_from(scheduled_posts)
    .where(
        scheduled_posts.c.person_id == bindparam("person"),
        scheduled_posts.c.at_ms >= bindparam("from_ms"),
        scheduled_posts.c.at_ms < bindparam("until_ms"),
    )
)


def _page(*, forward: bool) -> Select[Any]:
    id_ = scheduled_posts.c.id
    return (
        select(*_COLUMNS)
        .where(
            scheduled_posts.c.person_id == bindparam("person"),
            id_ > bindparam("after"),
            id_ < bindparam("before"),
        )
        .order_by(id_ if forward else id_.desc())
        .limit(bindparam("most"))
    )


_OLDEST, _NEWEST = Statement(_page(forward=True)), Statement(_page(forward=False))
_EVER = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledPost:
    """A post to be published at a time; `params` is JSON of what its author sent."""

    id: int
    person_id: ActorKey
    at: datetime
    params: bytes


def _scheduled(row: Row) -> ScheduledPost:
    return ScheduledPost(
        id=row[0], person_id=ActorKey(row[1]), at=from_ms(row[2]), params=bytes(row[3])
    )


class ScheduledPosts:
    """The scheduled posts of all people here; when they are due is a job's business."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, scheduled: ScheduledPost) -> None:
        """Keep one until its time."""
        self._db.run(
            _ADD,
            id=scheduled.id,
            person_id=scheduled.person_id,
            at_ms=to_ms(scheduled.at),
            params=scheduled.params,
        )

    def get(self, id_: int) -> ScheduledPost | None:
        """The one with this key."""
        row = self._db.row(_GET, scheduled=id_)
        return None if row is None else _scheduled(row)

    def find(self, id_: int, person_id: ActorKey) -> ScheduledPost | None:
        """The one with this key, where it is this person's."""
        row = self._db.row(_FIND, scheduled=id_, person=person_id)
        return None if row is None else _scheduled(row)

    def move(self, id_: int, person_id: ActorKey, *, at: datetime) -> bool:
        """Give one of the person's another time; False when there is no such one."""
        return self._db.run(_MOVE, scheduled=id_, person=person_id, new_at_ms=to_ms(at)) > 0

    def remove(self, id_: int) -> bool:
        """Drop one, published or not; False when it is gone already."""
        return self._db.run(_REMOVE, scheduled=id_) > 0

    def count(
        self,
        person_id: ActorKey,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
    ) -> int:
        """How many the person has, in all or for the time from `begin` until before `end`."""
        row = self._db.row(
            _COUNT,
            person=person_id,
            from_ms=0 if begin is None else to_ms(begin),
            until_ms=_EVER if end is None else to_ms(end),
        )
        return 0 if row is None else int(row[0])

    def page(
        self, person_id: ActorKey, *, after: int, before: int, most: int, forward: bool = False
    ) -> list[ScheduledPost]:
        """The person's with ids between two: the newest first, or the oldest when `forward`."""
        statement = _OLDEST if forward else _NEWEST
        rows = self._db.rows(statement, person=person_id, after=after, before=before, most=most)
        return [_scheduled(row) for row in rows]
