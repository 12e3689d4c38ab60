"""Apps introduce themselves: before anything else, without a token.

Spec: reference client-apis 1.5 (parameters by query, form, multipart or JSON).
"""

import secrets
from hashlib import sha256
from urllib.parse import urlsplit

from aiohttp import web

from node.app import Access, Handler, Route
from node.app_guards import INVALID, unauthorised
from node.auth import required_caller
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, invalid, parameters_of
from node.mastodon.replies import reply
from protocols.mastodon.apps import Entity, application, with_credentials
from protocols.oauth import RedirectRefused, parse_redirects
from protocols.oauth_scopes import UnknownScope, parse
from storage.apps import App
from storage.unit_of_work import UnitOfWork

MAX_NAME = 200
MAX_WEBSITE = 2000
SECRET_BYTES = 32


def app_routes(desk: Desk) -> list[Route]:
    """Registering an app, and asking who one is."""
    return [
        Route(
            method="POST",
            path="/api/v1/apps",
            handler=_register(desk),
            access=Access.APP_OPTIONAL,
            name="api-app-new",
        ),
        Route(
            method="GET",
            path="/api/v1/apps/verify_credentials",
            handler=_verify(desk),
            access=Access.APP,
            name="api-app-verify",
        ),
    ]


def _register(desk: Desk) -> Handler:
    async def register(request: web.Request) -> web.StreamResponse:
        parameters = await parameters_of(request)
        app = _app_of(parameters, desk)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        await desk.storage.write(_add, app, sha256(secret.encode()).digest())
        entity = with_credentials(_entity(desk, app), client_id=app.client_id, client_secret=secret)
        return reply(entity)

    return register


def _verify(desk: Desk) -> Handler:
    async def verify(request: web.Request) -> web.StreamResponse:
        app = await desk.storage.read(_get, required_caller(request).app_id)
        if app is None:
            raise unauthorised(INVALID)
        return reply(_entity(desk, app))

    return verify


def _add(uow: UnitOfWork, app: App, secret_digest: bytes) -> None:
    uow.apps.add(app, secret_digest)


def _get(uow: UnitOfWork, app_id: int) -> App | None:
    return uow.apps.get(app_id)


def _entity(desk: Desk, app: App) -> Entity:
    return application(
        app_id=app.id,
        name=app.name,
        website=app.website,
        scopes=app.scopes,
        redirect_uris=app.redirect_uris,
        vapid_key=desk.push_key.public,
    )


def _app_of(parameters: Parameters, desk: Desk) -> App:
    """The app that introduces itself.

    Raises:
        Refusal: it says too little, or what it must not.
    """
    name = " ".join((parameters.text("client_name") or "").split())
    if not name:
        raise invalid("Application Name can't be blank")
    if len(name) > MAX_NAME or not name.isprintable():
        raise invalid("Application Name is too long or cannot be shown")
    try:
        redirect_uris = parse_redirects(parameters.texts("redirect_uris"))
        scopes = parse(" ".join(parameters.texts("scopes")))
    except RedirectRefused as refused:
        raise invalid(f"Redirect URI: {refused}") from None
    except UnknownScope:
        raise invalid("Scopes doesn't match configured on the server.") from None
    return App(
        id=desk.snowflakes.mint(),
        client_id=secrets.token_urlsafe(SECRET_BYTES),
        name=name,
        website=_website(parameters.text("website")),
        redirect_uris=redirect_uris,
        scopes=scopes,
        created_at=desk.now(),
    )


def _website(text: str | None) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        raise invalid("Website must be a valid URL") from None
    is_plain = text.isprintable() and " " not in text and len(text) <= MAX_WEBSITE
    if parts.scheme not in ("http", "https") or not parts.netloc or not is_plain:
        raise invalid("Website must be a valid URL")
    return text
