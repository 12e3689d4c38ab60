"""Signing up with a browser, with an invitation or without."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from communities.limits import MAX_NAME
from communities.registration import (
    MIN_PASSWORD,
    FieldError,
    RegistrationClosed,
    RegistrationMode,
    RegistrationRefused,
    SignUp,
    asks_reason,
)
from node.accounts.attempts import TooManyAttempts
from node.app import Access, Route
from node.web.forms import FormFields, form_of
from node.web.personal import AccountSite, Shown, show, visit_here
from node.web.sign_in import enter

SIGN_UP = "/sign-up"


def sign_up_routes(pages: AccountSite) -> list[Route]:
    """The page and its form."""
    optional = Access.SESSION_OPTIONAL

    async def shown(request: web.Request) -> web.Response:
        invite = request.query.get("invite", "")
        return await _form(pages, request, _Filled(invite=invite))

    async def taken(request: web.Request) -> web.StreamResponse:
        return await _sign_up(pages, request)

    return [
        Route(method="GET", path=SIGN_UP, handler=shown, access=optional, name="sign-up"),
        Route(method="POST", path=SIGN_UP, handler=taken, access=optional, name="sign-up-form"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """What was filled in, but for the password."""

    invite: str = ""
    username: str = ""
    name: str = ""
    email: str = ""
    reason: str = ""
    of_age: bool = False
    agreement: bool = False


async def _sign_up(pages: AccountSite, request: web.Request) -> web.StreamResponse:
    fields = await form_of(request)
    filled = _filled(fields)
    desk = pages.desk
    visit = visit_here(pages, request)
    form = SignUp(
        username=filled.username,
        password=fields.text("password"),
        email=filled.email,
        name=filled.name,
        agreement=filled.agreement,
        of_age=filled.of_age,
        reason=filled.reason,
        locale=visit.words.language,
        invitation=filled.invite,
    )
    try:
        person = await desk.registering.register(form, address=desk.address_of(request))
    except RegistrationRefused as refused:
        return await _form(pages, request, filled, errors=refused.errors)
    except RegistrationClosed:
        return await _form(pages, request, filled, status=HTTPStatus.FORBIDDEN)
    except TooManyAttempts as wait:
        return await _form(pages, request, filled, wait=wait)
    account = await pages.site.storage.read(lambda uow: uow.accounts.get(person.id))
    if account is not None and account.is_open:
        return await enter(pages, request, person.id, "/settings?done=welcome")
    page = Shown(
        template="sign_up_done.html",
        title=visit.words.gettext("Sign up"),
        path=SIGN_UP,
        values={"account": account, "name": person.localpart},
    )
    return show(pages, request, visit, page)


def _filled(fields: FormFields) -> _Filled:
    return _Filled(
        invite=fields.text("invite"),
        username=fields.text("username"),
        name=fields.text("name"),
        email=fields.text("email"),
        reason=fields.text("reason"),
        of_age=fields.is_ticked("of_age"),
        agreement=fields.is_ticked("agreement"),
    )


async def _form(
    pages: AccountSite,
    request: web.Request,
    filled: _Filled,
    *,
    errors: tuple[FieldError, ...] = (),
    status: int = HTTPStatus.OK,
    wait: TooManyAttempts | None = None,
) -> web.Response:
    registering = pages.desk.registering
    visit = visit_here(pages, request)
    invited = bool(filled.invite) and await registering.invitation(filled.invite) is not None
    headers: Mapping[str, str] = {}
    if wait is not None:
        status, headers = HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait.seconds)}
    values = {
        "filled": filled,
        "state": _state(registering.rules.mode, filled.invite, invited=invited),
        "message": pages.desk.settings.registration.message,
        "asks_reason": asks_reason(registering.rules, invited=invited),
        "needs_email": registering.rules.needs_email,
        "min_age": registering.rules.min_age,
        "min_password": MIN_PASSWORD,
        "rules": pages.site.instance.rules,
        "max_name": MAX_NAME,
        "domain": pages.site.uris.domain,
        "waits": wait is not None,
    }
    page = Shown(
        template="sign_up.html",
        title=visit.words.gettext("Sign up"),
        path=SIGN_UP,
        values=values,
        errors=errors,
        status=status,
    )
    return show(pages, request, visit, page, headers)


def _state(mode: RegistrationMode, invite: str, *, invited: bool) -> str:
    """Which page it is: the form ("open"), or why there is none."""
    if mode is RegistrationMode.CLOSED:
        return "closed"
    if invite and not invited:
        return "spent"
    return "invite" if mode is RegistrationMode.INVITE and not invited else "open"
