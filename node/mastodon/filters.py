"""Filters: what a person does not want to read, with keywords and single posts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aiohttp import web

from communities.errors import NotFound
from communities.filtering import (
    Filter,
    FilteredPost,
    Keyword,
    check_filter,
)
from node.app import Handler, Route
from node.auth import actor_of, viewer_of
from node.mastodon.desk import Desk
from node.mastodon.filter_units import (
    add_keyword,
    add_post,
    change_filter,
    change_keyword,
    changed_by,
    drop_filter,
    drop_keyword,
    drop_post,
    filters_of,
    find_filter,
    find_keyword,
    find_post,
    make_filter,
    word_in,
)
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import parameters_of
from node.mastodon.presenting_filters import filter_entity
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from node.peer_http.documents import key_of
from protocols.mastodon import filters as shapes
from protocols.mastodon.accounts import Entity


def filter_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v2/filters."""
    filters = _Filters(desk)
    base = "/api/v2/filters"
    table = (
        ("GET", base, filters.all, "api-filters"),
        ("POST", base, filters.make, "api-filter-make"),
        ("GET", f"{base}/{{id}}", filters.one, "api-filter"),
        ("PUT", f"{base}/{{id}}", filters.change, "api-filter-change"),
        ("DELETE", f"{base}/{{id}}", filters.drop, "api-filter-drop"),
        ("GET", f"{base}/{{id}}/keywords", filters.keywords, "api-filter-keywords"),
        ("POST", f"{base}/{{id}}/keywords", filters.add_keyword, "api-filter-keyword-add"),
        ("GET", f"{base}/keywords/{{id}}", filters.keyword, "api-filter-keyword"),
        ("PUT", f"{base}/keywords/{{id}}", filters.change_keyword, "api-filter-keyword-change"),
        ("DELETE", f"{base}/keywords/{{id}}", filters.drop_keyword, "api-filter-keyword-drop"),
        ("GET", f"{base}/{{id}}/statuses", filters.statuses, "api-filter-statuses"),
        ("POST", f"{base}/{{id}}/statuses", filters.add_status, "api-filter-status-add"),
        ("GET", f"{base}/statuses/{{id}}", filters.status, "api-filter-status"),
        ("DELETE", f"{base}/statuses/{{id}}", filters.drop_status, "api-filter-status-drop"),
    )
    return routes_of_filters(desk, table)


def routes_of_filters(desk: Desk, table: Iterable[tuple[str, str, Handler, str]]) -> list[Route]:
    """Routes that read filters, and routes that change them, of which apps that listen are told."""
    return user_routes(
        (method, path, handler, name, "read:filters")
        if method == "GET"
        else (method, path, _telling_apps(desk, handler), name, "write:filters")
        for method, path, handler, name in table
    )


def _telling_apps(desk: Desk, handler: Handler) -> Handler:
    """The handler; once it has changed filters, the person's apps that listen are told."""

    async def change(request: web.Request) -> web.StreamResponse:
        answer = await handler(request)
        desk.streams.filters_changed(actor_of(request))
        return answer

    return change


@dataclass(frozen=True, slots=True)
class _Filters:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(filters_of, actor_of(request))
        return reply([filter_entity(each) for each in found])

    async def one(self, request: web.Request) -> web.Response:
        return reply(filter_entity(await self._find(request)))

    async def make(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        new = Filter(
            id=self.desk.snowflakes.mint(),
            person_id=actor_of(request),
            title=parameters.required("title"),
            contexts=frozenset(),
        )
        new = changed_by(new, parameters, self.desk.now())
        check_filter(new.title, new.contexts)
        keywords = tuple(
            Keyword(
                id=self.desk.snowflakes.mint(),
                word=word_in(each),
                whole_word=each.is_set("whole_word"),
            )
            for each in parameters.each("keywords_attributes")
            if not each.is_set("_destroy")
        )
        made = await self.desk.storage.write(make_filter, replace(new, keywords=keywords))
        return reply(filter_entity(made))

    async def change(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        keys = [self.desk.snowflakes.mint() for _ in parameters.each("keywords_attributes")]
        changed = await self.desk.storage.write(
            change_filter, actor_of(request), id_in_path(request), parameters, self.desk.now(), keys
        )
        return reply(filter_entity(changed))

    async def drop(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(drop_filter, actor_of(request), id_in_path(request))
        return reply({})

    async def keywords(self, request: web.Request) -> web.Response:
        found = await self._find(request)
        return reply([_keyword_entity(keyword) for keyword in found.keywords])

    async def keyword(self, request: web.Request) -> web.Response:
        _filter, keyword = await self.desk.storage.read(
            find_keyword, actor_of(request), id_in_path(request)
        )
        return reply(_keyword_entity(keyword))

    async def add_keyword(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        keyword = Keyword(
            id=self.desk.snowflakes.mint(),
            word=word_in(parameters),
            whole_word=parameters.is_set("whole_word"),
        )
        await self.desk.storage.write(add_keyword, actor_of(request), id_in_path(request), keyword)
        return reply(_keyword_entity(keyword))

    async def change_keyword(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        changed = await self.desk.storage.write(
            change_keyword, actor_of(request), id_in_path(request), parameters
        )
        return reply(_keyword_entity(changed))

    async def drop_keyword(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(drop_keyword, actor_of(request), id_in_path(request))
        return reply({})

    async def statuses(self, request: web.Request) -> web.Response:
        return reply([_post_entity(post) for post in (await self._find(request)).posts])

    async def status(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(find_post, actor_of(request), id_in_path(request))
        return reply(_post_entity(found))

    async def add_status(self, request: web.Request) -> web.Response:
        status_id = key_of((await parameters_of(request)).required("status_id"))
        if status_id is None:
            raise NotFound("There is no such post")
        added = await self.desk.storage.write(
            add_post,
            viewer_of(request),
            id_in_path(request),
            (self.desk.snowflakes.mint(), status_id),
            self.desk.now(),
        )
        return reply(_post_entity(added))

    async def drop_status(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(drop_post, actor_of(request), id_in_path(request))
        return reply({})

    async def _find(self, request: web.Request) -> Filter:
        return await self.desk.storage.read(find_filter, actor_of(request), id_in_path(request))


def _keyword_entity(keyword: Keyword) -> Entity:
    return shapes.keyword(id=keyword.id, word=keyword.word, whole_word=keyword.whole_word)


def _post_entity(post: FilteredPost) -> Entity:
    return shapes.filtered_status(id=post.id, status_id=post.post_id)
