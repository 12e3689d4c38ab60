"""Who has blocked whom, for lists and for timelines; single blocks change by `People`."""

from sqlalchemy import bindparam, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.pages import Pages, Window, place_of
from storage.statements import Statement
from storage.tables.social import blocks

_MINE = blocks.c.blocker_id == bindparam("person")
_OF = Statement(select(blocks.c.blocked_id).where(_MINE))
_PLACE = place_of(blocks.c.at_ms, blocks.c.blocked_id)
_PAGE = Pages(select(blocks.c.blocked_id, _PLACE).where(_MINE), _PLACE)


class Blocks:
    """Blocks between actors."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def of(self, person_id: ActorKey) -> frozenset[ActorKey]:
        """Whom someone has blocked."""
        return frozenset(ActorKey(row[0]) for row in self._db.rows(_OF, person=person_id))

    def page(self, person_id: ActorKey, window: Window) -> list[tuple[ActorKey, int]]:
        """Those whom someone has blocked, with their places."""
        rows = _PAGE.rows(self._db, window, person=person_id)
        return [(ActorKey(row[0]), int(row[1])) for row in rows]
