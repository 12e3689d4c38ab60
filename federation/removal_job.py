"""Taking away what a banned person posted in a community, where it is more than one unit takes.

The ban itself removes the first posts; this job comes back until nothing is left.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from communities import banning
from communities.joining import current_membership
from communities.membership import MembershipState
from communities.people import ActorKey
from federation.wanted_jobs import RemoveContent
from storage.jobs import Job
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork


def remove_content_job(
    storage: Storage, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `REMOVE_CONTENT_JOB`: one step of it, in one unit."""

    async def run(job: Job) -> None:
        await storage.write(_remove, job, now())

    return run


def _remove(uow: UnitOfWork, job: Job, at: datetime) -> None:
    """Remove some more, and come back; the job ends with the posts, or with the ban."""
    uow.at_ms = to_ms(at)
    asked = msgspec.msgpack.decode(job.payload, type=RemoveContent)
    community_id, author_id = ActorKey(asked.community_id), ActorKey(asked.author_id)
    # Who was let back may have posted since: that is not what the ban was to take away.
    standing = current_membership(uow, community_id, author_id, at)
    is_banned = standing.state is MembershipState.BANNED
    if is_banned and banning.remove_content(uow, community_id, author_id, at):
        uow.jobs.go_on(job, run_ms=uow.at_ms)
    else:
        uow.jobs.finish(job)
