"""One-time links of accounts: by them an owner, once, decides something without signing in."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.social import welcomes
from storage.times import to_ms

_NAMES = ("person_id", "digest", "until_ms")
_FIND = Statement(
    select(welcomes.c.person_id).where(
        welcomes.c.digest == bindparam("digest"), welcomes.c.until_ms > bindparam("now_ms")
    )
)
_USE = Statement(delete(welcomes).where(welcomes.c.digest == bindparam("digest")))


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(welcomes)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_update(
            index_elements=["person_id"],
            set_={name: bindparam(name) for name in _NAMES[1:]},
        )
    )


_PUT = Statement(_put)


class Welcomes:
    """At most one link for each account, known by the SHA-256 of its token alone."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def put(self, person_id: ActorKey, digest: bytes, *, until: datetime) -> None:
        """Keep a link until a time; one that the account had before is worth nothing now."""
        self._db.run(_PUT, person_id=person_id, digest=digest, until_ms=to_ms(until))

    def find(self, digest: bytes, now: datetime) -> ActorKey | None:
        """Whose link it is; None when it was used, has expired, or never was one."""
        row = self._db.row(_FIND, digest=digest, now_ms=to_ms(now))
        return None if row is None else ActorKey(row[0])

    def use(self, digest: bytes, now: datetime) -> ActorKey | None:
        """Use a link up, and say whose it was; None as in `find`.

        What it allows belongs in the same unit: when that fails, the link stands as before.
        """
        person_id = self.find(digest, now)
        if person_id is None or self._db.run(_USE, digest=digest) == 0:
            return None
        return person_id
