"""The SQL of pages that many sources feed: a home of 200 communities, a list, a tag.

A page holds the newest rows of all sources together. Reading the newest of each would read 200
times too much, so a first look takes one key of each source: a page of 20 comes from the 20 sources
whose keys are newest, and nothing in it is older than the 20th of these keys, so that few rows are
left to read. Both steps go by an index over (source, key).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    bindparam,
    case,
    func,
    select,
    true,
)

from storage.statements import Statement, Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows that sources feed a page with, under names of their own.

    Attributes:
        origin: the table, or tables joined.
        source: which source a row belongs to.
        id: by which the page is sorted.
        columns: what is told of a row.
        where: which rows count; may name columns of the sources.
        is_shared: rows of several sources may have the same id.
    """

    origin: FromClause
    source: ColumnElement[Any]
    id: ColumnElement[int]
    columns: tuple[ColumnElement[Any], ...]
    where: tuple[ColumnElement[bool], ...]
    is_shared: bool = False


RowsOf = Callable[[Tools, str, FromClause], Rows]
"""Gives the rows under names that end in the suffix, of the sources named."""
SourcesOf = Callable[[Tools], Select[Any]]
"""The sources: a column `source`, and what `Rows.where` asks of them."""

BEFORE = bindparam("before", type_=BigInteger)
AFTER = bindparam("after", type_=BigInteger)
MOST = bindparam("most", type_=Integer)


def within(column: ColumnElement[int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The window of a page over one column."""
    return column < BEFORE, column > AFTER


class ManySources:
    """A page of what many sources hold, in both directions.

    Parameters of the statements: `before`, `after`, `most`, and those of the sources and rows.
    """

    __slots__ = ("back", "forward")

    def __init__(self, sources: SourcesOf, rows: RowsOf) -> None:
        """Take what gives the sources, and their rows."""
        self.back = Statement(lambda tools: _page(tools, sources, rows, forward=False))
        self.forward = Statement(lambda tools: _page(tools, sources, rows, forward=True))


def _page(tools: Tools, sources: SourcesOf, rows: RowsOf, *, forward: bool) -> Select[Any]:
    """The newest (or oldest) rows of all sources."""
    near = _near(tools, sources, rows, forward=forward)
    place = near.c.place
    far, end = (func.max(place), BEFORE - 1) if forward else (func.min(place), AFTER + 1)
    edge = select(case((func.count() == MOST, far), else_=end)).select_from(near).scalar_subquery()
    few = rows(tools, "few", near)
    # One bound on each side: of two, SQLite may seek by the wider one and read all in between.
    inside = (few.id > AFTER, few.id <= edge) if forward else (few.id < BEFORE, few.id >= edge)
    found = (
        select(*((few.id,) if tools.is_sqlite else few.columns))
        .select_from(few.origin)
        .where(few.source == near.c.source, *inside, *few.where)
        .order_by(few.id if forward else few.id.desc())
        .limit(MOST)
        .correlate(near)
    )
    if tools.is_sqlite:
        return _by_key(tools, near, rows, found, forward=forward)
    beside = found.lateral("found")
    order = beside.c[0] if forward else beside.c[0].desc()
    return select(beside).select_from(near.join(beside, true())).order_by(order).limit(MOST)


def _by_key(
    tools: Tools, near: CTE, rows: RowsOf, found: Select[Any], *, forward: bool
) -> Select[Any]:
    """The page without LATERAL, which SQLite lacks: by the keys that each source gives."""
    shown = rows(tools, "shown", near)
    page = select(*shown.columns).select_from(near.join(shown.origin, shown.id.in_(found)))
    if shown.is_shared:
        page = page.where(shown.source == near.c.source)
    return page.order_by(shown.id if forward else shown.id.desc()).limit(MOST)


def _near(tools: Tools, sources: SourcesOf, rows: RowsOf, *, forward: bool) -> CTE:
    """The sources whose newest (oldest) rows are newest; no other has a row on the page."""
    each = sources(tools).subquery("sources")
    row = rows(tools, "head", each)
    head = (
        select(row.id)
        .select_from(row.origin)
        .where(row.source == each.c.source, *within(row.id), *row.where)
        .order_by(row.id if forward else row.id.desc())
        .limit(1)
        .correlate(each)
        .scalar_subquery()
    )
    # Kept as they are found: SQLite would look each of them up again in the condition and to sort.
    heads = select(*each.c, head.label("place")).cte("heads").prefix_with("MATERIALIZED")
    place = heads.c.place
    return (
        select(heads)
        .where(place.is_not(None))
        .order_by(place if forward else place.desc())
        .limit(MOST)
        .cte("near")
        .prefix_with("MATERIALIZED")
    )
