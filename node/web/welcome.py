"""The welcome page: by a one-time link the owner of a new account says, once, how they appear.

Whoever has the link needs nothing else. Opening it uses nothing up, since mail programs and chats
open links, too; sending the form does.
"""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from aiohttp import web

from communities.accounts import EditProfile, edit_profile
from communities.errors import Invalid, NotAllowed, NotFound
from communities.limits import MAX_ABOUT, MAX_NAME
from communities.people import ActorKey
from node.app import Access, Route
from node.web.pages import Head, Page, body_of
from node.web.site import Site, actor_path, handle_of
from node.web.visits import Visit, visit_of
from node.welcoming import digest_of
from storage.actors import Profile
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

MAX_FORM_BYTES = 64 * 1024
"""A form of the longest texts, each character of which can take twelve bytes, fits in."""
_MAX_FIELDS = 8
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a form says."""

    name: str
    about: str
    discoverable: bool


def welcome_routes(site: Site) -> list[Route]:
    """The form behind a one-time link, and where it is sent."""

    async def show(request: web.Request) -> web.Response:
        visit = _visit(site, request)
        return await _answer(site, visit, _token(request))

    async def take(request: web.Request) -> web.Response:
        _refuse_foreign(site, request)
        filled = await _filled(request)
        visit = _visit(site, request)
        token = _token(request)
        try:
            profile = await site.storage.write(_apply, token, filled, visit)
        except Invalid as fault:
            return await _answer(site, visit, token, filled, fault.field)
        except (NotFound, NotAllowed):
            return _respond(site, visit, _gone(visit))
        return _respond(site, visit, _done(site, visit, profile))

    path, access = "/welcome/{token}", Access.ONE_TIME_LINK
    return [
        Route(method="GET", path=path, handler=show, access=access, name="welcome"),
        Route(method="POST", path=path, handler=take, access=access, name="welcome-form"),
    ]


def _visit(site: Site, request: web.Request) -> Visit:
    return visit_of(request, site.languages, site.now())


def _token(request: web.Request) -> str:
    return request.match_info["token"]


def _refuse_foreign(site: Site, request: web.Request) -> None:
    """Refuse a form that another site has sent.

    The page forbids referrers, for which browsers say the origin "null"; those that name no site
    either are let through, as are programs: the token is the proof, and a page that knew it would
    need nobody's browser.
    """
    sender = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "null")
    if sender != "same-origin" or origin not in ("null", site.uris.base):
        raise web.HTTPForbidden(reason="This form belongs to another site")


async def _filled(request: web.Request) -> Filled:
    body = await request.read()
    if len(body) > MAX_FORM_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_FORM_BYTES, len(body))
    if request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType
    try:
        fields = dict(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_FIELDS,
            )
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    return Filled(
        name=fields.get("name", ""),
        about=fields.get("about", ""),
        discoverable=fields.get("discoverable") == "yes",
    )


def _apply(uow: UnitOfWork, token: str, filled: Filled, visit: Visit) -> Profile:
    """Use the link up and do what it is for: both, or neither."""
    uow.at_ms = to_ms(visit.now)
    digest = digest_of(token)
    person_id = None if digest is None else uow.welcomes.use(digest, visit.now)
    if person_id is None:
        raise NotFound("No such link")
    edit_profile(
        uow,
        EditProfile(
            person_id=person_id,
            name=filled.name,
            about=filled.about,
            discoverable=filled.discoverable,
        ),
    )
    return _profile(uow, person_id)


def _profile(uow: UnitOfWork, person_id: ActorKey) -> Profile:
    profile = uow.actors.get(person_id)
    person = uow.people.get(person_id)
    if profile is None or person is None or not person.may_act:
        raise NotFound("No such link")
    return profile


async def _answer(
    site: Site, visit: Visit, token: str, filled: Filled | None = None, fault: str | None = None
) -> web.Response:
    """The form, with what was filled in and what is wrong with it."""

    def find(uow: UnitOfWork) -> Profile | None:
        digest = digest_of(token)
        person_id = None if digest is None else uow.welcomes.find(digest, visit.now)
        return None if person_id is None else _profile(uow, person_id)

    try:
        profile = await site.storage.read(find)
    except NotFound:
        profile = None
    if profile is None:
        return _respond(site, visit, _gone(visit))
    shown = filled or Filled(
        name=profile.name, about=profile.summary_source, discoverable=profile.discoverable
    )
    head = Head(title=visit.words.gettext("Welcome"), path=f"/welcome/{token}")
    values = {
        "handle": handle_of(profile, site.uris.domain),
        "filled": shown,
        "fault": fault,
        "max_name": MAX_NAME,
        "max_about": MAX_ABOUT,
    }
    status = HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return _respond(
        site, visit, Page(template="welcome.html", head=head, values=values, status=status)
    )


def _done(site: Site, visit: Visit, profile: Profile) -> Page:
    path = actor_path(profile)
    values = {
        "name": profile.name,
        "handle": handle_of(profile, site.uris.domain),
        "page": visit.href(path),
        "address": site.absolute(path),
        "command": f"noaber act --as {profile.localpart} post '…'",
    }
    head = Head(title=visit.words.gettext("Welcome"), path=path)
    return Page(template="welcome_done.html", head=head, values=values)


def _gone(visit: Visit) -> Page:
    head = Head(title=visit.words.gettext("There is nothing here"), path="/")
    return Page(template="welcome_gone.html", head=head, status=HTTPStatus.NOT_FOUND)


def _respond(site: Site, visit: Visit, page: Page) -> web.Response:
    """A page that nobody keeps, and whose address goes nowhere."""
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    return web.Response(status=page.status, body=body_of(site, page, visit), headers=headers)
