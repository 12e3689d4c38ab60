"""The SQL of pages that many sources feed: a home of 200 communities, a list, a tag.

A page holds the newest rows of all sources together. Reading the newest of each would read 200
times too much, so a first look takes one key of each source: of a page of 20 nothing can be older
than the 20th of these keys, and from there on few rows of any source are left to read. Both steps
go by an index over (source, key).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    Subquery,
    bindparam,
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
    """

    origin: FromClause
    source: ColumnElement[Any]
    id: ColumnElement[int]
    columns: tuple[ColumnElement[Any], ...]
    where: tuple[ColumnElement[bool], ...]


RowsOf = Callable[[Tools, str, FromClause], Rows]
"""Gives the rows under names that end in the suffix, of the sources named."""
SourcesOf = Callable[[Tools], Select[Any]]
"""The sources: a column `source`, and what `Rows.where` asks of them."""

BEFORE = bindparam("before", type_=BigInteger)
AFTER = bindparam("after", type_=BigInteger)
MOST = bindparam("most", type_=Integer)
_RANK = bindparam("rank", type_=Integer)


def within(column: ColumnElement[int]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The window of a page over one column."""
    return column < BEFORE, column > AFTER


class ManySources:
    """A page of what many sources hold, in both directions."""

    __slots__ = ("back", "forward")

    def __init__(self, sources: SourcesOf, rows: RowsOf) -> None:
        """Build the statements; their parameters are `before`, `after`, `most`, `rank` (most - 1)
        and those of the sources and rows.
        """  # noqa: D205 - one sentence
        self.back = Statement(lambda tools: _page(tools, sources, rows, forward=False))
        self.forward = Statement(lambda tools: _page(tools, sources, rows, forward=True))


def _page(tools: Tools, sources: SourcesOf, rows: RowsOf, *, forward: bool) -> Select[Any]:
    """The newest (or oldest) rows of all sources."""
    edge = _edge(tools, sources, rows, forward=forward)
    each = sources(tools).subquery("sources")
    few = rows(tools, "few", each)
    nearest = (
        select(*(few.columns if not tools.is_sqlite else (few.id,)))
        .select_from(few.origin)
        .where(
            few.source == each.c.source,
            *within(few.id),
            few.id <= edge if forward else few.id >= edge,
            *few.where,
        )
        .order_by(few.id if forward else few.id.desc())
        .limit(MOST)
        .correlate(each)
    )
    if not tools.is_sqlite:
        found = nearest.lateral("found")
        place = found.c[0]
        page = select(found).select_from(each.join(found, true()))
        return page.order_by(place if forward else place.desc()).limit(MOST)
    shown = rows(tools, "shown", each)
    return (
        select(*shown.columns)
        .select_from(each.join(shown.origin, shown.id.in_(nearest)))
        .where(shown.source == each.c.source)
        .order_by(shown.id if forward else shown.id.desc())
        .limit(MOST)
    )


def _edge(tools: Tools, sources: SourcesOf, rows: RowsOf, *, forward: bool) -> ColumnElement[int]:
    """The key that nothing of the page lies beyond: that of the source ranked last on it."""
    each = sources(tools).subquery("heads_of")
    row = rows(tools, "head", each)
    head: ScalarSelect[Any] = (
        select(row.id)
        .select_from(row.origin)
        .where(row.source == each.c.source, *within(row.id), *row.where)
        .order_by(row.id if forward else row.id.desc())
        .limit(1)
        .correlate(each)
        .scalar_subquery()
    )
    heads: Subquery = select(head.label("id")).select_from(each).subquery("heads")
    ranked = (
        select(heads.c.id)
        .where(heads.c.id.is_not(None))
        .order_by(heads.c.id if forward else heads.c.id.desc())
        .offset(_RANK)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(ranked, BEFORE if forward else AFTER)
