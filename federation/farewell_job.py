"""The job that tells every peer ever known that someone of this node is gone, page by page.

Spec: reference activitypub 3, row "user deleted": to all known instances.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec

from communities.people import ActorKey
from federation.wanted_jobs import Farewell
from storage.audiences import Mailbox
from storage.jobs import Job
from storage.peers import PeerPolicy
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

PAGE: Final = 200


def farewell_job(
    storage: Storage, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `FAREWELL_JOB`; each run addresses one page of peers."""

    async def run(job: Job) -> None:
        farewell = msgspec.msgpack.decode(job.payload, type=Farewell)
        await storage.write(_address, job, farewell, to_ms(now()))

    return run


def _address(uow: UnitOfWork, job: Job, farewell: Farewell, at_ms: int) -> None:
    page = uow.peers.page(farewell.after, PAGE)
    boxes = []
    for peer in page:
        inbox = None if peer.policy is PeerPolicy.BLOCK else uow.actors.inbox_at(peer.origin)
        if inbox is not None:
            boxes.append(Mailbox(inbox, peer.origin))
    if boxes:
        sender_id = ActorKey(farewell.sender_id)
        # Each page has a body of its own: a body that is older than others is not looked at again.
        seq = uow.deliveries.add_body(sender_id, farewell.body, order_key=sender_id, at_ms=at_ms)
        uow.deliveries.address(seq, boxes)
    if len(page) < PAGE:
        uow.jobs.finish(job)
        return
    rest = msgspec.structs.replace(farewell, after=page[-1].origin)
    uow.jobs.go_on(job, run_ms=at_ms, payload=msgspec.msgpack.encode(rest))
