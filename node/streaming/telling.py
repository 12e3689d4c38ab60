"""Who is told what of a batch: messages for people, from what timelines show each of them.

Whether an entry belongs into somebody's home, a list, or a public stream is asked of the timeline
itself, for the short stretch of ids that is new: so a stream never tells what a reload would not
show. Those with no tie to what happened are sorted out beforehand, for all together.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from communities.people import ActorKey
from communities.posts import Post, PostKey, PostState, Visibility
from communities.visibility import Viewer, sees
from node.streaming.gathering import Batch, Fresh, ids_of, passed_on_by
from node.streaming.listeners import Message
from node.streaming.rendering import Renderer
from protocols.mastodon.accounts import Entity
from protocols.mastodon.streaming import (
    CONVERSATION,
    DELETE,
    DIRECT,
    HASHTAG,
    HASHTAG_LOCAL,
    LIST,
    NOTIFICATION,
    PUBLIC,
    STATUS_UPDATE,
    UPDATE,
    USER,
    USER_NOTIFICATION,
    Stream,
)
from storage.feed_statements import Origin
from storage.feeds import FeedEntry, TagQuery
from storage.pages import Window
from storage.unit_of_work import UnitOfWork

Told = list[tuple[ActorKey, Message]]
Wants = Mapping[ActorKey, Collection[Stream]]
"""Which streams each of those who listen wants, over all their connections."""

_STRETCH: Final = 10 * 60 * 1000 << 16
"""Ids within ten minutes are looked for together."""
_MOST: Final = 200
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What of a batch everybody may see, by stream; and who of all is concerned by it at home."""

    public: Mapping[Stream, Sequence[FeedEntry]]
    following: Collection[tuple[ActorKey, ActorKey]]
    tagged: Collection[tuple[ActorKey, PostKey]]

    def concerns(self, person_id: ActorKey, post: Post, actors: Iterable[ActorKey]) -> bool:
        """Whether a person may find at home what these actors brought."""
        return (
            post.author_id == person_id
            or (person_id, post.id) in self.tagged
            or any(actor == person_id or (person_id, actor) in self.following for actor in actors)
        )


def share(uow: UnitOfWork, batch: Batch, wants: Wants) -> Shared:
    """Read what is the same for all who listen."""
    people = [person for person, streams in wants.items() if Stream(USER) in streams]
    posts = [each.post for each in batch.fresh] + [*batch.edited, *batch.gone]
    actors = {actor for each in batch.fresh for actor in each.actors}
    actors |= {actor for post in posts for actor in passed_on_by(post)}
    actors |= {actor_id for actor_id, _ in batch.unboosted}
    is_idle = not people or not (posts or batch.unboosted)
    wanted = {stream for streams in wants.values() for stream in streams if stream.is_public}
    return Shared(
        public=_public(uow, batch, wanted),
        following=() if is_idle else uow.stream_ties.following(people, actors),
        tagged=() if is_idle else uow.stream_ties.following_tags(people, {p.id for p in posts}),
    )


def _public(
    uow: UnitOfWork, batch: Batch, wanted: Iterable[Stream]
) -> dict[Stream, list[FeedEntry]]:
    """New entries of public streams, as somebody without an account would find them."""
    new = [each for each in batch.fresh if not each.is_boost]
    found: dict[Stream, list[FeedEntry]] = {}
    keys = {each.post.id for each in new}
    windows = list(_windows(key for each in new for key in ids_of(each.post)))
    for stream in wanted:
        entries = [entry for window in windows for entry in _page_of(uow, stream, window)]
        fitting = (entry for entry in entries if entry.post_id in keys)
        found[stream] = sorted(fitting, key=lambda entry: entry.id)
    return found


def _page_of(uow: UnitOfWork, stream: Stream, window: Window) -> list[FeedEntry]:
    origin, only_media = Origin.ANYWHERE, stream.name.endswith(":media")
    if ":local" in stream.name:
        origin = Origin.LOCAL
    elif ":remote" in stream.name:
        origin = Origin.REMOTE
    if stream.name in PUBLIC:
        return uow.feeds.public(window, origin=origin, only_media=only_media)
    return uow.feeds.tagged(TagQuery(any_of=(stream.subject,), origin=origin), window)


def _windows(keys: Iterable[int]) -> Iterator[Window]:
    """Windows that hold these ids, and little else."""
    ordered = sorted(keys)
    start = 0
    for place in range(1, len(ordered) + 1):
        if place == len(ordered) or ordered[place] - ordered[place - 1] > _STRETCH:
            yield Window(after=ordered[start] - 1, before=ordered[place - 1] + 1, most=_MOST)
            start = place


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes the messages of one batch."""

    uow: UnitOfWork
    renderer: Renderer
    batch: Batch
    shared: Shared
    at: datetime

    def messages(self, person_id: ActorKey, streams: Collection[Stream]) -> Iterator[Message]:
        """What one person is told, over the streams that they listen to."""
        by_stream = dict(self._entries(person_id, streams))
        yield from self._updates(person_id, by_stream)
        yield from self._edits(person_id, streams)
        yield from self._ends(person_id, streams)
        yield from self._notices(person_id, streams)
        if Stream(DIRECT) in streams:
            yield from self._conversations(person_id)

    def _entries(
        self, person_id: ActorKey, streams: Collection[Stream]
    ) -> Iterator[tuple[Stream, list[FeedEntry]]]:
        """New entries of each stream."""
        new = {each.entry.id for each in self.batch.fresh}
        if not new:
            return
        hidden: list[ActorKey] | None = None
        for stream in streams:
            if stream in self.shared.public:
                yield stream, list(self.shared.public[stream])
            elif stream.name in (USER, LIST):
                wanted = new if stream.name == LIST else self._at_home(person_id)
                if wanted:
                    hidden = hidden or self.uow.feeds.hidden_from(person_id, self.at)
                    yield stream, self._own(person_id, stream, wanted, hidden)

    def _at_home(self, person_id: ActorKey) -> set[int]:
        return {
            each.entry.id
            for each in self.batch.fresh
            if self.shared.concerns(person_id, each.post, each.actors)
        }

    def _own(
        self, person_id: ActorKey, stream: Stream, wanted: set[int], hidden: list[ActorKey]
    ) -> list[FeedEntry]:
        """What home, or a list, shows of what is new."""
        chosen = None
        if stream.name == LIST:
            chosen = self.renderer.list_of(self.uow, person_id, int(stream.subject))
            if chosen is None:
                return []
        # Of one post home shows a single entry, which need not be the one that was thought of.
        posts = {each.post.id for each in self.batch.fresh if each.entry.id in wanted}
        keys: set[int] = wanted | posts
        found: list[FeedEntry] = []
        for window in _windows(keys):
            if chosen is None:
                found += self.uow.feeds.home(person_id, window, hidden)
            else:
                found += self.uow.feeds.of_list(chosen, window, hidden)
        return sorted((entry for entry in found if entry.id in keys), key=lambda entry: entry.id)

    def _updates(
        self, person_id: ActorKey, by_stream: Mapping[Stream, list[FeedEntry]]
    ) -> Iterator[Message]:
        for context, is_public in (("home", False), ("public", True)):
            chosen = {
                stream: entries
                for stream, entries in by_stream.items()
                if stream.is_public is is_public and entries
            }
            shown = self._shown(person_id, chosen.values(), context)
            for stream, entries in chosen.items():
                for entry in entries:
                    if entry.id in shown:
                        yield Message(stream, UPDATE, shown[entry.id])

    def _shown(
        self, person_id: ActorKey, pages: Iterable[Iterable[FeedEntry]], context: str
    ) -> dict[int, str]:
        """The Statuses of entries as JSON, by id: what the person may see and wants to."""
        entries = list(dict.fromkeys(entry for page in pages for entry in page))
        if not entries:
            return {}
        viewer = Viewer(person_id=person_id)
        found = self.renderer.statuses(self.uow, viewer, entries, self.at, context)
        return {int(str(entity["id"])): _json(entity) for entity in found}

    def _edits(self, person_id: ActorKey, streams: Collection[Stream]) -> Iterator[Message]:
        """Changed posts, to those who may have them before their eyes."""
        chosen: dict[Stream, list[FeedEntry]] = {}
        for post in self.batch.edited:
            entry = FeedEntry(id=post.id, post_id=post.id)
            for stream in self._where(person_id, post, streams):
                if stream.name != LIST or self._own(person_id, stream, {*ids_of(post)}, []):
                    chosen.setdefault(stream, []).append(entry)
        for is_public, context in ((False, "home"), (True, "public")):
            pages = {each: page for each, page in chosen.items() if each.is_public is is_public}
            shown = self._shown(person_id, pages.values(), context)
            for stream, entries in pages.items():
                for entry in entries:
                    if entry.id in shown:
                        yield Message(stream, STATUS_UPDATE, shown[entry.id])

    def _where(
        self, person_id: ActorKey, post: Post, streams: Collection[Stream]
    ) -> Iterator[Stream]:
        """The streams over which a post may have come to a person."""
        is_private = post.visibility is Visibility.DIRECT and post.author_id != person_id
        is_concerned = self.shared.concerns(person_id, post, passed_on_by(post))
        for stream in streams:
            if stream.is_public:
                is_there = post.visibility is Visibility.PUBLIC and _may_carry(stream, post)
            else:
                is_there = stream.name == LIST or (stream.name == USER and is_concerned)
                is_there = is_there and not is_private
            if is_there:
                yield stream

    def _ends(self, person_id: ActorKey, streams: Collection[Stream]) -> Iterator[Message]:
        """Ids of what was taken away, for who saw it: an id tells that there was something."""
        for post in self.batch.gone:
            over = list(self._where(person_id, post, streams))
            if not over or not self._could_see(person_id, post):
                continue
            for stream in over:
                for key in ids_of(post):
                    yield Message(stream, DELETE, str(key))

    def _could_see(self, person_id: ActorKey, post: Post) -> bool:
        """Whether a person is in the audience of a post, had it not been taken away.

        Spec: security PRV-01.
        """
        if post.visibility is Visibility.PUBLIC and post.community_id is None:
            return True
        was = replace(post, state=PostState.PUBLISHED)
        return sees(self.uow, Viewer(person_id=person_id), was, self.at)

    def _notices(self, person_id: ActorKey, streams: Collection[Stream]) -> Iterator[Message]:
        mine = [one for one in self.batch.notices if one.person_id == person_id]
        over = [each for each in streams if each.name in (USER, USER_NOTIFICATION)]
        if not mine or not over:
            return
        for entity in self.renderer.notifications(self.uow, person_id, mine, self.at):
            payload = _json(entity)
            for stream in over:
                yield Message(stream, NOTIFICATION, payload)

    def _conversations(self, person_id: ActorKey) -> Iterator[Message]:
        roots = dict.fromkeys(
            each.post.root_id for each in self.batch.fresh if self._is_between(person_id, each)
        )
        if not roots:
            return
        for entity in self.renderer.conversations(self.uow, person_id, roots, self.at):
            yield Message(Stream(DIRECT), CONVERSATION, _json(entity))

    def _is_between(self, person_id: ActorKey, fresh: Fresh) -> bool:
        post = fresh.post
        if fresh.is_boost or post.visibility is not Visibility.DIRECT:
            return False
        return person_id == post.author_id or person_id in self.uow.posts.recipients(post.id)


def _may_carry(stream: Stream, post: Post) -> bool:
    """Whether a public stream may have carried a post, as far as the post itself says."""
    if (":local" in stream.name and not post.local) or (":remote" in stream.name and post.local):
        return False
    if stream.name in (HASHTAG, HASHTAG_LOCAL):
        tags = {tag.removeprefix("#").casefold() for tag in post.content.hashtags}
        return stream.subject.casefold() in tags
    return not post.is_comment


def _json(entity: Entity) -> str:
    return _encode(entity).decode()
