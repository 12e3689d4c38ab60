"""Accounts by what somebody types: names, handles, and addresses that are looked up elsewhere."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from communities.errors import DomainError
from communities.people import ActorKey
from communities.visibility import Viewer
from federation.errors import FederationError
from node.app import Access, Handler, Route
from node.auth import viewer_of
from node.mastodon.account_lookup import known_entities
from node.mastodon.desk import Desk
from node.mastodon.paging import ACCOUNTS, MOST_ACCOUNTS
from node.mastodon.parameters import Parameters, query_of
from node.mastodon.replies import reply
from protocols.activitypub.parsing_origins import is_web_url
from protocols.errors import ProtocolError
from protocols.mastodon.accounts import Entity
from storage.errors import StorageError
from storage.unit_of_work import UnitOfWork

LOOKUP_SECONDS: Final = 10.0
"""How long an app waits for another server before it is told what is known here."""
MAX_WORDS: Final = 500
_MOST_SKIPPED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What somebody looks for, and which part of it.

    `resolve` asks other servers for what is a whole handle or an address; `only_tied` leaves
    those whom the viewer follows, and communities they are in.
    """

    words: str
    resolve: bool = False
    only_tied: bool = False
    most: int = ACCOUNTS
    skip: int = 0


def account_search_routes(desk: Desk) -> list[Route]:
    """Search among accounts."""
    return [
        Route(
            method="GET",
            path="/api/v1/accounts/search",
            handler=_search(desk),
            access=Access.APP_USER,
            name="api-account-search",
            scope="read:accounts",
        )
    ]


def _search(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return reply(await find_accounts(desk, viewer_of(request), _sought(query_of(request))))

    return answer


def _sought(parameters: Parameters) -> Sought:
    limit = parameters.number("limit")
    return Sought(
        words=parameters.required("q").strip()[:MAX_WORDS],
        resolve=parameters.is_set("resolve"),
        only_tied=parameters.is_set("following"),
        most=ACCOUNTS if limit is None else max(1, min(limit, MOST_ACCOUNTS)),
        skip=max(0, min(parameters.number("offset") or 0, _MOST_SKIPPED)),
    )


async def find_accounts(desk: Desk, viewer: Viewer, sought: Sought) -> list[Entity]:
    """Accounts that fit: the one that is named exactly first, then by how well they are known.

    Other servers are asked only for who is signed in, and only for the first page.
    """
    exact = None
    if sought.resolve and viewer.person_id is not None and sought.skip == 0:
        exact = await _look_up(desk, sought.words)
    return await desk.storage.read(_found, desk, viewer, sought, exact)


async def _look_up(desk: Desk, words: str) -> ActorKey | None:
    """The one account of a whole handle or an address; None when there is none to be had."""
    if not is_web_url(words) and "@" not in words.lstrip("@!"):
        return None
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            return (await desk.finder.actor(words)).id
    except (DomainError, FederationError, ProtocolError, StorageError, TimeoutError):
        return None


def _found(
    uow: UnitOfWork, desk: Desk, viewer: Viewer, sought: Sought, exact: ActorKey | None
) -> list[Entity]:
    found = uow.actor_words.find(
        sought.words,
        viewer=viewer.person_id or ActorKey(0),
        only_tied=sought.only_tied,
        most=sought.most,
        skip=sought.skip,
    )
    if exact is not None and (not sought.only_tied or exact in found):
        found = [exact, *(key for key in found if key != exact)]
    return known_entities(uow, desk, viewer, found[: sought.most])
