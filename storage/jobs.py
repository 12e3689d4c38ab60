"""Jobs: work that needs the network or comes in steps, durable and leased."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal_column, null, select, update

from storage.connection import Connection, Row
from storage.errors import LeaseLost
from storage.statements import Statement, Tools
from storage.tables.running import jobs

MOST_LEASED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One leased job. `attempts` counts this run; `leased_until_ms` proves the lease."""

    id: int
    kind: str
    key: str | None
    order_key: str | None
    payload: bytes
    attempts: int
    leased_until_ms: int


_COLUMNS = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.key,
    jobs.c.order_key,
    jobs.c.payload,
    jobs.c.attempts,
)
# A literal, for both databases to see that the partial index holds what is asked for.
_FREE = (jobs.c.failed_ms.is_(None), jobs.c.blocked == literal_column("0"))
_READY = Statement(
    select(*_COLUMNS)
    .where(
        *_FREE,
        jobs.c.run_ms <= bindparam("now_ms"),
        jobs.c.leased_until_ms <= bindparam("now_ms"),
    )
    .order_by(jobs.c.run_ms, jobs.c.id)
    .limit(bindparam("most"))
)
_LEASE = Statement(
    update(jobs)
    .where(jobs.c.id == bindparam("job"))
    .values(leased_until_ms=bindparam("until_ms"), attempts=jobs.c.attempts + 1)
)
_MINE = (
    jobs.c.id == bindparam("job"),
    jobs.c.leased_until_ms == bindparam("lease"),
    jobs.c.failed_ms.is_(None),
)
_FINISH = Statement(delete(jobs).where(*_MINE))
_RETRY = Statement(
    update(jobs)
    .where(*_MINE)
    .values(
        leased_until_ms=0,
        run_ms=bindparam("new_run_ms"),
        error=bindparam("new_error"),
        payload=bindparam("new_payload"),
        attempts=bindparam("new_attempts"),
    )
)
_FAIL = Statement(
    update(jobs)
    .where(*_MINE)
    .values(
        # Its key is free: what was given up once may be asked for again.
        key=null(),
        leased_until_ms=0,
        failed_ms=bindparam("new_failed_ms"),
        error=bindparam("new_error"),
    )
)
_EXTEND = Statement(update(jobs).where(*_MINE).values(leased_until_ms=bindparam("until_ms")))
_WAITING = Statement(
    select(jobs.c.id)
    .where(jobs.c.order_key == bindparam("order_key"), jobs.c.failed_ms.is_(None))
    .limit(1)
)
_next_in_line = (
    select(jobs.c.id)
    .where(jobs.c.order_key == bindparam("order"), jobs.c.failed_ms.is_(None))
    .order_by(jobs.c.id)
    .limit(1)
)
_UNBLOCK = Statement(
    update(jobs).where(jobs.c.id == _next_in_line.scalar_subquery()).values(blocked=0)
)
_of_peer = (
    select(jobs.c.peer)
    .where(jobs.c.peer == bindparam("peer"), jobs.c.failed_ms.is_(None))
    .limit(bindparam("most"))
    .subquery("of_peer")
)
_COUNT_OF_PEER = Statement(select(func.count()).select_from(_of_peer))
_NEXT = Statement(
    select(func.min(jobs.c.run_ms)).where(*_FREE, jobs.c.leased_until_ms <= bindparam("now_ms"))
)
_COUNTS = Statement(
    select(jobs.c.kind, jobs.c.failed_ms.is_not(None), func.count()).group_by(
        jobs.c.kind, jobs.c.failed_ms.is_not(None)
    )
)
_RELEASE_ALL = Statement(update(jobs).where(jobs.c.leased_until_ms > 0).values(leased_until_ms=0))
_NAMES = ("kind", "key", "order_key", "payload", "run_ms", "blocked", "peer")
_ENQUEUE_PLAIN = Statement(insert(jobs).values({name: bindparam(name) for name in _NAMES}))


def _enqueue(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(jobs)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_nothing(index_elements=["key"])
    )


_ENQUEUE = Statement(_enqueue)


class Jobs:
    """Enqueue, lease, end. Only a unit that holds the lease may end a job."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self.enqueued = False

    def start_unit(self) -> None:
        """Forget whether the unit before enqueued anything."""
        self.enqueued = False

    def enqueue(
        self,
        kind: str,
        payload: bytes,
        *,
        run_ms: int,
        key: str | None = None,
        order_key: str | None = None,
        peer: str | None = None,
    ) -> bool:
        """Add a job; with a key that waits already, nothing is added and False returned.

        With a `peer` it counts among those that `count_of_peer` tells.
        """
        statement = _ENQUEUE_PLAIN if key is None else _ENQUEUE
        added = self._db.run(
            statement,
            kind=kind,
            key=key,
            order_key=order_key,
            payload=payload,
            run_ms=run_ms,
            blocked=int(order_key is not None and self.has_waiting(order_key)),
            peer=peer,
        )
        self.enqueued = self.enqueued or added > 0
        return added > 0

    def has_waiting(self, order_key: str) -> bool:
        """Whether a job with this order key is not done yet."""
        return self._db.row(_WAITING, order_key=order_key) is not None

    def count_of_peer(self, peer: str, *, most: int) -> int:
        """How many jobs wait that this peer caused; counts no further than `most`."""
        row = self._db.row(_COUNT_OF_PEER, peer=peer, most=most)
        return 0 if row is None else int(row[0])

    def lease(self, *, now_ms: int, until_ms: int, most: int = MOST_LEASED) -> list[Job]:
        """Take jobs that are due, oldest first, one at a time for each order key."""
        taken = []
        for row in self._db.rows(_READY, now_ms=now_ms, most=most):
            self._db.run(_LEASE, job=row[0], until_ms=until_ms)
            taken.append(_job(row, until_ms))
        return taken

    def next_run_ms(self, *, now_ms: int) -> int | None:
        """When the next job that nobody holds is due."""
        row = self._db.row(_NEXT, now_ms=now_ms)
        return None if row is None or row[0] is None else int(row[0])

    def finish(self, job: Job) -> None:
        """The job is done, in the same transaction as its effect.

        Raises:
            LeaseLost: somebody else holds it now; the unit must be rolled back.
        """
        if self._db.run(_FINISH, job=job.id, lease=job.leased_until_ms) != 1:
            raise LeaseLost(f"job {job.id} is held by another worker")
        self._unblock(job)

    def _unblock(self, job: Job) -> None:
        """Let the next one of its order key come, in the unit that ends a job.

        Every unit that writes has the writer's lock: no job is enqueued behind one that ends.
        """
        if job.order_key is not None:
            self._db.run(_UNBLOCK, order=job.order_key)

    def retry(self, job: Job, *, run_ms: int, error: str, payload: bytes | None = None) -> None:
        """Try again later, perhaps from where the work has come (`payload`)."""
        changed = self._db.run(
            _RETRY,
            job=job.id,
            lease=job.leased_until_ms,
            new_run_ms=run_ms,
            new_error=error[:500],
            new_payload=job.payload if payload is None else payload,
            new_attempts=job.attempts,
        )
        if changed != 1:
            raise LeaseLost(f"job {job.id} is held by another worker")
        self.enqueued = True

    def go_on(self, job: Job, *, run_ms: int, payload: bytes | None = None) -> None:
        """A step of a long job is done: the next one begins from here, with attempts of its own."""
        changed = self._db.run(
            _RETRY,
            job=job.id,
            lease=job.leased_until_ms,
            new_run_ms=run_ms,
            new_error=None,
            new_payload=job.payload if payload is None else payload,
            new_attempts=0,
        )
        if changed != 1:
            raise LeaseLost(f"job {job.id} is held by another worker")
        self.enqueued = True

    def fail(self, job: Job, *, at_ms: int, error: str) -> None:
        """Give the job up; it stays for the operator to see."""
        changed = self._db.run(
            _FAIL,
            job=job.id,
            lease=job.leased_until_ms,
            new_failed_ms=at_ms,
            new_error=error[:500],
        )
        if changed != 1:
            raise LeaseLost(f"job {job.id} is held by another worker")
        self._unblock(job)
        self.enqueued = True

    def extend(self, job: Job, *, until_ms: int) -> None:
        """Hold a long job for longer."""
        if self._db.run(_EXTEND, job=job.id, lease=job.leased_until_ms, until_ms=until_ms) != 1:
            raise LeaseLost(f"job {job.id} is held by another worker")

    def release_all(self) -> int:
        """At the start of the only process: what a killed one held is free again."""
        return self._db.run(_RELEASE_ALL)

    def counts(self) -> dict[str, tuple[int, int]]:
        """For each kind how many wait and how many were given up."""
        found: dict[str, tuple[int, int]] = {}
        for kind, failed, count in self._db.rows(_COUNTS):
            waiting, given_up = found.get(kind, (0, 0))
            found[kind] = (waiting, given_up + count) if failed else (waiting + count, given_up)
        return found


def _job(row: Row, until_ms: int) -> Job:
    return Job(
        id=row[0],
        kind=row[1],
        key=row[2],
        order_key=row[3],
        payload=bytes(row[4]),
        attempts=row[5] + 1,
        leased_until_ms=until_ms,
    )
