"""Links that confirm and reset: asked for without telling who is here, used once, kept secret."""

import logging
from collections.abc import AsyncIterator

import pytest

from communities.people import Person
from communities.registration import AccountState
from node.accounts.desk import AccountDesk
from node.accounts.letters import LETTER_JOB, LetterKind, keep_link
from node.accounts.owning import OF_READER
from node.settings_mail import MailSettings
from node.web.site import Site
from storage.account_links import AccountLink
from storage.accounts import Account
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.node.web.conftest import NOW
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.signed_in_browser import Browser, browsing

TOKEN = "AbCdEfGhIjKlMnOpQrSt_-"
RESET, CONFIRM = f"/reset/{TOKEN}", f"/confirm/{TOKEN}"
NEW = "another horse, in a field"
GONE = "This link was used, has expired, or never was one."


@pytest.fixture
def desk(site: Site) -> AccountDesk:
    """Of a node that writes mail."""
    return desk_over(site, mail=MailSettings(host="127.0.0.1", tls="none"))


@pytest.fixture
async def browser(site: Site, desk: AccountDesk) -> AsyncIterator[Browser]:
    async with browsing(site, desk) as found:
        yield found


async def keep(storage: Storage, ada: Person, kind: LetterKind, email: str | None = None) -> None:
    link = AccountLink(ada.id, email)
    await storage.write(keep_link, HOME, kind, link, TOKEN, NOW)


async def set_email(storage: Storage, ada: Person, state: AccountState) -> None:
    def settle(uow: UnitOfWork) -> None:
        uow.accounts.set_email(ada.id, "ada@mail.example", confirmed_at=None)
        uow.accounts.set_state(ada.id, state)

    await storage.write(settle)


async def account(storage: Storage, ada: Person) -> Account:
    found = await storage.read(lambda uow: uow.accounts.get(ada.id))
    assert found is not None
    return found


async def letters(storage: Storage) -> int:
    counts = await storage.read(lambda uow: uow.jobs.counts())
    return counts.get(LETTER_JOB, (0, 0))[0]


@pytest.mark.parametrize("word", ["reset", "confirm"])
async def test_answer_is_the_same_whoever_is_asked_for(
    browser: Browser, ada: Person, sqlite_storage: Storage, word: str
) -> None:
    await set_email(sqlite_storage, ada, AccountState.UNCONFIRMED)

    known = await browser.send(f"/{word}", {"login": "ada@mail.example"})
    counted = await letters(sqlite_storage)
    unknown = await browser.send(f"/{word}", {"login": "nobody@mail.example"})

    assert (known.status, unknown.status) == (200, 200)
    assert known.text == unknown.text
    assert (counted, await letters(sqlite_storage)) == (1, 1)


async def test_confirmed_account_is_sent_no_link_to_confirm(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await set_email(sqlite_storage, ada, AccountState.ACTIVE)

    await browser.send("/confirm", {"login": "ada"})

    assert await letters(sqlite_storage) == 0


async def test_nobody_is_buried_under_letters(
    browser: Browser, ada: Person, sqlite_storage: Storage, clock: Clock
) -> None:
    await set_email(sqlite_storage, ada, AccountState.ACTIVE)
    statuses = [
        (await browser.send("/reset", {"login": login})).status
        for login in ("ada", "ADA", "@ada@noaber.example", "ada@mail.example")
    ]

    assert statuses == [200] * OF_READER.free + [429]
    assert (await browser.send("/reset", {"login": "someone"})).status == 200


async def test_link_sets_a_password_once_and_ends_every_session(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await browser.sign_in("ada", PASSWORD)
    await keep(sqlite_storage, ada, LetterKind.RESET)
    visitor = Browser(browser.client)

    shown = [(await visitor.get(RESET)).status for _ in range(2)]
    done = await visitor.send(RESET, {"password": NEW}, Origin="null")
    again = await visitor.send(RESET, {"password": "yet another horse"})
    looked = await visitor.get(RESET)

    assert shown == [200, 200]
    assert (done.status, done.headers["Location"]) == (303, "/sign-in?done=reset")
    assert (again.status, looked.status) == (404, 404)
    assert GONE in again.text
    assert (await browser.get("/settings")).status == 303
    assert (await visitor.sign_in("ada", NEW)).status == 303


async def test_password_that_is_none_leaves_the_link(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await keep(sqlite_storage, ada, LetterKind.RESET)

    refused = await browser.send(RESET, {"password": "short"})

    assert refused.status == 422
    assert "This is too short" in refused.text
    assert (await browser.send(RESET, {"password": NEW})).status == 303


async def test_new_password_ends_a_link_that_is_out(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await keep(sqlite_storage, ada, LetterKind.RESET)
    await browser.sign_in("ada", PASSWORD)
    await browser.submit("/settings", "/settings/password", {"current": PASSWORD, "password": NEW})

    assert (await browser.get(RESET)).status == 404


async def test_links_end_in_time(
    browser: Browser, ada: Person, sqlite_storage: Storage, clock: Clock
) -> None:
    await keep(sqlite_storage, ada, LetterKind.RESET)
    clock.moment = clock.moment.replace(hour=11)

    assert (await browser.get(RESET)).status == 404
    assert (await browser.send(RESET, {"password": NEW})).status == 404


async def test_link_by_mail_shows_that_the_address_is_read(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await set_email(sqlite_storage, ada, AccountState.UNCONFIRMED)
    await keep(sqlite_storage, ada, LetterKind.RESET, "ada@mail.example")

    await browser.send(RESET, {"password": NEW})

    assert (await account(sqlite_storage, ada)).state is AccountState.ACTIVE
    assert (await browser.sign_in("ada", NEW)).status == 303


async def test_link_of_the_operator_confirms_no_address(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await set_email(sqlite_storage, ada, AccountState.UNCONFIRMED)
    await keep(sqlite_storage, ada, LetterKind.RESET)

    await browser.send(RESET, {"password": NEW})

    assert (await account(sqlite_storage, ada)).state is AccountState.UNCONFIRMED


async def test_address_is_confirmed_by_sending_the_form(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await set_email(sqlite_storage, ada, AccountState.UNCONFIRMED)
    await keep(sqlite_storage, ada, LetterKind.CONFIRM, "ada@mail.example")

    shown = await browser.get(CONFIRM)
    looked = await account(sqlite_storage, ada)
    done = await browser.send(CONFIRM, {})

    assert shown.status == 200
    assert looked.state is AccountState.UNCONFIRMED
    assert (done.status, done.headers["Location"]) == (303, "/sign-in?done=confirmed")
    assert (await account(sqlite_storage, ada)).confirmed_at == NOW
    assert (await browser.send(CONFIRM, {})).status == 404


async def test_new_address_counts_once_it_is_confirmed(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await browser.sign_in("ada", PASSWORD)
    asked = await browser.submit(
        "/settings", "/settings/email", {"email": "new@mail.example", "current": PASSWORD}
    )
    before = await account(sqlite_storage, ada)
    await keep(sqlite_storage, ada, LetterKind.CONFIRM, "new@mail.example")
    await browser.send(CONFIRM, {}, Origin="null")

    after = await account(sqlite_storage, ada)
    assert asked.headers["Location"] == "/settings?done=email-sent"
    assert await letters(sqlite_storage) == 1
    assert (before.email, before.pending_email) == (None, "new@mail.example")
    assert (after.email, after.pending_email) == ("new@mail.example", None)


async def test_address_that_was_thought_better_of_is_not_confirmed(
    browser: Browser, ada: Person, sqlite_storage: Storage
) -> None:
    await keep(sqlite_storage, ada, LetterKind.CONFIRM, "wrong@mail.example")

    assert (await browser.send(CONFIRM, {})).status == 404


@pytest.mark.parametrize("path", [RESET, CONFIRM])
async def test_link_is_of_one_kind_alone(
    browser: Browser, ada: Person, sqlite_storage: Storage, path: str
) -> None:
    other = LetterKind.CONFIRM if path == RESET else LetterKind.RESET
    await keep(sqlite_storage, ada, other)

    assert (await browser.get(path)).status == 404


@pytest.mark.parametrize("path", [RESET, CONFIRM])
async def test_form_of_another_site_is_refused(
    browser: Browser, ada: Person, sqlite_storage: Storage, path: str
) -> None:
    await keep(sqlite_storage, ada, LetterKind.RESET)

    refused = await browser.send(path, {"password": NEW}, Sec_Fetch_Site="cross-site")

    assert refused.status == 403


async def test_link_is_a_secret(
    browser: Browser, ada: Person, sqlite_storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await keep(sqlite_storage, ada, LetterKind.RESET)

    shown = await browser.get(RESET)
    await browser.send(RESET, {"password": "short"})

    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert shown.headers["Cache-Control"] == "no-store"
    ours = [record for record in caplog.records if record.name.startswith("node")]
    assert TOKEN not in "".join(repr(vars(record)) for record in ours)
