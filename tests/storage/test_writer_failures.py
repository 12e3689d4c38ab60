"""The writer on a bad day: dead transactions, a full disk, a locked file, a server that is gone."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from communities.events import PersonChanged
from communities.people import ActorKey
from storage import threads
from storage.connection import Connection
from storage.engine import make_engine
from storage.errors import Busy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.units import Gate, names_in, put

ROOT = Path(__file__).resolve().parents[2]
EVENT = PersonChanged(person_id=ActorKey(1))


def end_the_transaction(uow: UnitOfWork) -> None:
    """What SQLITE_FULL, an I/O error or an interrupt do to the whole transaction."""
    uow.connection.run_text("ROLLBACK")
    raise sqlite3.OperationalError("interrupted")


async def test_units_of_a_dead_transaction_are_run_again_one_by_one(
    threaded_storage: Storage,
) -> None:
    gate = Gate()
    runs: list[str] = []

    def count_runs(uow: UnitOfWork, name: str) -> int:
        runs.append(name)
        put(uow, name)
        uow.record(EVENT)
        return uow.events.upcoming - 1

    held = await gate.close(threaded_storage)
    writes: list[asyncio.Future[int] | asyncio.Future[None]] = [
        asyncio.ensure_future(threaded_storage.write(count_runs, "first")),
        asyncio.ensure_future(threaded_storage.write(end_the_transaction)),
        asyncio.ensure_future(threaded_storage.write(count_runs, "last")),
    ]
    await asyncio.sleep(0)
    gate.entered.clear()
    gate.opened.set()
    first, dead, last = await asyncio.gather(*writes, return_exceptions=True)
    await held

    assert (first, last) == (1, 2), "positions of the dead transaction are given out again"
    assert isinstance(dead, Busy)
    assert runs.count("first") <= 2
    assert await names_in(threaded_storage, "first", "last") == ["first", "last"]
    assert threaded_storage.figures()["dead_batches"] >= 1


async def test_a_dead_transaction_of_an_inline_unit_is_reported(sqlite_storage: Storage) -> None:
    with pytest.raises(Busy):
        await sqlite_storage.write(end_the_transaction)

    assert await sqlite_storage.write(put, "a") == "a"


def limit_pages(uow: UnitOfWork, most: int) -> int:
    (row,) = uow.connection.run_text(f"PRAGMA max_page_count={most}")
    return int(row[0])


def put_much(uow: UnitOfWork, name: str) -> None:
    uow.instance.put(name, "x" * 2_000_000)


async def test_a_full_disk_refuses_what_does_not_fit_and_nothing_else(
    sqlite_engine: Engine,
) -> None:
    """F-12."""
    storage = Storage(sqlite_engine, durable=False)
    pages = await storage.write(lambda uow: int(uow.connection.run_text("PRAGMA page_count")[0][0]))
    await storage.write(limit_pages, pages + 4)

    results = await asyncio.gather(
        storage.write(put, "small"),
        storage.write(put_much, "large"),
        storage.write(put, "also small"),
        return_exceptions=True,
    )

    assert results[0] == "small"
    assert isinstance(results[1], Busy)
    assert results[2] == "also small"
    assert await names_in(storage, "small", "large", "also small") == ["small", "also small"]

    await storage.write(limit_pages, 1_000_000)
    await storage.write(put_much, "large")
    assert await names_in(storage, "large") == ["large"]
    await storage.close()


async def test_the_write_ahead_log_is_folded_back_when_it_is_long(
    sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "WAL_TRUNCATE_BYTES", 1000)
    await sqlite_storage.write(put, "a")
    grown = sqlite_storage._wal_bytes()

    for number in range(64):
        await sqlite_storage.write(put, f"n{number}")
        if sqlite_storage._wal_bytes() == 0:
            break

    assert grown > 0
    assert sqlite_storage._wal_bytes() == 0


@pytest.mark.parametrize("words", ["database or disk is full", "disk I/O error"])
async def test_an_error_of_the_disk_at_commit_answers_busy_and_keeps_nothing(
    threaded_storage: Storage, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    connection = threaded_storage.writer._connection

    def fail(_self: object) -> None:
        raise sqlite3.OperationalError(words)

    with monkeypatch.context() as patch:
        patch.setattr(type(connection), "commit", fail)
        with pytest.raises(Busy):
            await threaded_storage.write(put, "a")

    assert await names_in(threaded_storage, "a") == []
    assert await threaded_storage.write(put, "b") == "b"
    assert await names_in(threaded_storage, "a", "b") == ["b"]


LOCKED = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked_by_another_process(engine: Engine) -> Iterator[None]:
    """Hold the write lock of a SQLite file elsewhere."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED, str(engine.url.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.communicate("\n", timeout=20)


async def test_a_file_locked_elsewhere_answers_busy_to_all_at_once_and_recovers(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-14. All that wait are refused after one time-out, not after one each."""
    monkeypatch.setattr("storage.engine.BUSY_TIMEOUT_MS", 100)
    storage = Storage(sqlite_engine, durable=False)

    with locked_by_another_process(sqlite_engine):
        begun = asyncio.get_running_loop().time()
        results = await asyncio.gather(
            *(storage.write(put, f"n{number}") for number in range(100)), return_exceptions=True
        )
        seconds = asyncio.get_running_loop().time() - begun
        assert await names_in(storage, "n1") == [], "reading goes on"

    assert {type(result) for result in results} == {Busy}
    assert seconds < 5
    assert await storage.write(put, "after") == "after"
    assert storage.figures()["failed_units"] == 100
    await storage.close()


def backend_of(connection: Connection) -> int:
    return int(connection.run_text("SELECT pg_backend_pid()")[0][0])


def end_backend(engine: Engine, pid: int) -> None:
    """What an administrator, a crash or a restart does to a connection."""
    with engine.connect() as other:
        assert other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").scalar()


async def test_the_writer_connects_again_when_the_server_dropped_it(
    postgres_engine: Engine,
) -> None:
    storage = Storage(postgres_engine, durable=False)
    await storage.write(put, "before")
    end_backend(postgres_engine, backend_of(storage.writer._connection))

    assert await storage.write(put, "after") == "after"

    assert await names_in(storage, "before", "after") == ["before", "after"]
    await storage.close()


async def test_units_whose_connection_died_under_them_are_run_again(
    postgres_engine: Engine,
) -> None:
    storage = Storage(postgres_engine, durable=False)
    runs = []

    def die_once(uow: UnitOfWork) -> str:
        runs.append(1)
        if len(runs) == 1:
            end_backend(postgres_engine, backend_of(uow.connection))
        return put(uow, "second try")

    results = await asyncio.gather(
        storage.write(put, "neighbour"), storage.write(die_once), storage.write(put, "other")
    )

    assert list(results) == ["neighbour", "second try", "other"]
    assert len(runs) == 2
    assert storage.figures()["dead_batches"] == 1
    await storage.close()


async def test_a_commit_whose_answer_got_lost_is_not_run_twice(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(postgres_engine, durable=False)
    connection = storage.writer._connection
    commit = connection.commit

    def lose_the_answer(_self: object) -> None:
        pid = backend_of(connection)
        commit()
        end_backend(postgres_engine, pid)
        connection.run_text("SELECT 1")

    def count(uow: UnitOfWork) -> int:
        times = int(uow.instance.get("times") or 0) + 1
        uow.instance.put("times", str(times))
        return times

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "commit", lose_the_answer)
        assert await storage.write(count) == 1

    assert await storage.write(count) == 2
    assert storage.figures()["dead_batches"] == 0
    await storage.close()


async def test_a_server_that_is_gone_answers_busy_until_it_is_back(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(postgres_engine, durable=False)
    connect = storage.writer._connect
    away = make_engine("postgresql://postgres@127.0.0.1:1/nowhere")

    def connect_elsewhere() -> Connection:
        from storage.engine import connect as open_connection

        return open_connection(away)

    monkeypatch.setattr(storage.writer, "_connect", connect_elsewhere)
    end_backend(postgres_engine, backend_of(storage.writer._connection))
    results = await asyncio.gather(
        *(storage.write(put, f"n{number}") for number in range(10)), return_exceptions=True
    )
    monkeypatch.setattr(storage.writer, "_connect", connect)

    assert {type(result) for result in results} == {Busy}
    assert await storage.write(put, "back") == "back"
    await storage.close()


async def test_a_reader_connects_again_when_the_server_dropped_it(
    postgres_engine: Engine,
) -> None:
    storage = Storage(postgres_engine, threads=False, durable=False)
    await storage.write(put, "a")
    pid = await storage.read(lambda uow: backend_of(uow.connection))
    end_backend(postgres_engine, pid)

    assert await names_in(storage, "a") == ["a"]
    await storage.close()


async def test_a_writer_that_hangs_elsewhere_answers_busy(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.BUSY_TIMEOUT_MS", 100)
    storage = Storage(postgres_engine, threads=False, durable=False)
    other = Storage(postgres_engine, threads=False, durable=False)
    other.writer._connection.begin_write()

    with pytest.raises(Busy):
        await storage.write(put, "a")
    other.writer._connection.rollback()

    assert await storage.write(put, "a") == "a"
    await storage.close()
    await other.close()


ACKNOWLEDGE = """
import asyncio, sys
from storage.engine import make_engine
from storage.store import Storage

async def main():
    storage = Storage(make_engine(sys.argv[1]))
    async def write_all(worker):
        for number in range(100_000):
            name = f"{worker}-{number}"
            await storage.write(lambda uow: uow.instance.put(name, "there"))
            print(name, flush=True)
    await asyncio.gather(*(write_all(worker) for worker in range(8)))

asyncio.run(main())
"""


def answers_before_kill(url: str) -> list[str]:
    """What a process that writes was answered before it is killed amid its work."""
    with subprocess.Popen(
        [sys.executable, "-c", ACKNOWLEDGE, url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(500)]
        os.kill(process.pid, signal.SIGKILL)
        answered.extend(line.strip() for line in process.stdout if line.endswith("\n"))
        return answered


async def test_nothing_that_was_answered_is_lost_when_the_process_is_killed(
    engine: Engine,
) -> None:
    """F-01, in short."""
    url = engine.url.render_as_string(hide_password=False)
    answered = await asyncio.to_thread(answers_before_kill, url)

    storage = Storage(engine, threads=False, durable=False)
    assert await names_in(storage, *answered) == answered
    await storage.close()
