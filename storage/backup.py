"""Backups: one state of the database in one file, looked over, and put back.

SQLite is copied while writers go on; PostgreSQL by its own pg_dump and pg_restore. All functions
block until they are done: they are called off the event loop.
"""

import os
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from storage import schema
from storage.connection import Connection
from storage.copying import Progress, copy_sqlite, replacing
from storage.engine import connect, sqlite_path
from storage.errors import StorageError
from storage.instance import EPOCH, Instance
from storage.jobs import Jobs
from storage.tables import federation, metadata, reading, running, social

TABLES = (social, federation, running, reading)
"""The modules that put their tables into the metadata: what is counted in a backup."""

_SQLITE_MAGIC = b"SQLite format 3\x00"
_DUMP_MAGIC = b"PGDMP"
_MOST_PROBLEMS = 20
_UPLOADS_SINCE = "0006"
_FROM_QUERY = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a backup holds. `problems` are sentences; there are none in a sound one."""

    revision: str | None
    problems: tuple[str, ...]
    rows: dict[str, int]

    @property
    def is_sound(self) -> bool:
        """Whether it can be restored."""
        return not self.problems


def back_up(engine: Engine, target: Path, progress: Progress | None = None) -> None:
    """Write one state of the database to a file that its owner alone can read.

    Raises:
        StorageError: there is no room, or pg_dump is missing or failed; an older file is kept.
    """
    if sqlite_path(engine) is not None:
        backup_sqlite(engine, target, progress)
    else:
        backup_postgresql(engine, target)


def backup_sqlite(engine: Engine, target: Path, progress: Progress | None = None) -> None:
    """Copy a SQLite database; writers go on, and what they commit meanwhile is not in the copy."""
    connection = connect(engine)
    try:
        copy_sqlite(connection, target, progress)
    finally:
        connection.close()


def backup_postgresql(engine: Engine, target: Path) -> None:
    """Dump a PostgreSQL database in the custom format of pg_dump."""
    try:
        with replacing(target) as partial:
            _run(engine, "pg_dump", "--format=custom", "--no-owner", f"--file={partial}")
    except OSError as error:
        raise StorageError(f"the database could not be dumped to {target}: {error}") from error


def uploaded_digests(engine: Engine) -> list[bytes]:
    """The digests of the files of all uploads; none where the schema is older than they are."""
    connection = connect(engine)
    try:
        revision = schema.revision_of(connection)
        if revision is None or revision < _UPLOADS_SINCE:
            return []
        rows = connection.run_text(
            "SELECT digest FROM media WHERE digest IS NOT NULL"
            " UNION SELECT preview_digest FROM media WHERE preview_digest IS NOT NULL"
        )
    finally:
        connection.close()
    return [bytes(row[0]) for row in rows]


def verify_database(path: Path) -> Verification:
    """Look a backup over: its pages, its references, its schema, how many rows.

    Raises:
        StorageError: it is no backup of a database at all.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    if beginning.startswith(_DUMP_MAGIC):
        return _verify_dump(path)
    if beginning == _SQLITE_MAGIC:
        return _verify_sqlite(path)
    raise StorageError(f"{path} is neither a SQLite database nor a dump of PostgreSQL")


def _verify_sqlite(path: Path) -> Verification:
    raw = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection = Connection(raw, "sqlite")
    try:
        problems = [
            f"integrity: {row[0]}"
            for row in connection.run_text(f"PRAGMA integrity_check({_MOST_PROBLEMS})")
            if row[0] != "ok"
        ]
        problems += [
            f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there"
            for row in connection.run_text("PRAGMA foreign_key_check")[:_MOST_PROBLEMS]
        ]
        revision = schema.revision_of(connection)
        return Verification(
            revision=revision,
            problems=(*problems, *_problems_of_revision(revision)),
            rows=_count(connection),
        )
    except sqlite3.DatabaseError as error:
        return Verification(revision=None, problems=(f"unreadable: {error}",), rows={})
    finally:
        connection.close()


def _problems_of_revision(revision: str | None) -> list[str]:
    if revision is None:
        return ["it has no schema of noaber"]
    try:
        schema.refuse_newer(revision)
    except schema.SchemaTooNew as error:
        return [str(error)]
    return []


def _count(connection: Connection) -> dict[str, int]:
    there = {row[0] for row in connection.run_text("SELECT name FROM sqlite_master")}
    return {
        name: int(connection.run_text(f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608 - our own tables
        for name in metadata.tables
        if name in there
    }


def _verify_dump(path: Path) -> Verification:
    """A dump is read to its end; its rows are only counted by restoring it."""
    done = subprocess.run(  # noqa: S603 - a fixed command and a path
        [_find("pg_restore"), "--file=/dev/null", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    problems = () if done.returncode == 0 else (f"unreadable: {_last_line(done.stderr)}",)
    return Verification(revision=None, problems=problems, rows={})


def restore(engine: Engine, source: Path, *, replace: bool = False) -> Verification:
    """Put a backup in the database's place and mark the node as restored.

    The node must not be running. An older schema is brought up at the next start.

    Args:
        engine: the database to restore into.
        source: what `back_up` wrote.
        replace: whether a database that is there already may be overwritten.

    Raises:
        StorageError: the backup is not sound or of the other kind, or there is a database.
    """
    found = verify_database(source)
    if not found.is_sound:
        raise StorageError(f"{source} cannot be restored: {'; '.join(found.problems)}")
    if not replace and schema.current(engine) is not None:
        raise StorageError(
            "there is a database already; to put the backup in its place, say --replace"
        )
    path = sqlite_path(engine)
    with source.open("rb") as file:
        is_dump = file.read(len(_DUMP_MAGIC)) == _DUMP_MAGIC
    if is_dump != (path is None):
        raise StorageError("a backup of SQLite goes into SQLite, one of PostgreSQL into PostgreSQL")
    if path is None:
        _restore_dump(engine, source)
    else:
        _restore_file(engine, source, path)
    connection = connect(engine)
    try:
        restore_marks(connection)
    finally:
        connection.close()
    return found


def _restore_file(engine: Engine, source: Path, path: Path) -> None:
    try:
        _fold_log_back(engine, path)
        with replacing(path) as partial:
            shutil.copyfile(source, partial)
    except OSError as error:
        raise StorageError(f"{path} could not be restored: {error}") from error


def _fold_log_back(engine: Engine, path: Path) -> None:
    """Leave no log of the database before: it would be played into the restored one."""
    logs = [path.with_name(path.name + ending) for ending in ("-wal", "-shm")]
    try:
        connect(engine).close()
    except sqlite3.Error:
        # The database before is broken, which may well be why another one takes its place.
        for log in logs:
            log.unlink(missing_ok=True)
    if any(log.exists() for log in logs):
        raise StorageError(f"{path} is in use: stop the node first")


def _restore_dump(engine: Engine, source: Path) -> None:
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error")
    _run(engine, "pg_restore", *options, f"--dbname={engine.url.database}", str(source))


def restore_marks(connection: Connection) -> int:
    """Mark a restored database in a transaction of its own; the new epoch.

    The log's positions since the backup are given out again. The epoch in the ids of activities
    keeps peers, who remember ids, from taking new activities for old ones. Nobody holds jobs.
    """
    connection.begin_write()
    try:
        instance = Instance(connection)
        epoch = int(instance.get(EPOCH) or 0) + 1
        instance.put(EPOCH, str(epoch))
        Jobs(connection).release_all()
        connection.commit()
    finally:
        connection.rollback()
    return epoch


def _run(engine: Engine, command: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - a fixed command; the URL's parts go by environment
        [_find(command), *arguments],
        env={**os.environ, **_environment(engine.url)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StorageError(f"{command} failed: {_last_line(done.stderr)}")


def _find(command: str) -> str:
    found = shutil.which(command)
    if found is None:
        raise StorageError(
            f"{command} is not installed: it comes with PostgreSQL's client programs"
            " (postgresql-client), at least of the server's version"
        )
    return found


def _environment(url: URL) -> dict[str, str]:
    """The server's address for pg_dump, so that no password stands among the processes."""
    given = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        **{_FROM_QUERY[name]: str(url.query[name]) for name in url.query if name in _FROM_QUERY},
    }
    return {name: str(value) for name, value in given.items() if value}


def _last_line(words: str) -> str:
    lines = words.strip().splitlines()
    return lines[-1] if lines else "no reason given"
