"""The job that hangs comments under the post they waited for, where they are very many."""

from collections.abc import Awaitable, Callable

from storage.jobs import Job
from storage.store import Storage
from storage.unit_of_work import UnitOfWork


def adoption_job(storage: Storage) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `storage.posts.ADOPT_JOB`; each run hangs up to 100."""

    async def run(job: Job) -> None:
        await storage.write(_adopt, job)

    return run


def _adopt(uow: UnitOfWork, job: Job) -> None:
    rest = uow.posts.adopt_more(job.payload)
    if rest is None:
        uow.jobs.finish(job)
    else:
        uow.jobs.go_on(job, run_ms=0, payload=rest)
