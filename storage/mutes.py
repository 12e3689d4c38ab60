"""Whom people have muted, and until when; what has run out counts no more and is swept later."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, true

from communities.people import ActorKey
from communities.ties import Mute
from storage.connection import Connection
from storage.pages import Pages, Window
from storage.statements import Statement, Tools
from storage.tables.ties import mutes
from storage.times import to_ms, to_ms_or_none

_IN_FORCE = and_(
    mutes.c.person_id == bindparam("person"),
    or_(mutes.c.until_ms.is_(None), mutes.c.until_ms > bindparam("now_ms")),
)
_OF = Statement(select(mutes.c.target_id).where(_IN_FORCE))
_SILENCED = Statement(
    select(mutes.c.target_id).where(_IN_FORCE, mutes.c.hide_notifications == true())
)
_PAGE = Pages(select(mutes.c.target_id, mutes.c.id).where(_IN_FORCE), mutes.c.id)
_DROP = Statement(
    delete(mutes).where(
        mutes.c.person_id == bindparam("person"), mutes.c.target_id == bindparam("target")
    )
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("person_id", "target_id", "hide_notifications", "until_ms", "id")
    return (
        tools.insert(mutes)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=["person_id", "target_id"],
            set_={name: bindparam(name) for name in ("hide_notifications", "until_ms")},
        )
    )


_PUT = Statement(_put)


class Mutes:
    """Mutes of the people of this node."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def of(self, person_id: ActorKey, at: datetime) -> frozenset[ActorKey]:
        """Whose posts the person does not want to see at this time."""
        rows = self._db.rows(_OF, person=person_id, now_ms=to_ms(at))
        return frozenset(ActorKey(row[0]) for row in rows)

    def silenced(self, person_id: ActorKey, at: datetime) -> frozenset[ActorKey]:
        """Of whose acts the person does not want to be told at this time."""
        rows = self._db.rows(_SILENCED, person=person_id, now_ms=to_ms(at))
        return frozenset(ActorKey(row[0]) for row in rows)

    def put(self, person_id: ActorKey, mute: Mute, *, key: int) -> None:
        """Mute someone, or change how; `key` is the place in the list, kept by one that stood."""
        self._db.run(
            _PUT,
            person_id=person_id,
            target_id=mute.target_id,
            hide_notifications=mute.hide_notifications,
            until_ms=to_ms_or_none(mute.until),
            id=key,
        )

    def drop(self, person_id: ActorKey, target_id: ActorKey) -> bool:
        """End a mute; False when there was none."""
        return self._db.run(_DROP, person=person_id, target=target_id) > 0

    def page(self, person_id: ActorKey, at: datetime, window: Window) -> list[tuple[ActorKey, int]]:
        """Those muted at this time, with their places."""
        rows = _PAGE.rows(self._db, window, person=person_id, now_ms=to_ms(at))
        return [(ActorKey(row[0]), int(row[1])) for row in rows]
