"""The page for signing in: sessions begin anew, end when they should, and lead nowhere else."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from sqlalchemy import Engine, text

from communities.people import ActorState, Person
from communities.registration import AccountState
from node.accounts.desk import AccountDesk
from node.accounts.sessions import KEPT, local_path
from node.accounts.signing_in import OF_ACCOUNT
from node.accounts.totp import code_at, step_at
from node.web.site import Site
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.node.web.conftest import NOW
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.read_html import SCRIPT, read_html, skipped_headings
from tests.support.signed_in_browser import COOKIE, Browser, hidden_fields

SECRET = b"12345678901234567890"


async def test_name_and_password_begin_a_session(browser: Browser, ada: Person) -> None:
    seen = await browser.sign_in("ada", PASSWORD)
    settings = await browser.get("/settings")

    assert (seen.status, seen.headers["Location"]) == (303, "/settings")
    cookie = seen.headers["Set-Cookie"]
    for part in (f"{COOKIE}=", "HttpOnly", "Secure", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert settings.status == 200
    assert "You are signed in as @ada@noaber.example." in settings.text
    assert settings.headers["Cache-Control"] == "no-store"


async def test_plain_http_has_a_plain_cookie(site: Site) -> None:
    trial = replace(site, uris=replace(HOME, base="http://localhost:8008"))

    assert (desk_over(trial).sessions.cookie, desk_over(trial).sessions.is_secure) == ("sid", False)


async def test_wrong_password_begins_none_and_says_not_what_was_wrong(
    browser: Browser, ada: Person
) -> None:
    wrong = await browser.sign_in("ada", "wrong")
    unknown = await browser.sign_in("nobody", "wrong")

    assert (wrong.status, unknown.status) == (401, 401)
    assert wrong.text.replace('value="ada"', "") == unknown.text.replace('value="nobody"', "")
    assert browser.cookies == {}
    assert "wrong" not in wrong.text


async def test_session_that_was_planted_does_not_survive_signing_in(
    browser: Browser, ada: Person
) -> None:
    await browser.sign_in("ada", PASSWORD)
    first = browser.cookies[COOKIE]
    await browser.sign_in("ada", PASSWORD)
    second = browser.cookies[COOKIE]
    old = Browser(browser.client, {COOKIE: first})

    planted = Browser(browser.client, {COOKIE: "AbCdEfGhIjKlMnOpQrSt_-"})
    await planted.sign_in("ada", PASSWORD)

    assert len({first, second, planted.cookies[COOKIE], "AbCdEfGhIjKlMnOpQrSt_-"}) == 4
    assert (await old.get("/settings")).status == 303
    assert (await browser.get("/settings")).status == 200


@pytest.mark.parametrize(
    "path", ["/settings", "/settings/security", "/settings/invitations", "/settings?done=a&lang=nl"]
)
async def test_visitor_is_sent_to_sign_in_and_back(
    browser: Browser, ada: Person, path: str
) -> None:
    sent = await browser.get(path)
    back = await browser.sign_in("ada", PASSWORD, path)

    asked = urlsplit(sent.headers["Location"])
    assert (sent.status, asked.path) == (303, "/sign-in")
    assert parse_qsl(asked.query) == [("next", path)]
    assert back.headers["Location"] == path
    assert (await browser.get(path)).status == 200


async def test_page_keeps_where_one_was_going(browser: Browser) -> None:
    seen = await browser.get("/sign-in?next=/oauth/authorize%3Fclient_id%3Dx%26scope%3Dread")

    assert 'name="next" value="/oauth/authorize?client_id=x&amp;scope=read"' in seen.text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\\\\evil.example",
        "/settings\r\nSet-Cookie: a=b",
        "evil.example",
        "/ /evil",
        "/" + "a" * 3000,
    ],
)
async def test_one_is_sent_nowhere_else(browser: Browser, ada: Person, target: str) -> None:
    shown = await browser.get(f"/sign-in?next={quote(target, safe='')}")
    seen = await browser.sign_in("ada", PASSWORD, target)

    assert 'name="next" value=""' in shown.text
    assert (seen.status, seen.headers["Location"]) == (303, "/settings")
    assert local_path(target) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "null"},
    ],
)
async def test_forms_of_other_sites_are_refused(
    browser: Browser, ada: Person, headers: dict[str, str]
) -> None:
    fields = {"login": "ada", "password": PASSWORD}

    refused = await browser.send("/sign-in", fields, **headers)
    await browser.sign_in("ada", PASSWORD)
    out = await browser.submit("/settings", "/sign-out", {}, **headers)

    assert (refused.status, out.status) == (403, 403)
    assert (await browser.get("/settings")).status == 200


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
async def test_form_without_the_token_of_the_session_is_refused(
    browser: Browser, ada: Person, token: str
) -> None:
    await browser.sign_in("ada", PASSWORD)

    refused = await browser.send("/settings/language", {"language": "nl", "csrf": token})
    out = await browser.send("/sign-out", {"csrf": token})

    assert (refused.status, out.status) == (403, 403)
    assert (await browser.get("/settings")).status == 200


async def test_token_of_another_session_is_refused(browser: Browser, ada: Person) -> None:
    other = Browser(browser.client)
    await other.sign_in("ada", PASSWORD)
    await browser.sign_in("ada", PASSWORD)
    token = hidden_fields((await other.get("/settings")).text)["csrf"]

    refused = await browser.send("/settings/language", {"language": "nl", "csrf": token})

    assert refused.status == 403


async def test_signing_out_ends_the_session_and_takes_the_cookie(
    browser: Browser, ada: Person
) -> None:
    await browser.sign_in("ada", PASSWORD)
    kept = Browser(browser.client, dict(browser.cookies))

    asked = await browser.get("/sign-out")
    out = await browser.submit("/sign-out", "/sign-out", {})

    assert asked.status == 200
    assert (out.status, out.headers["Location"]) == (303, "/sign-in?done=signed-out")
    assert browser.cookies == {}
    assert (await kept.get("/settings")).status == 303


async def test_session_of_a_suspended_account_is_refused(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await browser.sign_in("ada", PASSWORD)
    await sqlite_storage.write(lambda uow: uow.people.set_state(ada.id, ActorState.SUSPENDED))

    assert (await browser.get("/settings")).status == 303
    assert (await browser.sign_in("ada", PASSWORD)).status == 403


async def test_session_of_an_account_that_was_closed_is_refused(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await browser.sign_in("ada", PASSWORD)
    await sqlite_storage.write(lambda uow: uow.accounts.set_state(ada.id, AccountState.DISABLED))

    assert (await browser.get("/settings")).status == 303


async def test_session_that_is_not_used_ends(browser: Browser, ada: Person, clock: Clock) -> None:
    await browser.sign_in("ada", PASSWORD)
    clock.advance(KEPT - timedelta(minutes=1))
    used = await browser.get("/settings")
    clock.advance(KEPT - timedelta(minutes=1))
    again = await browser.get("/settings")
    clock.advance(KEPT)

    assert (used.status, again.status) == (200, 200)
    assert (await browser.get("/settings")).status == 303


@pytest.mark.parametrize("cookie", ["", "x", "A" * 22, "A" * 5000, "é", "a b"])
async def test_cookie_that_is_none_is_as_no_cookie(
    browser: Browser, ada: Person, cookie: str
) -> None:
    browser.cookies[COOKIE] = cookie

    assert (await browser.get("/settings")).status == 303
    assert (await browser.get("/sign-in")).status == 200


async def test_guesses_are_answered_429_with_the_wait(browser: Browser, ada: Person) -> None:
    for _ in range(OF_ACCOUNT.free):
        await browser.sign_in("ada", "wrong")

    seen = await browser.sign_in("ada", PASSWORD)

    assert (seen.status, seen.headers["Retry-After"]) == (429, "1")
    assert "Please wait 1 second" in seen.text
    assert browser.cookies == {}


async def test_address_that_a_client_makes_up_is_not_believed(
    browser: Browser, ada: Person, desk: AccountDesk
) -> None:
    for _ in range(OF_ACCOUNT.free):
        await browser.submit("/sign-in", "/sign-in", {"login": "ada", "password": "wrong"})

    seen = await browser.submit(
        "/sign-in",
        "/sign-in",
        {"login": "ada", "password": PASSWORD},
        X_Forwarded_For="203.0.113.9",
    )

    assert seen.status == 429


async def test_second_factor_is_asked_for_on_a_page_of_its_own(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    def begin(uow: UnitOfWork) -> None:
        uow.credentials.offer_totp(ada.id, SECRET)
        uow.credentials.begin_totp(ada.id, NOW)

    await sqlite_storage.write(begin)
    asked = await browser.sign_in("ada", PASSWORD, "/settings/security")
    fields = hidden_fields(asked.text)
    wrong = await browser.send("/sign-in/code", {**fields, "code": "000000"})
    done = await browser.send("/sign-in/code", {**fields, "code": code_at(SECRET, step_at(NOW))})

    assert (asked.status, wrong.status, done.status) == (200, 401, 303)
    assert PASSWORD not in asked.text
    assert done.headers["Location"] == "/settings/security"
    assert (await browser.get("/settings")).status == 200


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/reset", "/confirm"])
async def test_page_is_well_formed_in_both_languages(
    browser: Browser, path: str, language: str
) -> None:
    seen = await browser.get(path, Accept_Language=language)

    document = read_html(seen.text)
    assert seen.status == 200
    assert set(document.faults) <= {
        *("<form>", "<form action>", "<input>"),
        *(SCRIPT if path == "/sign-in" else ()),
    }
    assert skipped_headings(document) == []
    assert document.languages[0] == language
    assert "unsafe" not in seen.headers["Content-Security-Policy"]
    assert document.meta("robots") == "noindex"


async def test_token_of_a_session_is_not_in_the_database(
    browser: Browser, ada: Person, sqlite_engine: Engine
) -> None:
    await browser.sign_in("ada", PASSWORD)

    with sqlite_engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM sessions")).all()

    assert len(rows) == 1
    assert browser.cookies[COOKIE] not in repr(rows)
