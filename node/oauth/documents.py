"""What can be learned of the provider before, and of a person after they let an app in.

Spec: RFC 8414 3; OpenID Connect Core 5.3 (the claims alone; no id token is made here).
"""

from aiohttp import web

from communities.errors import NotFound
from communities.people import ActorKey
from node.app import Access, Route
from node.auth import actor_of
from node.mastodon.replies import reply
from node.oauth.desk import OAuthDesk
from node.oauth.tokens import grants_of
from protocols.mastodon.accounts import Entity
from protocols.oauth import metadata
from storage.unit_of_work import UnitOfWork

_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


def document_routes(desk: OAuthDesk) -> list[Route]:
    """The metadata of the provider, and the claims about a person."""

    async def about_us(_request: web.Request) -> web.StreamResponse:
        source = desk.api.settings.node.source
        document = metadata(
            desk.base, grants=grants_of(desk), documentation=source or f"{desk.base}/about"
        )
        return reply(document, headers=_FOR_AN_HOUR)

    async def about_them(request: web.Request) -> web.StreamResponse:
        return reply(await desk.storage.read(claims, actor_of(request)))

    def claims(uow: UnitOfWork, actor_id: ActorKey) -> Entity:
        account = desk.api.presenter.accounts(uow, [actor_id]).get(actor_id)
        if account is None:
            raise NotFound("There is no such account")
        return {
            "iss": f"{desk.base}/",
            "sub": account["uri"],
            "name": account["display_name"],
            "preferred_username": account["username"],
            "profile": account["url"],
            "picture": account["avatar"],
        }

    return [
        Route(
            method="GET",
            path="/.well-known/oauth-authorization-server",
            handler=about_us,
            access=Access.PUBLIC,
            name="oauth-metadata",
        ),
        *(
            Route(
                method=method,
                path="/oauth/userinfo",
                handler=about_them,
                access=Access.APP_USER,
                name=name,
                scope="profile",
            )
            for method, name in (("GET", "oauth-userinfo"), ("POST", "oauth-userinfo-form"))
        ),
    ]
