"""Announcements of the operator, and what people of this node did with them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal_column, or_, select

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement, Tools
from storage.tables.reading import announcement_reactions, announcement_reads, announcements
from storage.times import from_ms, from_ms_or_none, to_ms, to_ms_or_none

MOST = 40
"""Announcements that are shown at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the operator tells everybody here; `ends_at` None until it is removed.

    Attributes:
        all_day: the times are days, of which the hours do not matter.
    """

    id: int
    source: str
    html: str
    published_at: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheer:
    """How often an emoji was given to an announcement, and whether by who asks."""

    name: str
    count: int
    by_me: bool


_COLUMNS = (
    announcements.c.id,
    announcements.c.source,
    announcements.c.html,
    announcements.c.published_ms,
    announcements.c.starts_ms,
    announcements.c.ends_ms,
    announcements.c.all_day,
)
_NAMES = [column.name for column in _COLUMNS]
_ADD = Statement(insert(announcements).values({name: bindparam(name) for name in _NAMES}))
_REMOVE = Statement(delete(announcements).where(announcements.c.id == bindparam("id")))
_GET = Statement(select(*_COLUMNS).where(announcements.c.id == bindparam("id")))
_ALL = Statement(select(*_COLUMNS).order_by(announcements.c.id.desc()).limit(bindparam("most")))
_was_read = (
    select(literal_column("1"))
    .where(
        announcement_reads.c.announcement_id == announcements.c.id,
        announcement_reads.c.person_id == bindparam("person"),
    )
    .exists()
)
_SHOWN = Statement(
    select(*_COLUMNS, _was_read)
    .where(or_(announcements.c.ends_ms.is_(None), announcements.c.ends_ms > bindparam("now_ms")))
    .order_by(announcements.c.id)
    .limit(bindparam("most"))
)


def _read(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(announcement_reads)
        .values(announcement_id=bindparam("announcement_id"), person_id=bindparam("person_id"))
        .on_conflict_do_nothing()
    )


def _cheer(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("announcement_id", "person_id", "name")
    return (
        tools.insert(announcement_reactions)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_nothing()
    )


_READ = Statement(_read)
_CHEER = Statement(_cheer)
_TAKE_BACK = Statement(
    delete(announcement_reactions).where(
        announcement_reactions.c.announcement_id == bindparam("id"),
        announcement_reactions.c.person_id == bindparam("person"),
        announcement_reactions.c.name == bindparam("emoji"),
    )
)
_by_me = announcement_reactions.alias("by_me")
_CHEERS = Statement(
    select(
        announcement_reactions.c.announcement_id,
        announcement_reactions.c.name,
        func.count(),
        select(literal_column("1"))
        .where(
            _by_me.c.announcement_id == announcement_reactions.c.announcement_id,
            _by_me.c.name == announcement_reactions.c.name,
            _by_me.c.person_id == bindparam("person"),
        )
        .exists(),
    )
    .group_by(announcement_reactions.c.announcement_id, announcement_reactions.c.name)
    .order_by(func.count().desc(), announcement_reactions.c.name)
)


def _announcement(row: Row) -> Announcement:
    return Announcement(
        id=row[0],
        source=row[1],
        html=row[2],
        published_at=from_ms(row[3]),
        starts_at=from_ms_or_none(row[4]),
        ends_at=from_ms_or_none(row[5]),
        all_day=bool(row[6]),
    )


class Announcements:
    """Kept by the operator, read by everybody here."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, new: Announcement) -> None:
        """Store a new one."""
        self._db.run(
            _ADD,
            id=new.id,
            source=new.source,
            html=new.html,
            published_ms=to_ms(new.published_at),
            starts_ms=to_ms_or_none(new.starts_at),
            ends_ms=to_ms_or_none(new.ends_at),
            all_day=new.all_day,
        )

    def remove(self, announcement_id: int) -> bool:
        """Drop one, with what people did with it; False when there is none."""
        return self._db.run(_REMOVE, id=announcement_id) == 1

    def get(self, announcement_id: int) -> Announcement | None:
        """The announcement with this key."""
        row = self._db.row(_GET, id=announcement_id)
        return None if row is None else _announcement(row)

    def newest(self, *, most: int = 200) -> list[Announcement]:
        """All of them, also those that have ended, newest first."""
        return [_announcement(row) for row in self._db.rows(_ALL, most=most)]

    def shown(self, person_id: ActorKey, at: datetime) -> list[tuple[Announcement, bool]]:
        """Those that have not ended, oldest first, and whether the person has read each."""
        rows = self._db.rows(_SHOWN, person=person_id, now_ms=to_ms(at), most=MOST)
        return [(_announcement(row), bool(row[len(_COLUMNS)])) for row in rows]

    def mark_read(self, announcement_id: int, person_id: ActorKey) -> None:
        """A person has read it."""
        self._db.run(_READ, announcement_id=announcement_id, person_id=person_id)

    def cheer(self, announcement_id: int, person_id: ActorKey, name: str) -> None:
        """A person gives an emoji to it; once is enough."""
        self._db.run(_CHEER, announcement_id=announcement_id, person_id=person_id, name=name)

    def take_back(self, announcement_id: int, person_id: ActorKey, name: str) -> None:
        """They take it back."""
        self._db.run(_TAKE_BACK, id=announcement_id, person=person_id, emoji=name)

    def cheers(self, person_id: ActorKey) -> dict[int, Sequence[Cheer]]:
        """The emojis of all announcements, the most given first."""
        found: dict[int, list[Cheer]] = defaultdict(list)
        for key, name, count, by_me in self._db.rows(_CHEERS, person=person_id):
            found[key].append(Cheer(name=name, count=int(count), by_me=bool(by_me)))
        return dict(found)
