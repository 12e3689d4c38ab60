"""Pages that are for one visitor alone: nobody keeps them, and search engines do not list them."""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from communities.people import ActorKey
from communities.registration import FieldError, merged
from node.accounts.desk import AccountDesk
from node.accounts.sessions import refuse_foreign
from node.answers import SECURITY_HEADERS
from node.app import Access, Handler, Route
from node.auth import SignedIn, signed_in
from node.web.pages import Head, Page, body_of
from node.web.site import Site
from node.web.visits import Visit, visit_of
from node.web.wording import words_in
from storage.accounts import Account
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

SCRIPTED = {
    "Content-Security-Policy": (
        SECURITY_HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
    )
}
"""Of the pages that may load a script of this node, which may ask this node."""
SECRET_ADDRESS = {"Referrer-Policy": "no-referrer"}
"""Of pages whose address is a secret: it goes nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSite:
    """The pages and the use cases of accounts."""

    site: Site
    desk: AccountDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page for one visitor, before what stands around it is added.

    `errors` are those of a form that was sent, told beside its fields.
    """

    template: str
    title: str
    path: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)
    errors: Sequence[FieldError] = ()
    status: int = HTTPStatus.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who is signed in, with their account."""

    signed_in: SignedIn
    account: Account
    profile: Profile

    @property
    def person_id(self) -> ActorKey:
        """Whose account it is."""
        return self.account.person_id


def visit_here(pages: AccountSite, request: web.Request, locale: str | None = None) -> Visit:
    """The visit, in the language that the account reads unless another was asked for."""
    site = pages.site
    visit = visit_of(request, site.languages, site.now())
    if locale not in site.languages or visit.asked_language is not None:
        return visit
    return dataclasses.replace(visit, words=words_in(locale))


def show(
    pages: AccountSite,
    request: web.Request,
    visit: Visit,
    shown: Shown,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The page as an answer."""
    known = signed_in(request)
    faults: defaultdict[str, str] = defaultdict(str, merged(shown.errors))
    values = {
        **shown.values,
        "csrf": "" if known is None else known.csrf,
        "faults": faults,
        "writes_mail": pages.desk.writes_mail,
    }
    failed = shown.errors and shown.status == HTTPStatus.OK
    page = Page(
        template=shown.template,
        head=Head(title=shown.title, path=shown.path),
        values=values,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if failed else shown.status,
    )
    return respond_unkept(pages.site, page, visit, headers)


def respond_unkept(
    site: Site, page: Page, visit: Visit, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A page that nobody keeps."""
    told = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        **(headers or {}),
    }
    return web.Response(status=page.status, body=body_of(site, page, visit), headers=told)


def see_other(path: str) -> web.Response:
    """Send the browser on to a page of this node, so that a reload sends no form again."""
    return web.Response(
        status=HTTPStatus.SEE_OTHER, headers={"Location": path, "Cache-Control": "no-store"}
    )


async def owner_of(pages: AccountSite, request: web.Request) -> Owner:
    """Who is signed in, on a route that nobody else comes to."""
    known = signed_in(request)
    if known is None:
        raise web.HTTPForbidden
    found = await pages.site.storage.read(_owner, known)
    if found is None:
        raise web.HTTPForbidden
    return found


def _owner(uow: UnitOfWork, known: SignedIn) -> Owner | None:
    account = uow.accounts.get(known.person_id)
    profile = uow.actors.get(known.person_id)
    if account is None or profile is None:
        return None
    return Owner(signed_in=known, account=account, profile=profile)


def check_sender(pages: AccountSite, request: web.Request) -> None:
    """Refuse a form of another site, on a route that has no guard."""
    refuse_foreign(request, pages.site.uris.base)


def owner_routes(name: str, path: str, shown: Handler, taken: Mapping[str, Handler]) -> list[Route]:
    """A page of who is signed in, and its forms by the rest of their paths."""
    routes = [Route(method="GET", path=path, handler=shown, access=Access.SESSION, name=name)]
    for rest, handler in taken.items():
        routes.append(
            Route(
                method="POST",
                path=f"{path}/{rest}",
                handler=handler,
                access=Access.SESSION,
                name=f"{name}-{rest.replace('/', '-')}",
            )
        )
    return routes


def gone(pages: AccountSite, request: web.Request) -> web.Response:
    """What is told of every link that does nothing."""
    visit = visit_here(pages, request)
    page = Shown(
        template="welcome_gone.html",
        title=visit.words.gettext("There is nothing here"),
        path="/",
        status=HTTPStatus.NOT_FOUND,
    )
    return show(pages, request, visit, page, SECRET_ADDRESS)
