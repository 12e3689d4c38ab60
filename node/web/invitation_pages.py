"""Invitations of who is signed in: made, shown this once, listed and taken back."""

from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from communities.errors import DomainError, Invalid
from node.accounts.inviting import MOST_DAYS, MOST_USES
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
from storage.invitations import Invitation
from storage.unit_of_work import UnitOfWork

PATH = "/settings/invitations"


def invitation_routes(pages: AccountSite) -> list[Route]:
    """The page and its forms."""
    inviting = pages.desk.inviting

    async def shown(request: web.Request) -> web.Response:
        return await _page(pages, request)

    async def add(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        uses, days = fields.number("uses") or 0, fields.number("days") or 0
        try:
            link = await inviting.invite(owner.person_id, uses=uses, days=days)
        except DomainError as refusal:
            return await _page(pages, request, refusal=refusal)
        return await _page(pages, request, link=link)

    async def end(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        await pages.site.storage.write(_end, owner, fields.number("invitation") or 0)
        return see_other(f"{PATH}?done=ended")

    return owner_routes("invitations", PATH, shown, {"add": add, "end": end})


async def _page(
    pages: AccountSite,
    request: web.Request,
    *,
    link: str = "",
    refusal: DomainError | None = None,
) -> web.Response:
    owner = await owner_of(pages, request)
    visit = visit_here(pages, request, owner.account.locale)
    allowed, out = await pages.site.storage.read(_found, pages, owner)
    values = {
        "allowed": allowed,
        "invitations": [(one, visit.words.date_time(one.until)) for one in out],
        "link": link,
        "refused": "" if refusal is None else _word(refusal),
        "most_uses": MOST_USES,
        "most_days": MOST_DAYS,
        "done": request.query.get("done") == "ended",
    }
    page = Shown(
        template="invitations.html",
        title=visit.words.gettext("Invitations"),
        path=PATH,
        values=values,
        status=HTTPStatus.OK if refusal is None else HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    return show(pages, request, visit, page)


def _word(refusal: DomainError) -> str:
    return "number" if isinstance(refusal, Invalid) else "many"


def _found(uow: UnitOfWork, pages: AccountSite, owner: Owner) -> tuple[bool, Sequence[Invitation]]:
    allowed = pages.desk.inviting.may_invite(uow, owner.person_id)
    return allowed, uow.invitations.of_person(owner.person_id, pages.site.now())


def _end(uow: UnitOfWork, owner: Owner, invitation_id: int) -> None:
    uow.invitations.end(owner.person_id, invitation_id)
