"""The welcome page: a one-time link shows a form, takes it once, and is kept from everyone else."""

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Engine, text

from communities.limits import MAX_ABOUT
from communities.people import ActorState, Person
from federation.activitypub import outbound
from node import welcoming
from node.app import Parts, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.settings import HttpSettings
from node.web.account_surface import account_routes
from node.web.forms import MAX_FORM_BYTES
from node.web.pages import error_page
from node.web.site import Site
from protocols.activitypub.vocabulary import ActivityType, Actor
from storage.actors import Profile
from storage.errors import Busy
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.node.web.conftest import NOW
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.factories import HOME, World
from tests.support.outbox import MASTODON, sent_after
from tests.support.read_html import Document, read_html, skipped_headings
from tests.support.visitor import BROWSER, Seen, Visitor, site_over, visiting

TOKEN = "AbCdEfGhIjKlMnOpQrSt_-"
PATH = f"/welcome/{TOKEN}"
FIELDS = {
    "name": "Ada of the hill",
    "about": "I keep *bees*.",
    "discoverable": "yes",
    "password": PASSWORD,
}
GONE = "This link was used, has expired, or never was one."


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody new who got a link."""

    visitor: Visitor
    storage: Storage
    person: Person

    async def send(
        self, fields: Mapping[str, str] = FIELDS, path: str = PATH, **headers: str
    ) -> Seen:
        """Send the form as a browser does."""
        named = {"Accept": BROWSER, "Sec-Fetch-Site": "same-origin", "Origin": "null"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        named["Content-Type"] = named.get("Content-Type", "application/x-www-form-urlencoded")
        body = urlencode(fields)
        async with self.visitor.client.post(
            path, data=body, headers=named, allow_redirects=False
        ) as answer:
            return Seen(answer.status, answer.headers.copy(), await answer.read())

    async def profile(self) -> Profile:
        """How they appear now."""
        profile = await self.storage.read(lambda uow: uow.actors.get(self.person.id))
        assert profile is not None
        return profile


async def keep_link(storage: Storage, person: Person) -> None:
    link = await storage.write(welcoming.offer, HOME, person.id, TOKEN, NOW)
    assert link == HOME.base + PATH


@pytest.fixture
async def owner(visitor: Visitor, sqlite_storage: Storage, world: World) -> Owner:
    ada = await sqlite_storage.write(world.person, "ada")
    await keep_link(sqlite_storage, ada)
    return Owner(visitor, sqlite_storage, ada)


@pytest.fixture
async def late_owner(sqlite_storage: Storage, world: World) -> AsyncIterator[Owner]:
    """Somebody who comes after seven days."""
    ada = await sqlite_storage.write(world.person, "ada")
    await keep_link(sqlite_storage, ada)
    async with visiting(site_over(sqlite_storage, NOW + timedelta(days=7))) as visitor:
        yield Owner(visitor, sqlite_storage, ada)


def read(seen: Seen) -> Document:
    """A page without faults; the form is the only one that has something to fill in."""
    document = read_html(seen.text)
    assert document.faults in ([], ["<form>", *["<input>"] * 3])
    assert skipped_headings(document) == []
    return document


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The account @ada@noaber.example is yours."), ("nl", "is van jou.")],
)
async def test_link_shows_a_form_in_the_language_of_the_visitor(
    owner: Owner, language: str, words: str
) -> None:
    seen = await owner.visitor.get(PATH, Accept_Language=language)

    document = read(seen)
    assert seen.status == 200
    assert words in " ".join(document.text.split())
    assert "<script" not in seen.text


async def test_looking_uses_nothing_up(owner: Owner) -> None:
    assert [(await owner.visitor.get(PATH)).status for _ in range(2)] == [200, 200]
    assert (await owner.send()).status == 200


async def test_pages_are_kept_by_nobody_and_their_address_goes_nowhere(owner: Owner) -> None:
    answers = [await owner.visitor.get(PATH), await owner.send(), await owner.visitor.get(PATH)]

    for seen in answers:
        assert seen.headers["Cache-Control"] == "no-store"
        assert seen.headers["Referrer-Policy"] == "no-referrer"
        assert read(seen).meta("robots") == "noindex"
        assert 'rel="canonical"' not in seen.text
    assert TOKEN not in answers[1].text + answers[2].text


async def test_form_says_how_the_owner_appears(owner: Owner) -> None:
    seen = await owner.send()

    profile, document = await owner.profile(), read(seen)
    assert profile.name == "Ada of the hill"
    assert profile.summary_html == "<p>I keep <em>bees</em>.</p>"
    assert profile.summary_source == "I keep *bees*."
    assert profile.discoverable
    assert "Welcome, Ada of the hill" in document.text
    assert "You are signed in with this browser." in document.text
    assert "/@ada" in [link.href for link in document.links]


async def test_who_does_not_want_to_be_listed_is_not(owner: Owner) -> None:
    await owner.send({"name": "Ada", "about": "", "password": PASSWORD})

    profile = await owner.profile()
    assert (profile.discoverable, profile.summary_html) == (False, "")
    assert (await owner.visitor.read("/@ada")).meta("robots") == "noindex"


async def test_link_works_once(owner: Owner) -> None:
    await owner.send()

    again = await owner.send({**FIELDS, "name": "Someone else"})
    looked = await owner.visitor.get(PATH)

    assert (again.status, looked.status) == (404, 404)
    assert GONE in read(again).text
    assert GONE in read(looked).text
    assert (await owner.profile()).name == "Ada of the hill"


async def test_link_signs_its_owner_in_and_sets_their_password(owner: Owner) -> None:
    seen = await owner.send()

    cookie = seen.headers["Set-Cookie"].partition(";")[0]
    assert (await owner.visitor.get("/settings", Cookie=cookie)).status == 200
    fields = {"login": "ada", "password": PASSWORD}
    assert (await owner.send(fields, "/sign-in")).status == 303


async def test_link_leaves_a_password_that_is_there(owner: Owner) -> None:
    await owner.send()
    await keep_link(owner.storage, owner.person)

    shown = await owner.visitor.get(PATH)
    sent = await owner.send({**FIELDS, "password": "another password"})

    assert 'name="password"' not in shown.text
    assert sent.status == 200
    fields = {"login": "ada", "password": PASSWORD}
    assert (await owner.send(fields, "/sign-in")).status == 303


async def test_link_does_not_stand_in_for_a_second_factor(owner: Owner) -> None:
    def begin(uow: UnitOfWork) -> None:
        uow.credentials.offer_totp(owner.person.id, b"1" * 20)
        uow.credentials.begin_totp(owner.person.id, NOW)

    await owner.storage.write(begin)
    seen = await owner.send()

    assert seen.status == 200
    assert "Set-Cookie" not in seen.headers


async def test_link_ends_after_seven_days(late_owner: Owner) -> None:
    looked, sent = await late_owner.visitor.get(PATH), await late_owner.send()

    assert (looked.status, sent.status) == (404, 404)
    assert GONE in read(looked).text
    assert (await late_owner.profile()).name != "Ada of the hill"


@pytest.mark.parametrize("token", ["x", "A" * 22, "A" * 500, "%01", "%FF", "<b>"])
async def test_what_is_no_link_is_told_like_one_that_was_used(owner: Owner, token: str) -> None:
    looked = await owner.visitor.get(f"/welcome/{token}")
    sent = await owner.send(path=f"/welcome/{token}")

    assert (looked.status, sent.status) == (404, 404)
    assert GONE in read(looked).text


async def test_a_path_with_a_nul_is_no_page(owner: Owner) -> None:
    looked, sent = await owner.visitor.get("/welcome/%00"), await owner.send(path="/welcome/%00")

    assert (looked.status, sent.status) == (404, 404)


async def test_link_of_a_suspended_account_does_nothing(owner: Owner) -> None:
    await owner.storage.write(
        lambda uow: uow.people.set_state(owner.person.id, ActorState.SUSPENDED)
    )

    looked, sent = await owner.visitor.get(PATH), await owner.send()

    assert (looked.status, sent.status) == (404, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Origin": HOME.base},
    ],
)
async def test_form_of_another_site_is_refused(owner: Owner, headers: dict[str, str]) -> None:
    refused = await owner.send(FIELDS, PATH, **headers)

    assert refused.status == 403
    assert (await owner.send(Origin=HOME.base)).status == 200


async def test_html_in_a_name_is_text(owner: Owner) -> None:
    name = '<script>alert(1)</script>"><b>'

    refused = await owner.send({**FIELDS, "name": name, "about": "a" * (MAX_ABOUT + 1)})
    taken = await owner.send({**FIELDS, "name": name, "about": "<script>alert(2)</script>"})
    shown = await owner.visitor.get("/@ada")

    assert refused.status == 422
    assert name in read(taken).text
    assert name in read(shown).text
    for seen in (refused, taken, shown):
        assert "<script" not in seen.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "A name has 1 to 100 characters"),
        ({"name": "n" * 101}, "A name has 1 to 100 characters"),
        ({"about": "n" * 5001}, "The text about you is too long"),
        ({"name": "Ada", "about": "a\0b"}, "The text about you is too long"),
        ({"password": "short"}, "This password is too short"),
        ({"password": ""}, "This password is too short"),
        ({"password": "a" * 12}, "This password is too short"),
    ],
)
async def test_what_is_wrong_is_said_and_the_link_stays(
    owner: Owner, fields: dict[str, str], sentence: str
) -> None:
    refused = await owner.send({**FIELDS, **fields})

    assert refused.status == 422
    assert sentence in " ".join(read(refused).text.split())
    assert (await owner.send()).status == 200


async def test_form_that_is_none_is_refused(owner: Owner) -> None:
    too_large = await owner.send({"about": "a" * MAX_FORM_BYTES})
    too_many = await owner.send({str(number): "" for number in range(9)})
    json = await owner.send(Content_Type="application/json")

    assert (too_large.status, too_many.status, json.status) == (413, 400, 415)
    assert (await owner.profile()).name != "Ada of the hill"


async def test_servers_of_followers_are_told(owner: Owner, world: World) -> None:
    zoe = await owner.storage.write(world.remote_person, "zoe", MASTODON)
    await owner.storage.write(world.follow, zoe, owner.person)

    await owner.send()
    while await owner.storage.write(outbound.step, HOME, to_ms(NOW)):
        continue
    (sent,) = await owner.storage.read(sent_after, 0)

    person = sent.activity.object
    assert (sent.host, sent.activity.type) == (MASTODON, ActivityType.UPDATE)
    assert isinstance(person, Actor)
    assert (person.id, person.name) == (owner.person.uri, "Ada of the hill")


async def test_token_is_not_in_the_database(owner: Owner, sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = [
            row
            for (table,) in tables.all()
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
        ]

    assert any(welcoming.digest_of(TOKEN) in row for row in rows)
    assert TOKEN not in repr(rows)


async def test_token_is_not_in_the_log(
    site: Site, owner: Owner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when the request fails, of which the log tells the path."""
    caplog.set_level(logging.DEBUG)
    desk = desk_over(site)
    parts = Parts(
        settings=HttpSettings(),
        routes=account_routes(site, desk),
        readiness=Readiness({}),
        metrics=Metrics(),
        guards=desk.guards(),
        error_page=error_page(site),
    )

    async def fail(*_anything: object) -> None:
        raise failures.pop()

    failures: list[Exception] = [Busy("later"), ZeroDivisionError("broken")]
    async with TestClient(TestServer(build_app(parts))) as client:
        sender = Owner(Visitor(client), owner.storage, owner.person)
        monkeypatch.setattr(Storage, "write", fail)
        statuses = [(await sender.send()).status for _ in range(2)]

    ours = [record for record in caplog.records if record.name.startswith("node")]
    assert sorted(statuses) == [500, 503]
    assert [vars(record)["path"] for record in ours] == ["/welcome/{token}"] * 2
    assert TOKEN not in "".join(repr(vars(record)) for record in ours)
