"""What happened since the hub last looked, read once for all who listen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from communities.events import (
    Event,
    PostEdited,
    PostPublished,
    PostRemoved,
    PostWithdrawn,
    Reacted,
)
from communities.people import ActorKey
from communities.posts import Post, PostKey, ReactionKind
from storage.feeds import FeedEntry, boost_id_of
from storage.notifications import Notification
from storage.post_cache import PostRow
from storage.unit_of_work import UnitOfWork

MOST: Final = 200
STALE: Final = timedelta(hours=24)
"""A post that was this old when it came is history that was fetched: no timeline begins with it."""

Boost = tuple[ActorKey, PostKey]
"""Who boosted, and what."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the hub has come: in the event log, and among notifications."""

    seq: int
    notice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A new entry of timelines: a post, a thread of a community, a boost."""

    entry: FeedEntry
    post: Post
    is_boost: bool = False

    @property
    def actors(self) -> set[ActorKey]:
        """Whom one follows, or is a member of, to find it at home."""
        if self.is_boost:
            return {self.entry.booster_id} if self.entry.booster_id is not None else set()
        return passed_on_by(self.post)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What happened.

    Attributes:
        place: how far it goes.
        fresh: what is new in timelines, oldest first.
        edited: posts whose content changed.
        gone: posts that were taken away.
        boosts: ids of the boosts among `fresh`.
        unboosted: boosts that were taken back.
        notices: what people were told.
        count: how many events and notifications that were.
    """

    place: Place
    fresh: Sequence[Fresh] = ()
    edited: Sequence[Post] = ()
    gone: Sequence[Post] = ()
    boosts: Mapping[Boost, int] = field(default_factory=dict)
    unboosted: Sequence[Boost] = ()
    notices: Sequence[Notification] = ()
    count: int = 0


def current_place(uow: UnitOfWork) -> Place:
    """The end of both."""
    return Place(uow.events.last(), uow.notifications.last())


def passed_on_by(post: Post) -> set[ActorKey]:
    """Who brings a post to those who follow them: its author, and the community it starts in."""
    found = {post.author_id}
    if post.community_id is not None and not post.is_comment:
        found.add(post.community_id)
    return found


def entry_of(post: Post) -> FeedEntry:
    """A post as home shows it: what starts a thread in a community is the community's boost."""
    if post.community_id is None or post.is_comment:
        return FeedEntry(id=post.id, post_id=post.id)
    return FeedEntry(id=boost_id_of(post.id), post_id=post.id, booster_id=post.community_id)


def ids_of(post: Post) -> list[int]:
    """All ids under which apps know a post itself."""
    entry = entry_of(post)
    return [post.id] if entry.id == post.id else [post.id, entry.id]


def gather(uow: UnitOfWork, place: Place, now: datetime) -> Batch:
    """Read up to 200 events and as many notifications after a place."""
    logged = uow.events.after(place.seq, MOST)
    notices = uow.notifications.since(place.notice, MOST)
    events = [each.event for each in logged]
    posts = uow.post_pages.posts(_posts_named(events))
    boosts = _boosts(uow, events)
    published = dict.fromkeys(event.post_id for event in events if isinstance(event, PostPublished))
    edited = dict.fromkeys(event.post_id for event in events if isinstance(event, PostEdited))
    return Batch(
        place=Place(
            logged[-1].seq if logged else place.seq, notices[-1].id if notices else place.notice
        ),
        fresh=_fresh(posts, published, boosts, now),
        edited=[post for post in _known(posts, edited) if post.id not in published],
        gone=_known(posts, _gone(events)),
        boosts=boosts,
        unboosted=[
            (event.actor_id, event.post_id)
            for event in events
            if isinstance(event, Reacted) and event.kind is ReactionKind.BOOST and not event.given
        ],
        notices=[one for one in notices if not one.filtered],
        count=len(logged) + len(notices),
    )


def _fresh(
    posts: Mapping[PostKey, PostRow],
    published: Iterable[PostKey],
    boosts: Mapping[Boost, int],
    now: datetime,
) -> list[Fresh]:
    new = [
        Fresh(entry=entry_of(post), post=post)
        for post in _known(posts, published)
        if now - post.published_at <= STALE
    ]
    boosted = [
        Fresh(
            entry=FeedEntry(id=key, post_id=post_id, booster_id=actor_id),
            post=posts[post_id].post,
            is_boost=True,
        )
        for (actor_id, post_id), key in boosts.items()
        if post_id in posts
    ]
    return sorted(new + boosted, key=lambda each: each.entry.id)


def _gone(events: Iterable[Event]) -> Iterable[PostKey]:
    return dict.fromkeys(
        event.post_id
        for event in events
        if isinstance(event, PostWithdrawn)
        or (isinstance(event, PostRemoved) and event.removed and not event.requested)
    )


def _known(posts: Mapping[PostKey, PostRow], wanted: Iterable[PostKey]) -> list[Post]:
    return [posts[key].post for key in wanted if key in posts]


def _posts_named(events: Iterable[Event]) -> set[PostKey]:
    named = (PostPublished, PostEdited, PostWithdrawn, PostRemoved)
    return {
        event.post_id
        for event in events
        if isinstance(event, named) or (isinstance(event, Reacted) and _is_boost(event))
    }


def _is_boost(event: Reacted) -> bool:
    return event.kind is ReactionKind.BOOST and event.given


def _boosts(uow: UnitOfWork, events: Iterable[Event]) -> dict[Boost, int]:
    """The ids of what was boosted, as far as it still is."""
    found: dict[Boost, int] = {}
    for event in events:
        if isinstance(event, Reacted) and _is_boost(event):
            key = uow.stream_ties.boost_id(event.actor_id, event.post_id)
            if key is not None:
                found[event.actor_id, event.post_id] = key
    return found
