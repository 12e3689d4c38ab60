"""From a handle in a path to whom it names; the same answer for what is not there or not public."""

import re
from datetime import datetime

from aiohttp import web

from communities.community import Community, CommunityVisibility
from communities.errors import NotFound
from communities.people import ActorState
from communities.visibility import can_see_community
from federation.uris import Uris
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

_NAME = re.compile(r"[^\s/@!:\\?#%<>\"']{1,64}")
_HOST = re.compile(r"[a-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_UNSEEN = (ActorState.SUSPENDED, ActorState.DELETED)


def parse_handle(handle: str, uris: Uris) -> tuple[str, str | None]:
    """Name and host of a handle in a path, without its sign; host None for this node.

    Raises:
        NotFound: it is none.
    """
    name, at, host = handle.partition("@")
    host = host.lower()
    if _NAME.fullmatch(name) is None or (at and _HOST.fullmatch(host) is None):
        raise NotFound("Nobody here has this name")
    is_ours = not at or host in (uris.domain, uris.base.partition("://")[2])
    return (name.lower(), None) if is_ours else (name, host)


def find_profile(uow: UnitOfWork, uris: Uris, handle: str, kind: str) -> Profile:
    """The person or community with this handle, whatever its state but suspended.

    Raises:
        NotFound: there is none, or it was suspended.
    """
    name, host = parse_handle(handle, uris)
    profile = uow.actors.by_name(name, host)
    if profile is None and host is not None:
        profile = uow.actors.by_name(name.lower(), host)
    if profile is None or profile.kind != kind or profile.state is ActorState.SUSPENDED:
        raise NotFound("Nobody here has this name")
    if profile.is_local and profile.type == "Application":
        raise NotFound("Nobody here has this name")
    return profile


def find_person(uow: UnitOfWork, uris: Uris, handle: str) -> Profile:
    """The person with this handle.

    Raises:
        NotFound: there is none, or they are suspended.
        HTTPGone: the account was deleted.
    """
    profile = find_profile(uow, uris, handle, "person")
    if profile.state is ActorState.DELETED:
        raise web.HTTPGone
    return profile


def find_community(
    uow: UnitOfWork, uris: Uris, handle: str, at: datetime
) -> tuple[Profile, Community]:
    """The community with this handle; of a secret one nothing is told, not even that it was.

    Raises:
        NotFound: there is none that a visitor may know of.
        HTTPGone: it was deleted.
    """
    profile = find_profile(uow, uris, handle, "community")
    community = uow.communities.get(profile.id)
    if community is None or community.visibility is CommunityVisibility.SECRET:
        raise NotFound("Nobody here has this name")
    if profile.state is ActorState.DELETED:
        raise web.HTTPGone
    if not can_see_community(community, None, at):
        raise NotFound("Nobody here has this name")
    return profile, community


def is_present(profile: Profile) -> bool:
    """Whether a person or community is still there to be named."""
    return profile.state not in _UNSEEN
