"""The endpoints at which apps get their tokens, and end them.

Spec: RFC 6749 3.2, 4.1.3, 4.3, 4.4, 5.1, 5.2; RFC 7009; reference client-apis 1.5.
"""

from http import HTTPStatus

from aiohttp import web

from communities.people import ActorKey
from node.accounts.signing_in import SignInFault, SignInRefused
from node.app import Access, Route
from node.mastodon.parameters import Parameters, parameters_of
from node.mastodon.replies import reply
from node.oauth.clients import find_client, refused
from node.oauth.desk import OAuthDesk
from node.oauth.granting import Given, Redemption, give_token, redeem, revoke
from node.rates import Kind
from protocols.mastodon.apps import token as token_entity
from protocols.oauth import OAuthError
from protocols.oauth_scopes import UnknownScope, covers, parse
from storage.apps import App

AUTHORIZATION_CODE = "authorization_code"
CLIENT_CREDENTIALS = "client_credentials"
PASSWORD = "password"  # noqa: S105 - the name of a grant
SECOND_FACTOR = (
    "This account has a second factor, for which the app must send people to this server"
)


def grants_of(desk: OAuthDesk) -> list[str]:
    """The ways to a token that there are here."""
    return [AUTHORIZATION_CODE, CLIENT_CREDENTIALS, *([PASSWORD] if desk.password_grant else [])]


def token_routes(desk: OAuthDesk) -> list[Route]:
    """Getting a token, and ending one."""

    async def token(request: web.Request) -> web.StreamResponse:
        desk.rates.count_from_address(request, Kind.CALLS)
        parameters = await parameters_of(request)
        grant = parameters.text("grant_type")
        if not grant:
            raise refused(OAuthError.INVALID_REQUEST, "Missing required parameter: grant_type.")
        if grant not in grants_of(desk):
            raise refused(OAuthError.UNSUPPORTED_GRANT_TYPE)
        app = await find_client(desk.storage, request, parameters)
        if app is None:
            raise refused(OAuthError.INVALID_CLIENT, status=HTTPStatus.UNAUTHORIZED)
        if grant == AUTHORIZATION_CODE:
            return reply_with(await _redeem(desk, app, parameters))
        scopes = _scopes(app, parameters.text("scope") or "")
        person_id = None
        if grant == PASSWORD:
            person_id = await _owner(desk, request, parameters)
        given = await desk.storage.write(give_token, app, scopes, person_id, desk.fresh())
        return reply_with(given)

    async def end(request: web.Request) -> web.StreamResponse:
        desk.rates.count_from_address(request, Kind.CALLS)
        parameters = await parameters_of(request)
        sent = parameters.text("token")
        if not sent:
            raise refused(OAuthError.INVALID_REQUEST, "Missing required parameter: token.")
        app = await find_client(desk.storage, request, parameters)
        if app is None or not await desk.storage.write(revoke, app.id, sent, desk.now()):
            raise refused(OAuthError.UNAUTHORIZED_CLIENT, status=HTTPStatus.FORBIDDEN)
        return reply({})

    return [
        Route(
            method="POST",
            path="/oauth/token",
            handler=token,
            access=Access.PUBLIC,
            name="oauth-token",
        ),
        Route(
            method="POST",
            path="/oauth/revoke",
            handler=end,
            access=Access.PUBLIC,
            name="oauth-revoke",
        ),
    ]


def reply_with(given: Given) -> web.Response:
    """A token, told to its app once; nobody on the way keeps it."""
    entity = token_entity(
        access_token=given.token, scopes=given.stored.scopes, created_at=given.stored.created_at
    )
    return reply(entity, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _redeem(desk: OAuthDesk, app: App, parameters: Parameters) -> Given:
    redemption = Redemption(
        app_id=app.id,
        code=parameters.text("code") or "",
        redirect_uri=parameters.text("redirect_uri") or "",
        verifier=parameters.text("code_verifier") or None,
    )
    given = await desk.storage.write(redeem, redemption, desk.fresh())
    if isinstance(given, OAuthError):
        raise refused(given)
    return given


def _scopes(app: App, text: str) -> frozenset[str]:
    """The scopes that an app asks for at this endpoint.

    Raises:
        Refusal: they are more than it has registered.
    """
    try:
        asked = parse(text)
    except UnknownScope:
        raise refused(OAuthError.INVALID_SCOPE) from None
    if not covers(app.scopes, asked):
        raise refused(OAuthError.INVALID_SCOPE)
    return asked


async def _owner(desk: OAuthDesk, request: web.Request, parameters: Parameters) -> ActorKey:
    """Who it is, by name and password; only where the settings let apps do so.

    Raises:
        Refusal: it is not them, or too much was tried.
    """
    accounts = desk.pages.desk
    try:
        return await accounts.sign_ins.verify(
            parameters.text("username") or "",
            parameters.text("password") or "",
            address=accounts.address_of(request),
        )
    except SignInRefused as refusal:
        if refusal.fault is SignInFault.CODE_NEEDED:
            raise refused(OAuthError.INVALID_GRANT, SECOND_FACTOR) from None
        raise refused(OAuthError.INVALID_GRANT, refusal.sentence) from None
