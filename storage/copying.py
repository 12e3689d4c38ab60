"""Copying a SQLite database while it is written to, and putting a copy in its place."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.connection import Connection
from storage.errors import StorageError

Progress = Callable[[int, int], None]
"""Told how many bytes of how many were copied."""

_PROGRESS_STEPS = 10_000


def copy_sqlite(connection: Connection, target: Path, progress: Progress | None = None) -> None:
    """Write one state of a SQLite database to a file; an older file is replaced when it is done.

    Writers go on meanwhile. The file is readable by its owner alone: it holds private keys.

    Raises:
        StorageError: the folder is not there, or there is no room.
    """
    try:
        with replacing(target) as partial:
            if progress is not None:
                _report(connection, partial, progress)
            connection.raw.execute("VACUUM INTO ?", (str(partial),))
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"the database could not be copied to {target}: {error}") from error
    finally:
        connection.raw.set_progress_handler(None, 0)


def _report(connection: Connection, partial: Path, progress: Progress) -> None:
    (pages,), (size,) = (
        connection.run_text("PRAGMA page_count")[0],
        connection.run_text("PRAGMA page_size")[0],
    )

    def report() -> None:
        progress(min(partial.stat().st_size, pages * size), pages * size)

    connection.raw.set_progress_handler(report, _PROGRESS_STEPS)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A private file beside the target that takes its place when the block ends well.

    After a crash the target is the old file or the whole new one.
    """
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield partial
        _sync(partial)
        partial.replace(target)
        _sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
