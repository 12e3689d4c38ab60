"""The schema's revision: which one the code needs, which one stands, and how to get there.

A start with nothing to do costs one select. What is missing is applied revision by revision, each
in a transaction of its own under the writer's lock, so that a start that was killed is completed
by the next one. A SQLite file is copied first.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from storage.connection import Connection
from storage.copying import copy_sqlite
from storage.engine import connect, sqlite_path
from storage.errors import StorageError

_VERSIONS = Path(__file__).with_name("migrations") / "versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What `prepare` found and did: the revision before, the revision now, the copy it made."""

    before: str | None
    after: str
    applied: tuple[str, ...] = ()
    snapshot: Path | None = None


class SchemaTooNew(StorageError):  # noqa: N818 - says the state
    """The database was written by a later version of noaber."""


def head() -> str:
    """The revision that this code needs."""
    return _number(_revisions()[-1])


def current(engine: Engine) -> str | None:
    """The revision of the database; None when it is empty or not there yet.

    Raises:
        StorageError: it cannot be opened.
    """
    path = sqlite_path(engine)
    if path is not None and not path.parent.is_dir():
        raise StorageError(f"the database's folder {path.parent} is not there")
    if path is not None and not path.exists():
        return None
    connection = _open(engine)
    try:
        return revision_of(connection)
    finally:
        connection.close()


def _open(engine: Engine) -> Connection:
    try:
        return connect(engine)
    except sqlite3.Error as error:
        raise StorageError(f"{engine.url.database} cannot be opened: {error}") from error


def revision_of(connection: Connection) -> str | None:
    """The revision of an open database."""
    exists = (
        "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.is_sqlite
        else "SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL"
    )
    if not connection.run_text(exists):
        return None
    rows = connection.run_text("SELECT version_num FROM alembic_version")
    return str(rows[0][0]) if rows else None


def refuse_newer(revision: str | None) -> None:
    """Stop unless the code knows this revision.

    Raises:
        SchemaTooNew: it does not.
    """
    if revision is not None and revision not in map(_number, _revisions()):
        raise SchemaTooNew(
            f"the database has schema {revision}, this version of noaber knows up to {head()}:"
            " start the version that wrote it, or restore the copy made before the upgrade"
        )


def prepare(
    engine: Engine,
    *,
    snapshot_dir: Path | None,
    progress: Callable[[str], None] = lambda _line: None,
) -> Prepared:
    """Bring the database to the revision that the code needs; nothing happens when it is there.

    Args:
        engine: the database; a SQLite file need not exist yet, its folder must.
        snapshot_dir: where a SQLite file with content is copied to before it is changed, as
            `<name>-before-<revision>`; None makes no copy.
        progress: told what is being done, a line for each step.

    Raises:
        SchemaTooNew: the database is newer than the code.
        StorageError: a migration failed, or the copy could not be made; the revision that failed
            left nothing behind.
    """
    before = current(engine)
    refuse_newer(before)
    if before == head():
        return Prepared(before=before, after=before)
    # alembic takes 0.1 s to import, which a start with nothing to do must not pay.
    from storage.migrations.applying import apply  # noqa: PLC0415

    steps = _Steps(engine, snapshot_dir if before is not None else None, progress)
    applied = [
        _number(name)
        for name in _revisions()
        if (before is None or _number(name) > before) and apply(engine, name, steps.before)
    ]
    return Prepared(before=before, after=head(), applied=tuple(applied), snapshot=steps.snapshot)


class _Steps:
    """What happens under the lock before a revision is applied: once the copy, always a line."""

    def __init__(
        self, engine: Engine, snapshot_dir: Path | None, progress: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._snapshot_dir = snapshot_dir
        self._progress = progress
        self.snapshot: Path | None = None

    def before(self, name: str) -> None:
        path = sqlite_path(self._engine)
        if path is not None and self._snapshot_dir is not None and self.snapshot is None:
            target = self._snapshot_dir / f"{path.name}-before-{_number(name)}"
            self._progress(f"copying the database to {target}")
            connection = connect(self._engine)
            try:
                copy_sqlite(connection, target)
            finally:
                connection.close()
            self.snapshot = target
        self._progress(f"applying migration {name.replace('_', ' ')}")


@cache
def _revisions() -> tuple[str, ...]:
    """The revisions' file names without ending, first to last."""
    return tuple(sorted(path.stem for path in _VERSIONS.glob("[0-9]*.py")))


def _number(revision: str) -> str:
    return revision.split("_", 1)[0]
