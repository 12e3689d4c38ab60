"""What people have noted for themselves about others."""

from typing import Any

from sqlalchemy import bindparam, delete

from communities.people import ActorKey
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.ties import account_notes

_DROP = Statement(
    delete(account_notes).where(
        account_notes.c.person_id == bindparam("person"),
        account_notes.c.target_id == bindparam("target"),
    )
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(account_notes)
        .values({name: bindparam(name) for name in ("person_id", "target_id", "note")})
        .on_conflict_do_update(
            index_elements=["person_id", "target_id"], set_={"note": bindparam("note")}
        )
    )


_PUT = Statement(_put)


class AccountNotes:
    """Private notes; they are read with `Relations.between`."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def put(self, person_id: ActorKey, target_id: ActorKey, note: str) -> None:
        """Replace the note about someone; an empty one is none."""
        if not note:
            self._db.run(_DROP, person=person_id, target=target_id)
            return
        self._db.run(_PUT, person_id=person_id, target_id=target_id, note=note)
