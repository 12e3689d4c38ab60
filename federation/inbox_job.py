"""The job behind the inbox: fetches what an activity needs, then applies it in one unit.

Nothing is fetched while a transaction is open. Effect and end of the job are one unit, so that an
activity takes effect once, however often the job is run.

Spec: house 2.6 "Inbox: one path"; security FET-05.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from communities.errors import NotAllowed, Reason
from communities.people import ActorKey, ActorState
from federation.activitypub.act import Act, Context, Handler
from federation.activitypub.dispatch import handler_of
from federation.activitypub.handle_updates import REFRESH
from federation.activitypub.profiles import store_actor
from federation.errors import PeerUnreachable
from federation.inbox import QueuedActivity
from federation.reading import DocumentReader
from protocols.activitypub.parsing_activities import parse_activity
from protocols.activitypub.vocabulary import (
    Activity,
    ActivityType,
    Actor,
    ActorId,
    Document,
    Reference,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import load_object
from storage.jobs import Job
from storage.store import Storage
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork

MOST_FETCHES: Final = 100
"""Documents fetched for one activity; what it needs beyond them counts as not to be had."""
FETCHING: Final = timedelta(minutes=3)
"""How long is fetched for one activity: less than the lease of a job."""
PATIENT_ATTEMPTS: Final = 5
"""From this attempt on a document that cannot be had now counts as not to be had at all."""


class Fetches(Protocol):
    """What fetches documents; `resolve.Resolver` in a node."""

    async def fetch(self, uri: str) -> Document | None:
        """The document with this id; None when it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a job is about: the handler and the act, without the documents it needs."""

    handler: Handler
    act: Act


def inbox_job(
    storage: Storage,
    resolver: Fetches,
    context: Context,
    *,
    now: Callable[[], datetime],
    reader: DocumentReader | None = None,
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `federation.inbox.INBOX_JOB`.

    It raises `PeerUnreachable` and `Busy` for the job to be tried again, `DomainError` and
    `ProtocolError` when the activity is refused for good, `LeaseLost` when another has the job.
    """
    reading = reader or DocumentReader()

    async def run(job: Job) -> None:
        work = await _work(msgspec.msgpack.decode(job.payload, type=QueuedActivity), reading)
        resolved = await _resolve(storage, resolver, context, work, job.attempts)
        act = replace(work.act, resolved=resolved)
        await storage.write(_apply, job, replace(work, act=act), context, to_ms(now()))

    return run


async def _work(queued: QueuedActivity, reader: DocumentReader) -> _Work:
    if queued.hint is not None:
        # The peer that gave the hint stands in the place of the actor: its word counts for nothing.
        activity = Activity(
            id=None,
            type=ActivityType.UPDATE,
            type_name=ActivityType.UPDATE.value,
            actor=ActorId(queued.peer),
            objects=(Reference(id=queued.hint),),
        )
        handler: Handler | None = REFRESH
    else:
        activity = parse_activity(await reader.plain(load_object(queued.raw)))
        handler = handler_of(activity)
    if handler is None:
        raise RemoteProtocolError("The type of the activity is not one that we act on.")
    act = Act(
        activity=activity,
        actor=ActorKey(queued.signer_id),
        peer=queued.peer,
        at=from_ms(queued.at_ms),
        raw=queued.raw or None,
        resolved={},
    )
    return _Work(handler=handler, act=act)


async def _resolve(
    storage: Storage, resolver: Fetches, context: Context, work: _Work, attempts: int
) -> dict[str, Document | None]:
    """Fetch what is needed, and what that needs in turn, within bounds."""
    clock = asyncio.get_running_loop().time
    end = clock() + FETCHING.total_seconds()
    resolved: dict[str, Document | None] = {}
    while True:
        act = replace(work.act, resolved=resolved)
        wanted = await storage.read(work.handler.needs, act, context)
        missing = sorted(wanted - resolved.keys())[: MOST_FETCHES - len(resolved)]
        if not missing or clock() > end:
            return resolved
        for uri in missing:
            resolved[uri] = await _fetch(resolver, uri, attempts)


async def _fetch(resolver: Fetches, uri: str, attempts: int) -> Document | None:
    try:
        return await resolver.fetch(uri)
    except PeerUnreachable:
        if attempts < PATIENT_ATTEMPTS:
            raise
        return None


def _apply(uow: UnitOfWork, job: Job, work: _Work, context: Context, at_ms: int) -> None:
    """Apply the activity and end the job, both or neither."""
    uow.at_ms = at_ms
    act = work.act
    signer = uow.actors.get(act.actor)
    if signer is None or signer.state in (ActorState.SUSPENDED, ActorState.DELETED):
        raise NotAllowed(Reason.SUSPENDED, "This account is suspended here")
    for uri, document in act.resolved.items():
        if isinstance(document, Actor) and document.id == uri:
            store_actor(uow, document, at=act.at, snowflakes=context.snowflakes)
    work.handler.needs(uow, act, context)
    work.handler.apply(uow, act, context)
    uow.jobs.finish(job)
