"""Who else is in: the second factor, the browsers and the apps that are signed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from communities.errors import Conflict
from communities.registration import RegistrationRefused
from node.accounts.attempts import TooManyAttempts
from node.accounts.passkeys import PasskeyRefused, is_fresh
from node.accounts.sessions import KEPT
from node.accounts.totp import otpauth_uri, shown_secret
from node.app import Handler, Route
from node.web.forms import form_of
from node.web.personal import (
    SCRIPTED,
    AccountSite,
    Owner,
    Shown,
    owner_of,
    owner_routes,
    see_other,
    show,
    visit_here,
)
from node.web.settings_pages import REFUSALS, errors_of, headers_of, status_of
from node.web.site import handle_of
from storage.app_tokens import Authorization
from storage.credentials import Credentials
from storage.passkeys import Passkey
from storage.sessions import Session
from storage.unit_of_work import UnitOfWork

PATH = "/settings/security"
_DONE = (
    *("second-factor-ended", "session-ended", "sessions-ended", "app-ended"),
    *("passkey-added", "passkey-named", "passkey-removed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the page is made of."""

    credentials: Credentials
    codes_left: int
    passkeys: Sequence[Passkey]
    is_fresh: bool
    sessions: Sequence[Session]
    apps: Sequence[Authorization]


def security_routes(pages: AccountSite) -> list[Route]:
    """The page and its forms."""

    async def shown(request: web.Request) -> web.Response:
        return await security_page(pages, request)

    forms = {
        **_of_second_factor(pages),
        **_of_sessions(pages),
    }
    return owner_routes("security", PATH, shown, forms)


def _of_second_factor(pages: AccountSite) -> dict[str, Handler]:
    owning = pages.desk.owning

    async def offer(request: web.Request) -> web.StreamResponse:
        await form_of(request)
        owner = await owner_of(pages, request)
        try:
            await owning.offer_second_factor(owner.person_id)
        except Conflict as refusal:
            return await security_page(pages, request, "second-factor", refusal)
        return see_other(f"{PATH}#second-factor")

    async def begin(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        try:
            codes = await owning.begin_second_factor(owner.person_id, fields.text("code"))
        except (RegistrationRefused, TooManyAttempts) as refusal:
            return await security_page(pages, request, "second-factor", refusal)
        return await _codes(pages, request, codes)

    async def end(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        address = pages.desk.address_of(request)
        try:
            await owning.end_second_factor(owner.person_id, fields.text("current"), address=address)
        except REFUSALS as refusal:
            return await security_page(pages, request, "second-factor", refusal)
        return see_other(f"{PATH}?done=second-factor-ended")

    async def renew(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        address = pages.desk.address_of(request)
        try:
            codes = await owning.renew_recovery_codes(
                owner.person_id, fields.text("current"), address=address
            )
        except REFUSALS as refusal:
            return await security_page(pages, request, "recovery", refusal)
        return await _codes(pages, request, codes)

    return {
        "second-factor": offer,
        "second-factor/begin": begin,
        "second-factor/end": end,
        "recovery-codes": renew,
    }


def _of_sessions(pages: AccountSite) -> dict[str, Handler]:
    storage, now = pages.site.storage, pages.site.now

    async def end_session(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        await storage.write(_end_session, owner, fields.number("session") or 0)
        return see_other(f"{PATH}?done=session-ended")

    async def end_others(request: web.Request) -> web.StreamResponse:
        await form_of(request)
        owner = await owner_of(pages, request)
        await storage.write(_end_others, owner)
        return see_other(f"{PATH}?done=sessions-ended")

    async def end_app(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        app_id, at = fields.number("app") or 0, now()
        await storage.write(lambda uow: uow.app_tokens.end(owner.person_id, app_id, at))
        return see_other(f"{PATH}?done=app-ended")

    return {
        "sessions/end": end_session,
        "sessions/end-others": end_others,
        "apps/end": end_app,
    }


async def security_page(
    pages: AccountSite, request: web.Request, form: str = "", refusal: Exception | None = None
) -> web.Response:
    """The page, with the form that was refused and why."""
    owner = await owner_of(pages, request)
    visit = visit_here(pages, request, owner.account.locale)
    found = await pages.site.storage.read(_found, pages, owner)
    secret = found.credentials.totp_secret
    handle = handle_of(owner.profile, pages.site.uris.domain)
    done = request.query.get("done", "")
    values = {
        "has_second_factor": found.credentials.has_second_factor,
        "secret": None if secret is None else shown_secret(secret),
        "link": None
        if secret is None
        else otpauth_uri(secret, account=handle.removeprefix("@"), issuer=pages.site.title),
        "codes_left": found.codes_left,
        "has_password": found.credentials.password is not None,
        "has_passkeys": pages.desk.passkeys is not None,
        "passkeys": found.passkeys,
        "is_fresh": found.is_fresh,
        "fault": refusal.fault.value if isinstance(refusal, PasskeyRefused) else "",
        "sessions": found.sessions,
        "this_session": owner.signed_in.session_id,
        "apps": found.apps,
        "refused_form": form,
        "done": done if done in _DONE else "",
    }
    if found.credentials.has_second_factor:
        values |= {"secret": None, "link": None}
    page = Shown(
        template="security.html",
        title=visit.words.gettext("Security"),
        path=PATH,
        values=values,
        errors=errors_of(refusal),
        status=status_of(refusal),
    )
    scripted = {} if pages.desk.passkeys is None else SCRIPTED
    return show(pages, request, visit, page, {**scripted, **headers_of(refusal)})


async def _codes(pages: AccountSite, request: web.Request, codes: Sequence[str]) -> web.Response:
    """The recovery codes, shown this once."""
    owner = await owner_of(pages, request)
    visit = visit_here(pages, request, owner.account.locale)
    page = Shown(
        template="recovery_codes.html",
        title=visit.words.gettext("Recovery codes"),
        path=PATH,
        values={"codes": codes, "back": visit.href(PATH)},
    )
    return show(pages, request, visit, page)


def _found(uow: UnitOfWork, pages: AccountSite, owner: Owner) -> _Found:
    credentials = uow.credentials.get(owner.person_id) or Credentials(password=None)
    return _Found(
        credentials=credentials,
        codes_left=uow.credentials.recovery_codes_left(owner.person_id),
        passkeys=uow.passkeys.of_person(owner.person_id),
        is_fresh=is_fresh(uow, owner.signed_in, pages.site.now()),
        sessions=uow.sessions.of_person(owner.person_id, used_after=pages.site.now() - KEPT),
        apps=uow.app_tokens.authorizations(owner.person_id),
    )


def _end_session(uow: UnitOfWork, owner: Owner, session_id: int) -> None:
    uow.sessions.end(owner.person_id, session_id)


def _end_others(uow: UnitOfWork, owner: Owner) -> None:
    uow.sessions.end_all(owner.person_id, but=owner.signed_in.session_id)
