"""Opening the database: an engine from a URL, and connections with the right settings.

SQLite: WAL, synchronous FULL (what was answered is on the disk), foreign keys, a busy time-out.
PostgreSQL: psycopg 3, autocommit, time zone UTC; transactions are opened by hand.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from storage.connection import Connection
from storage.errors import Busy, StorageError

BUSY_TIMEOUT_MS = 5000
READ_LIMIT_SECONDS = 2.0
_PROGRESS_STEPS = 20_000
_POSTGRESQL_PATIENCE = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
"""Seconds to connect; milliseconds until an unanswered packet means that the server is gone."""


def make_engine(url: str) -> Engine:
    """The engine of a database URL: `sqlite:///path` or `postgresql://...`.

    Raises:
        StorageError: the URL names no database that noaber can use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError(
            f"database.url is not a database URL: {url.rsplit('@', maxsplit=1)[-1]}"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise StorageError("database.url needs a file: sqlite:////var/lib/noaber/noaber.db")
        return create_engine(parsed, poolclass=NullPool, connect_args={"timeout": 5})
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            connect_args=_POSTGRESQL_PATIENCE,
        )
    raise StorageError("database.url must begin with sqlite:/// or postgresql://")


def sqlite_path(engine: Engine) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return None
    return Path(engine.url.database)


def connect(engine: Engine, *, read_only: bool = False, durable: bool = True) -> Connection:
    """A connection of our own, outside any pool.

    `durable=False` (synchronous OFF) is for tests that copy a template database.

    Raises:
        Busy: the PostgreSQL server cannot be reached now.
    """
    if engine.dialect.name == "sqlite":
        return _connect_sqlite(str(engine.url.database), read_only=read_only, durable=durable)
    return _connect_postgresql(engine, read_only=read_only)


def _connect_sqlite(path: str, *, read_only: bool, durable: bool) -> Connection:
    raw = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    pragmas = [
        "journal_mode=WAL",
        f"synchronous={'FULL' if durable else 'OFF'}",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "temp_store=MEMORY",
        f"cache_size={-8_000 if read_only else -32_000}",
        "wal_autocheckpoint=2000",
    ]
    if read_only:
        pragmas.append("query_only=ON")
    try:
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        raw.close()
        raise
    return Connection(raw, "sqlite")


def _connect_postgresql(engine: Engine, *, read_only: bool) -> Connection:
    try:
        pooled = engine.raw_connection()
    except DBAPIError as error:
        raise Busy(f"PostgreSQL cannot be reached ({type(error.orig).__name__})") from error
    raw = pooled.driver_connection
    pooled.detach()
    if raw is None:
        raise StorageError("PostgreSQL gave no connection")
    raw.autocommit = True
    raw.execute("SET TIME ZONE 'UTC'")
    raw.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    if read_only:
        raw.execute("SET default_transaction_read_only = on")
        raw.execute(f"SET statement_timeout = {int(READ_LIMIT_SECONDS * 1000)}")
    return Connection(raw, "postgresql")


def limit_read(connection: Connection, seconds: float | None) -> None:
    """End reads of this SQLite connection that last longer; None lifts the limit.

    PostgreSQL has its statement_timeout. A long read keeps the WAL from being checkpointed.
    """
    if not connection.is_sqlite:
        return
    if seconds is None:
        connection.raw.set_progress_handler(None, 0)
        return
    end = time.monotonic() + seconds
    connection.raw.set_progress_handler(lambda: time.monotonic() > end, _PROGRESS_STEPS)
