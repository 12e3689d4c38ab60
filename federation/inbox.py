"""The inbox: refuse cheaply, verify, store once, answer after the commit.

What needs no fetch takes effect in the transaction that stores the activity; the rest is a job in
the same transaction. Either way an activity takes effect once.

Spec: house 2.6 "Inbox: one path"; security 3.2, SIG; reference activitypub 4.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from communities.errors import Conflict, NotAllowed, NotFound, Reason
from communities.people import ActorKey, ActorState
from federation.activitypub.act import Act, Context
from federation.activitypub.dispatch import handler_of, order_key
from federation.errors import SignatureRejected
from federation.keys import PeerKey, PeerKeys
from federation.policies import Policies
from federation.request_signatures import RequestSignature, read_signature
from protocols.activitypub import contexts
from protocols.activitypub.parsing_activities import parse_activity
from protocols.activitypub.parsing_origins import check_activity_origin, is_web_url, origin
from protocols.activitypub.vocabulary import Activity, ActivityType
from protocols.errors import SignatureRefused
from protocols.message_signatures import Scheme
from protocols.signed_request import RequestParts
from protocols.strict_json import load_object
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

INBOX_JOB = "inbox"
_DELETES = (ActivityType.DELETE, ActivityType.UPDATE)


class Outcome(StrEnum):
    """What became of a request that was answered with 202."""

    APPLIED = "applied"
    QUEUED = "queued"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class QueuedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an inbox job: the verified activity as it came."""

    raw: bytes
    signer_id: int
    peer: str
    at_ms: int
    fetched: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An activity that passed every check that needs no transaction."""

    activity: Activity
    raw: bytes
    signer_id: ActorKey
    peer: str
    at: datetime


class InboxReceiver:
    """Accepts signed POSTs to any inbox of this node."""

    def __init__(
        self,
        storage: Storage,
        keys: PeerKeys,
        policies: Policies,
        context: Context,
        *,
        now: Callable[[], datetime],
        window: timedelta,
        peer_spoke: Callable[[str], None] = lambda _origin: None,
    ) -> None:
        """Take what it works with.

        Args:
            storage: keeps what was accepted.
            keys: of the senders.
            policies: peers that are refused.
            context: what handlers may use.
            now: an aware datetime.
            window: how old a signature may be.
            peer_spoke: told the origin of each verified sender, so that it counts as awake.
        """
        base = urlsplit(context.uris.base)
        self._storage = storage
        self._keys = keys
        self._policies = policies
        self._context = context
        self._now = now
        self._window = window
        self._peer_spoke = peer_spoke
        self._hosts = frozenset({base.netloc})
        self._scheme: Scheme = "http" if base.scheme == "http" else "https"

    async def accept(self, request: RequestParts) -> Outcome:
        """Verify, store and perhaps apply one activity; the caller answers 202.

        Raises:
            SignatureRefused, SignatureRejected: who sent it is not proven (401).
            ProtocolError: it cannot be read (400, 413, 422).
            DomainError: a rule of the domain refused it (403, 422).
            Busy: nothing more can be stored now (503).
        """
        now = self._now()
        signature = read_signature(request, scheme=self._scheme)
        peer = origin_of_key(signature.key_id)
        if self._policies.is_refused(peer):
            raise NotAllowed(Reason.BLOCKED, "This server does not talk with yours")
        signature.check(request, now=now, past=self._window, hosts=self._hosts)
        activity = read_activity(request.body)
        key = await self._keys.known(signature.key_id)
        if key is None:
            if _is_farewell(activity):
                # A deleted account has no key any more. Spec: FLD-06, Mastodon's shortcut.
                return Outcome.IGNORED
            key = await self._keys.fetch(signature.key_id)
        key = await self._verified(signature, request, key)
        receipt = _check_sender(activity, key, request.body, now)
        self._peer_spoke(receipt.peer)
        try:
            return await self._storage.write(receive, receipt, self._context, from_outside=True)
        except (NotFound, Conflict):
            return Outcome.IGNORED

    async def _verified(
        self, signature: RequestSignature, request: RequestParts, key: PeerKey
    ) -> PeerKey:
        try:
            signature.verify(request, key.key)
        except SignatureRefused:
            renewed = await self._keys.refetch(key)
            if renewed is None:
                raise
            signature.verify(request, renewed.key)
            return renewed
        return key


def read_activity(body: bytes) -> Activity:
    """The activity in a body; documents with unusual contexts are compacted first.

    Raises:
        ProtocolError: it is not JSON, or not an activity that can be read.
    """
    document = load_object(body)
    if not contexts.is_plain(document):
        document = contexts.compact(document)
    return parse_activity(document)


def _check_sender(activity: Activity, key: PeerKey, raw: bytes, now: datetime) -> Receipt:
    if key.owner_state in (ActorState.SUSPENDED, ActorState.DELETED):
        raise NotAllowed(Reason.SUSPENDED, "This account is suspended here")
    if activity.actor != key.owner_uri:
        raise SignatureRejected("the actor is not the owner of the key")
    check_activity_origin(activity)
    return Receipt(activity=activity, raw=raw, signer_id=key.owner_id, peer=key.peer, at=now)


def origin_of_key(key_id: str) -> str:
    """The origin of a keyId.

    Raises:
        SignatureRefused: it is not a URL.
    """
    url = key_id.partition("#")[0]
    if not is_web_url(url):
        raise SignatureRefused("malformed", "keyId is not a URL")
    return origin(url)


def _is_farewell(activity: Activity) -> bool:
    """A Delete (or Update) of the actor itself."""
    return activity.type in _DELETES and activity.object_id == activity.actor


def activity_key(activity: Activity, raw: bytes) -> str:
    """The id of an activity, or the digest of its bytes when it has none."""
    return activity.id or hashlib.sha256(raw).hexdigest()


def receive(uow: UnitOfWork, receipt: Receipt, context: Context) -> Outcome:
    """The inbox unit: see it once, then apply it or queue it.

    Raises:
        DomainError, ProtocolError: a rule refused it; nothing is kept, so that the same
            activity may come again.
    """
    at_ms = to_ms(receipt.at)
    uow.at_ms = at_ms
    activity = receipt.activity
    if not uow.inbox.see(receipt.peer, activity_key(activity, receipt.raw), at_ms=at_ms):
        return Outcome.DUPLICATE
    handler = handler_of(activity)
    if handler is None:
        return Outcome.IGNORED
    act = Act(
        activity=activity,
        actor=receipt.signer_id,
        peer=receipt.peer,
        at=receipt.at,
        raw=receipt.raw,
        resolved={},
    )
    order = order_key(activity)
    if handler.needs(uow, act, context) or uow.jobs.has_waiting(order):
        _enqueue(uow, receipt, order, at_ms)
        return Outcome.QUEUED
    handler.apply(uow, act, context)
    return Outcome.APPLIED


def _enqueue(uow: UnitOfWork, receipt: Receipt, order: str, at_ms: int) -> None:
    payload = QueuedActivity(
        raw=receipt.raw, signer_id=receipt.signer_id, peer=receipt.peer, at_ms=at_ms
    )
    uow.jobs.enqueue(INBOX_JOB, msgspec.msgpack.encode(payload), run_ms=at_ms, order_key=order)
