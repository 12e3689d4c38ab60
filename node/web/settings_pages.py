"""What the owner of an account settles with a browser: password, address, language, its end."""

from http import HTTPStatus

from aiohttp import web

from communities.errors import Conflict
from communities.registration import MIN_PASSWORD, Fault, FieldError, RegistrationRefused
from node.accounts.attempts import TooManyAttempts
from node.accounts.owning import WrongPassword
from node.app import Route
from node.web.forms import form_of
from node.web.personal import (
    AccountSite,
    Owner,
    Shown,
    owner_of,
    owner_routes,
    see_other,
    show,
    visit_here,
)
from node.web.site import actor_path, handle_of
from node.web.wording import NAMES
from storage.unit_of_work import UnitOfWork

PATH = "/settings"
_DONE = ("welcome", "password", "email", "email-sent", "language")


def settings_routes(pages: AccountSite) -> list[Route]:
    """The page and its forms."""

    async def shown(request: web.Request) -> web.Response:
        return await _page(pages, request)

    async def password(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        address = pages.desk.address_of(request)
        try:
            await pages.desk.owning.change_password(
                owner.signed_in, fields.text("current"), fields.text("password"), address=address
            )
        except REFUSALS as refusal:
            return await _page(pages, request, "new-password", refusal)
        return see_other(f"{PATH}?done=password")

    async def email(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        address = pages.desk.address_of(request)
        try:
            await pages.desk.owning.change_email(
                owner.person_id, fields.text("email"), fields.text("current"), address=address
            )
        except REFUSALS as refusal:
            return await _page(pages, request, "email", refusal)
        return see_other(f"{PATH}?done=" + ("email-sent" if pages.desk.writes_mail else "email"))

    async def language(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        chosen = fields.text("language")
        locale = chosen if chosen in pages.site.languages else None
        await pages.site.storage.write(_set_locale, owner, locale)
        return see_other(f"{PATH}?done=language")

    async def delete(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        address = pages.desk.address_of(request)
        try:
            await pages.desk.owning.delete(owner.person_id, fields.text("current"), address=address)
        except (*REFUSALS, Conflict) as refusal:
            return await _page(pages, request, "delete", refusal)
        answer = see_other("/sign-in?done=deleted")
        await pages.desk.sessions.end(owner.signed_in, answer)
        return answer

    forms = {"password": password, "email": email, "language": language, "delete": delete}
    return owner_routes("settings", PATH, shown, forms)


REFUSALS = (RegistrationRefused, WrongPassword, TooManyAttempts)
"""What is told beside the form that was refused."""


async def _page(
    pages: AccountSite, request: web.Request, form: str = "", refusal: Exception | None = None
) -> web.Response:
    owner = await owner_of(pages, request)
    visit = visit_here(pages, request, owner.account.locale)
    has_password = await pages.site.storage.read(_has_password, owner)
    done = request.query.get("done", "")
    values = {
        "owner": owner.account,
        "handle": handle_of(owner.profile, pages.site.uris.domain),
        "home": visit.href(actor_path(owner.profile)),
        "has_password": has_password,
        "refused_form": form,
        "choices": [(code, NAMES[code]) for code in pages.site.languages],
        "min_password": MIN_PASSWORD,
        "done": done if done in _DONE else "",
    }
    page = Shown(
        template="settings.html",
        title=visit.words.gettext("Your account"),
        path=PATH,
        values=values,
        errors=errors_of(refusal),
        status=status_of(refusal),
    )
    return show(pages, request, visit, page, headers_of(refusal))


def errors_of(refusal: Exception | None) -> tuple[FieldError, ...]:
    """What a form's page tells beside its fields."""
    match refusal:
        case None:
            return ()
        case RegistrationRefused():
            return refusal.errors
        case WrongPassword():
            return (FieldError("current", Fault.INVALID, "is wrong"),)
        case TooManyAttempts():
            return (FieldError("current", Fault.BLOCKED, "was tried too often"),)
        case _:
            return (FieldError("form", Fault.INVALID, str(refusal)),)


def status_of(refusal: Exception | None) -> int:
    """The status of a page that shows a refusal."""
    if isinstance(refusal, TooManyAttempts):
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.OK if refusal is None else HTTPStatus.UNPROCESSABLE_ENTITY


def headers_of(refusal: Exception | None) -> dict[str, str]:
    """The headers of a page that shows a refusal."""
    return dict(refusal.headers) if isinstance(refusal, TooManyAttempts) else {}


def _has_password(uow: UnitOfWork, owner: Owner) -> bool:
    credentials = uow.credentials.get(owner.person_id)
    return credentials is not None and credentials.password is not None


def _set_locale(uow: UnitOfWork, owner: Owner, locale: str | None) -> None:
    uow.accounts.set_locale(owner.person_id, locale)
