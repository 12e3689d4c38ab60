"""Suggestions: communities and people whom a person may like, with the reason."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from aiohttp import web

from communities.people import ActorKey
from node.app import Route
from node.auth import actor_of, viewer_of
from node.mastodon.account_lookup import known_entities
from node.mastodon.desk import Desk
from node.mastodon.paging import ACCOUNTS, MOST_ACCOUNTS, id_in_path
from node.mastodon.parameters import query_of
from node.mastodon.replies import reply
from node.mastodon.route_tables import user_routes
from protocols.mastodon.accounts import Entity
from protocols.mastodon.trends import suggestion
from storage.trends import Suggestion
from storage.unit_of_work import UnitOfWork

KEPT_FOR = timedelta(minutes=10)
MOST_KEPT = 1_000
"""People whose suggestions are kept in memory."""
DEPRECATED = {"Deprecation": "@1621123200"}
"""Since Mastodon 3.4, of 16 May 2021."""


def suggestion_routes(desk: Desk) -> list[Route]:
    """Suggestions in both versions, and declining one."""
    told = _Suggestions(desk)
    older = "/api/v1/suggestions"
    table = (
        ("GET", "/api/v2/suggestions", told.second, "api-suggestions", "read"),
        ("GET", older, told.first, "api-v1-suggestions", "read"),
        ("DELETE", f"{older}/{{id}}", told.decline, "api-suggestion-decline", "read"),
    )
    return user_routes(table)


class _Suggestions:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[ActorKey, tuple[datetime, list[Suggestion]]] = OrderedDict()

    async def second(self, request: web.Request) -> web.Response:
        return reply(await self._told(request))

    async def first(self, request: web.Request) -> web.Response:
        found = await self._told(request)
        return reply([one["account"] for one in found], headers=DEPRECATED)

    async def decline(self, request: web.Request) -> web.Response:
        person_id, account_id = actor_of(request), ActorKey(id_in_path(request))
        await self._desk.storage.write(_decline, person_id, account_id)
        self._kept.pop(person_id, None)
        return reply({})

    async def _told(self, request: web.Request) -> list[Entity]:
        limit = query_of(request).number("limit")
        most = ACCOUNTS if limit is None else max(1, min(limit, MOST_ACCOUNTS))
        found = (await self._found(actor_of(request)))[:most]
        entities = await self._desk.storage.read(
            known_entities,
            self._desk,
            viewer_of(request),
            [each.account_id for each in found],
        )
        accounts = {str(entity["id"]): entity for entity in entities}
        return [
            suggestion(
                account=accounts[str(each.account_id)],
                source=each.source,
                reason=_reason(each),
            )
            for each in found
            if str(each.account_id) in accounts
        ]

    async def _found(self, person_id: ActorKey) -> list[Suggestion]:
        at = self._desk.now()
        kept = self._kept.get(person_id)
        if kept is not None and at - kept[0] < KEPT_FOR:
            return kept[1]
        found = await self._desk.storage.read(_suggest, person_id, at)
        self._kept[person_id] = at, found
        self._kept.move_to_end(person_id)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found


def _suggest(uow: UnitOfWork, person_id: ActorKey, at: datetime) -> list[Suggestion]:
    hidden: Sequence[ActorKey] = uow.feeds.hidden_from(person_id, at)
    return uow.trends.suggestions(person_id, hidden, most=MOST_ACCOUNTS)


def _decline(uow: UnitOfWork, person_id: ActorKey, account_id: ActorKey) -> None:
    if uow.actors.get(account_id) is not None:
        uow.trends.decline(person_id, account_id)


def _reason(each: Suggestion) -> str:
    match each.source:
        case "friends_of_friends":
            return f"{_people(each.number)} you follow follow them"
        case "similar_to_recently_followed":
            return f"{_people(each.number)} from your communities are members"
        case _:
            return f"One of the largest communities here, of {_people(each.number)}"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
