"""What a node does at its first start and checks at every other: its names and its own actor."""

import asyncio
import secrets
from datetime import datetime

from communities.people import ActorKey
from federation.keys import OwnKeys
from federation.signing import Signer
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.founding import NODE_LOCALPART, KeyPair, Newcomer, found_node_actor, make_keys
from storage.actors import Profile
from storage.errors import StorageError
from storage.instance import EPOCH
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

_MEDIA_SECRET = "media_secret"  # noqa: S105 - the name of it
_SECRET_BYTES = 32


async def node_signer(
    storage: Storage, uris: Uris, snowflakes: Snowflakes, own_keys: OwnKeys, at: datetime
) -> Signer:
    """The signer of the node's own actor, which is made at the first start."""
    actor = await storage.read(_find_node_actor)
    if actor is None:
        keys: KeyPair = await asyncio.to_thread(make_keys)
        newcomer = Newcomer(
            key=ActorKey(snowflakes.mint()),
            localpart=NODE_LOCALPART,
            name=uris.domain,
            at=at,
            keys=keys,
        )
        actor = await storage.write(found_node_actor, uris, newcomer)
    signer = await own_keys.signer(actor.id)
    if signer is None:
        raise RuntimeError("the node's own actor has no key")
    return signer


def fix_names(uow: UnitOfWork, domain: str, web_host: str) -> int:
    """Write domain and web host down at the first start, refuse others ever after; the epoch.

    Raises:
        StorageError: the database belongs to another name. Every id in it has the old one.
    """
    for name, value in (("domain", domain), ("web_host", web_host)):
        known = uow.instance.get(name)
        if known is None:
            uow.instance.put(name, value)
        elif known != value:
            raise StorageError(
                f"this database is of the {name} {known}, and the settings say {value};"
                " it can never change"
            )
    return int(uow.instance.get(EPOCH) or 0)


async def media_secret(storage: Storage) -> bytes:
    """What addresses of media are signed with: made at the first start, kept ever after."""
    return bytes.fromhex(await storage.write(_keep_secret, secrets.token_hex(_SECRET_BYTES)))


def _keep_secret(uow: UnitOfWork, fresh: str) -> str:
    known = uow.instance.get(_MEDIA_SECRET)
    if known is None:
        uow.instance.put(_MEDIA_SECRET, fresh)
    return known or fresh


def is_readable(uow: UnitOfWork) -> str | None:
    """None when the event log can be read, else what is wrong: the readiness of the database."""
    return None if uow.events.last() >= 0 else "the event log cannot be read"


def _find_node_actor(uow: UnitOfWork) -> Profile | None:
    return uow.actors.by_name(NODE_LOCALPART, None)
