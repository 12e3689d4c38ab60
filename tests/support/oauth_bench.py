"""The OAuth provider with real guards: a browser that signs in, and an app that asks."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.people import ActorKey, Person
from node.accounts.desk import account_desk
from node.app import Parts, build_app
from node.app_guards import AppGuards
from node.app_tokens import Tokens
from node.health import Readiness
from node.mastodon.desk import Desk
from node.mastodon.replies import API_DIALECT
from node.mastodon.surface import api_routes
from node.metrics import Metrics
from node.oauth.desk import OAuthDesk
from node.oauth.surface import oauth_routes
from node.rates import Rates
from node.settings_registration import RegistrationSettings
from node.web.account_surface import account_routes
from node.web.letter_words import letter_writer
from node.web.pages import error_page
from node.web.personal import AccountSite
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import Reply, desk_over
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.read_html import Document, read_html, skipped_headings
from tests.support.signed_in_browser import Browser
from tests.support.visitor import Seen, site_over

CALLBACK = "https://app.example/callback"
PASSWORD = "a horse of the neighbours"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636, appendix B."""

Client = TestClient[web.Request, web.Application]
_FORM_FAULTS = {"<form>", "<input>"}
_CODE = re.compile(r'<code class="copy" id="code">([^<]+)</code>')


@dataclass(slots=True)
class AskingApp:
    """An app that was registered, and knows its secret."""

    client: Client
    client_id: str
    client_secret: str
    redirect_uri: str = CALLBACK

    def path(self, **changes: str | None) -> str:
        """The address to which it sends people; None leaves a parameter out."""
        sent: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "read write",
            "state": "s t&te",
            **changes,
        }
        query = {name: value for name, value in sent.items() if value is not None}
        return f"/oauth/authorize?{urlencode(query)}"

    async def redeem(self, code: str, **changes: str | None) -> Reply:
        """Turn a code into a token."""
        return await self.token(
            grant_type="authorization_code",
            code=code,
            **{"redirect_uri": self.redirect_uri, **changes},
        )

    async def token(self, **fields: str | None) -> Reply:
        """Ask at the endpoint for tokens."""
        return await self.ask("/oauth/token", **fields)

    async def revoke(self, token: str, **fields: str | None) -> Reply:
        """End a token."""
        return await self.ask("/oauth/revoke", token=token, **fields)

    async def ask(self, path: str, **fields: str | None) -> Reply:
        """Send a form with the app's id and secret; None leaves a field out."""
        known = {"client_id": self.client_id, "client_secret": self.client_secret}
        sent = {name: value for name, value in {**known, **fields}.items() if value is not None}
        return await call(self.client, "POST", path, data=sent)


@dataclass(slots=True)
class OAuthBench:
    """Ada, who can sign in, and everything that serves her."""

    storage: Storage
    clock: Clock
    world: World
    api: Desk
    desk: OAuthDesk
    tokens: Tokens
    client: Client
    ada: Person
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser(self.client)

    async def person(self, name: str) -> Person:
        """Somebody who can sign in."""
        hashed = await self.desk.pages.desk.passwords.hash(PASSWORD)
        return await self.storage.write(make_person, self.world, name, hashed)

    async def register(self, redirect_uris: str = CALLBACK, **fields: str) -> AskingApp:
        """Register an app."""
        sent = {"client_name": "Tusky", "redirect_uris": redirect_uris, "scopes": "read write"}
        reply = await call(self.client, "POST", "/api/v1/apps", data={**sent, **fields})
        assert reply.status == 200, reply.json
        found = reply.json
        uri = found["redirect_uris"][0]
        return AskingApp(self.client, found["client_id"], found["client_secret"], uri)

    async def signed_in(self, name: str = "ada") -> Browser:
        """The browser of somebody who has signed in."""
        browser = Browser(self.client)
        seen = await browser.sign_in(name, PASSWORD)
        assert seen.status == 303, seen.text
        return browser

    async def decide(self, path: str, decision: str = "allow", **fields: str) -> Seen:
        """Sign in as Ada, look at the page of an app, and answer it."""
        if not self.browser.cookies:
            self.browser = await self.signed_in()
        return await self.browser.submit(path, path, {"decision": decision, **fields})

    async def code(self, app: AskingApp, **changes: str | None) -> str:
        """A code that Ada gives an app."""
        return code_of(await self.decide(app.path(**changes)))

    async def token(self, app: AskingApp, **changes: str | None) -> str:
        """A token that Ada lets an app have."""
        reply = await app.redeem(await self.code(app, **changes))
        assert reply.status == 200, reply.json
        token: str = reply.json["access_token"]
        return token

    async def status_of(self, token: str, path: str = "/oauth/userinfo") -> int:
        """How a call with a token ends; the way to say whether it holds."""
        return (await call(self.client, "GET", path, bearer=token)).status


def answer_of(seen: Seen) -> dict[str, str]:
    """What an app gets with a redirect to its address."""
    assert seen.status == 303, seen.text[:300]
    parts = urlsplit(seen.headers["Location"])
    found = parse_qs(parts.query or parts.fragment, keep_blank_values=True, strict_parsing=True)
    return {name: values[0] for name, values in found.items()}


def code_of(seen: Seen) -> str:
    """The code of a redirect, or of the page that shows it."""
    if seen.status == 303:
        return answer_of(seen)["code"]
    found = _CODE.search(seen.text)
    assert found is not None, seen.text
    return unescape(found[1])


def read_consent(seen: Seen) -> Document:
    """A page that is well-formed; a form is all that it has of what others do not."""
    document = read_html(seen.text)
    assert set(document.faults) <= _FORM_FAULTS
    assert skipped_headings(document) == []
    return document


def assert_stays_here(seen: Seen) -> None:
    """The refusal is a page of this node, which leads nowhere by itself."""
    assert seen.status == 400
    assert "Location" not in seen.headers
    assert "This app cannot be let in" in read_consent(seen).text


async def call(
    client: Client, method: str, path: str, *, bearer: str | None = None, **more: Any
) -> Reply:
    """Call an endpoint, and read the JSON of its answer."""
    headers: Mapping[str, str] = more.pop("headers", {})
    if bearer is not None:
        headers = {**headers, "Authorization": f"Bearer {bearer}"}
    async with client.request(method, path, headers=headers, **more) as answer:
        assert answer.content_type == "application/json", await answer.text()
        return Reply(answer.status, answer.headers.copy(), await answer.json())


def make_person(uow: UnitOfWork, world: World, name: str, hashed: str) -> Person:
    """Somebody with a password."""
    person = world.person(uow, name)
    uow.credentials.set_password(ActorKey(person.id), hashed)
    return person


@asynccontextmanager
async def oauth_bench(
    storage: Storage, *, rates: bool = False, registration: RegistrationSettings | None = None
) -> AsyncIterator[OAuthBench]:
    """Serve the provider, the API and the pages of accounts inside the block."""
    clock, world = Clock(), World()
    settings = registration or RegistrationSettings(cheap_hashes=True)
    api = desk_over(storage, clock, registration=settings)
    site = site_over(storage, clock())
    accounts = account_desk(
        settings=api.settings,
        storage=storage,
        uris=api.uris,
        snowflakes=api.snowflakes,
        write=letter_writer(title=site.title, languages=site.languages, now=clock),
        now=clock,
    )
    counting = Rates(now=clock, address_of=accounts.address_of, off=not rates)
    pages = AccountSite(site=site, desk=accounts)
    desk = OAuthDesk(api=api, pages=pages, rates=counting)
    tokens = Tokens(storage, now=clock)
    app = build_app(
        Parts(
            settings=api.settings.http,
            routes=[*oauth_routes(desk), *account_routes(site, accounts), *api_routes(api)],
            readiness=Readiness({}),
            metrics=Metrics(),
            guards={**accounts.guards(), **AppGuards(tokens, counting).table()},
            error_page=error_page(site),
            dialects=(API_DIALECT,),
        )
    )
    hashed = await accounts.passwords.hash(PASSWORD)
    ada = await storage.write(make_person, world, "ada", hashed)
    async with TestClient(TestServer(app)) as client:
        yield OAuthBench(storage, clock, world, api, desk, tokens, client, ada)
    await api.media.close()
