"""One event on its way out, and what the events of one step share.

There are three situations. In a community of ours it announces what happened, around the bytes of
the peer that did it or around what we render for one of ours. In a community elsewhere one of
ours asks: the activity itself goes there, and only what is `requested` goes at all. In none, the
activity goes to those whom it is for.

Spec: house 2.6 "Authority"; FEP-1b12; FEP-8b32 (proofs on what people here do in public).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from communities.community import Community
from communities.people import ActorKey
from communities.posts import PostKey
from federation.activitypub import from_domain
from federation.activitypub.fanout import Announced, Fanout
from federation.signing import Signer
from federation.uris import Uris
from protocols.activitypub.integrity_proofs import create
from protocols.activitypub.rendering import render_activity
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityObject,
    ActivityType,
)
from protocols.key_formats import load_private_pem
from protocols.strict_json import dumps
from storage.actors import Profile
from storage.audiences import Mailbox
from storage.event_log import Logged
from storage.keys import SigningKey
from storage.times import from_ms
from storage.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Step:
    """What the events of one step of the consumer share.

    Attributes:
        votes: bytes of votes that go out in batches, by community and thread; thread 0 holds
            those on threads that began before this step.
        begun: threads that began in this step: votes on them must not overtake them.
        polls: polls whose counts changed, with the last event about each.
        wants_backfill: whether a first follow of a community elsewhere fetches its history.
    """

    uow: UnitOfWork
    uris: Uris
    out: Fanout
    wants_backfill: bool = True
    votes: dict[tuple[ActorKey, int], list[bytes]] = field(default_factory=dict)
    begun: set[PostKey] = field(default_factory=set)
    polls: "dict[PostKey, Sending]" = field(default_factory=dict)
    _signers: dict[ActorKey, Signer | None] = field(default_factory=dict)

    def prover(self, actor_id: ActorKey) -> Signer | None:
        """The Ed25519 key of a local actor, read and parsed once a step; None without one."""
        if actor_id not in self._signers:
            self._signers[actor_id] = _signer(self.uow.keys.signing(actor_id, "ed25519"))
        return self._signers[actor_id]


def _signer(stored: SigningKey | None) -> Signer | None:
    if stored is None:
        return None
    return Signer(key_id=stored.key_id, key=load_private_pem(stored.private_pem, trusted=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a community is told of an act in it.

    Attributes:
        actor: who acts.
        activity: makes the activity of one of ours; not called for what a peer did.
        is_requested: whether one of ours asks a community elsewhere for it.
        order_key: bodies with the same one go in order to a peer.
        also: inboxes that hear of it beside the followers of a community of ours.
        for_followers: whether those hear of it: not of a post that was never for them.
    """

    actor: Profile
    activity: Callable[[], Activity]
    is_requested: bool
    order_key: int
    also: tuple[Mailbox, ...] = ()
    for_followers: bool = True


@dataclass(frozen=True, slots=True)
class Sending:
    """One event on its way out."""

    step: Step
    logged: Logged

    @property
    def uow(self) -> UnitOfWork:
        """The unit of the step."""
        return self.step.uow

    @property
    def uris(self) -> Uris:
        """Our URLs."""
        return self.step.uris

    @property
    def out(self) -> Fanout:
        """Where bodies go."""
        return self.step.out

    @property
    def at(self) -> datetime:
        """When it happened."""
        return from_ms(self.logged.at_ms or self.out.at_ms)

    def id(self, word: str) -> str:
        """The id of an activity that this event calls for: the same however often it is made."""
        return self.uris.activity(self.logged.seq, word)

    def cause(self) -> bytes | None:
        """The activity of a peer that made this happen, as it came; None when it is not kept."""
        return None if self.logged.cause is None else self.uow.inbox.body(self.logged.cause)

    def actor(self, key: ActorKey) -> Profile | None:
        """The profile of an actor."""
        return self.uow.actors.get(key)

    def community(self, key: ActorKey | None) -> Community | None:
        """The community with this key; None for no key."""
        return None if key is None else self.uow.communities.get(key)

    def body(self, sent: Activity, sender: Profile, *, is_public: bool) -> bytes:
        """The bytes of an activity of one of ours; of what is public, with a proof by its actor."""
        document = render_activity(sent)
        prover = self.step.prover(sender.id) if is_public else None
        if prover is not None:
            document = create(
                document,
                key=prover.key,
                verification_method=prover.key_id,
                created=f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            )
        return dumps(document)

    def send(
        self, sender: Profile, sent: Activity, boxes: list[Mailbox], *, order_key: int
    ) -> None:
        """Queue an activity that is not public, in the name of one of ours."""
        if boxes:
            body = self.body(sent, sender, is_public=False)
            self.out.send(sender.id, body, boxes, order_key=order_key)

    def tell(self, community: Community, told: Told) -> None:
        """Let a community of ours announce an act, or ask one elsewhere for it."""
        if community.is_local:
            original = self.original(community, told)
            if original is not None:
                announced = Announced(
                    id=self.id("announce"),
                    original=original,
                    at=self.at,
                    order_key=told.order_key,
                    also=told.also,
                    for_followers=told.for_followers,
                )
                self.out.announce(community, announced)
            return
        if not told.is_requested or not told.actor.is_local:
            return
        boxes = self.out.mailboxes([self.actor(community.id)])
        if boxes:
            body = self.body(told.activity(), told.actor, is_public=community.is_open_to_read)
            self.out.send(told.actor.id, body, boxes, order_key=told.order_key)

    def original(self, community: Community, told: Told) -> bytes | None:
        """The bytes that a community of ours announces; None for a peer's that were not kept."""
        if not told.actor.is_local:
            return self.cause()
        return self.body(told.activity(), told.actor, is_public=community.is_open_to_read)

    def announce(
        self,
        community: Community,
        original: bytes,
        *,
        order_key: int,
        id: str | None = None,  # noqa: A002 - the field's word
    ) -> None:
        """Queue a community's Announce of the bytes of an activity."""
        announced = Announced(
            id=id or self.id("announce"), original=original, at=self.at, order_key=order_key
        )
        self.out.announce(community, announced)

    def act(
        self,
        kind: ActivityType,
        community: Community,
        actor: Profile,
        obj: ActivityObject,
        *,
        target: str | None = None,
        summary: str | None = None,
    ) -> Activity:
        """An act in a community, addressed as Lemmy does: to everyone, or to the members alone."""
        followers = community.followers_uri or self.uris.followers(community.uri)
        is_open = community.is_open_to_read
        return from_domain.activity(
            kind,
            id=self.id(kind.value.lower()),
            actor=actor.uri,
            obj=obj,
            to=(PUBLIC,) if is_open else (community.uri, followers),
            cc=(community.uri,) if is_open else (),
            audience=community.uri,
            target=target,
            summary=summary,
        )

    def undo(self, undone: Activity) -> Activity:
        """The Undo of an activity, with the whole of it inside."""
        return from_domain.activity(
            ActivityType.UNDO,
            id=self.id("undo"),
            actor=undone.actor,
            obj=undone,
            to=undone.to,
            cc=undone.cc,
            audience=undone.audience,
            summary=undone.summary,
        )
