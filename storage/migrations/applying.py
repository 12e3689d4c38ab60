"""Applies one revision in one transaction, with the version that it leads to.

The only module that imports alembic, which takes 0.1 s: it is loaded when a revision is missing.
"""

import importlib
from collections.abc import Callable

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from storage.connection import WRITER_LOCK
from storage.errors import StorageError

_LOCK_WAIT_MS = 60_000
_VERSION_TABLE = """CREATE TABLE IF NOT EXISTS alembic_version (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"""


def apply(engine: Engine, module_name: str, before: Callable[[str], None]) -> bool:
    """Bring the database from the revision before to this one; all of it or nothing.

    Args:
        engine: the database.
        module_name: the revision's file below `versions`, without its ending.
        before: called under the lock, with the module's name, if the revision is the next one.

    Returns:
        False when the database is at another revision than this one builds on: another process
        was faster. Nothing is changed then.

    Raises:
        StorageError: the database refused a statement; nothing is changed then.
    """
    module = importlib.import_module(f"storage.migrations.versions.{module_name}")
    try:
        with engine.connect() as connection:
            _lock(connection)
            if _version(connection) != module.down_revision:
                return False
            before(module_name)
            with Operations.context(MigrationContext.configure(connection)):
                module.upgrade()
            _check_references(connection)
            _set_version(connection, module.revision)
            connection.commit()
    except DBAPIError as error:
        raise StorageError(f"migration {module.revision} failed: {error.orig}") from error
    return True


def _lock(connection: Connection) -> None:
    """Open the transaction as the only writer.

    SQLite: references are not enforced meanwhile, since a table that is made anew would take
    the rows that refer to it along when the old one is dropped.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
        return
    raw = connection.connection.driver_connection
    if raw is None:
        raise StorageError("SQLite gave no connection")
    raw.isolation_level = None
    connection.exec_driver_sql(f"PRAGMA busy_timeout={_LOCK_WAIT_MS}")
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    connection.exec_driver_sql("PRAGMA synchronous=FULL")
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _version(connection: Connection) -> str | None:
    connection.exec_driver_sql(_VERSION_TABLE)
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _set_version(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql("DELETE FROM alembic_version")
    connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{revision}')")  # noqa: S608 - from our file


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StorageError(f"the migration would leave rows of {broken[0]} that refer to nothing")
