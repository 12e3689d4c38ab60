"""What is fixed about this node: its domain, its web host, its epoch."""

from typing import Any

from sqlalchemy import bindparam, select

from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.running import instance

EPOCH = "epoch"
"""How often a backup was restored: a part of activity ids, which follow the log's positions."""


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(instance)
        .values({name: bindparam(name) for name in ("name", "value")})
        .on_conflict_do_update(index_elements=["name"], set_={"value": bindparam("value")})
    )


_GET = Statement(select(instance.c.value).where(instance.c.name == bindparam("name")))
_PUT = Statement(_put)


class Instance:
    """Names and values that the node itself remembers."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, name: str) -> str | None:
        """The value of a name."""
        row = self._db.row(_GET, name=name)
        return None if row is None else str(row[0])

    def put(self, name: str, value: str) -> None:
        """Set the value of a name."""
        self._db.run(_PUT, name=name, value=value)
