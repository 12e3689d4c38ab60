"""Passkeys at the pages: what the script asks for, and the forms that it sends back.

The script fills in a form and sends it, so that everything else is as with any form. Where there
are no passkeys, there are no such routes.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from node.accounts.attempts import TooManyAttempts
from node.accounts.owning import WrongPassword
from node.accounts.passkeys import PasskeyRefused, Passkeys
from node.accounts.signing_in import SignInRefused
from node.app import Access, Handler, Route
from node.web.forms import form_of
from node.web.personal import AccountSite, owner_of, see_other
from node.web.security_pages import PATH, security_page
from node.web.sign_in import SIGN_IN, enter, sign_in_page

_PASSKEYS, _NAME = f"{PATH}/passkeys", "security-passkeys"


def passkey_routes(pages: AccountSite) -> list[Route]:
    """What the script asks for, and its forms; none without passkeys."""
    passkeys = pages.desk.passkeys
    if passkeys is None:
        return []
    return [
        *_of_visitors(pages, passkeys),
        *_to_add(pages, passkeys),
        *_of_owners(pages, passkeys),
    ]


def _of_visitors(pages: AccountSite, passkeys: Passkeys) -> list[Route]:
    address_of = pages.desk.address_of

    async def options(request: web.Request) -> web.StreamResponse:
        await form_of(request)
        try:
            ticket, asked = passkeys.ask(address=address_of(request))
        except TooManyAttempts as wait:
            return _told({"fault": "wait"}, wait.status, wait.headers)
        return _told({"ticket": ticket, "options": asked})

    async def taken(request: web.Request) -> web.StreamResponse:
        fields = await form_of(request)
        target = fields.text("next")
        try:
            person_id = await passkeys.enter(
                fields.text("ticket"), fields.text("answer"), address=address_of(request)
            )
        except TooManyAttempts as wait:
            return await sign_in_page(pages, request, target=target, wait=wait)
        except SignInRefused as refused:
            return await sign_in_page(pages, request, target=target, refused=refused)
        return await enter(pages, request, person_id, target)

    path = f"{SIGN_IN}/passkey"
    return [
        _form(f"{path}/options", options, Access.SESSION_OPTIONAL, "sign-in-passkey-options"),
        _form(path, taken, Access.SESSION_OPTIONAL, "sign-in-passkey"),
    ]


def _to_add(pages: AccountSite, passkeys: Passkeys) -> list[Route]:
    address_of = pages.desk.address_of

    async def options(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        try:
            asked = await passkeys.offer(
                owner.signed_in,
                fields.text("name"),
                fields.text("current"),
                address=address_of(request),
            )
        except TooManyAttempts as wait:
            return _told({"fault": "wait"}, wait.status, wait.headers)
        except WrongPassword as wrong:
            return _told({"fault": "password"}, wrong.status)
        except PasskeyRefused as refused:
            return _told({"fault": refused.fault.value}, refused.status)
        return _told({"options": asked})

    async def taken(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        try:
            await passkeys.add(owner.signed_in, fields.text("answer"))
        except PasskeyRefused as refused:
            return await security_page(pages, request, "passkeys", refused)
        return see_other(f"{PATH}?done=passkey-added")

    return [
        _form(f"{_PASSKEYS}/options", options, Access.SESSION, f"{_NAME}-options"),
        _form(_PASSKEYS, taken, Access.SESSION, _NAME),
    ]


def _of_owners(pages: AccountSite, passkeys: Passkeys) -> list[Route]:
    async def named(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        try:
            await passkeys.rename(
                owner.person_id, fields.number("passkey") or 0, fields.text("name")
            )
        except PasskeyRefused as refused:
            return await security_page(pages, request, "passkeys", refused)
        return see_other(f"{PATH}?done=passkey-named")

    async def removed(request: web.Request) -> web.StreamResponse:
        fields, owner = await form_of(request), await owner_of(pages, request)
        number, current = fields.number("passkey") or 0, fields.text("current")
        address = pages.desk.address_of(request)
        try:
            await passkeys.remove(owner.signed_in, number, current, address=address)
        except (WrongPassword, TooManyAttempts) as refusal:
            return await security_page(pages, request, f"passkey-{number}", refusal)
        return see_other(f"{PATH}?done=passkey-removed")

    return [
        _form(f"{_PASSKEYS}/name", named, Access.SESSION, f"{_NAME}-name"),
        _form(f"{_PASSKEYS}/remove", removed, Access.SESSION, f"{_NAME}-remove"),
    ]


def _form(path: str, handler: Handler, access: Access, name: str) -> Route:
    return Route(method="POST", path=path, handler=handler, access=access, name=name)


def _told(
    said: Mapping[str, object],
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """What the script is told."""
    return web.Response(
        status=status,
        text=json.dumps(said),
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
