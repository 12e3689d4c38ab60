"""The event log: what happened, in commit order, and the cursors of those who act on it."""

import logging
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select

from communities.events import EVENT_TYPES, Event
from storage.connection import Connection, Row
from storage.damage import read_or
from storage.statements import Statement, Tools
from storage.tables.running import cursors, event_log

log = logging.getLogger(__name__)

_LAST = Statement(select(func.coalesce(func.max(event_log.c.seq), 0)))
_APPEND = Statement(
    insert(event_log).values(
        {name: bindparam(name) for name in ("seq", "kind", "payload", "cause", "at_ms")}
    )
)
_AFTER = Statement(
    select(
        event_log.c.seq,
        event_log.c.kind,
        event_log.c.payload,
        event_log.c.cause,
        event_log.c.at_ms,
    )
    .where(event_log.c.seq > bindparam("after"))
    .order_by(event_log.c.seq)
    .limit(bindparam("most"))
)
_CURSOR = Statement(select(cursors.c.seq).where(cursors.c.name == bindparam("name")))
_CURSORS = Statement(select(cursors.c.name, cursors.c.seq))


def _move(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    values: dict[str, Any] = {"name": bindparam("name"), "seq": bindparam("seq")}
    return (
        tools.insert(cursors)
        .values(values)
        .on_conflict_do_update(index_elements=["name"], set_={"seq": bindparam("seq")})
    )


_MOVE = Statement(_move)
_DROP_CURSOR = Statement(delete(cursors).where(cursors.c.name == bindparam("name")))

_encode = msgspec.json.Encoder().encode
_decoders = {name: msgspec.json.Decoder(kind) for name, kind in EVENT_TYPES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A row of the log: its position, the event, what caused it, when."""

    seq: int
    event: Event
    cause: int | None
    at_ms: int


def _logged(row: Row) -> Logged | None:
    decoder = _decoders.get(row[1])
    if decoder is None:
        log.error("event %d is of a kind that is not known: %s", row[0], row[1])
        return None
    event = read_or(decoder.decode, row[2], None, "event", row[0])
    if event is None:
        return None
    return Logged(seq=row[0], event=event, cause=row[3], at_ms=row[4])


class EventLog:
    """Append and read; positions are given out in memory, under the writer's lock."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._next = 0
        self._unit_began_at = 0

    def start_batch(self) -> None:
        """Learn the last position; only the writer appends, so it holds for the transaction."""
        row = self._db.row(_LAST)
        self._next = (int(row[0]) if row is not None else 0) + 1

    def start_unit(self) -> None:
        """Remember where the unit began."""
        self._unit_began_at = self._next

    def undo_unit(self) -> None:
        """Give the positions of a rolled-back unit to the next one."""
        self._next = self._unit_began_at

    @property
    def appended(self) -> bool:
        """Whether the running unit appended anything."""
        return self._next != self._unit_began_at

    @property
    def upcoming(self) -> int:
        """The position that the next event of this unit gets."""
        return self._next

    def append(self, event: Event, *, cause: int | None, at_ms: int) -> None:
        """Write an event at the next position."""
        self._db.run(
            _APPEND,
            seq=self._next,
            kind=type(event).__name__,
            payload=_encode(event),
            cause=cause,
            at_ms=at_ms,
        )
        self._next += 1

    def after(self, seq: int, most: int) -> list[Logged]:
        """Up to `most` events behind a position, in order; damaged ones are passed over."""
        while rows := self._db.rows(_AFTER, after=seq, most=most):
            found = [logged for row in rows if (logged := _logged(row)) is not None]
            if found:
                return found
            seq = rows[-1][0]
        return []

    def last(self) -> int:
        """The position of the newest event; 0 for an empty log."""
        row = self._db.row(_LAST)
        return int(row[0]) if row is not None else 0

    def cursor(self, name: str) -> int:
        """How far a consumer has come; 0 for a new one."""
        row = self._db.row(_CURSOR, name=name)
        return int(row[0]) if row is not None else 0

    def cursors(self) -> dict[str, int]:
        """All consumers and how far they have come."""
        return {row[0]: int(row[1]) for row in self._db.rows(_CURSORS)}

    def move_cursor(self, name: str, seq: int) -> None:
        """Set a consumer's position, in the same transaction as what it did."""
        self._db.run(_MOVE, name=name, seq=seq)

    def drop_cursor(self, name: str) -> None:
        """Forget a consumer that is no longer declared."""
        self._db.run(_DROP_CURSOR, name=name)
