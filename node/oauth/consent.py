"""The page on which people let apps in.

The request stands in the address all the way: through signing in, and when the form is sent. It is
judged anew each time, so that nothing of it has to be believed from the form.

Spec: RFC 6749 4.1.1, 4.1.2; RFC 9700 4.16 (framing); reference client-apis 1.5; security WEB-06.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from communities.identities import may_act_as
from communities.membership import MembershipState, Role
from communities.people import ActorKey
from node.accounts.sessions import local_path
from node.answers import SECURITY_HEADERS
from node.app import Access, Route
from node.auth import SignedIn, signed_in
from node.oauth.asking import Asking, AskingRefused, find_app, judge, read_asking
from node.oauth.desk import OAuthDesk
from node.oauth.granting import give_code, new_secret
from node.web.consent_pages import (
    PATH,
    Asker,
    Identity,
    code_page,
    consent_page,
    hand_over_page,
    refused_page,
)
from node.web.forms import form_of
from node.web.pages import Page
from node.web.personal import respond_unkept, see_other, visit_here
from node.web.sign_in import SIGN_IN
from node.web.site import handle_of
from node.web.visits import Visit
from protocols.oauth import DESCRIPTIONS, OAuthError, form_source, place_of
from storage.unit_of_work import UnitOfWork

_TRUE = frozenset({"true", "1", "on", "t", "yes"})
_POLICY = SECURITY_HEADERS["Content-Security-Policy"]
_OWN_FORM = "form-action 'self'"
_UNSEEN = {"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
MOST_IDENTITIES = 100

Step = Callable[[OAuthDesk, web.Request, Asking, SignedIn], Awaitable[web.StreamResponse]]
"""What happens with a request that is right, of somebody who is signed in."""


def consent_routes(desk: OAuthDesk) -> list[Route]:
    """The page and its form, with a slash at the end, too: some apps ask for it there."""

    async def shown(request: web.Request) -> web.StreamResponse:
        return await _judged(desk, request, _show)

    async def taken(request: web.Request) -> web.StreamResponse:
        return await _judged(desk, request, _take)

    optional = Access.SESSION_OPTIONAL
    return [
        Route(method=method, path=path, handler=handler, access=optional, name=name)
        for path, suffix in ((PATH, ""), (f"{PATH}/", "-slash"))
        for method, handler, name in (
            ("GET", shown, f"oauth-authorize{suffix}"),
            ("POST", taken, f"oauth-authorize-form{suffix}"),
        )
    ]


async def _judged(desk: OAuthDesk, request: web.Request, then: Step) -> web.StreamResponse:
    """Judge the request before anything else: nobody signs in for an app that gets nothing."""
    visit = visit_here(desk.pages, request)
    try:
        sent = read_asking(request)
        app = await desk.storage.read(find_app, sent.get("client_id", ""))
        asking = judge(app, sent)
        known = signed_in(request)
        if known is None or (request.method == "GET" and _asks_anew(request)):
            return see_other(_sign_in_path(request))
        return await then(desk, request, asking, known)
    except AskingRefused as refused:
        return _respond(desk, refused_page(visit, refused.sentence, refused.back), visit)


def _asks_anew(request: web.Request) -> bool:
    """Whether the app wants the person to sign in again, as for a second account."""
    return request.query.get("force_login", "").lower() in _TRUE


def _sign_in_path(request: web.Request) -> str:
    """Where to sign in and come back; the wish to sign in anew is granted by then."""
    kept = [(name, value) for name, value in request.query.items() if name != "force_login"]
    target = local_path(f"{PATH}?{urlencode(kept)}")
    return SIGN_IN if target is None else f"{SIGN_IN}?{urlencode({'next': target})}"


async def _show(
    desk: OAuthDesk, request: web.Request, asking: Asking, known: SignedIn
) -> web.StreamResponse:
    identities, locale = await desk.storage.read(
        _identities, desk.api.uris.domain, known.person_id, desk.now()
    )
    visit = visit_here(desk.pages, request, locale)
    page = consent_page(
        visit,
        Asker(
            name=asking.app.name,
            website=asking.app.website,
            place=place_of(asking.redirect_uri),
            scopes=asking.scopes,
        ),
        identities,
        csrf=known.csrf,
        query=dict(request.query),
        other_account=_sign_in_path(request),
    )
    return _respond(desk, page, visit, form_source(asking.redirect_uri))


def _identities(
    uow: UnitOfWork, domain: str, person_id: ActorKey, now: datetime
) -> tuple[list[Identity], str | None]:
    """As whom an app could act, the person first; and the language that they read."""
    led = [
        membership.community_id
        for membership in uow.memberships.of_person(person_id, MembershipState.MEMBER)
        if membership.role is not Role.MEMBER
        and may_act_as(uow, person_id, membership.community_id, now)
    ]
    found = []
    for actor_id in (person_id, *led[:MOST_IDENTITIES]):
        profile = uow.actors.get(actor_id)
        if profile is not None:
            handle = handle_of(profile, domain)
            found.append(Identity(actor_id=actor_id, name=profile.name, handle=handle))
    account = uow.accounts.get(person_id)
    return found, None if account is None else account.locale


async def _take(
    desk: OAuthDesk, request: web.Request, asking: Asking, known: SignedIn
) -> web.StreamResponse:
    fields = await form_of(request)
    match fields.text("decision"):
        case "allow":
            chosen = fields.number("actor")
            actor_id = known.person_id if chosen is None else ActorKey(chosen)
            code = new_secret()
            await desk.storage.write(give_code, asking, known.person_id, actor_id, code, desk.now())
            return _hand_over(desk, request, asking, {"code": code})
        case "deny":
            denied = OAuthError.ACCESS_DENIED
            told = {"error": denied.value, "error_description": DESCRIPTIONS[denied]}
            return _hand_over(desk, request, asking, told)
        case _:
            raise AskingRefused("The form says neither yes nor no.")


def _hand_over(
    desk: OAuthDesk, request: web.Request, asking: Asking, told: dict[str, str]
) -> web.StreamResponse:
    """The answer on its way to the app: by redirect, by a form, or by hand."""
    visit = visit_here(desk.pages, request)
    answer = asking.answer(**told)
    if asking.is_out_of_band:
        code = told.get("code")
        return (
            see_other(visit.href("/"))
            if code is None
            else _respond(desk, code_page(visit, asking.app.name, code), visit)
        )
    if asking.mode == "form_post":
        page = hand_over_page(visit, asking.app.name, asking.redirect_uri, answer)
        return _respond(desk, page, visit, form_source(asking.redirect_uri))
    return web.Response(
        status=HTTPStatus.SEE_OTHER,
        headers={**_UNSEEN, "Location": asking.address(answer), "Cache-Control": "no-store"},
    )


def _respond(desk: OAuthDesk, page: Page, visit: Visit, form_goes_to: str = "") -> web.Response:
    """A page that nobody keeps, frames, or learns the address of."""
    policy = _POLICY
    if form_goes_to:
        policy = policy.replace(_OWN_FORM, f"{_OWN_FORM} {form_goes_to}")
    headers = {**_UNSEEN, "Content-Security-Policy": policy}
    return respond_unkept(desk.pages.site, page, visit, headers)
