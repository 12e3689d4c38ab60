"""Letting go of actors who are gone: a 410 at delivery is believed when a fetch confirms it.

Ending memberships and follows takes inboxes out of audiences, so that no more is sent there.

Spec: security 3.2 ("410 on actor or inbox: drop the follower after confirmation by refetch").
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from communities import following, joining
from communities.errors import NotAllowed
from communities.membership import MembershipState
from communities.people import ActorKey
from federation.ports import Fetches
from protocols.activitypub.vocabulary import Tombstone
from storage.actors import Profile
from storage.jobs import Job
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

MOST_FETCHED: Final = 20
"""Actors behind one inbox that are asked for at one run of the job."""
MOST_ENDED: Final = 100
"""Memberships, and as many follows, that are ended in one unit."""


def gone_job(
    storage: Storage, fetches: Fetches, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `CONFIRM_GONE_JOB`.

    It fetches those who receive at the inbox, until one is found to be there: then the inbox is
    not gone. It raises `PeerUnreachable` and `Busy` for the job to be tried again.
    """

    async def run(job: Job) -> None:
        inbox = job.payload.decode()
        actors = await storage.read(_receiving_at, inbox)
        gone: list[ActorKey] = []
        for actor in actors:
            if not isinstance(await fetches.fetch(actor.uri), Tombstone):
                break
            gone.append(actor.id)
        await storage.write(_end_all, job, gone, now())

    return run


def end_ties_job(
    storage: Storage, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `END_TIES_JOB`: its actor has said itself that it is gone."""

    async def run(job: Job) -> None:
        await storage.write(_end_all, job, [ActorKey(int(job.payload))], now())

    return run


def _receiving_at(uow: UnitOfWork, inbox: str) -> list[Profile]:
    return uow.actors.receiving_at(inbox, most=MOST_FETCHED)


def _end_all(uow: UnitOfWork, job: Job, gone: list[ActorKey], at: datetime) -> None:
    """End the ties of these actors and the job; it comes back for what is left."""
    uow.at_ms = to_ms(at)
    ended = [end_ties(uow, actor_id, at) for actor_id in gone]
    if len(gone) == MOST_FETCHED or any(ended):
        uow.jobs.go_on(job, run_ms=uow.at_ms)
    else:
        uow.jobs.finish(job)


def end_ties(uow: UnitOfWork, actor_id: ActorKey, at: datetime) -> bool:
    """End up to 100 memberships and 100 follows of an actor elsewhere; whether there are more.

    The last owner of a community of ours stays its owner, whatever became of the account.
    """
    left = 0
    for membership in uow.memberships.of_person(actor_id, MembershipState.MEMBER, MOST_ENDED):
        with suppress(NotAllowed):
            left += joining.leave(uow, membership.community_id, actor_id, at)
    followees = uow.people.local_followees(actor_id, most=MOST_ENDED)
    for followee_id in followees:
        following.unfollow(uow, actor_id, followee_id)
    return MOST_ENDED in (left, len(followees))
