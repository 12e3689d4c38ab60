"""The job that asks a peer what it runs, so that it is served what its software understands.

Two requests at most, some seconds after the first contact; with the actor that makes three.

Spec: NodeInfo "Discovery"; performance G12; reference activitypub 1.2.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from federation.client import Client
from federation.documents import NODEINFO
from federation.errors import FetchForbidden, PeerRefused
from federation.policies import Policies
from protocols.errors import RemoteProtocolError
from protocols.nodeinfo import NodeInfo, parse, parse_index
from storage.jobs import Job
from storage.store import Storage
from storage.unit_of_work import UnitOfWork


def nodeinfo_job(
    storage: Storage, client: Client, policies: Policies, *, now: Callable[[], datetime]
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `NODEINFO_JOB`.

    It raises `PeerUnreachable` for the job to be tried again. A peer that has no NodeInfo is
    noted as asked, and what was known of it stays.
    """

    async def run(job: Job) -> None:
        peer = job.payload.decode()
        found = None if policies.is_refused(peer) else await _ask(client, peer)
        await storage.write(_note, job, peer, found, now())

    return run


async def _ask(client: Client, peer: str) -> NodeInfo | None:
    try:
        index = await client.get_json(f"{peer}/.well-known/nodeinfo", NODEINFO)
        found = await client.get_json(parse_index(index.document), NODEINFO)
        return parse(found.document)
    except (PeerRefused, FetchForbidden, RemoteProtocolError):
        return None


def _note(uow: UnitOfWork, job: Job, origin: str, found: NodeInfo | None, at: datetime) -> None:
    uow.jobs.finish(job)
    known = uow.peers.get(origin)
    if known is None:
        return
    uow.peers.set_software(
        origin,
        software=known.software if found is None else found.software,
        version=known.version if found is None else found.version,
        capabilities=known.capabilities if found is None else found.capabilities,
        at=at,
    )
