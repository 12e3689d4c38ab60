"""Which kinds of jobs there are, and who runs each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from federation.activitypub.act import Context
from federation.activitypub.resolve import Resolver
from federation.adoption_job import adoption_job
from federation.backfill import Backfiller
from federation.client import Client
from federation.farewell_job import farewell_job
from federation.gone_job import end_ties_job, gone_job
from federation.inbox import INBOX_JOB
from federation.inbox_job import inbox_job
from federation.moved_job import moved_job
from federation.nodeinfo_job import nodeinfo_job
from federation.policies import Policies
from federation.reading import DocumentReader
from federation.removal_job import remove_content_job
from federation.signing import Signer
from federation.verify_fields_job import verify_fields_job
from federation.wanted_jobs import (
    BACKFILL_JOB,
    CONFIRM_GONE_JOB,
    END_TIES_JOB,
    FAREWELL_JOB,
    MOVE_FOLLOWERS_JOB,
    NODEINFO_JOB,
    REMOVE_CONTENT_JOB,
    VERIFY_FIELDS_JOB,
)
from node.jobs import JobHandler
from storage.posts import ADOPT_JOB
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTools:
    """What jobs work with."""

    storage: Storage
    client: Client
    resolver: Resolver
    reader: DocumentReader
    policies: Policies
    context: Context
    signer: Callable[[], Signer | None]
    backfill_max_posts: int
    now: Callable[[], datetime]


def job_handlers(tools: JobTools) -> dict[str, JobHandler]:
    """The handler of every kind of job."""
    storage, now = tools.storage, tools.now
    return {
        INBOX_JOB: inbox_job(storage, tools.resolver, tools.context, now=now, reader=tools.reader),
        NODEINFO_JOB: nodeinfo_job(storage, tools.client, tools.policies, now=now),
        CONFIRM_GONE_JOB: gone_job(storage, tools.resolver, now=now),
        END_TIES_JOB: end_ties_job(storage, now=now),
        FAREWELL_JOB: farewell_job(storage, now=now),
        MOVE_FOLLOWERS_JOB: moved_job(storage, tools.context, now=now),
        REMOVE_CONTENT_JOB: remove_content_job(storage, now=now),
        VERIFY_FIELDS_JOB: verify_fields_job(
            storage, tools.client, tools.policies, tools.context.uris, now=now
        ),
        ADOPT_JOB: adoption_job(storage),
        BACKFILL_JOB: Backfiller(
            storage=storage,
            client=tools.client,
            reader=tools.reader,
            policies=tools.policies,
            context=tools.context,
            now=now,
            signer=tools.signer,
            max_posts=tools.backfill_max_posts,
        ),
    }
