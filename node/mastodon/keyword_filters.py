"""Filters as older apps know them: each keyword is a filter of its own.

Spec: Mastodon API "filters (V1)": deprecated since 4.0, said by the Deprecation header (RFC 9745).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from communities.errors import Invalid
from communities.filtering import (
    MAX_FILTER_TITLE,
    Filter,
    FilterAction,
    FilterContext,
    Keyword,
    check_filter,
    check_keyword,
)
from communities.people import ActorKey
from node.app import Route
from node.auth import actor_of
from node.mastodon.desk import Desk
from node.mastodon.filter_units import (
    contexts_in,
    end_in,
    filters_of,
    find_keyword,
    make_filter,
)
from node.mastodon.filters import routes_of_filters
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import Parameters, parameters_of
from node.mastodon.replies import reply
from protocols.mastodon import filters as shapes
from protocols.mastodon.accounts import Entity
from storage.unit_of_work import UnitOfWork

DEPRECATED: Mapping[str, str] = {"Deprecation": "@1668384000"}
"""Since Mastodon 4.0, of 14 November 2022."""


def keyword_filter_routes(desk: Desk) -> list[Route]:
    """Everything below /api/v1/filters."""
    filters = _KeywordFilters(desk)
    base = "/api/v1/filters"
    table = (
        ("GET", base, filters.all, "api-v1-filters"),
        ("POST", base, filters.make, "api-v1-filter-make"),
        ("GET", f"{base}/{{id}}", filters.one, "api-v1-filter"),
        ("PUT", f"{base}/{{id}}", filters.change, "api-v1-filter-change"),
        ("DELETE", f"{base}/{{id}}", filters.drop, "api-v1-filter-drop"),
    )
    return routes_of_filters(desk, table)


@dataclass(frozen=True, slots=True)
class _KeywordFilters:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(filters_of, actor_of(request))
        entities = [_entity(each, keyword) for each in found for keyword in each.keywords]
        return reply(entities, headers=DEPRECATED)

    async def one(self, request: web.Request) -> web.Response:
        found = await self.desk.storage.read(find_keyword, actor_of(request), id_in_path(request))
        return reply(_entity(*found), headers=DEPRECATED)

    async def make(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        phrase = parameters.required("phrase")
        new = Filter(
            id=self.desk.snowflakes.mint(),
            person_id=actor_of(request),
            title=phrase,
            contexts=frozenset(),
            keywords=(Keyword(id=self.desk.snowflakes.mint(), word=phrase),),
        )
        made = await self.desk.storage.write(_make, new, parameters, self.desk.now())
        return reply(_entity(*made), headers=DEPRECATED)

    async def change(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        changed = await self.desk.storage.write(
            _change, actor_of(request), id_in_path(request), parameters, self.desk.now()
        )
        return reply(_entity(*changed), headers=DEPRECATED)

    async def drop(self, request: web.Request) -> web.Response:
        await self.desk.storage.write(_drop, actor_of(request), id_in_path(request))
        return reply({}, headers=DEPRECATED)


def _make(
    uow: UnitOfWork, new: Filter, parameters: Parameters, at: datetime
) -> tuple[Filter, Keyword]:
    changed, keyword = _changed(new, new.keywords[0], parameters, at)
    changed = replace(changed, keywords=(keyword,))
    return make_filter(uow, changed), keyword


def _change(
    uow: UnitOfWork, person_id: ActorKey, keyword_id: int, parameters: Parameters, at: datetime
) -> tuple[Filter, Keyword]:
    """Change a keyword, and its filter if it has no other: others would change with it."""
    stored, before = find_keyword(uow, person_id, keyword_id)
    changed, keyword = _changed(stored, before, parameters, at)
    if len(stored.keywords) > 1 and changed != stored:
        raise Invalid("context", "This filter has several keywords: change it in a newer app")
    if changed != stored:
        uow.filters.update(changed)
    uow.filters.put_keyword(stored.id, keyword)
    return changed, keyword


def _changed(
    stored: Filter, before: Keyword, parameters: Parameters, at: datetime
) -> tuple[Filter, Keyword]:
    phrase, whole_word = parameters.text("phrase"), parameters.flag("whole_word")
    hides = parameters.flag("irreversible")
    keyword = replace(
        before,
        word=before.word if phrase is None else phrase,
        whole_word=before.whole_word if whole_word is None else whole_word,
    )
    is_alone = stored.title == before.word
    changed = replace(
        stored,
        title=keyword.word[:MAX_FILTER_TITLE] if is_alone else stored.title,
        contexts=contexts_in(parameters) if "context" in parameters else stored.contexts,
        action=stored.action if hides is None else _action(hides=hides),
        until=end_in(parameters, at) if "expires_in" in parameters else stored.until,
    )
    check_keyword(keyword.word)
    check_filter(changed.title, changed.contexts)
    return changed, keyword


def _action(*, hides: bool) -> FilterAction:
    return FilterAction.HIDE if hides else FilterAction.WARN


def _drop(uow: UnitOfWork, person_id: ActorKey, keyword_id: int) -> None:
    """Drop a keyword, and its filter when nothing is left in it."""
    stored, keyword = find_keyword(uow, person_id, keyword_id)
    if len(stored.keywords) == 1 and not stored.posts:
        uow.filters.remove(stored.id)
    else:
        uow.filters.remove_keyword(keyword.id)


def _entity(stored: Filter, keyword: Keyword) -> Entity:
    return shapes.keyword_filter(
        id=keyword.id,
        phrase=keyword.word,
        contexts=[place.value for place in FilterContext if place in stored.contexts],
        whole_word=keyword.whole_word,
        expires_at=stored.until,
        irreversible=stored.action is FilterAction.HIDE,
    )
