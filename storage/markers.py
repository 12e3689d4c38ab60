"""Markers: how far a person has read a timeline, so that their other apps know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.reading import markers
from storage.times import from_ms, to_ms

TIMELINES = ("home", "notifications")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The last id that was read of a timeline; `version` counts the changes."""

    timeline: str
    last_read_id: int
    version: int
    at: datetime


_ALL = Statement(
    select(markers.c.timeline, markers.c.last_read_id, markers.c.version, markers.c.at_ms)
    .where(markers.c.person_id == bindparam("person"))
    .order_by(markers.c.timeline)
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(markers)
        .values(
            {name: bindparam(name) for name in ("person_id", "timeline", "last_read_id", "at_ms")}
            | {"version": 1}
        )
        .on_conflict_do_update(
            index_elements=["person_id", "timeline"],
            set_={
                "last_read_id": bindparam("last_read_id"),
                "at_ms": bindparam("at_ms"),
                "version": markers.c.version + 1,
            },
        )
    )


_PUT = Statement(_put)


class Markers:
    """A person's markers."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def of_person(self, person_id: ActorKey) -> Sequence[Marker]:
        """All markers of a person."""
        return [
            Marker(timeline=row[0], last_read_id=row[1], version=row[2], at=from_ms(row[3]))
            for row in self._db.rows(_ALL, person=person_id)
        ]

    def put(self, person_id: ActorKey, timeline: str, last_read_id: int, *, at: datetime) -> None:
        """Set a marker; its version goes up by one."""
        self._db.run(
            _PUT,
            person_id=person_id,
            timeline=timeline,
            last_read_id=last_read_id,
            at_ms=to_ms(at),
        )
