"""SQL that is built once: SQLAlchemy Core statements, compiled for a dialect at first use.

Statements are written with Core (typed, checked against the tables, one text for both databases)
and executed through the driver's own cursor. That leaves out the per-call work of an ORM or of
Core's execution, which cost 0.6 ms a transaction when measured (reference: performance,
"Database"), and still keeps one place that knows the columns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from sqlalchemy import ClauseElement, ColumnElement, Table, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import Delete, Insert, Update

from storage.memory import EVERYTHING

_SQLITE: Dialect = sqlite.dialect(paramstyle="named")
_SQLITE_BY_POSITION: Dialect = sqlite.dialect(paramstyle="qmark")
_MANY = 4
"""Parameters from which on they are given by position."""
_POSTGRESQL: Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]  # untyped upstream


class Upsert(Protocol):
    """An INSERT with ON CONFLICT, which both dialects spell alike but name apart."""

    def __call__(self, table: Table) -> Any:  # noqa: ANN401 - the two dialects' Insert classes
        """The dialect's own insert construct for the table."""


class Tools:
    """What differs between the dialects when a statement is built."""

    __slots__ = ("insert", "is_sqlite")

    def __init__(self, *, is_sqlite: bool) -> None:
        """Take the dialect's insert construct."""
        self.is_sqlite = is_sqlite
        self.insert: Upsert = sqlite.insert if is_sqlite else postgresql.insert

    def in_list(self, column: ColumnElement[Any], parameter: str) -> TextClause:
        """`column IN (a JSON list of integers given as one text parameter)`.

        One parameter whatever the length, so that the statement is compiled once.
        """
        values = (
            f"value FROM json_each(:{parameter})"
            if self.is_sqlite
            else f"value::bigint FROM json_array_elements_text(CAST(:{parameter} AS json))"
        )
        return text(f"{column} IN (SELECT {values})")

    def in_texts(self, column: ColumnElement[Any], parameter: str) -> TextClause:
        """The same for a JSON list of strings."""
        values = (
            f"value FROM json_each(:{parameter})"
            if self.is_sqlite
            else f"value FROM json_array_elements_text(CAST(:{parameter} AS json))"
        )
        return text(f"{column} IN (SELECT {values})")


Build = Callable[[Tools], ClauseElement]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in the text of a dialect.

    Attributes:
        sql: the text.
        literals: values that are fixed in it.
        order: the names of its parameters where they are given by position, which SQLite binds
            four times as fast when there are many; None where they are given by name.
        is_plain: the driver can be given the values as they are.
        touches: the table whose rows it may change (`memory.EVERYTHING` for a DELETE, which may
            cascade); None when it changes nothing that is remembered: a query, a new row.
    """

    sql: str
    literals: Mapping[str, Any]
    order: tuple[str, ...] | None
    touches: str | None
    is_plain: bool

    def parameters(self, values: Mapping[str, object]) -> Sequence[object] | Mapping[str, object]:
        """What the driver is given for these values."""
        named = {**self.literals, **values} if self.literals else values
        return named if self.order is None else [named[name] for name in self.order]


class Statement:
    """A statement in the text of each dialect, with the values fixed in it."""

    __slots__ = ("_build", "_is_unremembered", "postgresql", "sqlite")

    def __init__(self, build: ClauseElement | Build, *, is_unremembered: bool = False) -> None:
        """Keep the construct, or the function that makes it for a dialect.

        Args:
            build: the construct.
            is_unremembered: it changes what no remembered value holds: counters, words to be found.
        """
        self._build = build
        self._is_unremembered = is_unremembered
        self.sqlite: Compiled | None = None
        self.postgresql: Compiled | None = None

    def for_dialect(self, *, is_sqlite: bool) -> Compiled:
        """The statement as this dialect has it; the attribute of its name, once it is there."""
        if is_sqlite:
            self.sqlite = self.sqlite or self._compile(is_sqlite=True)
            return self.sqlite
        self.postgresql = self.postgresql or self._compile(is_sqlite=False)
        return self.postgresql

    def _compile(self, *, is_sqlite: bool) -> Compiled:
        construct = (
            self._build
            if isinstance(self._build, ClauseElement)
            else self._build(Tools(is_sqlite=is_sqlite))
        )
        compiled = construct.compile(dialect=_SQLITE if is_sqlite else _POSTGRESQL)
        sql = str(compiled)
        literals: dict[str, Any] = {}
        for name, bind in compiled.binds.items():  # type: ignore[attr-defined]  # SQLCompiler
            if bind.required or name not in compiled.params:
                continue
            if bind.expanding:
                # `column.in_([...])`: Core would write the list out at each execution.
                values = {f"{name}_{place}": value for place, value in enumerate(bind.value)}
                template: str = compiled.bindtemplate  # type: ignore[attr-defined]  # as above
                marks = ", ".join(template % {"name": key} for key in values)
                sql = sql.replace(f"__[POSTCOMPILE_{name}]", marks)
                literals.update(values)
            else:
                literals[name] = bind.value
        if isinstance(construct, Insert):
            # Core marks the columns of a plain INSERT as not required; they are parameters.
            literals = {name: value for name, value in literals.items() if value is not None}
        order = None
        if is_sqlite and len(compiled.params) >= _MANY and "__[POSTCOMPILE" not in str(compiled):
            by_position = construct.compile(dialect=_SQLITE_BY_POSITION)
            sql = str(by_position)
            order = tuple(by_position.positiontup)  # type: ignore[attr-defined]  # as above
        touches = None if self._is_unremembered else _touched(construct, sql)
        return Compiled(sql, literals, order, touches, order is None and not literals)


def _touched(construct: ClauseElement, sql: str) -> str | None:
    if isinstance(construct, Insert):
        return construct.table.name if "DO UPDATE" in sql else None
    if isinstance(construct, Update) and isinstance(construct.table, Table):
        return construct.table.name
    return EVERYTHING if isinstance(construct, Update | Delete | TextClause) else None


def json_list(keys: Iterable[int] | Iterable[str]) -> str:
    """The parameter of `Tools.in_list` and `Tools.in_texts`."""
    return msgspec.json.encode(list(keys)).decode()
