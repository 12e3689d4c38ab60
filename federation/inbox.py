"""The inbox: refuse cheaply, verify, store once, answer after the commit.

What needs no fetch takes effect in the transaction that stores the activity; the rest is a job in
the same transaction. Either way an activity takes effect once.

A forwarded activity (its signer is not its actor) is a hint: where it is about a post that we
have, or answers one, that post is fetched anew from its origin. Nothing else of it counts.

Spec: house 2.6 "Inbox: one path"; security 3.2, SIG, "Settled"; reference activitypub 4.
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
from communities.visibility import Viewer, sees
from federation.activitypub.act import Act, Context
from federation.activitypub.dispatch import handler_of, order_key
from federation.errors import SignatureRejected
from federation.keys import PeerKey, PeerKeys
from federation.policies import Policies
from federation.request_signatures import RequestSignature, read_signature
from protocols.activitypub import contexts
from protocols.activitypub.parsing_activities import parse_activity
from protocols.activitypub.parsing_origins import (
    check_activity_origin,
    host_of,
    is_web_url,
    origin,
    same_origin,
)
from protocols.activitypub.vocabulary import Activity, ActivityType, Post
from protocols.errors import SignatureRefused
from protocols.message_signatures import Scheme
from protocols.signed_request import RequestParts
from protocols.strict_json import load_object
from storage.errors import Busy
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

INBOX_JOB = "inbox"
MOST_WAITING = 5_000
"""Inbox jobs that one peer may have waiting."""

_ABOUT_ACTORS = (ActivityType.DELETE, ActivityType.UPDATE)
_HINTS = (ActivityType.CREATE, ActivityType.UPDATE, ActivityType.DELETE)
"""Forwarded activities whose object can be asked of its origin."""
_NOT_THE_ACTOR = "the actor is not the owner of the key"


class Outcome(StrEnum):
    """What became of a request that was answered with 202."""

    APPLIED = "applied"
    QUEUED = "queued"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class QueuedActivity(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an inbox job: the verified activity as it came.

    `hint` is the id of a post to fetch anew, where `raw` was forwarded and is not to be believed.
    """

    raw: bytes
    signer_id: int
    peer: str
    at_ms: int
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An activity that passed every check that needs no transaction; `hint` if forwarded."""

    activity: Activity
    raw: bytes
    signer_id: ActorKey
    peer: str
    at: datetime
    hint: str | None = None


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
        self._reader = keys.reader
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
        document = load_object(request.body)
        # What must be compacted first costs real time: its signer has to be proven before.
        activity = parse_activity(document) if contexts.is_plain(document) else None
        key = await self._keys.known(signature.key_id)
        if key is None:
            if activity is not None and _is_about_its_actor(activity):
                # A deleted account has no key any more. Spec: FLD-06, Mastodon's shortcut.
                return Outcome.IGNORED
            key = await self._keys.fetch(signature.key_id)
        key = await self._verified(signature, request, key)
        if activity is None:
            activity = parse_activity(await self._reader.plain(document))
        receipt = _check_sender(activity, key, request.body, now)
        self._peer_spoke(receipt.peer)
        try:
            outcome = await self._storage.write(receive, receipt, self._context, from_outside=True)
        except (NotFound, Conflict):
            return Outcome.IGNORED
        if _is_about_its_actor(activity):
            self._keys.forget(key.owner_id)
        return outcome

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


def _check_sender(activity: Activity, key: PeerKey, raw: bytes, now: datetime) -> Receipt:
    if key.owner_state in (ActorState.SUSPENDED, ActorState.DELETED):
        raise NotAllowed(Reason.SUSPENDED, "This account is suspended here")
    hint = None
    if activity.actor != key.owner_uri:
        hint = _hint_of(activity)
        if hint is None:
            raise SignatureRejected(_NOT_THE_ACTOR)
    check_activity_origin(activity)
    return Receipt(
        activity=activity, raw=raw, signer_id=key.owner_id, peer=key.peer, at=now, hint=hint
    )


def _hint_of(activity: Activity) -> str | None:
    """The id of the post that a forwarded activity is about, if its actor's server has it."""
    uri = activity.object_id
    if activity.type not in _HINTS or uri is None or not same_origin(uri, activity.actor):
        return None
    return None if uri == activity.actor else uri


def origin_of_key(key_id: str) -> str:
    """The origin of a keyId.

    Raises:
        SignatureRefused: it is not a URL.
    """
    url = key_id.partition("#")[0]
    if not is_web_url(url):
        raise SignatureRefused("malformed", "keyId is not a URL")
    return origin(url)


def _is_about_its_actor(activity: Activity) -> bool:
    """A Delete or Update of the actor itself."""
    return activity.type in _ABOUT_ACTORS and activity.object_id == activity.actor


def activity_key(activity: Activity, raw: bytes) -> str:
    """The id of an activity, or the digest of its bytes when it has none."""
    return activity.id or hashlib.sha256(raw).hexdigest()


def receive(uow: UnitOfWork, receipt: Receipt, context: Context) -> Outcome:
    """The inbox unit: see it once, then apply it or queue it.

    Raises:
        DomainError, ProtocolError: a rule refused it; nothing is kept, so that the same
            activity may come again.
        Busy: too much of this peer waits; nothing is kept either.
    """
    at_ms = to_ms(receipt.at)
    uow.at_ms = at_ms
    activity = receipt.activity
    if receipt.hint is not None:
        if context.uris.is_ours(receipt.hint):
            raise SignatureRejected(_NOT_THE_ACTOR)
        return _take_hint(uow, receipt, receipt.hint, at_ms)
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
    order = _line(uow, order_key(activity), receipt.peer)
    if handler.needs(uow, act, context) or uow.jobs.has_waiting(order):
        _enqueue(uow, receipt, order, at_ms)
        return Outcome.QUEUED
    handler.apply(uow, act, context)
    return Outcome.APPLIED


def _line(uow: UnitOfWork, about: str, peer: str) -> str:
    """The order key of an activity of this peer about something.

    A peer waits for what the server of a thing has told before, and for itself. Nobody else can
    hold an activity up: a slow fetch that one peer asks for would silence all about a post.
    """
    if same_origin(about, peer) or uow.jobs.has_waiting(about):
        return about
    return f"{peer} {about}"


def _enqueue(uow: UnitOfWork, receipt: Receipt, order: str, at_ms: int) -> None:
    payload = QueuedActivity(
        raw=receipt.raw, signer_id=receipt.signer_id, peer=receipt.peer, at_ms=at_ms
    )
    _check_room(uow, receipt.peer)
    uow.jobs.enqueue(
        INBOX_JOB,
        msgspec.msgpack.encode(payload),
        run_ms=at_ms,
        order_key=order,
        peer=receipt.peer,
    )


def _check_room(uow: UnitOfWork, peer: str) -> None:
    if uow.jobs.count_of_peer(peer, most=MOST_WAITING) >= MOST_WAITING:
        raise Busy("too much of what this server sent waits already; try again later")


def _take_hint(uow: UnitOfWork, receipt: Receipt, uri: str, at_ms: int) -> Outcome:
    """Have a post fetched anew, if we have it or one that it answers; once for many hints.

    Raises:
        SignatureRejected: it is about nothing that we have.
        Busy: too much of this peer waits.
    """
    if not _is_of_interest(uow, receipt, uri):
        raise SignatureRejected(_NOT_THE_ACTOR)
    payload = QueuedActivity(
        raw=b"", signer_id=receipt.signer_id, peer=receipt.peer, at_ms=at_ms, hint=uri
    )
    _check_room(uow, receipt.peer)
    is_new = uow.jobs.enqueue(
        INBOX_JOB,
        msgspec.msgpack.encode(payload),
        run_ms=at_ms,
        key=f"hint {uri}",
        order_key=uri,
        peer=receipt.peer,
    )
    return Outcome.QUEUED if is_new else Outcome.DUPLICATE


def _is_of_interest(uow: UnitOfWork, receipt: Receipt, uri: str) -> bool:
    """Whether we have the post, or one that it answers and that the forwarder may know (PRV-01)."""
    if uow.posts.key_of(uri) is not None:
        return True
    post = receipt.activity.object
    if not isinstance(post, Post) or post.in_reply_to is None:
        return False
    answered = uow.posts.by_uri(post.in_reply_to)
    forwarder = Viewer(host=host_of(receipt.peer))
    return answered is not None and sees(uow, forwarder, answered, receipt.at)
