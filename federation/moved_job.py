"""The job that lets people here follow (or join) where someone they followed has moved to.

Spec: FEP-7628; Mastodon "Move"; security ORI-16 (the move was confirmed by its target before).
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from communities import following, joining
from communities.errors import DomainError
from communities.people import ActorKey
from federation.activitypub.act import Context
from federation.wanted_jobs import MoveFollowers
from storage.jobs import Job
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

MOST_MOVED: Final = 50
"""Followers moved in one unit."""


def moved_job(
    storage: Storage, context: Context, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `MOVE_FOLLOWERS_JOB`; it comes back until nobody is left."""

    async def run(job: Job) -> None:
        move = msgspec.msgpack.decode(job.payload, type=MoveFollowers)
        await storage.write(_move, job, move, context, now())

    return run


def _move(uow: UnitOfWork, job: Job, move: MoveFollowers, context: Context, at: datetime) -> None:
    uow.at_ms = to_ms(at)
    old_id = ActorKey(move.moved_id)
    target_id = uow.actors.key_of(move.target)
    moved = [0]
    if target_id is not None:
        moved.append(_follow(uow, old_id, target_id, context, at))
        if uow.actors.is_community(move.target):
            moved.append(_join(uow, old_id, target_id, context, at))
    if MOST_MOVED in moved:
        uow.jobs.go_on(job, run_ms=uow.at_ms)
    else:
        uow.jobs.finish(job)


def _follow(
    uow: UnitOfWork, old_id: ActorKey, target_id: ActorKey, context: Context, at: datetime
) -> int:
    followers = uow.people.local_followers(old_id, most=MOST_MOVED)
    for follower_id in followers:
        uri = context.uris.request(context.snowflakes.mint())
        with suppress(DomainError):
            following.follow(uow, follower_id, target_id, uri, at)
        following.unfollow(uow, follower_id, old_id)
    return len(followers)


def _join(
    uow: UnitOfWork, old_id: ActorKey, target_id: ActorKey, context: Context, at: datetime
) -> int:
    members = uow.memberships.local_members(old_id, most=MOST_MOVED)
    for member_id in members:
        uri = context.uris.request(context.snowflakes.mint())
        with suppress(DomainError):
            joining.ask_to_join(uow, target_id, member_id, uri, at)
        with suppress(DomainError):
            joining.leave(uow, old_id, member_id, at)
    return len(members)
