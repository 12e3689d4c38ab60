"""Trends: the posts, hashtags and links that are talked about on this node of late."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

from communities.posts import PostKey
from node.app import Access, Route
from node.auth import viewer_of
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, query_of
from node.mastodon.presenting_tags import days_of, tag_entities
from node.mastodon.remembering import Remembered
from node.mastodon.replies import reply
from protocols.mastodon.trends import trending_link
from storage.feeds import FeedEntry
from storage.trends import TrendingLink

KEPT_FOR = timedelta(minutes=5)
POSTS_OF, TAGS_OF = timedelta(days=3), timedelta(days=7)
KEPT = 100
"""How many of each kind are counted out; apps page through these."""
_POSTS, _MOST_POSTS = 20, 40
_OTHERS, _MOST_OTHERS = 10, 20


def trend_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/trends; /api/v1/trends itself is the hashtags, as it was once."""
    trends = _Trends(desk)
    base = "/api/v1/trends"
    table = (
        (base, trends.tags, "api-trends"),
        (f"{base}/tags", trends.tags, "api-trends-tags"),
        (f"{base}/statuses", trends.statuses, "api-trends-statuses"),
        (f"{base}/links", trends.links, "api-trends-links"),
    )
    return [
        Route(
            method="GET",
            path=path,
            handler=handler,
            access=Access.APP_OPTIONAL,
            name=name,
            scope="read",
        )
        for path, handler, name in table
    ]


class _Trends:
    """Handlers; what is counted is kept for some minutes, what is shown is for who asks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        read, now = desk.storage.read, desk.now

        async def posts() -> Sequence[PostKey]:
            return await read(lambda uow: uow.trends.posts(now() - POSTS_OF, most=KEPT))

        async def tags() -> Sequence[str]:
            return await read(lambda uow: uow.trends.tags(now() - TAGS_OF, most=KEPT))

        async def links() -> Sequence[TrendingLink]:
            found = await read(lambda uow: uow.trends.links(now(), most=KEPT))
            return [link for link in found if urlsplit(link.url).scheme in ("http", "https")]

        self._posts = Remembered(posts, now, KEPT_FOR)
        self._tags = Remembered(tags, now, KEPT_FOR)
        self._links = Remembered(links, now, KEPT_FOR)

    async def statuses(self, request: web.Request) -> web.Response:
        part = _part(query_of(request), _POSTS, _MOST_POSTS)
        entries = [FeedEntry(id=key, post_id=key) for key in (await self._posts())[part]]
        found = await self._desk.storage.read(
            self._desk.presenter.statuses, viewer_of(request), entries, self._desk.now(), "public"
        )
        return reply(found)

    async def tags(self, request: web.Request) -> web.Response:
        part = _part(query_of(request), _OTHERS, _MOST_OTHERS)
        found = await self._desk.storage.read(
            tag_entities,
            self._desk,
            (await self._tags())[part],
            viewer_of(request).person_id,
            self._desk.now(),
        )
        return reply(found)

    async def links(self, request: web.Request) -> web.Response:
        part = _part(query_of(request), _OTHERS, _MOST_OTHERS)
        return reply(
            [
                trending_link(url=link.url, title=link.title, days=days_of(link.uses))
                for link in (await self._links())[part]
            ]
        )


def _part(parameters: Parameters, usual: int, most: int) -> slice:
    """The part of a list that an app asks for."""
    limit, offset = parameters.number("limit"), parameters.number("offset")
    begins = max(0, min(offset or 0, KEPT))
    return slice(begins, begins + (usual if limit is None else max(1, min(limit, most))))
