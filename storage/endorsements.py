"""Whom people and communities show on their own page as worth following."""

from typing import Any

from sqlalchemy import bindparam, delete, func, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.pages import Pages, Window
from storage.statements import Statement, Tools
from storage.tables.ties import endorsements

_OF = endorsements.c.person_id == bindparam("person")
_PAGE = Pages(select(endorsements.c.target_id, endorsements.c.id).where(_OF), endorsements.c.id)
_COUNT = Statement(select(func.count()).select_from(endorsements).where(_OF))
_DROP = Statement(delete(endorsements).where(_OF, endorsements.c.target_id == bindparam("target")))


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(endorsements)
        .values({name: bindparam(name) for name in ("person_id", "target_id", "id")})
        .on_conflict_do_nothing()
    )


_PUT = Statement(_put)


class Endorsements:
    """Endorsements, newest first."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def put(self, person_id: ActorKey, target_id: ActorKey, *, key: int) -> None:
        """Endorse someone; `key` is the place in the list, kept by one that stood."""
        self._db.run(_PUT, person_id=person_id, target_id=target_id, id=key)

    def drop(self, person_id: ActorKey, target_id: ActorKey) -> bool:
        """End an endorsement; False when there was none."""
        return self._db.run(_DROP, person=person_id, target=target_id) > 0

    def count(self, person_id: ActorKey) -> int:
        """How many someone endorses."""
        row = self._db.row(_COUNT, person=person_id)
        return 0 if row is None else int(row[0])

    def page(self, person_id: ActorKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Whom someone endorses, with their places."""
        rows = _PAGE.rows(self._db, window, person=person_id)
        return [(ActorKey(row[0]), int(row[1])) for row in rows]
