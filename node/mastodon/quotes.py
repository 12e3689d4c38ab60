"""Quotes: this node neither makes nor shows them, and says so wherever apps ask."""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from communities.visibility import Viewer
from node.app import Access, Route
from node.auth import actor_of, viewer_of
from node.errors import Refusal
from node.mastodon.desk import Desk
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import parameters_of
from node.mastodon.replies import reply
from node.mastodon.subjects import own
from protocols.mastodon.accounts import Entity
from storage.feeds import FeedEntry
from storage.unit_of_work import UnitOfWork

_NO_QUOTES = "This server has no quotes: nobody can quote"


def quote_routes(desk: Desk) -> list[Route]:
    """Who may quote a status, who does, and to forbid it to one."""
    quotes = _Quotes(desk)
    one = "/api/v1/statuses/{id}"
    revoke = f"{one}/quotes/{{quoting_id}}/revoke"
    user, anyone = Access.APP_USER, Access.APP_OPTIONAL
    table = (
        ("GET", f"{one}/quotes", quotes.all, "api-status-quotes", anyone, "read:statuses"),
        ("POST", revoke, quotes.revoke, "api-status-quote-revoke", user, "write:statuses"),
        (
            "PUT",
            f"{one}/interaction_policy",
            quotes.set_policy,
            "api-status-policy",
            user,
            "write:statuses",
        ),
    )
    return [
        Route(
            method=method,
            path=path,
            handler=handler,
            access=access,
            name=name,
            scope=scope,
        )
        for method, path, handler, name, access, scope in table
    ]


@dataclass(frozen=True, slots=True)
class _Quotes:
    desk: Desk

    async def all(self, request: web.Request) -> web.Response:
        """None, of a status that is there."""
        await self.desk.storage.read(self._shown, id_in_path(request), viewer_of(request))
        return reply([])

    async def revoke(self, request: web.Request) -> web.Response:
        """No quote of one's own status is there to be revoked."""
        post_id, author = id_in_path(request), actor_of(request)
        await self.desk.storage.read(own, post_id, author, self.desk.now())
        raise NotFound("No such quote")

    async def set_policy(self, request: web.Request) -> web.Response:
        """That nobody quotes can be set, and no other policy."""
        parameters = await parameters_of(request)
        if parameters.text("quote_approval_policy") not in (None, "nobody"):
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _NO_QUOTES)
        status_id, author = id_in_path(request), actor_of(request)
        return reply(await self.desk.storage.read(self._own, status_id, author))

    def _own(self, uow: UnitOfWork, status_id: int, author: ActorKey) -> Entity:
        post = own(uow, status_id, author, self.desk.now())
        return self._shown(uow, post.id, Viewer(person_id=author))

    def _shown(self, uow: UnitOfWork, status_id: int, viewer: Viewer) -> Entity:
        entry: FeedEntry | None = uow.feeds.entry(status_id)
        return self.desk.presenter.status(uow, viewer, entry, self.desk.now())
