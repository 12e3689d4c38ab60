"""A browser that signs in: keeps cookies as browsers do, reads forms and sends them back."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from node.accounts.desk import AccountDesk
from node.app import Parts, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.web.account_surface import account_routes
from node.web.pages import error_page
from node.web.site import Site
from node.web.surface import web_routes
from tests.support.factories import HOME
from tests.support.visitor import BROWSER, Seen

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
COOKIE = "__Host-sid"


def hidden_fields(page: str) -> dict[str, str]:
    """What the forms of a page send without showing it."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page)}


@dataclass(slots=True)
class Browser:
    """Somebody's browser; `cookies` is what it keeps."""

    client: TestClient[web.Request, web.Application]
    cookies: dict[str, str] = field(default_factory=dict)
    agent: str = "Firefox of the village"

    async def get(self, path: str, **headers: str) -> Seen:
        """Ask for a page; redirects are not followed."""
        return await self._ask("GET", path, None, headers)

    async def send(self, path: str, fields: Mapping[str, str], **headers: str) -> Seen:
        """Send a form as a page of the node does."""
        told = {"Sec-Fetch-Site": "same-origin", "Origin": HOME.base}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._ask("POST", path, fields, told)

    async def submit(
        self, page: str, action: str, fields: Mapping[str, str], **headers: str
    ) -> Seen:
        """Send a form with the token that its page has."""
        found = hidden_fields((await self.get(page)).text)
        token = {name: found[name] for name in ("csrf",) if name in found}
        return await self.send(action, {**token, **fields}, **headers)

    async def sign_in(self, login: str, password: str, target: str = "") -> Seen:
        """Sign in by the page."""
        fields = {"login": login, "password": password, "next": target}
        return await self.submit("/sign-in", "/sign-in", fields)

    async def _ask(
        self, method: str, path: str, fields: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> Seen:
        told = {"Accept": BROWSER, "User-Agent": self.agent}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            told.setdefault("Content-Type", "application/x-www-form-urlencoded")
            body = urlencode(fields)
        async with self.client.request(
            method, path, data=body, headers=told, allow_redirects=False
        ) as answer:
            for line in answer.headers.getall("Set-Cookie", ()):
                self._keep(line)
            return Seen(answer.status, answer.headers.copy(), await answer.read())

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


@asynccontextmanager
async def browsing(site: Site, desk: AccountDesk) -> AsyncIterator[Browser]:
    """Serve the pages and those of accounts inside the block; more browsers share its client."""
    app = build_app(
        Parts(
            settings=desk.settings.http,
            routes=[*web_routes(site), *account_routes(site, desk)],
            readiness=Readiness({}),
            metrics=Metrics(),
            guards=desk.guards(),
            error_page=error_page(site),
        )
    )
    async with TestClient(TestServer(app)) as client:
        yield Browser(client)
