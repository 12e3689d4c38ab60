"""The parts that talk with peers, made of the settings. Only `node.compose` calls what is here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from federation.activitypub.resolve import Resolver
from federation.delivery import Deliverer
from federation.fetch_budget import FetchBudget
from federation.inbox import InboxReceiver
from federation.keys import OwnKeys, PeerKeys
from federation.policies import Policies
from federation.reading import DocumentReader
from federation.signed_reads import PeerReader
from federation.signing import Signer
from node.clock import now
from node.ground import Ground
from node.peer_http.documents import Readers
from node.settings import FederationMode, Settings
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSide:
    """What verifies, fetches, takes in and delivers."""

    policies: Policies
    peer_keys: PeerKeys
    own_keys: OwnKeys
    deliverer: Deliverer
    inbox: InboxReceiver
    resolver: Resolver
    readers: Readers
    reader: DocumentReader
    signer: Callable[[], Signer]


async def build_peer_side(ground: Ground) -> PeerSide:
    """Build it; what the operator decided about peers is read from storage."""
    policies = await _policies(ground.settings, ground.storage)
    reader = DocumentReader()
    peer_keys = _peer_keys(ground, reader)
    deliverer = _deliverer(ground, policies)
    window = timedelta(minutes=ground.settings.federation.signature_window_minutes)
    return PeerSide(
        policies=policies,
        peer_keys=peer_keys,
        own_keys=ground.own_keys,
        deliverer=deliverer,
        inbox=InboxReceiver(
            ground.storage,
            peer_keys,
            policies,
            ground.context,
            now=now,
            window=window,
            peer_spoke=deliverer.peer_spoke,
        ),
        resolver=_resolver(ground, policies, reader),
        readers=Readers(_peer_reader(ground, peer_keys, policies, window)),
        reader=reader,
        signer=lambda: ground.signer,
    )


async def _policies(settings: Settings, storage: Storage) -> Policies:
    policies = Policies(
        allow_list_only=settings.federation.mode is FederationMode.ALLOW_LIST,
        enabled=settings.federation.enabled,
    )
    await policies.load(storage)
    return policies


def _peer_keys(ground: Ground, reader: DocumentReader) -> PeerKeys:
    return PeerKeys(
        ground.storage,
        ground.client,
        ground.context,
        now=now,
        signer=lambda: ground.signer,
        # Apart from that of documents: anyone can have keys fetched, and must not stop the rest.
        budget=FetchBudget(ground.settings.limits.fetches_per_minute, now=now),
        reader=reader,
    )


def _deliverer(ground: Ground, policies: Policies) -> Deliverer:
    return Deliverer(
        ground.storage,
        ground.client,
        ground.own_keys,
        policies,
        ground.tasks.spawn,
        ground.metrics,
        now=now,
        in_flight=ground.settings.federation.in_flight_per_peer,
    )


def _resolver(ground: Ground, policies: Policies, reader: DocumentReader) -> Resolver:
    """The way to documents of peers, signed as the node itself."""
    return Resolver(
        ground.client,
        policies,
        FetchBudget(ground.settings.limits.fetches_per_minute, now=now),
        reader,
        ground.context.uris,
        signer=lambda: ground.signer,
    )


def _peer_reader(
    ground: Ground, peer_keys: PeerKeys, policies: Policies, window: timedelta
) -> PeerReader:
    return PeerReader(
        peer_keys,
        policies,
        base=ground.settings.base_url,
        required=ground.settings.federation.authorized_fetch,
        now=now,
        window=window,
    )
