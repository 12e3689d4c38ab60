"""The door of storage: `write` and `read` run plain functions over a `UnitOfWork`."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Engine

from storage.connection import Connection, as_busy
from storage.engine import READ_LIMIT_SECONDS, connect, limit_read, sqlite_path
from storage.errors import Closed
from storage.threads import Writer
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

READERS = 3
MAX_WAITING = 2000


class Storage:
    """One database: a writer that serialises, readers beside it, wake-ups after commits.

    `write` ends when the change is on the disk. A unit may be run twice (its batch died), so it
    has no side effects of its own: time, ids and randomness are its arguments.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        threads: bool = True,
        max_waiting: int = MAX_WAITING,
        readers: int = READERS,
        durable: bool = True,
    ) -> None:
        """Connect. With `threads=False` units run inline, at the call: for tests and commands.

        The schema must stand already (`storage.schema.prepare`).
        """
        self.engine = engine
        self._driver_error = engine.dialect.loaded_dbapi.Error
        self._durable = durable
        self._threads = threads
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        path = sqlite_path(engine)
        self._wal = path.with_name(path.name + "-wal") if path is not None else None
        self.writer = Writer(
            lambda: connect(engine, durable=durable),
            max_waiting=max_waiting,
            wake=self._wake,
            wal_bytes=self._wal_bytes,
        )
        self._local = threading.local()
        self._open: list[Connection] = []
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False
        if threads:
            self._pool = ThreadPoolExecutor(readers, thread_name_prefix="noaber-reader")
            self.writer.start()

    def on_commit(self, topic: str, call: Callable[[], None]) -> None:
        """Call in the event loop after each commit that touched a topic of `unit_of_work`."""
        self._listeners.setdefault(topic, []).append(call)

    async def write(
        self, function: Callable[[UnitOfWork, *Ts], T], *arguments: *Ts, from_outside: bool = False
    ) -> T:
        """Run a unit on the writer; its result, once it is durable.

        Raises:
            Busy: too much waits (only with `from_outside`), or the database cannot write now.
            Closed: the node is stopping.
            Exception: whatever the unit raised; it was rolled back then.
        """
        result: T = await self.writer.submit(function, arguments, from_outside=from_outside)
        return result

    async def read(self, function: Callable[[UnitOfWork, *Ts], T], *arguments: *Ts) -> T:
        """Run a function over one state of the database, beside the writer.

        Raises:
            Busy: it took longer than two seconds, or the database cannot be read now.
        """
        if self._closed:
            raise Closed("the node is stopping")
        if self._pool is None:
            return self._read(function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._read, function, *arguments
        )

    def _read(self, function: Callable[[UnitOfWork, *Ts], T], *arguments: *Ts) -> T:
        connection: Connection | None = None
        try:
            uow = self._begin_read()
            connection = uow.connection
            limit_read(connection, READ_LIMIT_SECONDS)
            return function(uow, *arguments)
        except self._driver_error as error:
            busy = as_busy(error)
            if busy is not None:
                raise busy from error
            raise
        finally:
            if connection is not None:
                limit_read(connection, None)
                self._end_read(connection)

    def _begin_read(self) -> UnitOfWork:
        """Open a read transaction; anew when the server dropped the connection meanwhile."""
        uow = self._reader()
        try:
            uow.connection.begin_read()
        except self._driver_error:
            if not uow.connection.is_broken:
                raise
            uow = self._reader()
            uow.connection.begin_read()
        return uow

    def _end_read(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except self._driver_error as error:
            log.warning("a reader's connection is given up: %s", error)
            self._local.uow = None

    def _reader(self) -> UnitOfWork:
        uow: UnitOfWork | None = getattr(self._local, "uow", None)
        if uow is None or uow.connection.is_broken:
            connection = connect(self.engine, read_only=True, durable=self._durable)
            self._open.append(connection)
            uow = self._local.uow = UnitOfWork(connection)
        return uow

    def _wal_bytes(self) -> int:
        if self._wal is None or not self._wal.exists():
            return 0
        return self._wal.stat().st_size

    def _wake(self, topics: frozenset[str]) -> None:
        for topic in topics:
            for call in self._listeners.get(topic, ()):
                call()

    async def close(self) -> None:
        """Finish what waits to be written, then let go of the database."""
        self._closed = True
        if self._threads:
            await asyncio.to_thread(self.writer.stop)
        else:
            self.writer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        for connection in self._open:
            connection.close()

    def figures(self) -> dict[str, Any]:
        """What the writer did since the start, for metrics and doctor."""
        figures = self.writer.figures
        return {
            "waiting": self.writer.waiting,
            "batches": figures.batches,
            "units": figures.units,
            "failed_units": figures.failed_units,
            "dead_batches": figures.dead_batches,
        }
