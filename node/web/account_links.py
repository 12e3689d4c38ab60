"""Links from letters: an address is confirmed, a password set anew; and how they are asked for.

Opening a link uses nothing up, since mail programs open links, too; sending its form does.
"""

from http import HTTPStatus

from aiohttp import web

from communities.errors import Conflict, NotFound
from communities.registration import MIN_PASSWORD, FieldError, RegistrationRefused
from node.accounts.attempts import TooManyAttempts
from node.accounts.letters import LetterKind
from node.app import Access, Handler, Route
from node.web.forms import form_of
from node.web.personal import (
    SECRET_ADDRESS,
    AccountSite,
    Shown,
    check_sender,
    gone,
    see_other,
    show,
    visit_here,
)
from storage.account_links import LinkPurpose


def link_routes(pages: AccountSite) -> list[Route]:
    """The pages of both kinds of links, and those by which they are asked for."""
    return [*_asking(pages, "reset"), *_asking(pages, "confirm"), *_reset(pages), *_confirm(pages)]


def _asking(pages: AccountSite, word: str) -> list[Route]:
    """The page by which a link is asked for. It answers alike, whoever asks for whom."""
    kind = LetterKind(word)

    async def shown(request: web.Request) -> web.Response:
        return _asked(pages, request, word, sent=False)

    async def taken(request: web.Request) -> web.Response:
        fields = await form_of(request)
        address = pages.desk.address_of(request)
        try:
            await pages.desk.owning.ask_for_link(kind, fields.text("login"), address=address)
        except TooManyAttempts as wait:
            return _asked(pages, request, word, sent=False, wait=wait)
        return _asked(pages, request, word, sent=True)

    path, access = f"/{word}", Access.SESSION_OPTIONAL
    return [
        Route(method="GET", path=path, handler=shown, access=access, name=f"ask-{word}"),
        Route(method="POST", path=path, handler=taken, access=access, name=f"ask-{word}-form"),
    ]


def _asked(
    pages: AccountSite,
    request: web.Request,
    word: str,
    *,
    sent: bool,
    wait: TooManyAttempts | None = None,
) -> web.Response:
    visit = visit_here(pages, request)
    titles = {
        "reset": visit.words.gettext("A new password"),
        "confirm": visit.words.gettext("Confirm your e-mail address"),
    }
    page = Shown(
        template="ask_link.html",
        title=titles[word],
        path=f"/{word}",
        values={"word": word, "title": titles[word], "sent": sent, "waits": wait is not None},
        status=HTTPStatus.OK if wait is None else HTTPStatus.TOO_MANY_REQUESTS,
    )
    headers = {} if wait is None else {"Retry-After": str(wait.seconds)}
    return show(pages, request, visit, page, headers)


def _reset(pages: AccountSite) -> list[Route]:
    async def shown(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not await pages.desk.owning.is_link(LinkPurpose.RESET, token):
            return gone(pages, request)
        return _reset_form(pages, request)

    async def taken(request: web.Request) -> web.Response:
        check_sender(pages, request)
        fields = await form_of(request)
        try:
            await pages.desk.owning.reset_password(
                request.match_info["token"], fields.text("password")
            )
        except NotFound:
            return gone(pages, request)
        except RegistrationRefused as refused:
            return _reset_form(pages, request, refused.errors)
        return see_other("/sign-in?done=reset")

    return _by_link("reset", shown, taken)


def _reset_form(
    pages: AccountSite, request: web.Request, errors: tuple[FieldError, ...] = ()
) -> web.Response:
    visit = visit_here(pages, request)
    page = Shown(
        template="reset.html",
        title=visit.words.gettext("A new password"),
        path=request.path,
        values={"min_password": MIN_PASSWORD},
        errors=errors,
    )
    return show(pages, request, visit, page, SECRET_ADDRESS)


def _confirm(pages: AccountSite) -> list[Route]:
    async def shown(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        if not await pages.desk.owning.is_link(LinkPurpose.CONFIRM, token):
            return gone(pages, request)
        return _confirm_page(pages, request, "ask")

    async def taken(request: web.Request) -> web.Response:
        check_sender(pages, request)
        await form_of(request)
        try:
            account = await pages.desk.owning.confirm(request.match_info["token"])
        except NotFound:
            return gone(pages, request)
        except Conflict:
            return _confirm_page(pages, request, "taken", HTTPStatus.CONFLICT)
        if account.is_open:
            return see_other("/sign-in?done=confirmed")
        return _confirm_page(pages, request, "waits")

    return _by_link("confirm", shown, taken)


def _confirm_page(
    pages: AccountSite, request: web.Request, step: str, status: int = HTTPStatus.OK
) -> web.Response:
    visit = visit_here(pages, request)
    page = Shown(
        template="confirm.html",
        title=visit.words.gettext("Confirm your e-mail address"),
        path="/confirm" if step != "ask" else request.path,
        values={"step": step},
        status=status,
    )
    return show(pages, request, visit, page, SECRET_ADDRESS)


def _by_link(word: str, shown: Handler, taken: Handler) -> list[Route]:
    path, access = f"/{word}/{{token}}", Access.ONE_TIME_LINK
    return [
        Route(method="GET", path=path, handler=shown, access=access, name=word),
        Route(method="POST", path=path, handler=taken, access=access, name=f"{word}-form"),
    ]
