"""The job that fetches what a community elsewhere published before anyone here followed it.

One request a run, with a pause before the next; how far it has come is in the payload, so that a
killed node goes on where it was. First the moderators, featured posts and outbox, then thread by
thread the answers. It ends when there is no more, enough was stored, too much was asked, or nobody
here is a member any more.

Spec: reference activitypub 3.2 "Queue"; FEP-7888; FEP-f228.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from communities.people import ActorKey
from federation.activitypub.act import Context
from federation.backfill_steps import COLLECTIONS, Errand, Progress, begin, take
from federation.client import Client
from federation.documents import ACTIVITY_DOCUMENT
from federation.errors import FetchForbidden, PeerRefused, PeerUnreachable
from federation.policies import Policies
from federation.reading import DocumentReader
from federation.signing import Signer
from protocols.activitypub.parsing_origins import is_web_url, origin, same_origin
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject
from storage.actors import Profile
from storage.jobs import Job
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

PAUSE: Final = timedelta(seconds=1)
FIRST_WAIT: Final = timedelta(minutes=1)
MOST_FAILURES: Final = 6
"""How often in a row the community's own server may not answer: an hour of patience in all."""
REQUESTS_A_POST: Final = 3
MORE_REQUESTS: Final = 50
_LOGGED_EVERY: Final = 25

# A page of a collection need not say its id; what is in it counts by ids of its own.
_COLLECTION: Final = replace(ACTIVITY_DOCUMENT, by_id=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfiller:
    """The handler of jobs of kind `BACKFILL_JOB`; call it with a job.

    Attributes:
        signer: signs fetches, as the node itself.
        max_posts: how many posts one backfill stores at most.
    """

    storage: Storage
    client: Client
    reader: DocumentReader
    policies: Policies
    context: Context
    now: Callable[[], datetime]
    signer: Callable[[], Signer | None]
    max_posts: int

    async def __call__(self, job: Job) -> None:
        """Make one request and store what it brought.

        Raises:
            Busy: the database cannot be used now; the job is tried again from where it was.
        """
        progress = msgspec.json.decode(job.payload, type=Progress)
        group = await self.storage.read(_wanted_group, ActorKey(progress.community_id))
        if group is None or self.policies.is_refused(origin(group.uri)):
            await self.storage.write(_finish, job)
            return
        if progress.todo is None:
            progress = begin(progress, group)
        self._report(progress, group)
        if self._is_done(progress) or not progress.todo:
            await self.storage.write(_finish, job)
            return
        errand = progress.todo[0]
        try:
            raw = await self._fetch(errand)
        except PeerUnreachable:
            if same_origin(errand.url, group.uri) and progress.failures < MOST_FAILURES:
                await self._wait(job, progress)
                return
            raw = None
        limit = self.max_posts - progress.stored
        await self.storage.write(_apply, job, progress, raw, self.context, self.now(), limit)

    def _is_done(self, progress: Progress) -> bool:
        most_requests = REQUESTS_A_POST * self.max_posts + MORE_REQUESTS
        return progress.stored >= self.max_posts or progress.requests >= most_requests

    def _report(self, progress: Progress, group: Profile) -> None:
        ends = self._is_done(progress) or not progress.todo
        if ends or progress.requests % _LOGGED_EVERY == 0:
            log.info(
                "history of %s: %d posts stored, %d requests, %d to do%s",
                group.uri,
                progress.stored,
                progress.requests,
                len(progress.todo or ()),
                "; ended" if ends else "",
            )

    async def _fetch(self, errand: Errand) -> JsonObject | None:
        """The document; None when it cannot be had.

        Raises:
            PeerUnreachable: try again later.
        """
        if not is_web_url(errand.url) or self.context.uris.is_ours(errand.url):
            return None
        if self.policies.is_refused(origin(errand.url)):
            return None
        wanted = _COLLECTION if errand.kind in COLLECTIONS else ACTIVITY_DOCUMENT
        try:
            fetched = await self.client.get_json(errand.url, wanted, signer=self.signer())
            return await self.reader.plain(fetched.document)
        except (PeerRefused, FetchForbidden, RemoteProtocolError):
            return None

    async def _wait(self, job: Job, progress: Progress) -> None:
        later = msgspec.structs.replace(progress, failures=progress.failures + 1)
        run_ms = to_ms(self.now() + FIRST_WAIT * 2**progress.failures)
        await self.storage.write(_go_on, job, later, run_ms)


def _wanted_group(uow: UnitOfWork, community_id: ActorKey) -> Profile | None:
    """The community, if it is elsewhere, open here and somebody here is a member."""
    community = uow.communities.get(community_id)
    if community is None or community.is_local or not community.is_open_to_read:
        return None
    if not uow.memberships.has_local_member(community_id):
        return None
    return uow.actors.get(community_id)


def _finish(uow: UnitOfWork, job: Job) -> None:
    uow.jobs.finish(job)


def _go_on(uow: UnitOfWork, job: Job, progress: Progress, run_ms: int) -> None:
    uow.jobs.go_on(job, run_ms=run_ms, payload=msgspec.json.encode(progress))


def _apply(
    uow: UnitOfWork,
    job: Job,
    progress: Progress,
    raw: JsonObject | None,
    context: Context,
    at: datetime,
    limit: int,
) -> None:
    """Store what one document brought, and how far the backfill has come; both or neither."""
    uow.at_ms = to_ms(at)
    _go_on(uow, job, take(uow, progress, raw, context, at, limit), to_ms(at + PAUSE))
