"""Fixtures for every test: databases with the schema, and `Storage` over them.

What they need is imported when they are used, so that tests without a database start at once.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import api_watch

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from storage.store import Storage
    from tests.support.databases import PostgresServer


@pytest.fixture(autouse=True)
def _answers_fit_the_schema() -> Iterator[None]:
    """Fail a test during which the API gave an answer that a Mastodon would not give."""
    yield
    faults = api_watch.take_faults()
    assert not faults, "\n".join(faults)


def pytest_configure() -> None:
    """Look at every answer below /api and /oauth, in whatever test."""
    api_watch.begin()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which part of the API was exercised."""
    for line in api_watch.summary():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema, made once; tests copy it."""
    from tests.support import databases

    return databases.sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_server() -> "Iterator[PostgresServer]":
    """The PostgreSQL server of the session, or a skip with the reason."""
    from tests.support import databases

    with databases.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: "PostgresServer") -> Iterator[str]:
    """The name of a PostgreSQL database with the schema, of which others are copied."""
    from tests.support import databases

    with databases.postgres_template(postgres_server) as name:
        yield name


@pytest.fixture(scope="session")
def _postgres_database(postgres_server: "PostgresServer", postgres_template: str) -> Iterator[str]:
    name = postgres_server.new_database(postgres_template)
    yield postgres_server.url_of(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> "Engine":
    """A SQLite database of this test's own, with the schema."""
    from tests.support import databases

    return databases.sqlite_engine(sqlite_template, tmp_path)


@pytest.fixture
def postgres_engine(_postgres_database: str) -> "Iterator[Engine]":
    """A PostgreSQL database with the schema and no rows; emptied again afterwards."""
    from storage.engine import make_engine
    from tests.support import databases

    engine = make_engine(_postgres_database)
    yield engine
    databases.empty_tables(engine)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> "Engine":
    """The database of `storage`, once SQLite and once PostgreSQL."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    found: Engine = request.getfixturevalue(name)
    return found


@pytest.fixture
async def sqlite_storage(sqlite_engine: "Engine") -> "AsyncIterator[Storage]":
    """Storage over SQLite that runs each unit inline."""
    from storage.store import Storage

    opened = Storage(sqlite_engine, threads=False, durable=False)
    yield opened
    await opened.close()


@pytest.fixture
async def storage(engine: "Engine") -> "AsyncIterator[Storage]":
    """Storage that runs each unit inline, once over SQLite and once over PostgreSQL."""
    from storage.store import Storage

    opened = Storage(engine, threads=False, durable=False)
    yield opened
    await opened.close()


@pytest.fixture
async def threaded_storage(engine: "Engine") -> "AsyncIterator[Storage]":
    """Storage with its writer's and readers' threads, once on each database."""
    from storage.store import Storage

    opened = Storage(engine, durable=False)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    """Put the log back after a test that ran a command: a command configures it for a process."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
