"""Signing in and out with a browser."""

from http import HTTPStatus

from aiohttp import web

from communities.people import ActorKey
from node.accounts.attempts import TooManyAttempts
from node.accounts.sessions import local_path
from node.accounts.signing_in import SignInFault, SignInRefused
from node.app import Access, Route
from node.auth import signed_in
from node.web.forms import form_of
from node.web.personal import SCRIPTED, AccountSite, Shown, see_other, show, visit_here
from node.web.site import handle_of
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

SIGN_IN = "/sign-in"
HOME = "/settings"
_DONE = ("reset", "confirmed", "deleted", "signed-out")


def sign_in_routes(pages: AccountSite) -> list[Route]:
    """The page, its two forms, and the way out."""
    optional = Access.SESSION_OPTIONAL

    async def shown(request: web.Request) -> web.Response:
        return await sign_in_page(pages, request, target=request.query.get("next", ""))

    async def taken(request: web.Request) -> web.StreamResponse:
        return await _sign_in(pages, request)

    async def code_taken(request: web.Request) -> web.StreamResponse:
        return await _finish(pages, request)

    async def way_out(request: web.Request) -> web.Response:
        visit = visit_here(pages, request)
        page = Shown(
            template="sign_out.html", title=visit.words.gettext("Sign out"), path="/sign-out"
        )
        return show(pages, request, visit, page)

    async def left(request: web.Request) -> web.StreamResponse:
        await form_of(request)
        answer = see_other(f"{SIGN_IN}?done=signed-out")
        known = signed_in(request)
        if known is not None:
            await pages.desk.sessions.end(known, answer)
        return answer

    return [
        Route(method="GET", path=SIGN_IN, handler=shown, access=optional, name="sign-in"),
        Route(method="POST", path=SIGN_IN, handler=taken, access=optional, name="sign-in-form"),
        Route(
            method="POST",
            path=f"{SIGN_IN}/code",
            handler=code_taken,
            access=optional,
            name="sign-in-code",
        ),
        Route(
            method="GET", path="/sign-out", handler=way_out, access=Access.SESSION, name="sign-out"
        ),
        Route(method="POST", path="/sign-out", handler=left, access=optional, name="sign-out-form"),
    ]


async def _sign_in(pages: AccountSite, request: web.Request) -> web.StreamResponse:
    fields = await form_of(request)
    login, target = fields.text("login"), fields.text("next")
    desk = pages.desk
    try:
        person_id = await desk.sign_ins.verify(
            login, fields.text("password"), address=desk.address_of(request)
        )
    except TooManyAttempts as wait:
        return await sign_in_page(pages, request, target=target, login=login, wait=wait)
    except SignInRefused as refused:
        if refused.fault is SignInFault.CODE_NEEDED:
            return _code_form(pages, request, refused, target)
        return await sign_in_page(pages, request, target=target, login=login, refused=refused)
    return await enter(pages, request, person_id, target)


async def _finish(pages: AccountSite, request: web.Request) -> web.StreamResponse:
    fields = await form_of(request)
    target, ticket = fields.text("next"), fields.text("ticket")
    desk = pages.desk
    try:
        person_id = await desk.sign_ins.finish(
            ticket, fields.text("code"), address=desk.address_of(request)
        )
    except TooManyAttempts as wait:
        return await sign_in_page(pages, request, target=target, wait=wait)
    except SignInRefused as refused:
        if refused.ticket:
            return _code_form(pages, request, refused, target)
        return await sign_in_page(pages, request, target=target, refused=refused)
    return await enter(pages, request, person_id, target)


async def enter(
    pages: AccountSite, request: web.Request, person_id: ActorKey, target: str = ""
) -> web.StreamResponse:
    """Begin a session, with a new token whatever the browser had, and go on to a page here."""
    desk = pages.desk
    token = await desk.sessions.start(
        person_id,
        request,
        address=desk.address_of(request),
    )
    answer = see_other(local_path(target) or HOME)
    desk.sessions.give(answer, token)
    return answer


async def sign_in_page(
    pages: AccountSite,
    request: web.Request,
    *,
    target: str,
    login: str = "",
    refused: SignInRefused | None = None,
    wait: TooManyAttempts | None = None,
) -> web.Response:
    """The page, with what was filled in and why it was refused."""
    visit = visit_here(pages, request)
    known = signed_in(request)
    profile = None
    if known is not None:
        profile = await pages.site.storage.read(_profile, known.person_id)
    done = request.query.get("done", "")
    scripted = pages.desk.passkeys is not None
    values = {
        "has_passkeys": scripted,
        "login": login,
        "next": local_path(target) or "",
        "fault": None if refused is None else refused.fault.value,
        "wait": None if wait is None else wait.seconds,
        "handle": None if profile is None else handle_of(profile, pages.site.uris.domain),
        "done": done if done in _DONE else "",
    }
    page = Shown(
        template="sign_in.html",
        title=visit.words.gettext("Sign in"),
        path=SIGN_IN,
        values=values,
        status=_status(refused, wait),
    )
    headers = dict(SCRIPTED) if scripted else {}
    if wait is not None:
        headers["Retry-After"] = str(wait.seconds)
    return show(pages, request, visit, page, headers)


def _status(refused: SignInRefused | None, wait: TooManyAttempts | None) -> int:
    if wait is not None:
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.OK if refused is None else refused.status


def _code_form(
    pages: AccountSite, request: web.Request, refused: SignInRefused, target: str
) -> web.Response:
    visit = visit_here(pages, request)
    wrong = refused.fault is SignInFault.WRONG_CODE
    page = Shown(
        template="sign_in_code.html",
        title=visit.words.gettext("Sign in"),
        path=SIGN_IN,
        values={"ticket": refused.ticket, "next": local_path(target) or "", "wrong": wrong},
        status=HTTPStatus.UNAUTHORIZED if wrong else HTTPStatus.OK,
    )
    return show(pages, request, visit, page)


def _profile(uow: UnitOfWork, person_id: ActorKey) -> Profile | None:
    return uow.actors.get(person_id)
