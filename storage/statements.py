"""SQL that is built once: SQLAlchemy Core statements, compiled for a dialect at first use.

Statements are written with Core (typed, checked against the tables, one text for both databases)
and executed through the driver's own cursor with a dict of parameters. That leaves out the
per-call work of an ORM or of Core's execution, which cost 0.6 ms a transaction when measured
(reference: performance, "Database"), and still keeps one place that knows the columns.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec
from sqlalchemy import ClauseElement, ColumnElement, Table, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import Insert

_SQLITE: Dialect = sqlite.dialect(paramstyle="named")
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


class Statement:
    """A statement in the text of each dialect, with the values fixed in it."""

    __slots__ = ("_build", "_compiled")

    def __init__(self, build: ClauseElement | Build) -> None:
        """Keep the construct, or the function that makes it for a dialect."""
        self._build = build
        self._compiled: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def for_dialect(self, name: str) -> tuple[str, Mapping[str, Any]]:
        """The SQL text and the values of its literals."""
        found = self._compiled.get(name)
        if found is None:
            found = self._compiled[name] = self._compile(is_sqlite=name == "sqlite")
        return found

    def _compile(self, *, is_sqlite: bool) -> tuple[str, Mapping[str, Any]]:
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
        return sql, literals


def json_list(keys: Iterable[int] | Iterable[str]) -> str:
    """The parameter of `Tools.in_list` and `Tools.in_texts`."""
    return msgspec.json.encode(list(keys)).decode()
