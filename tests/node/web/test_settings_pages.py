"""What an owner settles with a browser: what takes an account away needs its password."""

import base64
import re
from datetime import timedelta

import pytest

from communities.people import ActorState, Person
from communities.registration import AccountRole
from node.accounts.desk import AccountDesk
from node.accounts.signing_in import OF_ACCOUNT
from node.accounts.totp import code_at, step_at
from storage.accounts import Account
from storage.app_tokens import AppToken
from storage.apps import App
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.node.web.conftest import NOW
from tests.support.account_bench import PASSWORD
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.read_html import SCRIPT, read_html, skipped_headings
from tests.support.signed_in_browser import COOKIE, Browser, hidden_fields

NEW = "another horse, in a field"
SETTINGS, SECURITY, INVITATIONS = "/settings", "/settings/security", "/settings/invitations"


@pytest.fixture
async def hers(browser: Browser, ada: Person) -> Browser:
    """Ada's browser."""
    assert (await browser.sign_in("ada", PASSWORD)).status == 303
    return browser


async def account(storage: Storage, person: Person) -> Account | None:
    return await storage.read(lambda uow: uow.accounts.get(person.id))


async def signed_in_elsewhere(browser: Browser) -> Browser:
    other = Browser(browser.client, agent="Another browser")
    assert (await other.sign_in("ada", PASSWORD)).status == 303
    return other


async def let_app_in(storage: Storage, person: Person) -> int:
    """Let an app act for somebody; its number."""

    def add(uow: UnitOfWork) -> int:
        app = App(
            id=77,
            client_id="tusky",
            name="Tusky",
            website=None,
            redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
            scopes=frozenset({"read", "write"}),
            created_at=NOW,
        )
        uow.apps.add(app, b"s" * 32)
        token = AppToken(
            id=78,
            app_id=77,
            scopes=frozenset({"read"}),
            created_at=NOW,
            used_at=NOW,
            person_id=person.id,
            actor_id=person.id,
        )
        uow.app_tokens.add(b"t" * 32, token)
        return app.id

    return await storage.write(add)


async def apps(storage: Storage, person: Person) -> int:
    return len(await storage.read(lambda uow: uow.app_tokens.authorizations(person.id)))


async def test_who_is_signed_in_is_led_to_the_account_and_not_to_sign_in(hers: Browser) -> None:
    links = (await hers.get(SETTINGS)).text.partition("<nav")[2].partition("</nav>")[0]

    assert 'href="/settings"' in links
    assert 'href="/sign-in"' not in links


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("path", [SETTINGS, SECURITY, INVITATIONS, "/sign-out"])
async def test_page_is_well_formed_in_both_languages(
    hers: Browser, path: str, language: str
) -> None:
    seen = await hers.get(path, Accept_Language=language)

    document = read_html(seen.text)
    assert seen.status == 200
    assert set(document.faults) <= {
        *("<form>", "<form action>", "<input>"),
        *(SCRIPT if path == SECURITY else ()),
    }
    assert skipped_headings(document) == []
    assert len(document.ids) == len(set(document.ids))
    assert document.languages[0] == language
    assert seen.headers["Cache-Control"] == "no-store"


async def test_new_password_ends_other_browsers_and_apps(
    hers: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    other = await signed_in_elsewhere(hers)
    await let_app_in(sqlite_storage, ada)

    changed = await hers.submit(
        SETTINGS, "/settings/password", {"current": PASSWORD, "password": NEW}
    )

    assert (changed.status, changed.headers["Location"]) == (303, "/settings?done=password")
    assert (await hers.get(SETTINGS)).status == 200
    assert (await other.get(SETTINGS)).status == 303
    assert await apps(sqlite_storage, ada) == 0
    fresh = Browser(hers.client)
    assert (await fresh.sign_in("ada", PASSWORD)).status == 401
    assert (await fresh.sign_in("ada", NEW)).status == 303


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/settings/password", {"password": NEW}),
        ("/settings/email", {"email": "new@mail.example"}),
        ("/settings/delete", {}),
    ],
)
async def test_browser_that_was_left_open_is_not_enough(
    hers: Browser, ada: Person, sqlite_storage: Storage, path: str, fields: dict[str, str]
) -> None:
    before = await account(sqlite_storage, ada)

    refused = await hers.submit(SETTINGS, path, {**fields, "current": "wrong"})

    assert refused.status == 422
    assert 'aria-invalid="true"' in refused.text
    assert await account(sqlite_storage, ada) == before
    assert (await Browser(hers.client).sign_in("ada", PASSWORD)).status == 303


async def test_password_is_not_guessed_in_a_browser_that_was_left_open(hers: Browser) -> None:
    for _ in range(OF_ACCOUNT.free):
        await hers.submit(SETTINGS, "/settings/password", {"current": "wrong", "password": NEW})

    seen = await hers.submit(SETTINGS, "/settings/password", {"current": PASSWORD, "password": NEW})

    assert (seen.status, seen.headers["Retry-After"]) == (429, "1")


async def test_password_that_is_too_short_is_refused(hers: Browser) -> None:
    refused = await hers.submit(
        SETTINGS, "/settings/password", {"current": PASSWORD, "password": "short"}
    )

    assert refused.status == 422
    assert "This is too short" in refused.text


async def test_address_is_taken_over_at_once_where_no_mail_is_written(
    hers: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    changed = await hers.submit(
        SETTINGS, "/settings/email", {"email": "ada@mail.example", "current": PASSWORD}
    )

    kept = await account(sqlite_storage, ada)
    assert changed.headers["Location"] == "/settings?done=email"
    assert kept is not None
    assert (kept.email, kept.confirmed_at) == ("ada@mail.example", None)
    assert (await Browser(hers.client).sign_in("ada@mail.example", PASSWORD)).status == 303


async def test_address_of_somebody_else_is_refused(
    hers: Browser, sqlite_storage: Storage, world: World
) -> None:
    def settle(uow: UnitOfWork) -> None:
        ben = world.person(uow, "ben")
        uow.accounts.set_email(ben.id, "ben@mail.example", confirmed_at=NOW)

    await sqlite_storage.write(settle)
    refused = await hers.submit(
        SETTINGS, "/settings/email", {"email": "Ben@mail.example", "current": PASSWORD}
    )

    assert refused.status == 422
    assert "Somebody else has this already." in refused.text


async def test_language_is_that_of_the_pages_from_now_on(hers: Browser) -> None:
    await hers.submit(SETTINGS, "/settings/language", {"language": "nl"})
    dutch = await hers.get(SETTINGS, Accept_Language="en")
    await hers.submit(SETTINGS, "/settings/language", {"language": "fr"})
    english = await hers.get(SETTINGS, Accept_Language="en")

    assert "Je account" in dutch.text
    assert "Your account" in english.text


async def test_account_is_deleted_with_everything_that_signs_in(
    hers: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await let_app_in(sqlite_storage, ada)

    deleted = await hers.submit(SETTINGS, "/settings/delete", {"current": PASSWORD})

    person = await sqlite_storage.read(lambda uow: uow.people.get(ada.id))
    assert deleted.headers["Location"] == "/sign-in?done=deleted"
    assert COOKIE not in hers.cookies
    assert person is not None
    assert person.state is ActorState.DELETED
    assert await account(sqlite_storage, ada) is None
    assert await apps(sqlite_storage, ada) == 0
    assert (await hers.sign_in("ada", PASSWORD)).status == 401


async def test_last_admin_does_not_delete_themselves(
    hers: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await sqlite_storage.write(lambda uow: uow.accounts.set_role(ada.id, AccountRole.ADMIN))

    refused = await hers.submit(SETTINGS, "/settings/delete", {"current": PASSWORD})

    assert refused.status == 422
    assert "You are the last one who may do everything" in refused.text
    assert (await hers.get(SETTINGS)).status == 200


async def set_up_second_factor(hers: Browser) -> tuple[bytes, list[str]]:
    """Set it up by the pages; the secret, and the recovery codes."""
    await hers.submit(SECURITY, f"{SECURITY}/second-factor", {})
    shown = (await hers.get(SECURITY)).text
    found = re.search(r'<code class="copy">([A-Z2-7 ]+)</code>', shown)
    assert found is not None
    secret = base64.b32decode(found[1].replace(" ", ""))
    assert "otpauth://totp/Noaberschap:ada%40noaber.example?" in shown
    begun = await hers.submit(
        SECURITY, f"{SECURITY}/second-factor/begin", {"code": code_at(secret, step_at(NOW))}
    )
    assert begun.status == 200
    return secret, re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", begun.text)


async def test_second_factor_is_set_up_and_asked_for(hers: Browser, clock: Clock) -> None:
    secret, codes = await set_up_second_factor(hers)
    page = await hers.get(SECURITY)
    other = Browser(hers.client)
    asked = await other.sign_in("ada", PASSWORD)

    assert len(codes) == 10
    assert "10 recovery codes are left." in page.text
    assert codes[0] not in page.text
    assert asked.status == 200
    assert other.cookies == {}
    clock.advance(timedelta(seconds=30))
    fields = {**hidden_fields(asked.text), "code": code_at(secret, step_at(clock()))}
    assert (await other.send("/sign-in/code", fields)).status == 303
    assert (await other.get(SETTINGS)).status == 200


async def test_second_factor_begins_with_a_right_code_alone(hers: Browser) -> None:
    await hers.submit(SECURITY, f"{SECURITY}/second-factor", {})

    refused = await hers.submit(SECURITY, f"{SECURITY}/second-factor/begin", {"code": "000000"})

    assert refused.status == 422
    assert (await Browser(hers.client).sign_in("ada", PASSWORD)).status == 303


async def test_secret_that_counts_is_not_shown_nor_replaced(hers: Browser) -> None:
    await set_up_second_factor(hers)

    again = await hers.submit(SECURITY, f"{SECURITY}/second-factor", {})
    shown = await hers.get(SECURITY)

    assert again.status == 422
    assert "otpauth" not in shown.text + again.text


async def test_second_factor_ends_with_the_password_alone(hers: Browser) -> None:
    await set_up_second_factor(hers)

    refused = await hers.submit(SECURITY, f"{SECURITY}/second-factor/end", {"current": "wrong"})
    ended = await hers.submit(SECURITY, f"{SECURITY}/second-factor/end", {"current": PASSWORD})

    assert (refused.status, ended.status) == (422, 303)
    assert (await Browser(hers.client).sign_in("ada", PASSWORD)).status == 303


async def test_new_recovery_codes_replace_those_before(hers: Browser) -> None:
    _secret, codes = await set_up_second_factor(hers)

    renewed = await hers.submit(SECURITY, f"{SECURITY}/recovery-codes", {"current": PASSWORD})

    fresh = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", renewed.text)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)


async def test_other_browser_is_listed_and_ended(hers: Browser) -> None:
    other = await signed_in_elsewhere(hers)
    page = (await hers.get(SECURITY)).text
    found = re.search(r'name="session" value="(\d+)"', page)

    assert found is not None
    assert "Another browser" in page
    ended = await hers.submit(SECURITY, f"{SECURITY}/sessions/end", {"session": found[1]})
    assert ended.status == 303
    assert (await other.get(SETTINGS)).status == 303
    assert (await hers.get(SETTINGS)).status == 200


async def test_session_of_somebody_else_is_not_ended(
    hers: Browser, desk: AccountDesk, sqlite_storage: Storage, world: World
) -> None:
    hashed = await desk.passwords.hash(PASSWORD)

    def make(uow: UnitOfWork) -> None:
        uow.credentials.set_password(world.person(uow, "ben").id, hashed)

    await sqlite_storage.write(make)
    bens = Browser(hers.client)
    await bens.sign_in("ben", PASSWORD)
    for session in ("1", "2", "3", "0", "-1", "x", "9" * 30):
        await hers.submit(SECURITY, f"{SECURITY}/sessions/end", {"session": session})

    assert (await bens.get(SETTINGS)).status == 200


async def test_all_other_browsers_are_ended_at_once(hers: Browser) -> None:
    others = [await signed_in_elsewhere(hers) for _ in range(3)]

    await hers.submit(SECURITY, f"{SECURITY}/sessions/end-others", {})

    assert [(await other.get(SETTINGS)).status for other in others] == [303, 303, 303]
    assert (await hers.get(SETTINGS)).status == 200


async def test_app_is_listed_and_ended(hers: Browser, ada: Person, sqlite_storage: Storage) -> None:
    app = await let_app_in(sqlite_storage, ada)
    page = await hers.get(SECURITY)

    ended = await hers.submit(SECURITY, f"{SECURITY}/apps/end", {"app": str(app)})

    assert "Tusky" in page.text
    assert ended.status == 303
    assert await apps(sqlite_storage, ada) == 0
    assert "No app is signed in." in (await hers.get(SECURITY)).text


async def test_invitation_is_shown_once_and_taken_back(hers: Browser) -> None:
    made = await hers.submit(INVITATIONS, f"{INVITATIONS}/add", {"uses": "3", "days": "7"})
    link = re.search(r"https://noaber\.example(/sign-up\?invite=[A-Za-z0-9_-]{22})", made.text)
    listed = (await hers.get(INVITATIONS)).text
    found = re.search(r'name="invitation" value="(\d+)"', listed)

    assert link is not None
    assert found is not None
    assert "0 of 3 used" in listed
    assert link[1] not in listed
    visitor = Browser(hers.client)
    assert 'action="/sign-up"' in (await visitor.get(link[1])).text
    await hers.submit(INVITATIONS, f"{INVITATIONS}/end", {"invitation": found[1]})
    assert 'action="/sign-up"' not in (await visitor.get(link[1])).text


@pytest.mark.parametrize(
    ("uses", "days"), [("0", "7"), ("1", "0"), ("101", "7"), ("1", "91"), ("x", "7"), ("", "")]
)
async def test_invitation_beyond_bounds_is_refused(hers: Browser, uses: str, days: str) -> None:
    refused = await hers.submit(INVITATIONS, f"{INVITATIONS}/add", {"uses": uses, "days": days})

    assert refused.status == 422
    assert "An invitation is for 1 to 100 people" in refused.text


async def test_nobody_has_too_many_invitations_out(hers: Browser) -> None:
    statuses = [
        (await hers.submit(INVITATIONS, f"{INVITATIONS}/add", {"uses": "1", "days": "1"})).status
        for _ in range(21)
    ]

    assert statuses == [200] * 20 + [422]
