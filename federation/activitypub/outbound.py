"""The consumer that tells peers: events of the log become bodies and deliveries.

In a community of ours its Announce goes to the followers, around the author's own bytes where the
author is of a peer. What one of ours does in a community elsewhere is sent to that community.

Spec: house 2.7 step 7; FEP-1b12; reference activitypub 3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from communities.community import Community
from communities.events import PostPublished, Reacted
from communities.posts import Post, ReactionKind, Visibility
from federation.activitypub import from_domain
from federation.activitypub.fanout import Fanout
from federation.uris import Uris
from protocols.activitypub.rendering import render_activity
from protocols.activitypub.vocabulary import Activity, ActivityType
from protocols.strict_json import dumps
from storage.actors import Profile
from storage.event_log import Logged
from storage.times import from_ms
from storage.unit_of_work import UnitOfWork

CURSOR = "activitypub.outbound"
MOST = 200


@dataclass(slots=True)
class Sending:
    """One event on its way out."""

    uow: UnitOfWork
    uris: Uris
    out: Fanout
    logged: Logged
    votes: "dict[int, list[bytes]]"

    def cause(self) -> bytes | None:
        """The activity of a peer that made this happen, as it came."""
        return None if self.logged.cause is None else self.uow.inbox.body(self.logged.cause)


def step(uow: UnitOfWork, uris: Uris, at_ms: int) -> int:
    """Turn up to 200 events into deliveries and move the cursor; how many there were."""
    events = uow.events.after(uow.events.cursor(CURSOR), MOST)
    if not events:
        return 0
    out = Fanout(uow, uris, at_ms)
    votes: dict[int, list[bytes]] = {}
    for logged in events:
        tell = _TELL.get(type(logged.event))
        if tell is not None:
            tell(Sending(uow, uris, out, logged, votes), logged.event)
    last = events[-1]
    for community_id, originals in votes.items():
        community = uow.communities.get(community_id)  # type: ignore[arg-type]  # an ActorKey
        if community is not None:
            out.announce_batch(community, originals, seq=last.seq, at=from_ms(last.at_ms))
    uow.events.move_cursor(CURSOR, last.seq)
    return len(events)


def _community_of(uow: UnitOfWork, community_id: Any) -> Community | None:  # noqa: ANN401
    return None if community_id is None else uow.communities.get(community_id)


def _tell_published(sending: Sending, event: PostPublished) -> None:
    uow = sending.uow
    post = uow.posts.get(event.post_id)
    if post is None:
        return
    community = _community_of(uow, event.community_id)
    if community is not None and community.is_local:
        original = sending.cause() or _created(sending, post)
        if original is None:
            return
        at = from_ms(sending.logged.at_ms)
        seq = sending.logged.seq
        sending.out.announce(community, original, seq=seq, at=at, order_key=post.root_id)
        if not post.is_comment and post.visibility is Visibility.PUBLIC:
            sending.out.announce_object(community, post.uri, seq=seq, at=at, order_key=post.root_id)
        return
    if post.local:
        _send_created(sending, post, community)


def _created(sending: Sending, post: Post) -> bytes | None:
    created = _create(sending, post)
    return None if created is None else dumps(render_activity(created))


def _create(sending: Sending, post: Post) -> Activity | None:
    document = from_domain.post_document(sending.uow, post, sending.uris)
    if document is None or not post.local:
        return None
    return from_domain.activity(
        ActivityType.CREATE,
        id=sending.uris.activity(sending.logged.seq, "create"),
        actor=document.attributed_to,
        obj=document,
        to=document.to,
        cc=document.cc,
        audience=document.audience,
        published=document.published,
    )


def _send_created(sending: Sending, post: Post, community: Community | None) -> None:
    """A post of one of ours, to a community elsewhere or to followers and those it names."""
    uow = sending.uow
    created = _create(sending, post)
    author = uow.actors.get(post.author_id)
    if created is None or author is None:
        return
    named = [*uow.actors.many(uow.posts.recipients(post.id)).values()]
    if post.parent_id is not None:
        named.extend(_author_of(uow, post.parent_id))
    if community is not None:
        group = uow.actors.get(community.id)
        named.extend([group] if group is not None else [])
    sending.out.send_to_actors(author, created, named, order_key=post.root_id)
    if post.visibility in (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.FOLLOWERS):
        body = dumps(render_activity(created))
        sending.out.send(author.id, body, sending.out.audience(author.id), order_key=post.root_id)


def _author_of(uow: UnitOfWork, post_id: Any) -> list[Profile]:  # noqa: ANN401 - a PostKey
    post = uow.posts.get(post_id)
    author = uow.actors.get(post.author_id) if post is not None else None
    return [] if author is None else [author]


_REACTIONS = {
    ReactionKind.LIKE: ActivityType.LIKE,
    ReactionKind.DISLIKE: ActivityType.DISLIKE,
    ReactionKind.EMOJI: ActivityType.EMOJI_REACT,
    ReactionKind.BOOST: ActivityType.ANNOUNCE,
}


def _tell_reacted(sending: Sending, event: Reacted) -> None:
    uow = sending.uow
    community = _community_of(uow, event.community_id)
    post = uow.posts.get(event.post_id)
    if post is None:
        return
    if community is not None and community.is_local:
        original = sending.cause()
        if original is None:
            return
        at = from_ms(sending.logged.at_ms)
        sending.out.announce(
            community,
            original,
            seq=sending.logged.seq,
            at=at,
            order_key=post.root_id,
            batched=True,
        )
        sending.votes.setdefault(community.id, []).append(original)


_TELL: Mapping[type, Callable[[Sending, Any], None]] = {
    PostPublished: _tell_published,
    Reacted: _tell_reacted,
}
