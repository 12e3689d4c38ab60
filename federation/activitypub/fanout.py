"""Who gets what: bodies to audiences, with each peer served what its software understands.

A community's followers that speak FEP-1b12 get every activity wrapped in the community's
Announce. Microblogs would show each comment and vote as a post of the group (lemmy#2606), so they
get the bare-object Announce of thread starters, and nothing else of the wrapped ones. Peers whose
software is not known yet get both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from communities.community import Community
from communities.people import ActorKey, ActorState
from communities.posts import Post
from federation.activitypub.from_domain import activity
from federation.activitypub.software import VOTE_BATCHES, Reader, reader_of, takes_emoji
from federation.uris import Uris
from protocols.activitypub.parsing_origins import origin
from protocols.activitypub.rendering import announce_batch_bytes, announce_bytes, render_activity
from protocols.activitypub.vocabulary import PUBLIC, Activity, ActivityType, Reference
from protocols.strict_json import dumps
from storage.actors import Profile
from storage.audiences import Mailbox
from storage.peers import Peer, PeerPolicy
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a community announces: the bytes of an activity, and how the Announce is sent.

    Attributes:
        id: of the Announce.
        original: the activity, unchanged.
        order_key: bodies with the same one go in order to a peer.
        also: inboxes that hear of it beside those of the followers.
        for_followers: whether the followers hear of it at all.
        is_vote: left out for peers that take votes in batches.
        is_emoji: left out for peers that cannot read emoji reactions.
    """

    id: str
    original: bytes
    at: datetime
    order_key: int
    also: tuple[Mailbox, ...] = ()
    for_followers: bool = True
    is_vote: bool = False
    is_emoji: bool = False


@dataclass(slots=True)
class Fanout:
    """Collects what one step of the consumer sends; audiences and peers are read once a step.

    Attributes:
        addressed: how many deliveries were queued.
    """

    uow: UnitOfWork
    uris: Uris
    at_ms: int
    addressed: int = 0
    _audiences: dict[ActorKey, list[Mailbox]] = field(default_factory=dict)
    _wrapped: dict[ActorKey, list[Mailbox]] = field(default_factory=dict)
    _peers: dict[str, Peer | None] = field(default_factory=dict)

    def audience(self, actor_id: ActorKey) -> list[Mailbox]:
        """The inboxes of an actor's followers, at peers that are not blocked."""
        found = self._audiences.get(actor_id)
        if found is None:
            found = self._audiences[actor_id] = self.uow.audiences.of(actor_id)
        return found

    def wrapped_readers(self, community: Community) -> list[Mailbox]:
        """The inboxes that get a community's Announces of activities."""
        found = self._wrapped.get(community.id)
        if found is None:
            found = self._wrapped[community.id] = [
                box
                for box in self.audience(community.id)
                if reader_of(box.software) is not Reader.MICROBLOG
            ]
        return found

    def twin_readers(self, community: Community) -> list[Mailbox]:
        """The inboxes that get bare-object Announces; none in a community for members only."""
        if not community.is_open_to_read:
            return []
        return [
            box
            for box in self.audience(community.id)
            if reader_of(box.software) is not Reader.GROUPWARE
        ]

    def peer(self, peer: str) -> Peer | None:
        """What is known of a peer, by its origin."""
        if peer not in self._peers:
            self._peers[peer] = self.uow.peers.get(peer)
        return self._peers[peer]

    def mailbox(self, profile: Profile, *, personal: bool = False) -> Mailbox | None:
        """Where an actor elsewhere receives; None for one of ours, a deleted one, a blocked peer.

        `personal` names its own inbox, else the shared one of its server is taken.
        """
        if profile.is_local or profile.state is ActorState.DELETED:
            return None
        return self.mailbox_at(profile.inbox if personal else profile.delivery_inbox)

    def mailbox_at(self, inbox: str) -> Mailbox | None:
        """An inbox with what is known of its peer; None at a blocked one."""
        at = origin(inbox)
        peer = self.peer(at)
        if peer is None:
            return Mailbox(inbox, at)
        if peer.policy is PeerPolicy.BLOCK:
            return None
        return Mailbox(inbox, at, peer.software, " ".join(sorted(peer.capabilities)))

    def mailboxes(
        self, profiles: Iterable[Profile | None], *, personal: bool = False
    ) -> list[Mailbox]:
        """Where these actors receive, each inbox once."""
        found = (self.mailbox(one, personal=personal) for one in profiles if one is not None)
        return [*{box.inbox: box for box in found if box is not None}.values()]

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
        self.addressed += len(mailboxes)

    def announce(self, community: Community, announced: Announced) -> None:
        """Queue a community's Announce of an activity, unchanged, for those who speak FEP-1b12."""
        boxes = self.wrapped_readers(community) if announced.for_followers else []
        if announced.is_vote:
            boxes = [box for box in boxes if VOTE_BATCHES not in box.capabilities]
        if announced.is_emoji:
            boxes = [box for box in boxes if takes_emoji(box.software)]
        if announced.also:
            known = {box.inbox for box in boxes}
            boxes = [*boxes, *(box for box in announced.also if box.inbox not in known)]
        if not boxes:
            return
        to, cc = self.addressing(community)
        body = announce_bytes(
            id=announced.id,
            actor=community.uri,
            to=to,
            cc=cc,
            original=announced.original,
            published=announced.at,
        )
        self.send(community.id, body, boxes, order_key=announced.order_key)

    def announce_batch(
        self,
        community: Community,
        originals: Sequence[bytes],
        *,
        id: str,  # noqa: A002 - the field's word
        at: datetime,
        order_key: int,
    ) -> None:
        """Queue one Announce of several votes for peers that take batches (FEP-1a11)."""
        boxes = [box for box in self.wrapped_readers(community) if VOTE_BATCHES in box.capabilities]
        if not boxes:
            return
        to, cc = self.addressing(community)
        body = announce_batch_bytes(
            id=id, actor=community.uri, to=to, cc=cc, originals=originals, published=at
        )
        self.send(community.id, body, boxes, order_key=order_key)

    def announce_object(self, community: Community, post: Post, *, at: datetime) -> None:
        """Queue the bare-object twin for microblogs and peers not known yet."""
        self._send_twin(community, post, self._twin(community, post, at=at))

    def withdraw_object(
        self,
        community: Community,
        post: Post,
        *,
        id: str,  # noqa: A002 - the field's word
    ) -> None:
        """Queue the Undo of the bare-object twin: microblogs show the post no more."""
        to, cc = self.addressing(community)
        undone = activity(
            ActivityType.UNDO,
            id=id,
            actor=community.uri,
            obj=self._twin(community, post, at=None),
            to=to,
            cc=cc,
        )
        self._send_twin(community, post, undone)

    def _twin(self, community: Community, post: Post, *, at: datetime | None) -> Activity:
        """A community's Announce of a post by its id, the same whenever it is made."""
        to, cc = self.addressing(community)
        return activity(
            ActivityType.ANNOUNCE,
            id=self.uris.boosted(post.id),
            actor=community.uri,
            obj=Reference(id=post.uri),
            to=to,
            cc=cc,
            published=at,
        )

    def _send_twin(self, community: Community, post: Post, sent: Activity) -> None:
        boxes = self.twin_readers(community)
        if boxes:
            body = dumps(render_activity(sent))
            self.send(community.id, body, boxes, order_key=post.root_id, twin=True)

    def addressing(self, community: Community) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """To and cc of what a community of ours sends: everyone, or its members alone."""
        followers = self.uris.followers(community.uri)
        return ((PUBLIC,), (followers,)) if community.is_open_to_read else ((followers,), ())
