"""Servers of which single people do not want to see anything; the node's own list is `peers`."""

from typing import Any

from sqlalchemy import bindparam, delete, func, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.pages import Pages, Window
from storage.statements import Statement, Tools
from storage.tables.ties import domain_blocks

_OF = domain_blocks.c.person_id == bindparam("person")
_ALL = Statement(select(domain_blocks.c.host).where(_OF))
_COUNT = Statement(select(func.count()).select_from(domain_blocks).where(_OF))
_PAGE = Pages(select(domain_blocks.c.host, domain_blocks.c.id).where(_OF), domain_blocks.c.id)
_DROP = Statement(delete(domain_blocks).where(_OF, domain_blocks.c.host == bindparam("blocked")))


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(domain_blocks)
        .values({name: bindparam(name) for name in ("person_id", "host", "id")})
        .on_conflict_do_nothing()
    )


_PUT = Statement(_put)


class DomainBlocks:
    """Hosts that people of this node have blocked for themselves."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def of(self, person_id: ActorKey) -> frozenset[str]:
        """All hosts that the person has blocked."""
        return frozenset(str(row[0]) for row in self._db.rows(_ALL, person=person_id))

    def count(self, person_id: ActorKey) -> int:
        """How many hosts the person has blocked."""
        row = self._db.row(_COUNT, person=person_id)
        return 0 if row is None else int(row[0])

    def put(self, person_id: ActorKey, host: str, *, key: int) -> bool:
        """Block a host; `key` is the place in the list. False when it stood."""
        return self._db.run(_PUT, person_id=person_id, host=host, id=key) > 0

    def drop(self, person_id: ActorKey, host: str) -> bool:
        """End the block of a host; False when there was none."""
        return self._db.run(_DROP, person=person_id, blocked=host) > 0

    def page(self, person_id: ActorKey, window: Window) -> list[tuple[str, int]]:
        """Blocked hosts with their places."""
        rows = _PAGE.rows(self._db, window, person=person_id)
        return [(str(row[0]), int(row[1])) for row in rows]
