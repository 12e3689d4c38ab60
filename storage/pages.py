"""Pages of lists by place: a number that grows with time and belongs to one row of the list."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, bindparam

from storage.connection import Connection, Row
from storage.statements import Statement

NEWEST = (1 << 63) - 1
_SPREAD = 65_521
"""A prime below 2^16: keys of one millisecond, which end alike, keep apart by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which rows: places between `after` and `before`, both left out; `most` of the newest.

    `forward` takes the oldest of them instead, and gives them oldest first.
    """

    before: int = NEWEST
    after: int = 0
    most: int = 40
    forward: bool = False


def place_of(at_ms: ColumnElement[int], key: ColumnElement[int]) -> ColumnElement[int]:
    """The place of a row without a number of its own: its time, and what tells it from others."""
    return at_ms * 65_536 + key % _SPREAD


class Pages:
    """A list that is read page by page, in both directions."""

    __slots__ = ("_back", "_forward")

    def __init__(
        self,
        query: Select[int, int],
        place: ColumnElement[int],
        at_ms: ColumnElement[int] | None = None,
    ) -> None:
        """Take the query for the whole list; `at_ms` is the time in its place, if an index has it.

        Args:
            query: gives the key and the place of each row.
            place: by which it is ordered.
            at_ms: the column whose time the place is made of (`place_of`).
        """
        within = query.where(place < bindparam("before"), place > bindparam("after"))
        if at_ms is not None:
            within = within.where(at_ms <= bindparam("last_ms"), at_ms >= bindparam("first_ms"))
        first = [] if at_ms is None else [at_ms]
        newest = [column.desc() for column in first]
        self._back = Statement(within.order_by(*newest, place.desc()).limit(bindparam("most")))
        self._forward = Statement(within.order_by(*first, place).limit(bindparam("most")))

    def rows(self, connection: Connection, window: Window, **values: object) -> list[Row]:
        """The rows of a page."""
        return connection.rows(
            self._forward if window.forward else self._back,
            before=window.before,
            after=window.after,
            most=window.most,
            last_ms=window.before >> 16,
            first_ms=window.after >> 16,
            **values,
        )
