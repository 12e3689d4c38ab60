"""The job that looks whether pages named in a profile link back to it.

It is asked for when somebody of this node edits their fields. A page that does not answer is not
verified, and is looked at again with the next edit.

Spec: microformats rel-me; Mastodon "Link verification".
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from communities.fields import address_in
from communities.people import ActorKey
from federation.client import Client
from federation.errors import FederationError
from federation.policies import Policies
from federation.uris import Uris
from protocols.activitypub.parsing_origins import origin
from protocols.rel_me import MAX_PAGE_BYTES, links_back
from storage.actors import Profile
from storage.jobs import Job
from storage.people import appearance_of
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork


def verify_fields_job(
    storage: Storage,
    client: Client,
    policies: Policies,
    uris: Uris,
    *,
    now: Callable[[], datetime],
) -> Callable[[Job], Awaitable[None]]:
    """The handler of jobs of kind `VERIFY_FIELDS_JOB`."""

    async def run(job: Job) -> None:
        profile = await storage.read(_profile, job)
        verified: list[str] = []
        if profile is not None:
            mine = (profile.uri, uris.person_page(profile.localpart))
            verified = [
                address
                for address in _unverified(profile)
                if not policies.is_refused(origin(address))
                and await _is_mine(client, address, mine)
            ]
        await storage.write(_note, job, verified, now())

    return run


async def _is_mine(client: Client, address: str, mine: tuple[str, ...]) -> bool:
    page = bytearray()

    async def write(piece: bytes) -> None:
        page.extend(piece)

    try:
        await client.download(address, write, max_bytes=MAX_PAGE_BYTES)
    except FederationError:
        return False
    return links_back(bytes(page), mine)


def _profile(uow: UnitOfWork, job: Job) -> Profile | None:
    return uow.actors.get(ActorKey(int(job.payload)))


def _unverified(profile: Profile) -> list[str]:
    known = {address for address, _at_ms in profile.extra.verified}
    named = dict.fromkeys(value for _name, value in appearance_of(profile).fields)
    return [value for value in named if address_in(value) is not None and value not in known]


def _note(uow: UnitOfWork, job: Job, verified: list[str], at: datetime) -> None:
    """Note what was verified, as far as the profile names it still."""
    uow.jobs.finish(job)
    profile = _profile(uow, job)
    if profile is None or not verified:
        return
    still = [address for address in _unverified(profile) if address in verified]
    noted = tuple((address, to_ms(at)) for address in still)
    extra = replace(profile.extra, verified=(*profile.extra.verified, *noted))
    uow.actors.put(replace(profile, extra=extra))
