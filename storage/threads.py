"""The one writer: units of work run one after another, many to a commit.

A unit is a plain function of a `UnitOfWork`. The writer's thread drains what waits into one
transaction, with a savepoint for each unit, commits once and only then resolves the futures: no
answer leaves before its change is on the disk, and synchronous=FULL costs one fsync a batch.

Rules (house, "Units of work"): after a database error the writer looks whether the transaction
still stands; if not, the batch is dead and its units run again one by one. Work from outside is
refused when too much waits; work from inside waits and is never refused.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from storage.connection import Connection, as_busy, is_database_error
from storage.errors import Busy, Closed
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

BATCH_UNITS = 500
BATCH_SECONDS = 0.02
GATHER_SECONDS = 0.006
"""How long a batch may wait to become as large as the one before. While the event loop still takes
requests in, it and the writer only take the interpreter from each other: one after the other they
need a sixth less CPU. A unit that comes alone waits for nobody."""
SLOW_UNIT_SECONDS = 0.1
WAL_TRUNCATE_BYTES = 64 * 1024 * 1024


def _as_answer(error: BaseException) -> BaseException:
    """What the caller of a unit is told of an error outside it."""
    if is_database_error(error):
        return as_busy(error) or Busy("the database failed")
    return error


@dataclass(slots=True)
class Unit:
    """One waiting unit: what to run, and whom to tell."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    outcome: Any = None
    error: BaseException | None = None
    wakes: frozenset[str] = frozenset()


@dataclass(slots=True)
class WriterFigures:
    """What the writer did, for metrics: counts since the start and the last batch."""

    batches: int = 0
    units: int = 0
    failed_units: int = 0
    dead_batches: int = 0
    last_batch_units: int = 0
    last_batch_seconds: float = 0.0
    observers: list[Callable[[int, float], None]] = field(default_factory=list)


class Writer:
    """Owns the only write connection of this process."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        max_waiting: int,
        wake: Callable[[frozenset[str]], None],
        wal_bytes: Callable[[], int],
    ) -> None:
        """Prepare; nothing runs until `start` or `step`.

        Args:
            connect: makes the write connection, now and after the database server went away.
            max_waiting: how many units from outside may wait before `Busy`.
            wake: called in the event loop, after a commit, with the topics it touched.
            wal_bytes: the present size of SQLite's write-ahead log; 0 elsewhere.
        """
        self._connect = connect
        self._connection = connect()
        self._uow = UnitOfWork(self._connection)
        self._max_waiting = max_waiting
        self._wake = wake
        self._wal_bytes = wal_bytes
        self._waiting: deque[Unit] = deque()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._wanted = 1
        self.figures = WriterFigures()

    def start(self) -> None:
        """Start the thread; without it, `submit` runs each unit inline."""
        self._thread = threading.Thread(target=self._run, name="noaber-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many units wait now."""
        return len(self._waiting)

    def submit(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], *, from_outside: bool
    ) -> "asyncio.Future[Any]":
        """Queue a unit; the future ends after the commit.

        Raises:
            Busy: too much waits, and the unit comes from outside.
            Closed: the writer was stopped.
        """
        loop = asyncio.get_running_loop()
        if self._closing:
            raise Closed("the node is stopping")
        if from_outside and len(self._waiting) >= self._max_waiting:
            raise Busy("too much is waiting to be stored; try again in a few seconds")
        unit = Unit(function, arguments, loop, loop.create_future())
        if self._thread is None:
            self._run_batch([unit])
            return unit.future
        with self._condition:
            if self._closing:
                raise Closed("the node is stopping")
            self._waiting.append(unit)
            if len(self._waiting) == self._wanted:
                self._condition.notify()
        return unit.future

    def stop(self) -> None:
        """Finish what waits, then end the thread. Blocks; called off the loop."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    self._condition.wait()
                if not self._waiting:
                    return
                self._gather()
            self._run_batch(self._drain())

    def _gather(self) -> None:
        """Wait a moment for as many units as the last batch had: those it answered come again."""
        self._wanted = min(self.figures.last_batch_units, BATCH_UNITS)
        end = time.monotonic() + GATHER_SECONDS
        while len(self._waiting) < self._wanted and not self._closing:
            rest = end - time.monotonic()
            if rest <= 0 or not self._condition.wait(rest):
                break
        self._wanted = 1

    def _drain(self) -> Iterable[Unit]:
        end = time.monotonic() + BATCH_SECONDS
        taken = 0
        while taken < BATCH_UNITS and self._waiting:
            taken += 1
            yield self._waiting.popleft()
            if time.monotonic() > end:
                return

    def _run_batch(self, units: Iterable[Unit]) -> None:
        begun = time.monotonic()
        done: list[Unit] = []
        taken = iter(units)
        try:
            self._begin()
        except BaseException as error:  # noqa: BLE001 - the error goes to the waiting futures
            done.extend(taken)
            self._refuse(done, error)
        else:
            try:
                for unit in taken:
                    done.append(unit)
                    self._run_unit(unit)
                self._connection.commit()
            except BaseException as error:  # noqa: BLE001 - as above
                done.extend(taken)
                self._recover(done, error)
        self._note(done, time.monotonic() - begun)
        self._resolve(done)
        if self.figures.batches % 64 == 0 and self._wal_bytes() > WAL_TRUNCATE_BYTES:
            self._truncate_wal()

    def _begin(self) -> None:
        """Open a transaction; anew when the server dropped the connection meanwhile."""
        try:
            self._connection.begin_write()
        except Exception:
            if not self._connection.is_broken:
                raise
            self._restore_connection()
            self._connection.begin_write()
        self._uow.start_batch()

    def _refuse(self, units: list[Unit], error: BaseException) -> None:
        """The database cannot be written at all now: say so at once, to all that wait."""
        log.error("%d units were refused: %r", len(units), error)
        for unit in units:
            unit.outcome, unit.wakes = None, frozenset()
            unit.error = _as_answer(error)
        self._try_rollback()

    def _recover(self, units: list[Unit], error: BaseException) -> None:
        """The batch is dead: give each unit a transaction of its own, once that is sure."""
        try:
            committed = self._was_committed()
        except Exception as again:  # noqa: BLE001 - it goes to the waiting futures
            self._refuse(units, again)
            return
        if not committed:
            self.figures.dead_batches += 1
            log.error("a batch of %d units was rolled back: %r", len(units), error)
            self._run_alone(units)

    def _was_committed(self) -> bool:
        """Whether only the answer to COMMIT got lost, not what was committed.

        That can happen when a server goes away; asking it keeps units from being run twice.
        """
        transaction = self._connection.transaction_id
        if transaction is None or not self._connection.is_broken:
            return False
        self._restore_connection()
        # The lock is free when the lost transaction has ended one way or the other.
        self._connection.begin_write()
        committed = self._connection.was_committed(transaction)
        self._connection.rollback()
        return committed

    def _run_alone(self, units: list[Unit]) -> None:
        for place, unit in enumerate(units):
            try:
                self._restore_connection()
                self._begin()
            except BaseException as error:  # noqa: BLE001 - it goes to the waiting futures
                self._refuse(units[place:], error)
                return
            try:
                self._run_unit(unit)
                self._connection.commit()
            except BaseException as error:  # noqa: BLE001 - as above
                self._end_alone(unit, error)

    def _end_alone(self, unit: Unit, error: BaseException) -> None:
        try:
            if self._was_committed():
                return
        except Exception:
            log.exception("whether a unit was committed is not known")
        self._refuse([unit], error)

    def _run_unit(self, unit: Unit) -> None:
        begun = time.monotonic()
        unit.outcome, unit.error, unit.wakes = None, None, frozenset()
        self._connection.savepoint()
        self._uow.start_unit()
        try:
            unit.outcome = unit.function(self._uow, *unit.arguments)
            unit.wakes = self._uow.end_unit()
        except BaseException as error:
            if not self._connection.in_transaction:
                raise
            self._connection.rollback_to_savepoint()
            self._uow.undo_unit()
            unit.error = as_busy(error) or error
        else:
            self._connection.release()
        if time.monotonic() - begun > SLOW_UNIT_SECONDS:
            log.warning(
                "a unit of work took %d ms: %s",
                int((time.monotonic() - begun) * 1000),
                getattr(unit.function, "__qualname__", unit.function),
            )

    def _restore_connection(self) -> None:
        """End a transaction that was left open; connect anew when the server dropped us."""
        if not self._connection.is_broken:
            self._connection.rollback()
            return
        self._connection = self._connect()
        self._uow = UnitOfWork(self._connection)

    def _try_rollback(self) -> None:
        try:
            self._connection.rollback()
        except Exception:
            log.exception("the database did not roll back")

    def _resolve(self, units: list[Unit]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[Unit]] = {}
        for unit in units:
            by_loop.setdefault(unit.loop, []).append(unit)
        for loop, ended in by_loop.items():
            if self._thread is None:
                self._finish(ended)
            elif not loop.is_closed():
                loop.call_soon_threadsafe(self._finish, ended)

    def _finish(self, units: list[Unit]) -> None:
        wakes: set[str] = set()
        for unit in units:
            wakes |= unit.wakes
            if unit.future.done():
                continue
            if unit.error is not None:
                unit.future.set_exception(unit.error)
            else:
                unit.future.set_result(unit.outcome)
        if wakes:
            self._wake(frozenset(wakes))

    def _note(self, units: list[Unit], seconds: float) -> None:
        figures = self.figures
        figures.batches += 1
        figures.units += len(units)
        figures.failed_units += sum(1 for unit in units if unit.error is not None)
        figures.last_batch_units = len(units)
        figures.last_batch_seconds = seconds
        for observe in figures.observers:
            observe(len(units), seconds)

    def _truncate_wal(self) -> None:
        """Fold the log back into the file, unless a reader stands in the way: then next time."""
        try:
            self._connection.run_text("PRAGMA busy_timeout=0")
            self._connection.run_text("PRAGMA wal_checkpoint(TRUNCATE)")
        except Exception as error:
            log.info("the write-ahead log could not be truncated now: %s", error)
            if not is_database_error(error):
                raise
        finally:
            self._connection.run_text("PRAGMA busy_timeout=5000")
