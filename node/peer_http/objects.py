"""GET of posts and the collections of their threads."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from communities.errors import NotFound
from communities.posts import Post, PostKey, PostState, Visibility
from communities.visibility import Viewer, audience_in, sees
from federation.activitypub.published import post_item, post_json, root_of
from federation.uris import Uris
from node.app import Access, Route
from node.peer_http.documents import (
    Handler,
    Readers,
    key_in_path,
    negotiated,
    page_start,
    redirect_to,
)
from protocols.activitypub.collections import render_collection, render_page
from protocols.activitypub.rendering import render_tombstone
from protocols.activitypub.vocabulary import Tombstone
from protocols.strict_json import JsonObject, JsonValue
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

CONTEXT_PAGE = 100
"""As many fetches as Lemmy spends on one object."""

_POST = r"/post/{key:\d{1,19}}"
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a GET of a post finds: its document, the id of one of a peer, or what is left of it."""

    document: JsonObject | None = None
    elsewhere: str | None = None
    is_gone: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDocuments:
    """Serves local posts; `page` shows a thread to people."""

    storage: Storage
    uris: Uris
    readers: Readers
    page: Handler
    now: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """The post itself and its collections."""
        collections = {
            "context": self._context,
            "replies": self._replies,
            "likes": self._likes,
            "shares": self._shares,
        }
        found = [self._route(_POST, negotiated(self._document, self.page), "post")]
        for name, collect in collections.items():
            handler = self._collection(collect)
            found.append(self._route(f"{_POST}/{name}", handler, f"post-{name}"))
        return found

    def _route(self, path: str, handler: Handler, name: str) -> Route:
        return Route(method="GET", path=path, handler=handler, access=Access.PUBLIC, name=name)

    async def _document(self, request: web.Request) -> web.StreamResponse:
        viewer = await self.readers.viewer(request)
        shown = await self.storage.read(self._show, PostKey(key_in_path(request)), viewer)
        if shown.elsewhere is not None:
            return redirect_to(shown.elsewhere)
        if shown.document is None:
            raise NotFound("There is nothing here")
        status = 410 if shown.is_gone else 200
        return self.readers.document(request, shown.document, status=status, public=shown.is_open)

    def _show(self, uow: UnitOfWork, key: PostKey, viewer: Viewer) -> Shown:
        """The same answer for what does not exist and what is not for this viewer (PRV-01)."""
        post = uow.posts.get(key)
        if post is None:
            return Shown()
        is_gone = post.local and post.state is PostState.WITHDRAWN
        as_it_was = replace(post, state=PostState.PUBLISHED) if is_gone else post
        if not sees(uow, viewer, as_it_was, self.now()):
            return Shown()
        if not post.local:
            return Shown(elsewhere=post.uri)
        if is_gone:
            gone = Tombstone(id=post.uri, former_type=post.kind.value)
            document: JsonObject | None = render_tombstone(gone)
        else:
            document = post_json(uow, post, self.uris)
        return Shown(document=document, is_gone=is_gone, is_open=_is_open(uow, post))

    def _collection(self, collect: Callable[[UnitOfWork, Post, int | None], JsonObject]) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            viewer = await self.readers.viewer(request)
            key, start = PostKey(key_in_path(request)), page_start(request)
            document, is_open = await self.storage.read(self._collect, key, viewer, collect, start)
            return self.readers.document(request, document, public=is_open)

        return answer

    def _collect(
        self,
        uow: UnitOfWork,
        key: PostKey,
        viewer: Viewer,
        collect: Callable[[UnitOfWork, Post, int | None], JsonObject],
        start: int | None,
    ) -> tuple[JsonObject, bool]:
        post = uow.posts.get(key)
        if post is None or not sees(uow, viewer, post, self.now()):
            raise NotFound("There is nothing here")
        return collect(uow, post, start), _is_open(uow, post)

    def _context(self, uow: UnitOfWork, post: Post, start: int | None) -> JsonObject:
        """The posts of the thread, oldest first, the first page inline.

        Spec: FEP-7888; FEP-f228.
        """
        root = root_of(uow, post.id)
        if root is None:
            raise NotFound("There is nothing here")
        uri = self.uris.context(root.id)
        page = self._context_page(uow, root, uri, start or 0)
        if start is not None:
            return page
        counts = uow.posts.counts(root.id)
        page.pop("@context", None)
        owner = uow.actors.get(root.community_id or root.author_id)
        collection = render_collection(
            uri, counts.comments + 1, attributed_to=owner.uri if owner is not None else None
        )
        return {**collection, "first": page}

    def _context_page(self, uow: UnitOfWork, root: Post, uri: str, after: int) -> JsonObject:
        found = uow.timelines.context(root.id, after=after, most=CONTEXT_PAGE)
        posts = (uow.posts.get(key) for key, _ in found)
        items: list[JsonValue] = [
            post_item(uow, post, self.uris) for post in posts if post is not None
        ]
        full = len(found) == CONTEXT_PAGE
        following = f"{uri}?after={found[-1][0]}" if full else None
        here = f"{uri}?after={after}" if after else f"{uri}?page=true"
        return render_page(here, part_of=uri, items=items, next_page=following)

    def _replies(self, uow: UnitOfWork, post: Post, _start: int | None) -> JsonObject:
        """The direct answers by id, first page inline: what Mastodon reads."""
        uri = self.uris.replies(post.id)
        found = uow.timelines.replies(post.id, most=CONTEXT_PAGE)
        page = render_page(f"{uri}?page=true", part_of=uri, items=[*found])
        page.pop("@context", None)
        return {**render_collection(uri, len(found)), "first": page}

    def _likes(self, uow: UnitOfWork, post: Post, _start: int | None) -> JsonObject:
        return render_collection(self.uris.likes(post.id), uow.posts.counts(post.id).likes)

    def _shares(self, uow: UnitOfWork, post: Post, _start: int | None) -> JsonObject:
        return render_collection(self.uris.shares(post.id), uow.posts.counts(post.id).boosts)


def _is_open(uow: UnitOfWork, post: Post) -> bool:
    """Whether a cache may keep it for everyone: its community may have been closed since."""
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    return audience_in(post, community) in _OPEN
