"""Who gets what: bodies to audiences, with each peer served what its software understands.

A community's followers that speak FEP-1b12 get every activity wrapped in the community's
Announce. Microblogs would show each comment and vote as a post of the group (lemmy#2606), so they
get the bare-object Announce of thread starters, and nothing else of the wrapped ones. Peers whose
software is not known yet get both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from communities.community import Community
from communities.people import ActorKey
from federation.activitypub.from_domain import activity
from federation.uris import Uris
from protocols.activitypub.parsing_origins import origin
from protocols.activitypub.rendering import announce_batch_bytes, announce_bytes, render_activity
from protocols.activitypub.vocabulary import PUBLIC, Activity, ActivityType, Reference
from protocols.strict_json import dumps
from storage.actors import Profile
from storage.audiences import Mailbox
from storage.unit_of_work import UnitOfWork

VOTE_BATCHES = "fep-1a11"
"""The NodeInfo capability of peers that take several votes in one Announce (PieFed)."""

MICROBLOGS = frozenset(
    (
        *("mastodon", "hometown", "ecko", "kmyblue", "fedibird", "gotosocial", "takahe"),
        *("pleroma", "akkoma", "mitra", "honk", "snac", "bonfire", "pixelfed"),
        *("misskey", "sharkey", "firefish", "foundkey", "cherrypick", "calckey", "catodon"),
        *("iceshrimp", "iceshrimp.net"),
    )
)
GROUPWARE = frozenset(
    (
        *("lemmy", "piefed", "mbin", "kbin", "lotide", "nodebb", "discourse", "noaber"),
        *("peertube", "mobilizon", "friendica", "hubzilla", "streams", "wordpress"),
    )
)


class Reader(Enum):
    """How the software of a peer reads a group."""

    GROUPWARE = 1
    MICROBLOG = 2
    UNKNOWN = 3


def reader_of(software: str | None) -> Reader:
    """How a software named by NodeInfo reads a group."""
    if software is None:
        return Reader.UNKNOWN
    if software in MICROBLOGS:
        return Reader.MICROBLOG
    return Reader.GROUPWARE if software in GROUPWARE else Reader.UNKNOWN


@dataclass(slots=True)
class Fanout:
    """Collects what one step of the consumer sends; audiences are read once a step."""

    uow: UnitOfWork
    uris: Uris
    at_ms: int
    _audiences: dict[ActorKey, list[Mailbox]] = field(default_factory=dict)

    def audience(self, actor_id: ActorKey) -> list[Mailbox]:
        """The inboxes of an actor's followers, at peers that are not blocked."""
        found = self._audiences.get(actor_id)
        if found is None:
            found = self._audiences[actor_id] = self.uow.audiences.of(actor_id)
        return found

    def send(
        self,
        sender_id: ActorKey,
        body: bytes,
        mailboxes: Sequence[Mailbox],
        *,
        order_key: int,
        twin: bool = False,
    ) -> None:
        """Queue one body for these inboxes."""
        if not mailboxes:
            return
        seq = self.uow.deliveries.add_body(
            sender_id, body, order_key=order_key, at_ms=self.at_ms, twin=twin
        )
        self.uow.deliveries.address(seq, mailboxes)

    def send_to_actors(
        self, sender: Profile, sent: Activity, actors: Sequence[Profile], *, order_key: int
    ) -> None:
        """Queue an activity for actors elsewhere, at their own inboxes."""
        boxes = {
            actor.inbox: Mailbox(actor.inbox, origin(actor.inbox))
            for actor in actors
            if not actor.is_local
        }
        self.send(sender.id, dumps(render_activity(sent)), [*boxes.values()], order_key=order_key)

    def announce(
        self,
        community: Community,
        original: bytes,
        *,
        seq: int,
        at: datetime,
        order_key: int,
        batched: bool = False,
    ) -> None:
        """Queue a community's Announce of an activity, unchanged, for those who speak FEP-1b12.

        `batched` leaves out peers that get it in a batch of votes.
        """
        boxes = [
            box
            for box in self.audience(community.id)
            if reader_of(box.software) is not Reader.MICROBLOG
            and not (batched and VOTE_BATCHES in box.capabilities)
        ]
        if not boxes:
            return
        body = announce_bytes(
            id=self.uris.activity(seq, "announce"),
            actor=community.uri,
            to=self._audience_to(community),
            cc=self._audience_cc(community),
            original=original,
            published=at,
        )
        self.send(community.id, body, boxes, order_key=order_key)

    def announce_batch(
        self, community: Community, originals: Sequence[bytes], *, seq: int, at: datetime
    ) -> None:
        """Queue one Announce of several votes for peers that take batches (FEP-1a11)."""
        boxes = [box for box in self.audience(community.id) if VOTE_BATCHES in box.capabilities]
        if not boxes:
            return
        body = announce_batch_bytes(
            id=self.uris.activity(seq, "votes"),
            actor=community.uri,
            to=self._audience_to(community),
            cc=self._audience_cc(community),
            originals=originals,
            published=at,
        )
        self.send(community.id, body, boxes, order_key=community.id)

    def announce_object(
        self, community: Community, uri: str, *, seq: int, at: datetime, order_key: int
    ) -> None:
        """Queue the bare-object twin for microblogs and peers not known yet."""
        boxes = self.twin_readers(community)
        if not boxes:
            return
        twin = self.twin(community, uri, seq=seq, at=at)
        self.send(community.id, dumps(render_activity(twin)), boxes, order_key=order_key, twin=True)

    def twin(self, community: Community, uri: str, *, seq: int, at: datetime) -> Activity:
        """A community's Announce of an object by its id."""
        return activity(
            ActivityType.ANNOUNCE,
            id=self.uris.activity(seq, "boost"),
            actor=community.uri,
            obj=Reference(id=uri),
            to=tuple(self._audience_to(community)),
            cc=tuple(self._audience_cc(community)),
            published=at,
        )

    def twin_readers(self, community: Community) -> list[Mailbox]:
        """The inboxes that get bare-object Announces; none in a community for members only."""
        if not community.is_open_to_read:
            return []
        return [
            box
            for box in self.audience(community.id)
            if reader_of(box.software) is not Reader.GROUPWARE
        ]

    def _audience_to(self, community: Community) -> list[str]:
        return [PUBLIC] if community.is_open_to_read else [self.uris.followers(community.uri)]

    def _audience_cc(self, community: Community) -> list[str]:
        return [self.uris.followers(community.uri)] if community.is_open_to_read else []
