"""Making an account from within an app.

Spec: Mastodon API 4.7, methods/accounts "Register an account"; reference client-apis 1.7.
"""

from datetime import date
from http import HTTPStatus

from aiohttp import web

from communities.people import ActorKey
from communities.registration import RegistrationRefused, SignUp
from node.app import Access, Route
from node.app_guards import INVALID, unauthorised
from node.auth import required_caller
from node.errors import Refusal
from node.mastodon.parameters import Parameters, parameters_of
from node.oauth.desk import OAuthDesk
from node.oauth.granting import Fresh, Given, give_token
from node.oauth.tokens import reply_with
from node.rates import Kind
from storage.unit_of_work import UnitOfWork


def sign_up_routes(desk: OAuthDesk) -> list[Route]:
    """The one route: an app with a token of its own makes an account, and gets its token."""

    async def sign_up(request: web.Request) -> web.StreamResponse:
        desk.rates.count_from_address(request, Kind.SIGN_UPS)
        form = _form(await parameters_of(request))
        accounts = desk.pages.desk
        try:
            person = await accounts.registering.register(form, address=accounts.address_of(request))
        except RegistrationRefused as refused:
            told = {"details": refused.details}
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused), details=told) from None
        app_id = required_caller(request).app_id
        given = await desk.storage.write(_give, app_id, person.id, desk.fresh())
        if given is None:
            raise unauthorised(INVALID)
        return reply_with(given)

    return [
        Route(
            method="POST",
            path="/api/v1/accounts",
            handler=sign_up,
            access=Access.APP,
            name="api-account-new",
            scope="write:accounts",
        )
    ]


def _give(uow: UnitOfWork, app_id: int, person_id: ActorKey, fresh: Fresh) -> Given | None:
    """A token with all that the app has registered: the person is using it right now."""
    app = uow.apps.get(app_id)
    return None if app is None else give_token(uow, app, app.scopes, person_id, fresh)


def _form(parameters: Parameters) -> SignUp:
    return SignUp(
        username=parameters.text("username") or "",
        password=parameters.text("password") or "",
        email=parameters.text("email") or "",
        agreement=parameters.is_set("agreement"),
        born=_day(parameters.text("date_of_birth") or ""),
        reason=parameters.text("reason") or "",
        locale=parameters.text("locale"),
        invitation=parameters.text("invite_code") or "",
    )


def _day(text: str) -> date | None:
    """A day; None for what is none, which is as good as not given."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
