"""The schema: what the migrations make is what the tables say, and a start finds its way there."""

import importlib
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.schema import CreateIndex, CreateTable

from storage import schema
from storage.connection import Connection
from storage.engine import connect, make_engine
from storage.errors import StorageError
from storage.tables import metadata
from tests.support.databases import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = sorted((ROOT / "storage/migrations/versions").glob("[0-9]*.py"))
WORDS_OF_POSTS = "search_posts"
"""The one table outside the metadata: FTS5 with its shadow tables, or a tsvector with its index."""


@pytest.fixture
def fresh(tmp_path: Path) -> Engine:
    """A SQLite database that does not exist yet."""
    return make_engine(f"sqlite:///{tmp_path / 'fresh.db'}")


def set_revision(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


def test_migrations_make_what_the_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, _kind, _parents: (
                    name is None or not name.startswith(WORDS_OF_POSTS)
                ),
            },
        )
        difference = compare_metadata(context, metadata)

    assert difference == []


def test_migrations_make_the_same_sqlite_tables_to_the_letter(sqlite_engine: Engine) -> None:
    """Alembic does not compare checks, WITHOUT ROWID and conditions of indexes."""
    wanted = {
        statement_key(str(CreateTable(table).compile(sqlite_engine)))
        for table in metadata.tables.values()
    } | {
        statement_key(str(CreateIndex(index).compile(sqlite_engine)))
        for table in metadata.tables.values()
        for index in table.indexes
    }

    with sqlite_engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"
            f" AND name NOT LIKE 'sqlite%' AND name NOT LIKE '{WORDS_OF_POSTS}%'"
        ).all()

    assert {statement_key(row[0]) for row in rows} == wanted


def test_the_words_of_posts_have_a_table_that_each_database_searches(engine: Engine) -> None:
    """A table that is made anew loses its triggers: a later revision may not lose this one."""
    is_sqlite = engine.dialect.name == "sqlite"
    found = (
        f"SELECT type, name FROM sqlite_master WHERE name IN ('{WORDS_OF_POSTS}',"
        f" '{WORDS_OF_POSTS}_gone')"
        if is_sqlite
        else f"SELECT 'index', indexname FROM pg_indexes WHERE tablename = '{WORDS_OF_POSTS}'"
    )

    with engine.connect() as connection:
        rows = {(row[0], row[1]) for row in connection.exec_driver_sql(found)}

    assert rows == (
        {("table", WORDS_OF_POSTS), ("trigger", f"{WORDS_OF_POSTS}_gone")}
        if is_sqlite
        else {("index", "pk_search_posts"), ("index", "ix_search_posts_words")}
    )


def statement_key(statement: str) -> tuple[str, ...]:
    """A statement's clauses in any order: constraints may change places, nothing else."""
    plain = re.sub(r"\s+", " ", statement).strip()
    start, end = plain.index("("), plain.rindex(")")
    clauses, depth = [""], 0
    for letter in plain[start + 1 : end]:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            clauses.append("")
        else:
            clauses[-1] += letter
    return (plain[:start].strip(), *sorted(map(str.strip, clauses)), plain[end + 1 :].strip())


def test_each_revision_builds_on_the_one_before() -> None:
    modules = [
        importlib.import_module(f"storage.migrations.versions.{path.stem}") for path in VERSIONS
    ]

    assert [module.revision for module in modules] == [path.stem[:4] for path in VERSIONS]
    assert [module.down_revision for module in modules] == [
        None,
        *(module.revision for module in modules[:-1]),
    ]
    assert schema.head() == modules[-1].revision


def test_a_new_database_is_brought_to_the_head(fresh: Engine, tmp_path: Path) -> None:
    lines: list[str] = []

    prepared = schema.prepare(fresh, snapshot_dir=tmp_path, progress=lines.append)

    assert prepared.before is None
    assert prepared.after == schema.current(fresh) == schema.head()
    assert len(prepared.applied) == len(lines) == len(VERSIONS)
    assert prepared.snapshot is None, "nothing was there to be copied"


def test_a_database_that_is_not_there_has_no_revision_and_is_not_made(fresh: Engine) -> None:
    assert schema.current(fresh) is None
    assert not Path(str(fresh.url.database)).exists()


def test_a_prepared_database_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    prepared = schema.prepare(engine, snapshot_dir=tmp_path)

    assert prepared == schema.Prepared(before=schema.head(), after=schema.head())
    assert list(tmp_path.glob("*-before-*")) == []


def test_a_newer_database_is_refused_in_one_sentence(engine: Engine) -> None:
    set_revision(engine, "9999")

    try:
        with pytest.raises(schema.SchemaTooNew, match=r"schema 9999.* knows up to") as refusal:
            schema.prepare(engine, snapshot_dir=None)
    finally:
        set_revision(engine, schema.head())

    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_database_is_refused(fresh: Engine) -> None:
    Path(str(fresh.url.database)).write_bytes(b"This is a letter to my neighbour." * 100)

    with pytest.raises(StorageError, match=r"fresh\.db cannot be opened"):
        schema.prepare(fresh, snapshot_dir=None)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'nowhere' / 'noaber.db'}")

    with pytest.raises(StorageError, match="nowhere"):
        schema.prepare(engine, snapshot_dir=None)


def stop_after(engine: Engine, revisions: int) -> None:
    """Bring a new database no further than the first revisions."""
    applying = importlib.import_module("storage.migrations.applying")
    for path in VERSIONS[:revisions]:
        assert applying.apply(engine, path.stem, lambda _name: None)


def add_a_person(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO actors (id, uri, kind, type, localpart, name, summary_html,"
            " summary_source, inbox, state, locked, discoverable, indexable) VALUES"
            " (1, 'https://bees.example/u/1', 'person', 'Person', 'ada', 'Ada', '', '',"
            " 'https://bees.example/u/1/inbox', 'active', 0, 1, 0)"
        )


def names_of_people(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT name FROM actors")]
    finally:
        connection.close()


def test_a_database_with_content_is_copied_before_it_is_changed(
    fresh: Engine, tmp_path: Path
) -> None:
    stop_after(fresh, 1)
    add_a_person(fresh)
    lines: list[str] = []

    prepared = schema.prepare(fresh, snapshot_dir=tmp_path, progress=lines.append)

    assert prepared.snapshot == tmp_path / "fresh.db-before-0002"
    assert prepared.snapshot.stat().st_mode & 0o777 == 0o600
    assert names_of_people(prepared.snapshot) == ["Ada"]
    assert schema.current(make_engine(f"sqlite:///{prepared.snapshot}")) == "0001"
    assert lines[0].startswith("copying the database to")
    assert schema.current(fresh) == schema.head()


def test_a_failed_migration_leaves_nothing_behind(fresh: Engine, tmp_path: Path) -> None:
    stop_after(fresh, 1)
    with fresh.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE posts (mine TEXT)")

    with pytest.raises(StorageError, match=r"migration 0002 failed: .*posts.* already exists"):
        schema.prepare(fresh, snapshot_dir=None)

    assert schema.current(fresh) == "0001"
    with fresh.begin() as connection:
        connection.exec_driver_sql("DROP TABLE posts")
    applied = schema.prepare(fresh, snapshot_dir=None).applied
    assert applied == tuple(path.name[:4] for path in VERSIONS[1:])


def pretend_revision(
    monkeypatch: pytest.MonkeyPatch, upgrade: Callable[[], None], down_revision: str
) -> str:
    """A revision after those there are; its name."""
    module = ModuleType("9000_pretended")
    vars(module).update(revision="9000", down_revision=down_revision, upgrade=upgrade)
    monkeypatch.setitem(sys.modules, "storage.migrations.versions.9000_pretended", module)
    return "9000_pretended"


def test_a_table_that_is_made_anew_keeps_the_rows_that_refer_to_it(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_a_person(sqlite_engine)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO actor_keys VALUES ('k', 1, 'PEM', 0)")

    def upgrade() -> None:
        with op.batch_alter_table("actors", recreate="always") as batch:
            batch.alter_column("name", nullable=True)

    name = pretend_revision(monkeypatch, upgrade, schema.head())
    applying = importlib.import_module("storage.migrations.applying")
    assert applying.apply(sqlite_engine, name, lambda _name: None)

    with sqlite_engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT key_id FROM actor_keys").all() == [("k",)]


def test_a_migration_that_loses_what_others_refer_to_is_refused(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_a_person(sqlite_engine)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO actor_keys VALUES ('k', 1, 'PEM', 0)")
    name = pretend_revision(monkeypatch, lambda: op.execute("DELETE FROM actors"), schema.head())
    applying = importlib.import_module("storage.migrations.applying")

    with pytest.raises(StorageError, match="actor_keys that refer to nothing"):
        applying.apply(sqlite_engine, name, lambda _name: None)

    assert schema.current(sqlite_engine) == schema.head()
    assert names_of_people(Path(str(sqlite_engine.url.database))) == ["Ada"]


def test_a_copy_without_room_for_it_stops_the_migration(fresh: Engine, tmp_path: Path) -> None:
    stop_after(fresh, 1)

    with pytest.raises(StorageError, match="could not be copied"):
        schema.prepare(fresh, snapshot_dir=tmp_path / "nowhere")

    assert schema.current(fresh) == "0001"


def test_a_revision_that_another_process_applied_is_not_applied_again(fresh: Engine) -> None:
    applying = importlib.import_module("storage.migrations.applying")
    stop_after(fresh, 2)
    announced: list[str] = []

    assert not applying.apply(fresh, VERSIONS[0].stem, announced.append)
    assert announced == []


def test_two_processes_that_start_together_both_find_the_schema(fresh: Engine) -> None:
    command = [sys.executable, "-c", PREPARE, str(fresh.url)]

    started = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]

    assert [process.wait(timeout=30) for process in started] == [0, 0]
    assert schema.current(fresh) == schema.head()


PREPARE = """
import sys
from pathlib import Path
from storage.engine import make_engine
from storage.schema import prepare
prepare(make_engine(sys.argv[1]), snapshot_dir=None)
"""

START_WITH_NOTHING_TO_DO = PREPARE + "assert 'alembic' not in sys.modules"


def test_a_start_with_nothing_to_do_does_not_load_alembic(sqlite_engine: Engine) -> None:
    command = [sys.executable, "-c", START_WITH_NOTHING_TO_DO, str(sqlite_engine.url)]

    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_a_new_database_is_ready_at_once(tmp_path: Path) -> None:
    """Processor time, since the machine may be busy; alembic's import was paid before."""
    schema.prepare(make_engine(f"sqlite:///{tmp_path / 'first.db'}"), snapshot_dir=None)
    seconds: list[float] = []

    for turn in range(3):
        begun = time.process_time()
        schema.prepare(make_engine(f"sqlite:///{tmp_path / f'{turn}.db'}"), snapshot_dir=None)
        seconds.append(time.process_time() - begun)

    assert min(seconds) < 1.0


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from storage.engine import make_engine
from storage.schema import prepare
engine, left = make_engine(sys.argv[1]), [int(sys.argv[2])]
@event.listens_for(engine, "before_cursor_execute")
def _count(*_arguments):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
prepare(engine, snapshot_dir=None)
"""

FEW_STATEMENTS = (1, 4, 8, 13, 21, 34, 55)


def complete_after_kills(url: str, statements: tuple[int, ...]) -> Connection:
    """Kill a migration before each of these statements, again and again, then let it end."""
    for number in statements:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, url, str(number)], cwd=ROOT, check=False
        )
        assert killed.returncode in (-9, 0)
    engine = make_engine(url)
    schema.prepare(engine, snapshot_dir=None)
    return connect(engine)


@pytest.mark.slow
def test_a_migration_killed_at_any_statement_is_completed_by_the_next_start(
    fresh: Engine,
) -> None:
    """F-16. Slow: a process for each kill."""
    connection = complete_after_kills(str(fresh.url), FEW_STATEMENTS)

    tables = {row[0] for row in connection.run_text("SELECT name FROM sqlite_master")}
    assert set(metadata.tables) <= tables
    assert schema.revision_of(connection) == schema.head()
    assert connection.run_text("PRAGMA integrity_check") == [("ok",)]
    connection.close()


@pytest.mark.slow
def test_a_killed_migration_is_completed_on_postgresql(postgres_server: PostgresServer) -> None:
    """F-16. Slow: a process for each kill."""
    name = postgres_server.new_database()
    try:
        connection = complete_after_kills(postgres_server.url_of(name), FEW_STATEMENTS)
        tables = {row[0] for row in connection.run_text("SELECT tablename FROM pg_tables")}
        assert set(metadata.tables) <= tables
        assert schema.revision_of(connection) == schema.head()
        connection.close()
    finally:
        postgres_server.drop_database(name)
