"""A node with pages to look at: its routes over a real database, and a visitor."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestClient, TestServer

from node.app import Access, Parts, Route, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.settings import HttpSettings
from node.web.pages import error_page
from node.web.site import Site
from node.web.surface import web_routes
from node.web.thread_pages import thread_page
from storage.store import Storage
from tests.support.factories import HOME, World
from tests.support.visitor import Visitor

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """Begins three weeks before the visit."""
    return World()


@pytest.fixture
def site(sqlite_storage: Storage) -> Site:
    """The node as its pages see it."""
    return Site(
        storage=sqlite_storage,
        uris=HOME,
        title="Noaberschap",
        languages=("en", "nl"),
        contact="beheer@noaber.example",
        now=lambda: NOW,
    )


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """Someone who looks at the pages over HTTP."""
    thread = Route(
        method="GET",
        path=r"/post/{key:\d{1,19}}",
        handler=thread_page(site),
        access=Access.PUBLIC,
        name="post",
    )
    parts = Parts(
        settings=HttpSettings(),
        routes=[*web_routes(site), thread],
        readiness=Readiness({}),
        metrics=Metrics(),
        error_page=error_page(site),
    )
    async with TestClient(TestServer(build_app(parts))) as client:
        yield Visitor(client)
