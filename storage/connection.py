"""One connection to the database, SQLite or PostgreSQL, with the few verbs that storage uses."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from storage.errors import Busy
from storage.memory import EVERYTHING, Memories
from storage.statements import Statement

Row = tuple[Any, ...]

WRITER_LOCK = 0x6E6F616265720001
"""Key of PostgreSQL's advisory lock that makes the writers of several processes take turns."""

_FULL_OR_LOCKED = ("full", "locked", "busy", "disk i/o", "interrupted", "readonly")


class Connection:
    """A driver connection. Not shared between threads at the same time.

    Attributes:
        memories: what the running write transaction has read.
        transaction_id: PostgreSQL's number of the newest write transaction; None on SQLite.
    """

    __slots__ = (
        "_execute",
        "_raw",
        "dialect",
        "is_sqlite",
        "memories",
        "transaction_id",
    )

    def __init__(self, raw: Any, dialect: str) -> None:  # noqa: ANN401 - two drivers' classes
        """Take over a driver connection that is in autocommit mode."""
        self._raw = raw
        self._execute = raw.execute
        self.dialect = dialect
        self.is_sqlite = dialect == "sqlite"
        self.memories = Memories()
        self.transaction_id: str | None = None

    def rows(self, statement: Statement, **values: object) -> list[Row]:
        """All rows of a query."""
        found: list[Row] = self._start(statement, values).fetchall()
        return found

    def row(self, statement: Statement, **values: object) -> Row | None:
        """The first row of a query, or of what an INSERT returns; None without one."""
        found: Row | None = self._start(statement, values).fetchone()
        return found

    def run(self, statement: Statement, **values: object) -> int:
        """Execute, and say how many rows were touched."""
        count: int = self._start(statement, values).rowcount
        return count

    def _start(self, statement: Statement, values: Mapping[str, object]) -> Any:  # noqa: ANN401
        # Called some twenty times for each activity: hence the look at the attribute first.
        compiled = statement.sqlite if self.is_sqlite else statement.postgresql
        if compiled is None:
            compiled = statement.for_dialect(is_sqlite=self.is_sqlite)
        parameters = values if compiled.is_plain else compiled.parameters(values)
        cursor = self._execute(compiled.sql, parameters)
        if compiled.touches is not None:
            self.memories.forget(compiled.touches)
        return cursor

    def run_many(self, statement: Statement, rows: Iterable[Mapping[str, object]]) -> None:
        """Execute once for each mapping."""
        compiled = statement.for_dialect(is_sqlite=self.is_sqlite)
        cursor = self._raw.cursor()
        cursor.executemany(compiled.sql, [compiled.parameters(row) for row in rows])
        cursor.close()
        if compiled.touches is not None:
            self.memories.forget(compiled.touches)

    def run_text(self, sql: str) -> list[Row]:
        """Execute SQL text without parameters: pragmas, transaction control."""
        cursor = self._execute(sql)
        if cursor.description is None:
            return []
        found: list[Row] = cursor.fetchall()
        return found

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open and still usable.

        SQLITE_FULL, an I/O error or an interrupt ends the whole transaction behind our back.
        """
        if self.is_sqlite:
            return bool(self._raw.in_transaction)
        return int(self._raw.info.transaction_status) in (1, 2, 3)

    @property
    def is_broken(self) -> bool:
        """Whether the server dropped the connection (PostgreSQL only)."""
        return not self.is_sqlite and bool(self._raw.closed)

    def begin_write(self) -> None:
        """Open the transaction of a batch and take the writer's lock."""
        if self.is_sqlite:
            self._execute("BEGIN IMMEDIATE")
            self.memories.begin()
            return
        # READ COMMITTED: what the writer before us committed is seen once we hold the lock.
        self._execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        lock = f"SELECT pg_advisory_xact_lock({WRITER_LOCK}), pg_current_xact_id()"
        self.transaction_id = str(self._execute(lock).fetchone()[1])
        self.memories.begin()

    def was_committed(self, transaction_id: str) -> bool:
        """Whether a transaction of PostgreSQL that has ended was committed."""
        row = self._execute("SELECT pg_xact_status(%s::xid8)", (transaction_id,)).fetchone()
        return row is not None and row[0] == "committed"

    def begin_read(self) -> None:
        """Open a transaction that sees one state of the database."""
        self._execute("BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ")

    def commit(self) -> None:
        """Make it durable."""
        self.memories.end()
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Give the transaction up, if one is open."""
        self.memories.end()
        if self.in_transaction:
            self._execute("ROLLBACK")

    def savepoint(self) -> None:
        """Mark where one unit of a batch begins."""
        self._execute("SAVEPOINT unit")

    def release(self) -> None:
        """Keep what the unit did."""
        self._execute("RELEASE unit")

    def rollback_to_savepoint(self) -> None:
        """Undo what the unit did."""
        self.memories.forget(EVERYTHING)
        self._execute("ROLLBACK TO unit")
        self._execute("RELEASE unit")

    def close(self) -> None:
        """Close the driver connection."""
        self._raw.close()

    @property
    def raw(self) -> Any:  # noqa: ANN401 - the driver's own class, for backup and pragmas
        """The driver's connection."""
        return self._raw


def is_database_error(error: BaseException) -> bool:
    """Whether the driver raised it (and not the code of a unit)."""
    if isinstance(error, sqlite3.Error):
        return True
    return type(error).__module__.startswith("psycopg")


def as_busy(error: BaseException) -> Busy | None:
    """The error as `Busy` when trying again later can help: disk full, locked, server gone."""
    if isinstance(error, sqlite3.OperationalError):
        words = str(error).lower()
        if any(word in words for word in _FULL_OR_LOCKED):
            return Busy(f"the database cannot write now ({error})")
        return None
    if type(error).__module__.startswith("psycopg") and type(error).__name__ in _PG_PASSING:
        return Busy(f"the database cannot write now ({type(error).__name__})")
    return None


_PG_PASSING = frozenset(
    {
        "OperationalError",
        "AdminShutdown",
        "CrashShutdown",
        "CannotConnectNow",
        "DiskFull",
        "QueryCanceled",
        "TooManyConnections",
        "DeadlockDetected",
        "LockNotAvailable",
        "InterfaceError",
    }
)
