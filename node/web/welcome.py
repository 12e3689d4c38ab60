"""The welcome page: by a one-time link the owner of a new account says, once, how they appear.

They choose a password with it and are signed in at once. Whoever has the link needs nothing else.
Opening it uses nothing up, since mail programs and chats open links, too; sending the form does.
"""

from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from communities.accounts import EditProfile, edit_profile
from communities.errors import Invalid, NotAllowed, NotFound
from communities.limits import MAX_ABOUT, MAX_NAME
from communities.people import ActorKey
from communities.registration import MIN_PASSWORD, password_faults
from node.accounts.owning import replace_password
from node.app import Access, Route
from node.web.forms import FormFields, form_of
from node.web.pages import Head, Page
from node.web.personal import (
    SECRET_ADDRESS,
    AccountSite,
    check_sender,
    gone,
    respond_unkept,
    visit_here,
)
from node.web.site import Site, actor_path, handle_of
from node.web.visits import Visit
from node.welcoming import digest_of
from storage.actors import Profile
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

_MAX_FIELDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a form says, but for the password."""

    name: str
    about: str
    discoverable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Whose link it is, and what signing in takes them."""

    profile: Profile
    has_password: bool
    has_second_factor: bool


def welcome_routes(pages: AccountSite) -> list[Route]:
    """The form behind a one-time link, and where it is sent."""

    async def show(request: web.Request) -> web.Response:
        guest = await _guest(pages, request)
        return gone(pages, request) if guest is None else _form(pages, request, guest)

    async def take(request: web.Request) -> web.Response:
        check_sender(pages, request)
        fields = await form_of(request, most_fields=_MAX_FIELDS)
        guest = await _guest(pages, request)
        if guest is None:
            return gone(pages, request)
        return await _take(pages, request, guest, fields)

    path, access = "/welcome/{token}", Access.ONE_TIME_LINK
    return [
        Route(method="GET", path=path, handler=show, access=access, name="welcome"),
        Route(method="POST", path=path, handler=take, access=access, name="welcome-form"),
    ]


async def _guest(pages: AccountSite, request: web.Request) -> Guest | None:
    """Whose link it is; None for a link that does nothing."""
    digest = digest_of(request.match_info["token"])
    if digest is None:
        return None
    visit = visit_here(pages, request)
    return await pages.site.storage.read(_find, digest, visit)


def _find(uow: UnitOfWork, digest: bytes, visit: Visit) -> Guest | None:
    person_id = uow.welcomes.find(digest, visit.now)
    return None if person_id is None else _guest_of(uow, person_id)


def _guest_of(uow: UnitOfWork, person_id: ActorKey) -> Guest | None:
    profile = uow.actors.get(person_id)
    person = uow.people.get(person_id)
    credentials = uow.credentials.get(person_id)
    if profile is None or person is None or not person.may_act or credentials is None:
        return None
    return Guest(
        profile=profile,
        has_password=credentials.password is not None,
        has_second_factor=credentials.has_second_factor,
    )


async def _take(
    pages: AccountSite, request: web.Request, guest: Guest, fields: FormFields
) -> web.Response:
    filled = Filled(
        name=fields.text("name"),
        about=fields.text("about"),
        discoverable=fields.is_ticked("discoverable"),
    )
    password = "" if guest.has_password else fields.text("password")
    if not guest.has_password and password_faults(password):
        return _form(pages, request, guest, filled, "password")
    hashed = await pages.desk.passwords.hash(password) if password else None
    visit = visit_here(pages, request)
    token = request.match_info["token"]
    try:
        guest = await pages.site.storage.write(_apply, token, filled, hashed, visit)
    except Invalid as fault:
        return _form(pages, request, guest, filled, fault.field)
    except (NotFound, NotAllowed):
        return gone(pages, request)
    return await _done(pages, request, guest)


def _apply(uow: UnitOfWork, token: str, filled: Filled, hashed: str | None, visit: Visit) -> Guest:
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
    if hashed is not None:
        replace_password(uow, person_id, hashed, visit.now)
    guest = _guest_of(uow, person_id)
    if guest is None:
        raise NotFound("No such link")
    return guest


def _form(
    pages: AccountSite,
    request: web.Request,
    guest: Guest,
    filled: Filled | None = None,
    fault: str | None = None,
) -> web.Response:
    """The form, with what was filled in and what is wrong with it."""
    profile, visit = guest.profile, visit_here(pages, request)
    shown = filled or Filled(
        name=profile.name, about=profile.summary_source, discoverable=profile.discoverable
    )
    values = {
        "handle": handle_of(profile, pages.site.uris.domain),
        "filled": shown,
        "fault": fault,
        "max_name": MAX_NAME,
        "max_about": MAX_ABOUT,
        "min_password": MIN_PASSWORD,
        "has_password": guest.has_password,
    }
    page = Page(
        template="welcome.html",
        head=Head(title=visit.words.gettext("Welcome"), path=request.path),
        values=values,
        status=HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    return respond_unkept(pages.site, page, visit, SECRET_ADDRESS)


async def _done(pages: AccountSite, request: web.Request, guest: Guest) -> web.Response:
    """What is next; they are signed in, unless signing in takes them more than a password."""
    desk, visit = pages.desk, visit_here(pages, request)
    page = _page_of(pages.site, visit, guest)
    answer = respond_unkept(pages.site, page, visit, SECRET_ADDRESS)
    if not guest.has_second_factor:
        address = desk.address_of(request)
        token = await desk.sessions.start(guest.profile.id, request, address=address)
        desk.sessions.give(answer, token)
    return answer


def _page_of(site: Site, visit: Visit, guest: Guest) -> Page:
    profile = guest.profile
    path = actor_path(profile)
    values = {
        "name": profile.name,
        "handle": handle_of(profile, site.uris.domain),
        "page": visit.href(path),
        "address": site.absolute(path),
        "signed_in": not guest.has_second_factor,
    }
    head = Head(title=visit.words.gettext("Welcome"), path=path)
    return Page(template="welcome_done.html", head=head, values=values)
