"""Passkeys at the pages: shown where there are any, and without a trace where there are none."""

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from communities.people import Person
from communities.registration import AccountState
from node.accounts.desk import AccountDesk
from node.accounts.passkeys import FRESH, OF_ASKER
from node.accounts.signing_in import OF_ACCOUNT
from node.app import Access
from node.web.account_surface import account_routes
from node.web.site import Site
from storage.passkeys import Passkey
from storage.store import Storage
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.authenticator import Authenticator
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.read_html import SCRIPT, read_html, skipped_headings
from tests.support.signed_in_browser import COOKIE, Browser, browsing

SECURITY = "/settings/security"
PASSKEYS = f"{SECURITY}/passkeys"
SIGN_IN = "/sign-in/passkey"
SCRIPTED = "script-src 'self'; connect-src 'self'"


async def told(browser: Browser, page: str, path: str, **fields: str) -> dict[str, Any]:
    """What the script of a page is told."""
    seen = await browser.submit(page, f"{path}/options", fields)
    assert seen.headers["Content-Type"].startswith("application/json")
    assert seen.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = json.loads(seen.text)
    return found


async def add(browser: Browser, device: Authenticator, name: str = "Telephone") -> None:
    options = (await told(browser, SECURITY, PASSKEYS, name=name))["options"]
    seen = await browser.submit(SECURITY, PASSKEYS, {"answer": device.make(options)})
    assert seen.headers["Location"] == f"{SECURITY}?done=passkey-added"


async def answer(browser: Browser, device: Authenticator) -> dict[str, str]:
    """The fields that the script fills in at the page for signing in."""
    found = await told(browser, "/sign-in", SIGN_IN)
    return {"ticket": found["ticket"], "answer": device.sign(found["options"])}


async def kept(storage: Storage, person: Person) -> list[Passkey]:
    return list(await storage.read(lambda uow: uow.passkeys.of_person(person.id)))


@pytest.fixture
async def device(browser: Browser, ada: Person) -> Authenticator:
    """Ada's, with a passkey; she has just signed in."""
    await browser.sign_in("ada", PASSWORD)
    made = Authenticator()
    await add(browser, made)
    return made


@pytest.fixture
async def plain(site: Site, monkeypatch: pytest.MonkeyPatch, ada: Person) -> AsyncIterator[Browser]:
    """A browser at a node without the extra."""
    monkeypatch.setitem(sys.modules, "webauthn", None)
    desk = desk_over(site)
    assert desk.passkeys is None
    async with browsing(site, desk) as found:
        yield found


async def test_passkey_is_added_listed_and_signs_in(
    browser: Browser, device: Authenticator, clock: Clock
) -> None:
    listed = await browser.get(f"{SECURITY}?done=passkey-added")
    clock.advance(timedelta(hours=2))
    visitor = Browser(browser.client)
    fields = await answer(visitor, device)
    seen = await visitor.send(SIGN_IN, {**fields, "next": "/settings?done=language"})
    clock.advance(timedelta(hours=1))
    used = await visitor.get(SECURITY)

    assert "The passkey is yours." in listed.text
    assert "<bdi>Telephone</bdi>" in listed.text
    assert "not used yet" in listed.text
    assert (seen.status, seen.headers["Location"]) == (303, "/settings?done=language")
    assert "added: 3 hours ago" in used.text
    assert "last used: 1 hour ago" in used.text


async def test_session_that_was_planted_does_not_survive_a_passkey(
    browser: Browser, device: Authenticator
) -> None:
    first = browser.cookies[COOKIE]
    seen = await browser.submit("/sign-in", SIGN_IN, await answer(browser, device))
    old = Browser(browser.client, {COOKIE: first})

    assert seen.headers["Location"] == "/settings"
    assert browser.cookies[COOKIE] != first
    assert (await old.get(SECURITY)).status == 303
    assert (await browser.get(SECURITY)).status == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
async def test_one_is_sent_nowhere_else(
    browser: Browser, device: Authenticator, target: str
) -> None:
    fields = await answer(browser, device)

    seen = await browser.submit("/sign-in", SIGN_IN, {**fields, "next": target})

    assert seen.headers["Location"] == "/settings"


async def test_wrong_answer_is_told_at_the_page_for_signing_in(browser: Browser) -> None:
    seen = await browser.send(SIGN_IN, {"ticket": "", "answer": "{", "next": "/settings"})
    asked = await browser.send(SIGN_IN, {})

    assert (seen.status, asked.status) == (401, 401)
    assert "This passkey is not known here" in seen.text
    assert 'name="next" value="/settings"' in seen.text
    assert browser.cookies == {}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (AccountState.PENDING, "This account waits for the approval"),
        (AccountState.DISABLED, "This account cannot be used."),
    ],
)
async def test_account_that_waits_is_told_so_as_with_a_password(
    browser: Browser,
    device: Authenticator,
    ada: Person,
    sqlite_storage: Storage,
    state: AccountState,
    words: str,
) -> None:
    await sqlite_storage.write(lambda uow: uow.accounts.set_state(ada.id, state))
    visitor = Browser(browser.client)

    seen = await visitor.send(SIGN_IN, await answer(visitor, device))

    assert seen.status == 403
    assert words in seen.text
    assert visitor.cookies == {}


async def test_too_many_attempts_wait(browser: Browser, ada: Person) -> None:
    for _try in range(OF_ACCOUNT.free):
        await browser.send(SIGN_IN, {"answer": "{}"})

    seen = await browser.send(SIGN_IN, {"answer": "{}"})

    assert (seen.status, seen.headers["Retry-After"]) == (429, "1")
    assert SCRIPTED in seen.headers["Content-Security-Policy"]
    for _time in range(OF_ASKER.free):
        assert "options" in await told(browser, "/sign-in", SIGN_IN)
    assert await told(browser, "/sign-in", SIGN_IN) == {"fault": "wait"}


async def test_script_is_told_what_is_wrong(
    browser: Browser, device: Authenticator, clock: Clock
) -> None:
    assert await told(browser, SECURITY, PASSKEYS, name=" ") == {"fault": "name"}
    clock.advance(FRESH)

    wrong = await told(browser, SECURITY, PASSKEYS, name="Key", current="wrong")
    right = await told(browser, SECURITY, PASSKEYS, name="Key", current=PASSWORD)

    assert wrong == {"fault": "password"}
    assert right["options"]["rp"]["id"] == "noaber.example"
    for _try in range(OF_ACCOUNT.free - 1):
        await told(browser, SECURITY, PASSKEYS, name="Key", current="wrong")
    tried = await told(browser, SECURITY, PASSKEYS, name="Key", current=PASSWORD)
    assert tried == {"fault": "wait"}


async def test_answer_that_proves_nothing_adds_nothing(
    browser: Browser, device: Authenticator, ada: Person, sqlite_storage: Storage
) -> None:
    seen = await browser.submit(SECURITY, PASSKEYS, {"answer": "{}"})

    assert seen.status == 422
    assert "The passkey could not be checked" in seen.text
    assert len(await kept(sqlite_storage, ada)) == 1


async def test_passkey_is_renamed_without_and_removed_with_the_password(
    browser: Browser, device: Authenticator, ada: Person, sqlite_storage: Storage, clock: Clock
) -> None:
    (passkey,) = await kept(sqlite_storage, ada)
    number = {"passkey": str(passkey.id)}
    clock.advance(FRESH)

    named = await browser.submit(SECURITY, f"{PASSKEYS}/name", {**number, "name": "<b>Key</b>"})
    unnamed = await browser.submit(SECURITY, f"{PASSKEYS}/name", {**number, "name": ""})
    refused = await browser.submit(SECURITY, f"{PASSKEYS}/remove", {**number, "current": "wrong"})
    shown = await browser.get(SECURITY)
    removed = await browser.submit(SECURITY, f"{PASSKEYS}/remove", {**number, "current": PASSWORD})

    assert named.headers["Location"] == f"{SECURITY}?done=passkey-named"
    assert (unnamed.status, refused.status) == (422, 422)
    assert f'aria-describedby="passkey-current-{passkey.id}-fault"' in refused.text
    assert "<details open>" in refused.text
    assert "&lt;b&gt;Key&lt;/b&gt;" in shown.text
    assert removed.headers["Location"] == f"{SECURITY}?done=passkey-removed"
    assert await kept(sqlite_storage, ada) == []


async def test_passkeys_of_others_are_out_of_reach(
    browser: Browser,
    device: Authenticator,
    desk: AccountDesk,
    ada: Person,
    sqlite_storage: Storage,
    world: World,
) -> None:
    (passkey,) = await kept(sqlite_storage, ada)
    ben = await sqlite_storage.write(world.person, "ben")
    hashed = await desk.passwords.hash(PASSWORD)
    await sqlite_storage.write(lambda uow: uow.credentials.set_password(ben.id, hashed))
    bens = Browser(browser.client)
    await bens.sign_in("ben", PASSWORD)
    number = {"passkey": str(passkey.id), "name": "Mine"}

    await bens.submit(SECURITY, f"{PASSKEYS}/remove", number)
    await bens.submit(SECURITY, f"{PASSKEYS}/name", number)

    assert await kept(sqlite_storage, ada) == [passkey]
    assert "Telephone" not in (await bens.get(SECURITY)).text


@pytest.mark.parametrize("path", [f"{PASSKEYS}/options", PASSKEYS, f"{PASSKEYS}/remove"])
async def test_forms_of_others_are_refused(
    browser: Browser, device: Authenticator, path: str
) -> None:
    foreign = await browser.submit(SECURITY, path, {"name": "x"}, Sec_Fetch_Site="cross-site")
    untold = await browser.send(path, {"name": "x"})
    nobody = await Browser(browser.client).send(path, {"name": "x"})

    assert (foreign.status, untold.status, nobody.status) == (403, 403, 303)


@pytest.mark.parametrize("language", ["en", "nl"])
async def test_page_with_passkeys_is_well_formed(
    browser: Browser, device: Authenticator, clock: Clock, language: str
) -> None:
    for wait in (timedelta(0), FRESH):
        clock.advance(wait)
        seen = await browser.get(SECURITY, Accept_Language=language)
        document = read_html(seen.text)
        assert set(document.faults) <= {"<form>", "<form action>", "<input>", *SCRIPT}
        assert skipped_headings(document) == []
        policy = seen.headers["Content-Security-Policy"]
        assert policy.endswith(SCRIPTED)
        assert "unsafe" not in policy


async def test_owner_without_a_password_signs_in_anew_first(
    browser: Browser, device: Authenticator, ada: Person, sqlite_storage: Storage, clock: Clock
) -> None:
    await sqlite_storage.write(lambda uow: uow.credentials.set_password(ada.id, None))
    clock.advance(FRESH)

    seen = await browser.get(SECURITY)

    assert "To remove it, sign out and in again first." in seen.text
    assert "To add a passkey, sign out and in again first." in seen.text
    await browser.submit("/sign-in", SIGN_IN, await answer(browser, device))
    assert "sign out and in again" not in (await browser.get(SECURITY)).text


async def test_script_is_on_the_two_pages_alone(browser: Browser, device: Authenticator) -> None:
    for path in ("/", "/about", "/settings", "/settings/invitations", "/sign-up", "/reset"):
        seen = await browser.get(path)
        assert "<script" not in seen.text
        assert "script-src" not in seen.headers["Content-Security-Policy"]
    for path in (SECURITY, "/sign-in"):
        document = (await browser.get(path)).text
        assert document.count('<script src="/static/passkeys.js?v=') == 1


async def test_script_is_served_as_one(browser: Browser) -> None:
    seen = await browser.get("/static/passkeys.js")

    assert seen.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert seen.headers["X-Content-Type-Options"] == "nosniff"


async def test_nothing_is_shown_of_them_without_the_extra(plain: Browser) -> None:
    sign_in = await plain.get("/sign-in")
    await plain.sign_in("ada", PASSWORD)
    security = await plain.get(SECURITY)

    for seen in (sign_in, security):
        assert seen.status == 200
        assert "asskey" not in seen.text
        assert "<script" not in seen.text
        assert "script-src" not in seen.headers["Content-Security-Policy"]
    assert (await plain.send(SIGN_IN, {})).status in (404, 405)
    assert (await plain.submit(SECURITY, f"{PASSKEYS}/options", {})).status in (404, 405)


def test_every_form_of_passkeys_has_a_guard(site: Site, desk: AccountDesk) -> None:
    routes = [one for one in account_routes(site, desk) if "passkey" in one.path]

    assert {one.method for one in routes} == {"POST"}
    guarded = {one.path: one.access for one in routes}
    assert all(
        access is (Access.SESSION if path.startswith(SECURITY) else Access.SESSION_OPTIONAL)
        for path, access in guarded.items()
    )
    assert len(guarded) == 6
    assert [
        one.path
        for one in account_routes(site, replace(desk, passkeys=None))
        if "passkey" in one.path
    ] == []
