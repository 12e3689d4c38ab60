"""Sessions: which browsers are signed in, known by the SHA-256 of the token in their cookie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.accounts import sessions
from storage.times import from_ms, to_ms

LONGEST_AGENT = 300
"""Characters that are kept of what a browser calls itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in; `used_at` is right to the hour."""

    id: int
    person_id: ActorKey
    created_at: datetime
    used_at: datetime
    address: str
    agent: str


_NAMES = ("digest", "person_id", "created_ms", "used_ms", "address", "agent")
_COLUMNS = (
    sessions.c.id,
    sessions.c.person_id,
    sessions.c.created_ms,
    sessions.c.used_ms,
    sessions.c.address,
    sessions.c.agent,
)
_START = Statement(
    insert(sessions).values({name: bindparam(name) for name in _NAMES}).returning(sessions.c.id)
)
_FIND = Statement(
    select(*_COLUMNS).where(
        sessions.c.digest == bindparam("digest"), sessions.c.used_ms > bindparam("after_ms")
    )
)
_TOUCH = Statement(
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(used_ms=bindparam("new_used_ms"), address=bindparam("new_address"))
)
_MINE = sessions.c.person_id == bindparam("person")
_OF_PERSON = Statement(
    select(*_COLUMNS)
    .where(_MINE, sessions.c.used_ms > bindparam("after_ms"))
    .order_by(sessions.c.used_ms.desc(), sessions.c.id.desc())
    .limit(bindparam("most"))
)
_STARTED = Statement(
    select(sessions.c.created_ms).where(_MINE, sessions.c.id == bindparam("session"))
)
_END = Statement(delete(sessions).where(_MINE, sessions.c.id == bindparam("session")))
_END_ALL = Statement(delete(sessions).where(_MINE, sessions.c.id != bindparam("kept")))


def _session(row: Row) -> Session:
    return Session(
        id=row[0],
        person_id=ActorKey(row[1]),
        created_at=from_ms(row[2]),
        used_at=from_ms(row[3]),
        address=row[4],
        agent=row[5],
    )


class SessionStore:
    """Start, find and end sessions."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def start(
        self, person_id: ActorKey, digest: bytes, *, at: datetime, address: str, agent: str
    ) -> int:
        """Keep a new session; its number."""
        row = self._db.row(
            _START,
            digest=digest,
            person_id=person_id,
            created_ms=to_ms(at),
            used_ms=to_ms(at),
            address=address,
            agent=agent[:LONGEST_AGENT],
        )
        if row is None:
            raise ValueError("the database returned no id")
        return int(row[0])

    def find(self, digest: bytes, *, used_after: datetime) -> Session | None:
        """The session of a token; None when it ended, or was not used for too long."""
        row = self._db.row(_FIND, digest=digest, after_ms=to_ms(used_after))
        return None if row is None else _session(row)

    def started_at(self, person_id: ActorKey, session_id: int) -> datetime | None:
        """When somebody signed in for a session of theirs; None when it ended."""
        row = self._db.row(_STARTED, person=person_id, session=session_id)
        return None if row is None else from_ms(row[0])

    def touch(self, session_id: int, *, at: datetime, address: str) -> None:
        """Note that it is used, and from where."""
        self._db.run(_TOUCH, session=session_id, new_used_ms=to_ms(at), new_address=address)

    def of_person(
        self, person_id: ActorKey, *, used_after: datetime, most: int = 100
    ) -> Sequence[Session]:
        """A person's sessions, the one that was used last first."""
        rows = self._db.rows(_OF_PERSON, person=person_id, after_ms=to_ms(used_after), most=most)
        return [_session(row) for row in rows]

    def end(self, person_id: ActorKey, session_id: int) -> bool:
        """End one of a person's sessions; False when it is none of theirs."""
        return self._db.run(_END, person=person_id, session=session_id) > 0

    def end_all(self, person_id: ActorKey, *, but: int = 0) -> int:
        """End a person's sessions but for one; how many there were."""
        return self._db.run(_END_ALL, person=person_id, kept=but)
