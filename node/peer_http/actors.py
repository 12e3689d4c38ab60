"""GET of actors and their collections: people, communities, the node itself."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey, ActorState
from communities.posts import Post, Visibility
from communities.visibility import can_see_community
from federation.activitypub.published import (
    Published,
    actor_json,
    announced_item,
    created_item,
    post_item,
    published_actor,
)
from federation.uris import Uris
from node.app import Access, Route
from node.founding import NODE_LOCALPART
from node.peer_http.documents import (
    Handler,
    Readers,
    key_in_path,
    negotiated,
    page_start,
    redirect_to,
)
from protocols.activitypub.collections import render_collection, render_page, render_whole
from protocols.activitypub.rendering import render_tombstone
from protocols.activitypub.vocabulary import Tombstone
from protocols.strict_json import JsonObject, JsonValue
from storage.actors import Profile, ProfileExtra
from storage.store import Storage
from storage.timelines import NEWEST, Entry, Position
from storage.unit_of_work import UnitOfWork

PAGE = 50
"""What PieFed reads of an outbox; Lemmy reads 20."""

_PERSON = r"/u/{key:\d{1,19}}"
_GROUP = r"/g/{key:\d{1,19}}"
_KINDS = {_PERSON: "person", _GROUP: "community"}
Collect = Callable[[UnitOfWork, Published, int | None], JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorDocuments:
    """Serves the documents of local actors."""

    storage: Storage
    uris: Uris
    readers: Readers
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Actors and collections, for both kinds and the node itself."""
        found = [self._route("/actor", self._actor(None), "node-actor")]
        found.append(self._route("/actor/outbox", self._empty, "node-outbox"))
        for base, kind in _KINDS.items():
            collections = {"outbox": self._outbox, "featured": self._featured}
            counts = {"followers": self._followers, "following": self._following}
            found.append(self._route(base, self._actor(kind), kind))
            for name, collect in {**collections, **counts}.items():
                handler = self._collection(kind, collect)
                found.append(self._route(f"{base}/{name}", handler, f"{kind}-{name}"))
        moderators = self._collection("community", self._moderators)
        found.append(self._route(f"{_GROUP}/moderators", moderators, "community-moderators"))
        return found

    def _route(self, path: str, handler: Handler, name: str) -> Route:
        return Route(method="GET", path=path, handler=handler, access=Access.PUBLIC, name=name)

    def _actor(self, kind: str | None) -> Handler:
        async def document(request: web.Request) -> web.StreamResponse:
            key = None if kind is None else key_in_path(request)
            # The keys are in this document, so it is given to unsigned requests, too: without
            # it nobody could verify the first signature.
            found = await self.storage.read(self._find, key, kind or "person")
            if found.profile.state is ActorState.DELETED:
                gone = Tombstone(id=found.profile.uri, former_type=found.profile.type)
                return self.readers.document(request, render_tombstone(gone), status=410)
            return self.readers.document(request, actor_json(found, self.uris), open_to_all=True)

        async def page(request: web.Request) -> web.StreamResponse:
            key = None if kind is None else key_in_path(request)
            found = await self.storage.read(self._find, key, kind or "person")
            return redirect_to(found.profile.url or self.uris.base)

        return negotiated(document, page)

    def _collection(self, kind: str, collect: Collect) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            await self.readers.viewer(request)
            start = page_start(request)
            document = await self.storage.read(
                self._collect, key_in_path(request), kind, collect, start
            )
            return self.readers.document(request, document)

        return answer

    async def _empty(self, request: web.Request) -> web.StreamResponse:
        uri = self.uris.outbox(self.uris.node_actor())
        return self.readers.document(request, render_collection(uri, 0))

    def _find(self, uow: UnitOfWork, key: int | None, kind: str) -> Published:
        if key is None:
            profile = uow.actors.by_name(NODE_LOCALPART, None)
        else:
            profile = uow.actors.get(ActorKey(key))
        if profile is None or not profile.is_local or profile.kind != kind:
            raise NotFound("There is nothing here")
        if profile.state is ActorState.SUSPENDED:
            profile = _silenced(profile)
        found = published_actor(uow, profile)
        community = found.community
        if (
            community is not None
            and profile.state is not ActorState.DELETED
            and not can_see_community(community, None, self.now())
        ):
            raise NotFound("There is nothing here")
        return found

    def _collect(
        self, uow: UnitOfWork, key: int, kind: str, collect: Collect, start: int | None
    ) -> JsonObject:
        found = self._find(uow, key, kind)
        if found.profile.state is ActorState.DELETED:
            raise NotFound("There is nothing here")
        return collect(uow, found, start)

    def _outbox(self, uow: UnitOfWork, found: Published, start: int | None) -> JsonObject:
        uri = self.uris.outbox(found.profile.uri)
        if start is None:
            return render_collection(uri, self._total(uow, found), f"{uri}?page=true")
        entries = self._entries(uow, found, start or NEWEST)
        items: list[JsonValue] = []
        for entry in entries:
            item = self._item(uow, found, entry)
            if item is not None:
                items.append(item)
        full = len(entries) == PAGE
        following = f"{uri}?before={entries[-1].post.id}" if full else None
        here = f"{uri}?before={start}" if start else f"{uri}?page=true"
        return render_page(here, part_of=uri, items=items, next_page=following)

    def _entries(self, uow: UnitOfWork, found: Published, before: int) -> list[Entry]:
        if found.community is None:
            return [*uow.timelines.by_author(found.profile.id, before=before, most=PAGE)]
        below = Position(NEWEST, before)
        return [*uow.timelines.threads(found.community.id, below=below, most=PAGE)]

    def _item(self, uow: UnitOfWork, found: Published, entry: Entry) -> JsonValue:
        if found.community is not None:
            return announced_item(uow, found.community, entry.post, self.uris)
        return created_item(uow, entry.post, self.uris)

    def _total(self, uow: UnitOfWork, found: Published) -> int:
        if found.community is None:
            return uow.timelines.count_by_author(found.profile.id)
        listing = uow.directory.listing(found.community.id)
        shown = listing is not None and found.community.is_open_to_read
        return listing.posts if shown and listing is not None else 0

    def _featured(self, uow: UnitOfWork, found: Published, _start: int | None) -> JsonObject:
        if found.community is not None:
            pinned = [entry.post for entry in uow.timelines.featured(found.community.id)]
        else:
            pinned = [post for post in uow.profile_pins.of(found.profile.id) if _is_for_all(post)]
        items = [post_item(uow, post, self.uris) for post in pinned]
        return render_whole(self.uris.featured(found.profile.uri), items)

    def _moderators(self, uow: UnitOfWork, found: Published, _start: int | None) -> JsonObject:
        uris: list[JsonValue] = [*uow.directory.moderator_uris(found.profile.id)]
        return render_whole(self.uris.moderators(found.profile.uri), uris)

    def _followers(self, uow: UnitOfWork, found: Published, _start: int | None) -> JsonObject:
        listing = uow.directory.listing(found.profile.id) if found.community else None
        total = uow.directory.followers(found.profile.id)
        total += listing.members if listing is not None else 0
        return render_collection(self.uris.followers(found.profile.uri), total)

    def _following(self, uow: UnitOfWork, found: Published, _start: int | None) -> JsonObject:
        total = uow.directory.following(found.profile.id)
        return render_collection(self.uris.following(found.profile.uri), total)


def _is_for_all(post: Post) -> bool:
    """Whether anyone may see a post that stands outside any community. Spec: security PRV-02."""
    return post.visibility in (Visibility.PUBLIC, Visibility.UNLISTED)


def _silenced(profile: Profile) -> Profile:
    """A suspended actor without anything they wrote: the keys have to stay readable."""
    return replace(
        profile,
        name=profile.localpart,
        summary_html="",
        summary_source="",
        icon_url=None,
        image_url=None,
        extra=ProfileExtra(),
    )
