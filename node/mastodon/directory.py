"""The directory: people and communities who want to be found.

Spec: Mastodon API "directory".
"""

from aiohttp import web

from communities.visibility import Viewer
from node.app import Access, Handler, Route
from node.auth import viewer_of
from node.mastodon.desk import Desk
from node.mastodon.paging import ACCOUNTS, MOST_ACCOUNTS
from node.mastodon.parameters import Parameters, invalid, query_of
from node.mastodon.replies import reply
from protocols.mastodon.accounts import Entity
from storage.unit_of_work import UnitOfWork

_ORDERS = ("active", "new")
_MOST_SKIPPED = 10_000


def directory_routes(desk: Desk) -> list[Route]:
    """One call: to look around."""
    return [
        Route(
            method="GET",
            path="/api/v1/directory",
            handler=_directory(desk),
            access=Access.APP_OPTIONAL,
            name="api-directory",
        )
    ]


def _directory(desk: Desk) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        parameters = query_of(request)
        if (parameters.text("order") or "active") not in _ORDERS:
            raise invalid("order must be active or new")
        return reply(await desk.storage.read(_page, desk, viewer_of(request), parameters))

    return answer


def _page(uow: UnitOfWork, desk: Desk, viewer: Viewer, parameters: Parameters) -> list[Entity]:
    limit = parameters.number("limit")
    found = uow.listed_accounts.page(
        viewer.person_id,
        desk.now(),
        by_age=parameters.text("order") == "new",
        local=parameters.is_set("local"),
        skip=max(0, min(parameters.number("offset") or 0, _MOST_SKIPPED)),
        most=ACCOUNTS if limit is None else max(1, min(limit, MOST_ACCOUNTS)),
    )
    entities = desk.presenter.accounts(uow, found)
    return [entities[key] for key in found if key in entities]
