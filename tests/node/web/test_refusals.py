"""Refusals and failures as pages, in the language of the visitor."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.errors import NotAllowed, NotFound, Reason
from node.app import Access, Handler, Parts, Route, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.settings import HttpSettings
from node.web.pages import error_page
from node.web.site import Site
from storage.errors import Busy
from tests.support.read_html import Document, skipped_headings
from tests.support.visitor import Visitor

FAILURES: dict[str, tuple[Exception, int, str]] = {
    "not found": (NotFound("No such thing <b>"), 404, "Hier is niets"),
    "gone": (web.HTTPGone(), 410, "Dit is weg"),
    "forbidden": (NotAllowed(Reason.ROLE, "no"), 403, "Dit is niet voor iedereen"),
    "busy": (Busy("later"), 503, "Te veel tegelijk"),
    "too many": (web.HTTPTooManyRequests(), 429, "Te veel tegelijk"),
    "broken": (ZeroDivisionError("secret detail"), 500, "Er ging iets mis"),
    "bad gateway": (web.HTTPBadGateway(), 502, "Er ging iets mis"),
    "method": (web.HTTPMethodNotAllowed("PUT", ["GET"]), 405, "Dit werkt niet"),
}


def raising(error: Exception) -> Handler:
    async def refuse(_request: web.Request) -> web.Response:
        raise error

    return refuse


async def refused(site: Site, error: Exception, status: int, language: str) -> Document:
    route = Route(
        method="GET", path="/thing", handler=raising(error), access=Access.PUBLIC, name="thing"
    )
    parts = Parts(
        settings=HttpSettings(),
        routes=[route],
        readiness=Readiness({}),
        metrics=Metrics(),
        error_page=error_page(site),
    )
    async with TestClient(TestServer(build_app(parts))) as client:
        return await Visitor(client).read("/thing", status=status, Accept_Language=language)


@pytest.mark.parametrize("name", FAILURES)
async def test_failure_is_told_in_the_language_of_the_visitor(site: Site, name: str) -> None:
    error, status, title = FAILURES[name]
    dutch = await refused(site, error, status, "nl")
    english = await refused(site, error, status, "en")

    assert (1, title) in dutch.headings
    assert dutch.languages[0] == "nl"
    assert english.languages[0] == "en"
    assert skipped_headings(dutch) == []
    assert dutch.meta("robots") == "noindex"
    assert "secret detail" not in dutch.text + english.text


async def test_fault_of_ours_gives_the_number_that_the_log_knows(site: Site) -> None:
    document = await refused(site, ZeroDivisionError("secret detail"), 500, "en")

    assert "Number of this request: " in document.text


async def test_page_of_a_refusal_says_nothing_of_the_path(visitor: Visitor) -> None:
    seen = await visitor.get("/<script>alert(1)</script>?x=<b>")
    document = await visitor.read("/nowhere", status=404)

    assert seen.status == 404
    assert "alert" not in seen.text
    assert "nowhere" not in "".join(link.href for link in document.links)
    assert document.rel("canonical") == []
