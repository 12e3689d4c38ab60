"""The job runner: leases what is due, runs it beside the others, settles it in its own unit.

A job handler fetches what it needs and ends with one unit of work that does the effect and calls
`uow.jobs.finish(job)` (or `retry`): effect and end are one transaction, so a job that was killed
runs again and one that is done never does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from communities.errors import DomainError
from federation.errors import FederationError, PeerUnreachable
from node.metrics import Metrics
from node.tasks import Tasks
from protocols.errors import ProtocolError
from storage.errors import Busy, LeaseLost
from storage.jobs import Job
from storage.store import Storage
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

JobHandler = Callable[[Job], Awaitable[None]]

LEASE = timedelta(minutes=5)
AT_ONCE = 16
IDLE = timedelta(seconds=30)
MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=20)
LONGEST_WAIT = timedelta(hours=3)


class JobRunner:
    """Runs jobs of the declared kinds."""

    def __init__(
        self,
        storage: Storage,
        handlers: Mapping[str, JobHandler],
        tasks: Tasks,
        metrics: Metrics,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """Take handlers by kind; a job of an unknown kind is given up."""
        self._storage = storage
        self._handlers = dict(handlers)
        self._tasks = tasks
        self._metrics = metrics
        self._now = now
        self._wake = asyncio.Event()
        self._running = 0

    def wake(self) -> None:
        """A commit enqueued jobs."""
        self._wake.set()

    async def prepare(self) -> None:
        """Free what a killed process held."""
        await self._storage.write(_release_all)

    async def run(self) -> None:
        """Lease and run for ever."""
        while True:
            self._wake.clear()
            for job in await self._lease(AT_ONCE - self._running):
                self._running += 1
                self._tasks.spawn(self._run_one(job), f"job {job.kind}")
            await self._rest()

    async def step(self) -> int:
        """Run everything that is due, one after another; how many jobs ran. For tests."""
        count = 0
        while jobs := await self._lease(AT_ONCE):
            for job in jobs:
                self._running += 1
                await self._run_one(job)
                count += 1
        return count

    async def _lease(self, most: int) -> list[Job]:
        if most <= 0:
            return []
        now = self._now()
        return await self._storage.write(_lease, to_ms(now), to_ms(now + LEASE), most)

    async def _rest(self) -> None:
        now = self._now()
        due = await self._storage.read(_next_run, to_ms(now))
        pause = IDLE if due is None else min(IDLE, from_ms(due) - now)
        if self._running >= AT_ONCE:
            pause = IDLE
        try:
            async with asyncio.timeout(max(pause.total_seconds(), 0.02)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _run_one(self, job: Job) -> None:
        try:
            outcome = await self._outcome(job)
            self._metrics.job(job.kind, outcome)
        finally:
            self._running -= 1
            self._wake.set()

    async def _outcome(self, job: Job) -> str:
        handler = self._handlers.get(job.kind)
        if handler is None:
            return await self._fail(job, f"no handler for jobs of kind {job.kind}")
        try:
            await handler(job)
        except LeaseLost:
            log.warning("job %d (%s) was taken over by another worker", job.id, job.kind)
            return "lost"
        except (DomainError, ProtocolError) as error:
            return await self._finish(job, str(error))
        except (PeerUnreachable, Busy) as error:
            return await self._retry(job, str(error))
        except FederationError as error:
            return await self._finish(job, str(error))
        except Exception as error:
            log.exception("job %d (%s) failed", job.id, job.kind)
            return await self._fail(job, repr(error))
        return "done"

    async def _finish(self, job: Job, why: str) -> str:
        log.info("job %d (%s) ended: %s", job.id, job.kind, why)
        await self._storage.write(_finish, job)
        return "refused"

    async def _retry(self, job: Job, why: str) -> str:
        if job.attempts >= MOST_ATTEMPTS:
            return await self._fail(job, why)
        wait = min(FIRST_WAIT * 4 ** (job.attempts - 1), LONGEST_WAIT)
        await self._storage.write(_retry, job, to_ms(self._now() + wait), why)
        return "retried"

    async def _fail(self, job: Job, why: str) -> str:
        await self._storage.write(_fail, job, to_ms(self._now()), why)
        return "failed"


def _release_all(uow: UnitOfWork) -> int:
    return uow.jobs.release_all()


def _lease(uow: UnitOfWork, now_ms: int, until_ms: int, most: int) -> list[Job]:
    return uow.jobs.lease(now_ms=now_ms, until_ms=until_ms, most=most)


def _next_run(uow: UnitOfWork, now_ms: int) -> int | None:
    return uow.jobs.next_run_ms(now_ms=now_ms)


def _finish(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.finish(job)


def _retry(uow: UnitOfWork, job: Job, run_ms: int, error: str) -> None:
    uow.jobs.retry(job, run_ms=run_ms, error=error)


def _fail(uow: UnitOfWork, job: Job, at_ms: int, error: str) -> None:
    uow.jobs.fail(job, at_ms=at_ms, error=error)
