"""The application: declared access, limits, headers and one table of errors for every route."""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Reason
from federation.errors import (
    Failure,
    FetchForbidden,
    Forbidden,
    PeerRefused,
    PeerUnreachable,
    SignatureRejected,
)
from node.answers import SECURITY_HEADERS
from node.app import DECLARED, Access, Guard, Handler, Parts, Route, build_app
from node.health import Check, Readiness
from node.metrics import Metrics
from node.settings import HttpSettings
from protocols.errors import LocalProtocolError, RemoteProtocolError, SignatureRefused
from storage.errors import Busy, Closed, LeaseLost

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
Client = TestClient[web.Request, web.Application]


async def greet(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


def raising(error: Exception) -> Handler:
    async def refuse(_request: web.Request) -> web.Response:
        raise error

    return refuse


def route(handler: Handler, *, method: str = "GET", access: Access = Access.PUBLIC) -> Route:
    return Route(method=method, path="/thing", handler=handler, access=access, name="thing")


def parts(
    *routes: Route,
    settings: HttpSettings | None = None,
    guards: Mapping[Access, Guard] | None = None,
    checks: Mapping[str, Check] | None = None,
    readiness: Readiness | None = None,
) -> Parts:
    return Parts(
        settings=settings or HttpSettings(),
        routes=routes,
        readiness=readiness or Readiness(checks or {}),
        metrics=Metrics(),
        guards=guards or {},
    )


@asynccontextmanager
async def running(made_of: Parts) -> AsyncIterator[Client]:
    async with TestClient(TestServer(build_app(made_of))) as client:
        yield client


def test_every_route_of_the_router_is_declared_with_its_access() -> None:
    app = build_app(parts(route(greet), route_of("POST", "/other")))

    declared = app[DECLARED]

    undeclared = [found for found in app.router.routes() if found not in declared]
    assert undeclared == []
    assert {line.access for line in declared.values()} == {Access.PUBLIC}


def route_of(method: str, path: str) -> Route:
    return Route(method=method, path=path, handler=echo, access=Access.PUBLIC, name=path.strip("/"))


def test_route_whose_access_has_no_guard_is_refused() -> None:
    with pytest.raises(ValueError, match="route thing: no guard for access operator"):
        build_app(parts(route(greet, access=Access.OPERATOR)))


def test_two_routes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two routes are called thing"):
        build_app(parts(route(greet), route(echo, method="POST")))


async def test_path_of_the_api_may_end_with_a_slash() -> None:
    listed = Route(
        method="GET", path="/api/v1/thing", handler=greet, access=Access.PUBLIC, name="thing"
    )
    async with running(parts(listed)) as client:
        plain, slashed = await client.get("/api/v1/thing"), await client.get("/api/v1/thing/")

        assert (plain.status, slashed.status) == (200, 200)


async def test_guard_decides_before_the_handler_runs() -> None:
    async def refuse(_request: web.Request, _route: Route) -> None:
        raise NotAllowed(Reason.ROLE, "only the operator may do this")

    guarded = route(greet, access=Access.OPERATOR)
    async with running(parts(guarded, guards={Access.OPERATOR: refuse})) as client:
        answer = await client.get("/thing")

        assert answer.status == 403
        assert await answer.json() == {"error": "only the operator may do this", "reason": "role"}


async def test_guard_that_returns_lets_the_handler_run() -> None:
    async def admit(_request: web.Request, _route: Route) -> None:
        return

    guarded = route(greet, access=Access.OPERATOR)
    async with running(parts(guarded, guards={Access.OPERATOR: admit})) as client:
        answer = await client.get("/thing")

        assert await answer.text() == "hello"


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (NotFound("no such post"), 404, {"error": "no such post"}),
        (
            NotAllowed(Reason.BANNED, "you are banned here"),
            403,
            {"error": "you are banned here", "reason": "banned"},
        ),
        (Conflict("the name is taken"), 409, {"error": "the name is taken"}),
        (Invalid("title", "too long"), 422, {"error": "too long", "field": "title"}),
        (DomainError("no"), 400, {"error": "no"}),
        (RemoteProtocolError("not an activity"), 400, {"error": "not an activity"}),
        (RemoteProtocolError("too deep", status_hint=413), 413, {"error": "too deep"}),
        (
            SignatureRefused("clock"),
            401,
            {"error": "signature refused: clock", "reason": "clock"},
        ),
        (
            SignatureRejected("unsigned"),
            401,
            {"error": "signature rejected: unsigned", "reason": "unsigned"},
        ),
        (
            PeerUnreachable(Failure.TIMEOUT),
            504,
            {"error": "the peer did not answer in time", "reason": "timeout"},
        ),
        (PeerRefused(410), 502, {"error": "the peer answered with status 410"}),
        (
            FetchForbidden(Forbidden.ADDRESS),
            422,
            {"error": "the host is not on the public internet", "reason": "address"},
        ),
        (Busy("try again later"), 503, {"error": "try again later"}),
        (Closed("the node is stopping"), 503, {"error": "the node is stopping"}),
        (web.HTTPGone(), 410, {"error": "Gone"}),
    ],
)
async def test_error_becomes_the_answer_of_the_table(
    error: Exception, status: int, body: dict[str, str]
) -> None:
    async with running(parts(route(raising(error)))) as client:
        answer = await client.get("/thing")

        assert answer.status == status
        assert await answer.json() == body
        assert set(SECURITY_HEADERS) <= set(answer.headers)


async def test_busy_storage_says_when_to_come_back() -> None:
    async with running(parts(route(raising(Busy("later"))))) as client:
        answer = await client.get("/thing")

        assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("secret"), LocalProtocolError("secret"), LeaseLost("secret")]
)
async def test_fault_of_ours_is_logged_and_shows_only_the_id_of_the_request(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(parts(route(raising(error)))) as client:
        answer = await client.get("/thing")

        body = await answer.json()
        assert answer.status == 500
        assert body["request"] == answer.headers["X-Request-Id"]
        assert "secret" not in await answer.text()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_browser_gets_a_page_and_nothing_in_it_is_live() -> None:
    error = Invalid("title", "<script>alert(1)</script>")
    async with running(parts(route(raising(error)))) as client:
        answer = await client.get("/thing", headers={"Accept": BROWSER})

        text = await answer.text()
        assert answer.content_type == "text/html"
        assert "422 " in text
        assert "<script>" not in text


@pytest.mark.parametrize("path", ["/thing", "/nowhere", "/livez", "/readyz"])
async def test_every_answer_has_the_security_headers_and_no_version(path: str) -> None:
    async with running(parts(route(greet))) as client:
        answer = await client.get(path)

        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Vary"] == "Accept"
        assert answer.headers["Server"] == "noaber"
        assert answer.headers["X-Request-Id"]


async def test_handler_may_say_more_in_a_header_than_the_default() -> None:
    async def vary(_request: web.Request) -> web.Response:
        return web.Response(headers={"Vary": "Accept, Signature"})

    async with running(parts(route(vary))) as client:
        answer = await client.get("/thing")

        assert answer.headers["Vary"] == "Accept, Signature"


async def test_two_requests_have_two_ids() -> None:
    async with running(parts(route(greet))) as client:
        ids = {(await client.get("/thing")).headers["X-Request-Id"] for _time in range(3)}

    assert len(ids) == 3


async def test_head_is_get_without_the_body() -> None:
    async with running(parts(route(greet))) as client:
        answer = await client.head("/thing")

        assert answer.status == 200
        assert answer.headers["Content-Length"] == "5"
        assert await answer.read() == b""


async def test_other_method_is_405_with_those_that_are_possible() -> None:
    async with running(parts(route(greet), route_of("POST", "/inbox"))) as client:
        wrong_get = await client.get("/inbox")
        wrong_put = await client.put("/thing")

        assert (wrong_get.status, wrong_get.headers["Allow"]) == (405, "POST")
        assert (wrong_put.status, wrong_put.headers["Allow"]) == (405, "GET,HEAD")
        assert await wrong_get.json() == {"error": "Method Not Allowed"}


async def test_redirect_that_a_handler_raises_goes_out() -> None:
    async with running(parts(route(raising(web.HTTPSeeOther("/there"))))) as client:
        answer = await client.get("/thing", allow_redirects=False)

        assert answer.status == 303
        assert answer.headers["Location"] == "/there"
        assert answer.headers["Server"] == "noaber"


async def test_body_larger_than_allowed_is_413_announced_or_not() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _piece in range(3):
            yield b"x" * 1000

    small = HttpSettings(max_body_bytes=2048)
    async with running(parts(route_of("POST", "/echo"), settings=small)) as client:
        announced = await client.post("/echo", data=b"x" * 2049)
        streamed = await client.post("/echo", data=pieces())
        fitting = await client.post("/echo", data=b"x" * 2048)

        assert (announced.status, streamed.status, fitting.status) == (413, 413, 200)
        assert announced.headers["Connection"] == "close"


async def test_one_client_behind_a_proxy_runs_no_more_than_its_share() -> None:
    shares = HttpSettings(max_connections_per_address=1)

    async def ask_again(request: web.Request) -> web.Response:
        if "inner" in request.query:
            return web.Response(text="inner")
        same = {"X-Forwarded-For": "1.1.1.1, 192.0.2.7"}
        other = {"X-Forwarded-For": "192.0.2.7, 192.0.2.8"}
        answers = [
            (await client.get("/thing?inner", headers=headers)).status for headers in (same, other)
        ]
        return web.json_response(answers)

    async with running(parts(route(ask_again), settings=shares)) as client:
        answer = await client.get("/thing", headers={"X-Forwarded-For": "192.0.2.7"})
        afterwards = await client.get("/thing?inner", headers={"X-Forwarded-For": "192.0.2.7"})

        assert await answer.json() == [429, 200]
        assert afterwards.status == 200


async def test_requests_are_counted_by_the_name_of_their_route() -> None:
    made_of = parts(route(greet), route_of("POST", "/inbox"))
    async with running(made_of) as client:
        for path in ("/thing", "/thing", "/inbox", "/a/b"):
            await client.get(path)

    def count(name: str, status: str) -> float | None:
        labels = {"route": name, "status": status}
        return made_of.metrics.registry.get_sample_value("noaber_http_requests_total", labels)

    assert (count("thing", "200"), count("none", "405"), count("none", "404")) == (2, 1, 1)


async def test_livez_says_ok_whatever_the_checks_find() -> None:
    async def broken() -> str | None:
        return "no database"

    async with running(parts(checks={"database": broken})) as client:
        assert (await client.get("/livez")).status == 200


Outcome = Callable[[], Awaitable[str | None]]


async def test_readyz_names_the_check_that_fails_and_tells_the_log_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def well() -> str | None:
        return None

    async def broken() -> str | None:
        return "revision 3 of 5"

    async def raising_check() -> str | None:
        raise Busy("the file is locked")

    checks: dict[str, Outcome] = {"disk": well, "migrations": broken, "database": raising_check}
    async with running(parts(checks=checks)) as client:
        answer = await client.get("/readyz")

        assert answer.status == 503
        assert json.loads(await answer.text()) == {
            "accepting": True,
            "disk": True,
            "migrations": False,
            "database": False,
        }
    told = [record.getMessage() for record in caplog.records]
    assert "not ready: migrations: revision 3 of 5" in told
    assert "not ready: database: the file is locked" in told


async def test_readyz_is_200_until_the_node_drains() -> None:
    readiness = Readiness({})
    async with running(parts(readiness=readiness)) as client:
        before = (await client.get("/readyz")).status
        readiness.drain()
        after = (await client.get("/readyz")).status

    assert (before, after) == (200, 503)
