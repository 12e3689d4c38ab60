"""Whether this node can still speak as those who live here: it signs, and reads what it publishes.

For each local actor a request is signed with the private key and verified with the public one
that stands in the document which peers fetch: what would fail there fails here.
"""

from dataclasses import dataclass

from communities.people import ActorState
from federation.activitypub.published import actor_json, published_actor
from federation.uris import Uris
from node.founding import NODE_LOCALPART
from protocols.activitypub.parsing_actors import parse_actor
from protocols.errors import ProtocolError
from protocols.key_formats import (
    is_signed_by,
    load_private_pem,
    parse_multikey,
    parse_public_pem,
    sign_bytes,
)
from storage.actors import Profile
from storage.keys import SigningKey
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

CHALLENGE = b"(request-target): post /inbox"
ALGORITHMS = ("rsa", "ed25519")
STEP = 20
"""Actors looked at in one read; their keys take some milliseconds each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """How many actors have keys that work, and sentences about those that have not."""

    sound: int
    problems: tuple[str, ...]


async def try_keys(storage: Storage, domain: str) -> KeyReport:
    """Sign and verify for the node itself and everyone who lives here."""
    base = await storage.read(_base)
    if base is None:
        return KeyReport(sound=0, problems=(f"{NODE_LOCALPART}: the node has no actor yet",))
    uris = Uris(base=base, domain=domain)
    names = await storage.read(_names)
    problems: list[str] = []
    for start in range(0, len(names), STEP):
        problems += await storage.read(_try, uris, names[start : start + STEP])
    broken = len({problem.partition(":")[0] for problem in problems})
    return KeyReport(sound=len(names) - broken, problems=tuple(problems))


def _base(uow: UnitOfWork) -> str | None:
    """What all ids here begin with, as the node's own id shows."""
    found = uow.actors.by_name(NODE_LOCALPART, None)
    return None if found is None else found.uri.removesuffix("/actor")


def _names(uow: UnitOfWork) -> list[str]:
    kinds = ("person", "community")
    local = [name for kind in kinds for _key, name in uow.directory.names(kind)]
    return [NODE_LOCALPART, *local]


def _try(uow: UnitOfWork, uris: Uris, names: list[str]) -> list[str]:
    problems: list[str] = []
    for name in names:
        profile = uow.actors.by_name(name, None)
        if profile is None:
            problems.append(f"{name}: there is no such actor")
        elif profile.state is not ActorState.DELETED:
            problems += [f"{name}: {problem}" for problem in _problems(uow, uris, profile)]
    return problems


def _problems(uow: UnitOfWork, uris: Uris, profile: Profile) -> list[str]:
    try:
        published = parse_actor(actor_json(published_actor(uow, profile), uris))
    except ProtocolError as error:
        return [f"its document cannot be read: {error}"]
    keys = {key.id: key for key in published.keys}
    problems = []
    for algorithm in ALGORITHMS:
        stored = uow.keys.signing(profile.id, algorithm)
        if stored is None:
            problems.append(f"it has no {algorithm} key")
        elif stored.key_id not in keys:
            problems.append(f"its {algorithm} key is not in its document")
        elif not _signs(stored, keys[stored.key_id].pem, keys[stored.key_id].multikey):
            problems.append(f"its {algorithm} key does not fit the one in its document")
    return problems


def _signs(stored: SigningKey, pem: str | None, multikey: str | None) -> bool:
    try:
        public = parse_public_pem(pem) if pem else parse_multikey(multikey or "")
        private = load_private_pem(stored.private_pem, trusted=True)
        return is_signed_by(public, sign_bytes(private, CHALLENGE), CHALLENGE)
    except (ProtocolError, ValueError):
        return False
