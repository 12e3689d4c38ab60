"""The page for signing up: the form where one may, why not where one may not, what is wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from communities.people import Person
from communities.registration import AccountState, RegistrationMode
from node.accounts.desk import AccountDesk
from node.settings_mail import MailSettings
from node.settings_registration import RegistrationSettings
from node.web.site import Site
from storage.accounts import Account
from storage.names import NameKind
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.read_html import read_html, skipped_headings
from tests.support.signed_in_browser import COOKIE, Browser, browsing

FORM = {
    "username": "carol",
    "name": "Carol",
    "email": "carol@mail.example",
    "password": PASSWORD,
    "of_age": "yes",
    "agreement": "yes",
}
Serve = Callable[..., AbstractAsyncContextManager[tuple[Browser, AccountDesk]]]


@pytest.fixture
def serve(site: Site) -> Serve:
    """Serves the pages with settings of registration and of mail."""

    @asynccontextmanager
    async def serving(
        mode: RegistrationMode = RegistrationMode.OPEN,
        mail: MailSettings | None = None,
        **settings: object,
    ) -> AsyncIterator[tuple[Browser, AccountDesk]]:
        values: dict[str, object] = {"mode": mode, "cheap_hashes": True, **settings}
        desk = desk_over(site, RegistrationSettings(**values), mail)  # type: ignore[arg-type]  # by name
        async with browsing(site, desk) as browser:
            yield browser, desk

    return serving


async def account_of(storage: Storage, name: str) -> Account | None:
    def find(uow: UnitOfWork) -> Account | None:
        owner = uow.names.find(name)
        assert owner is None or owner.kind is NameKind.PERSON
        return None if owner is None else uow.accounts.get(owner.owner_id)

    return await storage.read(find)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("mode", list(RegistrationMode))
async def test_page_of_every_mode_is_well_formed(
    serve: Serve, mode: RegistrationMode, language: str
) -> None:
    async with serve(mode, message="Ask your neighbour.") as (browser, _desk):
        seen = await browser.get("/sign-up", Accept_Language=language)

    document = read_html(seen.text)
    assert seen.status == 200
    assert set(document.faults) <= {"<form>", "<form action>", "<input>"}
    assert skipped_headings(document) == []
    has_form = mode in (RegistrationMode.OPEN, RegistrationMode.APPROVAL)
    assert ('action="/sign-up"' in seen.text) is has_form
    assert ("Ask your neighbour." in seen.text) is not has_form


async def test_newcomer_is_signed_in_at_once(serve: Serve, sqlite_storage: Storage) -> None:
    async with serve() as (browser, _desk):
        made = await browser.submit("/sign-up", "/sign-up", FORM)
        settings = await browser.get(made.headers["Location"])

    assert (made.status, made.headers["Location"]) == (303, "/settings?done=welcome")
    assert "Welcome! Your account is ready." in settings.text
    assert "@carol@noaber.example" in settings.text
    account = await account_of(sqlite_storage, "carol")
    assert account is not None
    assert (account.locale, account.state) == ("en", AccountState.ACTIVE)


async def test_page_says_that_no_mail_is_written(serve: Serve) -> None:
    async with serve() as (browser, _desk):
        without = await browser.get("/sign-up")
        reset = await browser.get("/reset")
    async with serve(mail=MailSettings(host="127.0.0.1", tls="none")) as (browser, _desk):
        with_mail = await browser.get("/sign-up")

    assert "This server writes no e-mail." in without.text
    assert "Ask whoever runs it for a link." in reset.text
    assert "This server writes no e-mail." not in with_mail.text


async def test_newcomer_confirms_their_address_where_mail_is_written(
    serve: Serve, sqlite_storage: Storage
) -> None:
    async with serve(mail=MailSettings(host="127.0.0.1", tls="none")) as (browser, _desk):
        made = await browser.submit("/sign-up", "/sign-up", FORM)
        entered = await browser.sign_in("carol", PASSWORD)

    assert made.status == 200
    assert "We have sent a link to carol@mail.example." in made.text
    assert browser.cookies == {}
    assert entered.status == 403
    assert "not confirmed yet" in entered.text


async def test_newcomer_waits_for_approval(serve: Serve) -> None:
    async with serve(RegistrationMode.APPROVAL) as (browser, _desk):
        refused = await browser.submit("/sign-up", "/sign-up", FORM)
        made = await browser.submit("/sign-up", "/sign-up", {**FORM, "reason": "I keep bees."})
        entered = await browser.sign_in("carol", PASSWORD)

    assert (refused.status, made.status, entered.status) == (422, 200, 403)
    assert "let you in" in made.text
    assert "waits for the approval" in entered.text


async def test_invitation_opens_the_form_and_is_used_up(serve: Serve, ada: Person) -> None:
    async with serve(RegistrationMode.INVITE) as (browser, desk):
        link = await desk.inviting.invite(ada.id, uses=1, days=7)
        path = link.removeprefix("https://noaber.example")
        token = path.partition("=")[2]
        shown = await browser.get(path)
        made = await browser.submit(path, "/sign-up", {**FORM, "invite": token})
        other = Browser(browser.client)
        again = await other.get(path)
        refused = await other.send("/sign-up", {**FORM, "username": "dan", "invite": token})

    assert f'name="invite" value="{token}"' in shown.text
    assert made.status == 303
    assert "This invitation was used up" in again.text
    assert refused.status == 403


async def test_form_is_refused_where_nobody_may_come_in(serve: Serve) -> None:
    for mode in (RegistrationMode.INVITE, RegistrationMode.CLOSED):
        async with serve(mode) as (browser, _desk):
            assert (await browser.send("/sign-up", FORM)).status == 403


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"username": "admin"}, "username", "This name is kept for the server itself."),
        ({"username": "ada"}, "username", "Somebody else has this already."),
        ({"username": "a b"}, "username", "This is not right."),
        ({"email": "a@b%c"}, "email", "This is not right."),
        ({"password": "short"}, "password", "This is too short"),
        ({"of_age": ""}, "of_age", "This must be filled in."),
        ({"agreement": "no"}, "agreement", "Without this there is no account."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    serve: Serve, ada: Person, fields: dict[str, str], field: str, sentence: str
) -> None:
    async with serve() as (browser, _desk):
        refused = await browser.submit("/sign-up", "/sign-up", {**FORM, **fields})

    assert refused.status == 422
    said = refused.text.partition(f'id="{field}-fault"')[2].partition("</span>")[0]
    assert sentence in said
    assert PASSWORD not in refused.text
    assert 'value="Carol"' in refused.text
    assert browser.cookies == {}


async def test_what_was_filled_in_is_text(serve: Serve) -> None:
    hostile = '"><script>alert(1)</script>'

    async with serve() as (browser, _desk):
        refused = await browser.submit("/sign-up", "/sign-up", {**FORM, "username": hostile})

    assert refused.status == 422
    assert "<script" not in refused.text


async def test_address_that_asks_for_many_accounts_is_told_to_wait(serve: Serve) -> None:
    async with serve(per_address_per_hour=1) as (browser, _desk):
        await browser.submit("/sign-up", "/sign-up", FORM)
        other = Browser(browser.client)
        fields = {**FORM, "username": "dan", "email": "dan@mail.example"}
        refused = await other.submit("/sign-up", "/sign-up", fields)

    assert (refused.status, refused.headers["Retry-After"]) == (429, "3600")
    assert COOKIE not in other.cookies


async def test_form_of_another_site_makes_no_account(serve: Serve, sqlite_storage: Storage) -> None:
    async with serve() as (browser, _desk):
        refused = await browser.send("/sign-up", FORM, Origin="https://evil.example")

    assert refused.status == 403
    assert await account_of(sqlite_storage, "carol") is None
