"""From a request to a page: read, render, answer.

A page is made where it is read, on a reader's thread, so that rendering keeps nobody waiting in
the event loop. Pages may be kept by caches, which ask again each time (`no-cache` with an ETag):
what a moderator removes is gone at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from communities.errors import NotFound
from node.answers import Problem
from node.app import Access, Handler, Route
from node.peer_http.documents import redirect_to, wants_activity
from node.web.outward import Outward, contact_link
from node.web.site import Site
from node.web.templating import render
from node.web.visits import Visit, visit_of
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

VARY = "Accept, Accept-Language"
ACTIVITY_TYPES = ("application/activity+json", "application/ld+json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is said about a page: `path` (with its `query`) is where it is, without a language.

    `indexed` lets search engines list it; `social` gives it a preview where it is shared.
    """

    title: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    indexed: bool = False
    social: str | None = None
    activity: str | None = None
    feeds: tuple[tuple[str, str, str], ...] = ()
    original: Outward | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that is ready to be rendered."""

    template: str
    head: Head
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


Make = Callable[[UnitOfWork, Visit, web.Request], Page]


def route(path: str, handler: Handler, name: str) -> Route:
    """A page that everybody may ask for."""
    return Route(method="GET", path=path, handler=handler, access=Access.PUBLIC, name=name)


def page_handler(site: Site, make: Make) -> Handler:
    """A handler that reads and renders a page."""

    def produce(uow: UnitOfWork, visit: Visit, request: web.Request) -> tuple[bytes, Page]:
        page = make(uow, visit, request)
        return body_of(site, page, visit), page

    async def answer(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, site.languages, site.now())
        body, page = await site.storage.read(produce, visit, request)
        return respond(request, body, page.status)

    return answer


def respond(request: web.Request, body: bytes, status: int) -> web.Response:
    """A page with an ETag; 304 when the client has it."""
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-cache",
        "ETag": etag,
        "Vary": VARY,
    }
    if status == HTTPStatus.OK and etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(status=status, body=body, headers=headers)


def body_of(site: Site, page: Page, visit: Visit) -> bytes:
    """The HTML of a page, with what stands around every page."""
    head = page.head
    values = {
        **page.values,
        "head": head,
        "visit": visit,
        "site": site,
        "contact_href": contact_link(site.contact),
        "canonical": head.original.href if head.original else site.absolute(_with_query(head)),
        "languages": visit.other_languages(head.path, head.query),
    }
    return render(visit.words.language, page.template, values).encode()


def _with_query(head: Head) -> str:
    query = {name: value for name, value in head.query.items() if name != "lang"}
    return f"{head.path}?{urlencode(query)}" if query else head.path


def negotiated_page(
    site: Site, page: Handler, find: Callable[[UnitOfWork, str], Profile]
) -> Handler:
    """One URL for people and peers: peers are sent on to the id of whom `find` gives.

    Nobody is sent to another host: of those at home elsewhere peers learn nothing here.

    Spec: house "Settled beforehand"; security WEB-16.
    """

    def find_uri(uow: UnitOfWork, handle: str) -> str | None:
        profile = find(uow, handle)
        return profile.uri if profile.is_local else None

    async def answer(request: web.Request) -> web.StreamResponse:
        if wants_activity(request):
            uri = await site.storage.read(find_uri, request.match_info["handle"])
            if uri is not None:
                return redirect_to(uri)
            if asks_for_activity(request):
                raise NotFound("Its home server has this document")
        return await page(request)

    return answer


def asks_for_activity(request: web.Request) -> bool:
    """Whether a client asks for ActivityPub by name."""
    accepted = request.headers.get("Accept", "").lower()
    return any(name in accepted for name in ACTIVITY_TYPES)


ErrorPage = Callable[[web.BaseRequest, Problem], str]


def error_page(site: Site) -> ErrorPage:
    """The page of a refusal or failure, in the visitor's language; it says nothing of the path."""

    def make(request: web.BaseRequest, problem: Problem) -> str:
        visit = visit_of(request, site.languages, site.now())
        head = Head(title=str(problem.status), path="/")
        page = Page(template="error.html", head=head, values={"problem": problem})
        return body_of(site, page, visit).decode()

    return make
