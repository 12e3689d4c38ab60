"""Invitations: links by which newcomers come in, so many times, until a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.accounts import invitations
from storage.times import from_ms, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation; `person_id` is who invites, None for the operator."""

    id: int
    person_id: ActorKey | None
    created_at: datetime
    until: datetime
    max_uses: int
    uses: int


_NAMES = ("digest", "person_id", "created_ms", "until_ms", "max_uses")
_COLUMNS = (
    invitations.c.id,
    invitations.c.person_id,
    invitations.c.created_ms,
    invitations.c.until_ms,
    invitations.c.max_uses,
    invitations.c.uses,
)
_ADD = Statement(
    insert(invitations)
    .values({name: bindparam(name) for name in _NAMES})
    .returning(invitations.c.id)
)
_HOLDS = (
    invitations.c.digest == bindparam("digest"),
    invitations.c.until_ms > bindparam("now_ms"),
    invitations.c.uses < invitations.c.max_uses,
)
_FIND = Statement(select(*_COLUMNS).where(*_HOLDS))
_USE = Statement(update(invitations).where(*_HOLDS).values(uses=invitations.c.uses + 1))
_MINE = invitations.c.person_id == bindparam("person")
_LIVE = invitations.c.until_ms > bindparam("now_ms")
_OF_PERSON = Statement(
    select(*_COLUMNS).where(_MINE, _LIVE).order_by(invitations.c.id.desc()).limit(bindparam("most"))
)
_COUNT = Statement(select(func.count()).select_from(invitations).where(_MINE, _LIVE))
_END = Statement(delete(invitations).where(_MINE, invitations.c.id == bindparam("invitation")))


def _invitation(row: Row) -> Invitation:
    return Invitation(
        id=row[0],
        person_id=None if row[1] is None else ActorKey(row[1]),
        created_at=from_ms(row[2]),
        until=from_ms(row[3]),
        max_uses=row[4],
        uses=row[5],
    )


class Invitations:
    """Known by the SHA-256 of their token alone."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(
        self,
        digest: bytes,
        person_id: ActorKey | None,
        *,
        at: datetime,
        until: datetime,
        max_uses: int,
    ) -> int:
        """Keep an invitation; its number."""
        row = self._db.row(
            _ADD,
            digest=digest,
            person_id=person_id,
            created_ms=to_ms(at),
            until_ms=to_ms(until),
            max_uses=max_uses,
        )
        if row is None:
            raise ValueError("the database returned no id")
        return int(row[0])

    def find(self, digest: bytes, now: datetime) -> Invitation | None:
        """The invitation of a token; None when it was used up, has expired, or never was one."""
        row = self._db.row(_FIND, digest=digest, now_ms=to_ms(now))
        return None if row is None else _invitation(row)

    def use(self, digest: bytes, now: datetime) -> Invitation | None:
        """Let one more in by it; None as in `find`."""
        found = self.find(digest, now)
        if found is None or self._db.run(_USE, digest=digest, now_ms=to_ms(now)) == 0:
            return None
        return found

    def of_person(
        self, person_id: ActorKey, now: datetime, *, most: int = 100
    ) -> Sequence[Invitation]:
        """The invitations of a person that have not expired, newest first."""
        rows = self._db.rows(_OF_PERSON, person=person_id, now_ms=to_ms(now), most=most)
        return [_invitation(row) for row in rows]

    def count(self, person_id: ActorKey, now: datetime) -> int:
        """How many invitations of a person have not expired."""
        row = self._db.row(_COUNT, person=person_id, now_ms=to_ms(now))
        return 0 if row is None else int(row[0])

    def end(self, person_id: ActorKey, invitation_id: int) -> bool:
        """Take an invitation back; False when it is none of theirs."""
        return self._db.run(_END, person=person_id, invitation=invitation_id) > 0
