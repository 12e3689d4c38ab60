"""Reading statuses: one, some, the thread around one, who reacted, how it was before.

Spec: Mastodon API "statuses".
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.posts import Post, PostContent, PostKey
from communities.visibility import Viewer, audience_in, sees
from node.app import Access, Route
from node.auth import actor_of, viewer_of
from node.mastodon.account_lookup import entities_of, reply_with_accounts, window_of
from node.mastodon.desk import Desk
from node.mastodon.paging import ACCOUNTS, MOST_ACCOUNTS, asked_of, id_in_path
from node.mastodon.parameters import query_of
from node.mastodon.presenting_text import is_open, media_of
from node.mastodon.replies import reply, reply_encoded
from node.mastodon.revising import source_text
from node.mastodon.threads import around
from node.peer_http.documents import key_of
from protocols.mastodon import fragments, status_parts, statuses
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry, Feeds
from storage.pages import Window
from storage.unit_of_work import UnitOfWork

_MOST_AT_ONCE = 40

Reactors = list[tuple[ActorKey, int]]


def status_read_routes(desk: Desk) -> list[Route]:
    """What GET below /api/v1/statuses answers."""
    reading = _Reading(desk)
    one = "/api/v1/statuses/{id}"
    anyone = Access.APP_OPTIONAL
    table = (
        ("/api/v1/statuses", reading.some, "api-statuses", anyone),
        (one, reading.one, "api-status", anyone),
        (f"{one}/context", reading.context, "api-status-context", anyone),
        (f"{one}/favourited_by", reading.favourited_by, "api-status-favourited-by", anyone),
        (f"{one}/reblogged_by", reading.reblogged_by, "api-status-reblogged-by", anyone),
        (f"{one}/history", reading.history, "api-status-history", anyone),
        (f"{one}/source", reading.source, "api-status-source", Access.APP_USER),
    )
    return [
        Route(
            method="GET",
            path=path,
            handler=handler,
            access=access,
            name=name,
            scope="read:statuses",
        )
        for path, handler, name, access in table
    ]


@dataclass(frozen=True, slots=True)
class _Reading:
    desk: Desk

    async def one(self, request: web.Request) -> web.Response:
        viewer, status_id = viewer_of(request), id_in_path(request)
        return reply(await self.desk.storage.read(self._one, viewer, status_id))

    def _one(self, uow: UnitOfWork, viewer: Viewer, status_id: int) -> Entity:
        entry = uow.feeds.entry(status_id)
        return self.desk.presenter.status(uow, viewer, entry, self.desk.now())

    async def some(self, request: web.Request) -> web.Response:
        """Those that are asked for by id and may be seen, in the order asked."""
        asked = [key_of(text) for text in query_of(request).texts("id")[:_MOST_AT_ONCE]]
        ids = [key for key in dict.fromkeys(asked) if key is not None]
        return reply(await self.desk.storage.read(self._some, viewer_of(request), ids))

    def _some(self, uow: UnitOfWork, viewer: Viewer, ids: list[int]) -> list[Entity]:
        known = uow.feeds.entries(ids)
        entries = [known[key] for key in ids if key in known]
        return self.desk.presenter.statuses(uow, viewer, entries, self.desk.now())

    async def context(self, request: web.Request) -> web.Response:
        viewer, status_id = viewer_of(request), id_in_path(request)
        return reply_encoded(await self.desk.storage.read(self._context, viewer, status_id))

    def _context(self, uow: UnitOfWork, viewer: Viewer, status_id: int) -> bytes:
        at = self.desk.now()
        post = self._visible(uow, viewer, status_id)
        is_signed_in = viewer.person_id is not None
        place = around(post.id, uow.post_pages.thread(post.root_id), is_signed_in=is_signed_in)
        entries = [_plain(key) for key in (*place.ancestors, *place.descendants)]
        shown = self.desk.presenter.encoded(uow, viewer, entries, at, "thread")
        above = len(place.ancestors)
        return fragments.context_json(filter(None, shown[:above]), filter(None, shown[above:]))

    def _visible(self, uow: UnitOfWork, viewer: Viewer, status_id: int) -> Post:
        """The post of a Status, or that it passes on. Spec: security PRV-01."""
        entry = uow.feeds.entry(status_id)
        post = None if entry is None else uow.posts.get(entry.post_id)
        if post is None or not sees(uow, viewer, post, self.desk.now()):
            raise NotFound("No such post")
        return post

    async def favourited_by(self, request: web.Request) -> web.Response:
        return await self._reactors(request, Feeds.favourited_by)

    async def reblogged_by(self, request: web.Request) -> web.Response:
        return await self._reactors(request, Feeds.reblogged_by)

    async def _reactors(
        self, request: web.Request, find: Callable[[Feeds, PostKey, Window], Reactors]
    ) -> web.Response:
        desk, viewer, status_id = self.desk, viewer_of(request), id_in_path(request)
        asked = asked_of(query_of(request), usual=ACCOUNTS, most=MOST_ACCOUNTS)

        def read(uow: UnitOfWork) -> tuple[Reactors, dict[ActorKey, Entity]]:
            post = self._visible(uow, viewer, status_id)
            found = find(uow.feeds, post.id, window_of(asked))
            return found, entities_of(uow, desk, viewer, found)

        found, entities = await desk.storage.read(read)
        return reply_with_accounts(request, desk, asked, found, entities)

    async def history(self, request: web.Request) -> web.Response:
        viewer, status_id = viewer_of(request), id_in_path(request)
        return reply(await self.desk.storage.read(self._history, viewer, status_id))

    def _history(self, uow: UnitOfWork, viewer: Viewer, status_id: int) -> list[Entity]:
        post = self._visible(uow, viewer, status_id)
        account = self.desk.presenter.accounts(uow, [post.author_id])[post.author_id]
        community = None if post.community_id is None else uow.communities.get(post.community_id)
        private = not is_open(audience_in(post, community))
        forms = [
            *uow.posts.revisions(post.id),
            (post.edited_at or post.published_at, post.content),
        ]
        return [
            status_parts.status_edit(
                status_parts.Revision(
                    content=_content(content),
                    title=content.title,
                    warning=content.warning or "",
                    sensitive=content.sensitive,
                    written_at=written_at,
                    media=media_of(
                        post, content.attachments, self.desk.media.urls, private=private
                    ),
                    choices=_choices(content),
                ),
                account,
            )
            for written_at, content in forms
        ]

    async def source(self, request: web.Request) -> web.Response:
        author, status_id = actor_of(request), id_in_path(request)
        return reply(await self.desk.storage.read(self._source, author, status_id))

    def _source(self, uow: UnitOfWork, author: ActorKey, status_id: int) -> Entity:
        post = self._visible(uow, Viewer(person_id=author), status_id)
        if post.author_id != author:
            raise NotFound("Only who wrote a post gets its source")
        return status_parts.status_source(
            id=post.id,
            text=source_text(post.content),
            warning=post.content.warning or "",
            title=post.content.title,
        )


def _plain(key: PostKey) -> FeedEntry:
    return FeedEntry(id=key, post_id=key)


def _content(content: PostContent) -> str:
    return statuses.content(content.html, title=content.title, link=content.link)


def _choices(content: PostContent) -> list[str]:
    return [] if content.poll is None else [option.name for option in content.poll.options]
