"""A visitor of the pages: asks as a browser does, follows no redirect, reads with a strict eye."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from node.app import Access, Parts, Route, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.settings import HttpSettings
from node.web.account_surface import account_routes
from node.web.pages import error_page
from node.web.site import Site
from node.web.surface import web_routes
from node.web.thread_pages import thread_page
from storage.store import Storage
from tests.support.account_pages import desk_over
from tests.support.factories import HOME
from tests.support.read_html import Document, read_html

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as a visitor gets it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, decoded."""
        return self.body.decode()


class Visitor:
    """Somebody with a browser."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self.client = client

    async def get(self, path: str, **headers: str) -> Seen:
        """Ask for a path; headers are named with underscores."""
        asked = {"Accept": BROWSER}
        asked |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.get(path, headers=asked, allow_redirects=False) as answer:
            return Seen(answer.status, answer.headers.copy(), await answer.read())

    async def read(self, path: str, status: int = 200, **headers: str) -> Document:
        """A page, which must be well-formed whatever it says."""
        seen = await self.get(path, **headers)
        assert seen.status == status, seen.text[:400]
        document = read_html(seen.text)
        assert document.faults == []
        return document


def site_over(storage: Storage, now: datetime) -> Site:
    """The node as its pages see it, at a time."""
    return Site(
        storage=storage,
        uris=HOME,
        title="Noaberschap",
        languages=("en", "nl"),
        contact="beheer@noaber.example",
        source="https://code.noaber.example",
        now=lambda: now,
    )


@asynccontextmanager
async def visiting(site: Site) -> AsyncIterator[Visitor]:
    """Serve the pages inside the block, to one visitor."""
    thread = Route(
        method="GET",
        path=r"/post/{key:\d{1,19}}",
        handler=thread_page(site),
        access=Access.PUBLIC,
        name="post",
    )
    desk = desk_over(site)
    parts = Parts(
        settings=HttpSettings(),
        routes=[*web_routes(site), *account_routes(site, desk), thread],
        readiness=Readiness({}),
        metrics=Metrics(),
        guards=desk.guards(),
        error_page=error_page(site),
    )
    async with TestClient(TestServer(build_app(parts))) as client:
        yield Visitor(client)
