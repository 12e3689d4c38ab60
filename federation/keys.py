"""Keys of peers: from memory, from storage, from their origin; and our own, to sign with.

A key that fails is fetched anew once in five minutes; a key that cannot be had is not asked for
again for a while; several requests that need the same key wait for one fetch. Keys of this node
are nobody's to sign with: what peers say never touches its own actors.

Spec: security SIG-02, SIG-16, SIG-17, FLD-04.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from communities.people import ActorKey, ActorState
from federation.activitypub.act import Context
from federation.activitypub.profiles import store_actor
from federation.client import Client
from federation.errors import FederationError, PeerUnreachable, SignatureRejected
from federation.fetch_budget import FetchBudget
from federation.reading import DocumentReader
from federation.signing import Signer
from federation.snowflakes import Snowflakes
from protocols.activitypub.parsing_actors import parse_actor
from protocols.activitypub.parsing_origins import is_web_url, origin, same_origin
from protocols.activitypub.vocabulary import Actor
from protocols.errors import ProtocolError
from protocols.key_formats import PublicKey, load_private_pem, parse_multikey, parse_public_pem
from protocols.strict_json import JsonObject
from storage.errors import Busy
from storage.keys import KnownKey, SigningKey
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

T = TypeVar("T")

REFETCH_AFTER = timedelta(minutes=5)
REMEMBER_FAILURE = timedelta(minutes=2)
REMEMBERED_KEYS = 8192
FETCHES_AT_ONCE = 64
MOST_WAITING = 512
"""Keys that are fetched or wait for it; whoever needs one more is asked to come again."""
MAX_KEY_ID_CHARACTERS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerKey:
    """A verified way to check signatures of one actor."""

    key_id: str
    key: PublicKey
    owner_id: ActorKey
    owner_uri: str
    owner_state: ActorState
    fetched_at: datetime

    @property
    def peer(self) -> str:
        """The origin of the owner."""
        return origin(self.owner_uri)


class PeerKeys:
    """Finds the public key behind a keyId."""

    def __init__(
        self,
        storage: Storage,
        client: Client,
        context: Context,
        *,
        now: Callable[[], datetime],
        signer: Callable[[], Signer | None],
        budget: FetchBudget | None = None,
        reader: DocumentReader | None = None,
    ) -> None:
        """Ask `storage`, then the key's origin through `client`, signed as the node itself."""
        self._home = origin(context.uris.base)
        self._storage = storage
        self._client = client
        self._snowflakes = context.snowflakes
        self._now = now
        self._signer = signer
        self._budget = budget
        self.reader = reader or DocumentReader()
        self._known: OrderedDict[str, PeerKey] = OrderedDict()
        self._failed: OrderedDict[str, tuple[datetime, bool]] = OrderedDict()
        self._refetched: OrderedDict[str, datetime] = OrderedDict()
        self._fetching: dict[str, asyncio.Future[PeerKey]] = {}
        self._slots = asyncio.Semaphore(FETCHES_AT_ONCE)

    def remembered(self, key_id: str) -> PeerKey | None:
        """The key if it is in memory."""
        found = self._known.get(key_id)
        if found is not None:
            self._known.move_to_end(key_id)
        return found

    def forget(self, owner_id: ActorKey) -> None:
        """Drop an actor's keys from memory: its state or document changed."""
        stale = [key_id for key_id, key in self._known.items() if key.owner_id == owner_id]
        for key_id in stale:
            del self._known[key_id]

    async def known(self, key_id: str) -> PeerKey | None:
        """The key if it is in memory or in storage.

        Raises:
            SignatureRejected: the keyId is not a URL at which a peer could have a key.
        """
        found = self.remembered(key_id)
        if found is not None:
            return found
        url = key_id.partition("#")[0]
        if len(key_id) > MAX_KEY_ID_CHARACTERS or not is_web_url(url) or origin(url) == self._home:
            raise SignatureRejected("keyId is not a usable URL")
        stored = await self._storage.read(_find_key, key_id)
        return None if stored is None else self._remember(_usable(stored))

    async def get(self, key_id: str) -> PeerKey:
        """The key, from its origin if need be.

        Raises:
            SignatureRejected: it cannot be had, or is not its owner's.
        """
        return await self.known(key_id) or await self.fetch(key_id)

    async def refetch(self, key: PeerKey) -> PeerKey | None:
        """The key as its origin has it now; None when it was asked for lately."""
        last = self._refetched.get(key.key_id)
        if last is not None and self._now() - last < REFETCH_AFTER:
            return None
        _bounded_put(self._refetched, key.key_id, self._now())
        self._failed.pop(key.key_id, None)
        return await self.fetch(key.key_id)

    async def fetch(self, key_id: str) -> PeerKey:
        """The key as its origin has it.

        Raises:
            SignatureRejected: it cannot be had, or is not its owner's.
            Busy: its server cannot be reached now, or too many keys are being fetched, or too
                many of this peer.
        """
        failed = self._failed.get(key_id)
        if failed is not None and self._now() - failed[0] < REMEMBER_FAILURE:
            raise _failure("the key could not be fetched a moment ago", for_good=failed[1])
        waiting = self._fetching.get(key_id)
        if waiting is not None:
            return await asyncio.shield(waiting)
        if len(self._fetching) >= MOST_WAITING:
            raise Busy("too many keys are being fetched; try again in a few seconds")
        if self._budget is not None:
            self._budget.spend(origin(key_id))
        future: asyncio.Future[PeerKey] = asyncio.get_running_loop().create_future()
        self._fetching[key_id] = future
        try:
            found = await self._fetch_once(key_id)
        except (FederationError, ProtocolError) as error:
            for_good = not isinstance(error, PeerUnreachable)
            _bounded_put(self._failed, key_id, (self._now(), for_good))
            failure = _failure(f"the key could not be fetched: {error}", for_good=for_good)
            _fail(future, failure)
            raise failure from error
        except BaseException:
            _fail(future, SignatureRejected("the key could not be fetched"))
            raise
        else:
            future.set_result(found)
            return found
        finally:
            del self._fetching[key_id]

    async def _fetch_once(self, key_id: str) -> PeerKey:
        async with self._slots:
            actor = await self._fetch_owner(key_id)
        if not any(key.id == key_id for key in actor.keys):
            raise SignatureRejected("the owner of the key does not list it")
        stored = await self._storage.write(
            _store_owner, actor, self._now(), self._snowflakes, key_id
        )
        if stored is None:
            raise SignatureRejected("the key belongs to another actor")
        return self._remember(_usable(stored))

    async def _fetch_owner(self, key_id: str) -> Actor:
        """The actor that owns a key, read from its own id."""
        fetched = await self._client.get_json(key_id, signer=self._signer())
        document = await self.reader.plain(fetched.document)
        owner = _owner_of(document)
        if owner is None or owner == document.get("id"):
            return parse_actor(document)
        # GoToSocial keeps the key in a document of its own: the owner must list it.
        if not same_origin(owner, key_id):
            raise SignatureRejected("the key and its owner are on different servers")
        fetched = await self._client.get_json(owner, signer=self._signer())
        return parse_actor(await self.reader.plain(fetched.document))

    def _remember(self, key: PeerKey) -> PeerKey:
        _bounded_put(self._known, key.key_id, key)
        return key


def _owner_of(document: JsonObject) -> str | None:
    """Whom a key document names as owner; None when the document is an actor itself."""
    owner = document.get("owner")
    if isinstance(owner, str):
        return owner
    key = document.get("publicKey")
    if "inbox" not in document and isinstance(key, dict):
        nested = key.get("owner")
        return nested if isinstance(nested, str) else None
    return None


def _usable(stored: KnownKey) -> PeerKey:
    material = stored.material
    key = parse_public_pem(material) if "-----" in material else parse_multikey(material)
    return PeerKey(
        key_id=stored.key_id,
        key=key,
        owner_id=stored.owner_id,
        owner_uri=stored.owner_uri,
        owner_state=stored.owner_state,
        fetched_at=stored.fetched_at,
    )


def _failure(why: str, *, for_good: bool) -> SignatureRejected | Busy:
    """What the sender is told: to come again if only the way to its server is closed now."""
    return SignatureRejected(why) if for_good else Busy(why)


def _fail(future: "asyncio.Future[PeerKey]", error: Exception) -> None:
    future.set_exception(error)
    future.exception()  # nobody may be waiting; then asyncio must not complain


def _bounded_put(where: OrderedDict[str, T], key: str, value: T) -> None:
    where[key] = value
    where.move_to_end(key)
    if len(where) > REMEMBERED_KEYS:
        where.popitem(last=False)


def _find_key(uow: UnitOfWork, key_id: str) -> KnownKey | None:
    return uow.keys.find(key_id)


def _store_owner(
    uow: UnitOfWork, actor: Actor, at: datetime, snowflakes: Snowflakes, key_id: str
) -> KnownKey | None:
    profile = store_actor(uow, actor, at=at, snowflakes=snowflakes)
    found = uow.keys.find(key_id)
    return found if found is not None and found.owner_id == profile.id else None


class OwnKeys:
    """Private keys of local actors, parsed once."""

    def __init__(self, storage: Storage) -> None:
        """Read keys from `storage`."""
        self._storage = storage
        self._signers: OrderedDict[tuple[ActorKey, str], Signer] = OrderedDict()

    async def signer(self, actor_id: ActorKey, algorithm: str = "rsa") -> Signer | None:
        """The signer of a local actor; None when it has no such key."""
        found = self._signers.get((actor_id, algorithm))
        if found is not None:
            return found
        stored = await self._storage.read(_find_signing, actor_id, algorithm)
        if stored is None:
            return None
        signer = Signer(
            key_id=stored.key_id, key=load_private_pem(stored.private_pem, trusted=True)
        )
        self._signers[actor_id, algorithm] = signer
        if len(self._signers) > REMEMBERED_KEYS:
            self._signers.popitem(last=False)
        return signer

    def forget(self, actor_id: ActorKey) -> None:
        """Drop an actor's keys from memory, after a rotation."""
        for algorithm in ("rsa", "ed25519"):
            self._signers.pop((actor_id, algorithm), None)


def _find_signing(uow: UnitOfWork, actor_id: ActorKey, algorithm: str) -> SigningKey | None:
    return uow.keys.signing(actor_id, algorithm)
