"""The HTTP application, built from a declared table of routes.

Every route says who may call it (`Access`); nothing else can add one, and a route whose access
has no guard is refused when the application is built. One middleware stands around all of them:
request id, the share of the client's address, the guard, the body with its limits, the table of
errors, the figures.
"""

import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Middleware

from node.answers import SECURITY_HEADERS, ErrorPage, Problem, problem_of, render, unforeseen
from node.cors import allow_other_origins, preflight
from node.health import Readiness, livez, readyz
from node.limits import Shares, client_address, read_body
from node.metrics import Metrics
from node.observability import request_id
from node.rate_headers import tell_rate
from node.settings import HttpSettings

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(StrEnum):
    """Who may call a route."""

    PUBLIC = "public"
    """Everybody."""
    PEER_SIGNED = "peer-signed"
    """Peers, by a signature that the inbox itself verifies: it needs the body and the storage."""
    PEER_READ = "peer-read"
    """Everybody, or peers by signature when authorized fetch is on: its guard decides."""
    OPERATOR = "operator"
    """The operator of the node."""
    ONE_TIME_LINK = "one-time-link"
    """Who holds the link: its handler looks the token up, which is all the proof there is. The
    path of such a request is a secret and stays out of the log."""
    APP_USER = "app-user"
    """An app with the token of a person, which holds the route's scope."""
    APP = "app"
    """An app with a token of its own or of a person."""
    APP_OPTIONAL = "app-optional"
    """Everybody; a token that is sent must hold, and says who looks."""
    APP_LISTENING = "app-listening"
    """An app that listens to streams: its handler looks the token up itself, since browsers can
    send it only in the address or as a protocol. The address stays out of the log anyway."""
    SESSION = "session"
    """Who is signed in at the pages; others are sent to sign in."""
    SESSION_OPTIONAL = "session-optional"
    """Everybody; who is signed in is known."""


_LAST_ANSWERS = frozenset({408, 413})
"""After these the rest of the body is not waited for: the connection ends."""
_WITHOUT_GUARD = frozenset(
    {Access.PUBLIC, Access.PEER_SIGNED, Access.ONE_TIME_LINK, Access.APP_LISTENING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the table; the name is for figures and logs, and unique.

    Attributes:
        scope: what a token must hold, of those that apps ask for; empty where any will do.
        streamed: the handler reads the body itself, with limits of its own.
    """

    method: str
    path: str
    handler: Handler
    access: Access
    name: str
    scope: str = ""
    streamed: bool = False


Guard = Callable[[web.Request, Route], Awaitable[None]]
"""Returns when the request may go on; raises an error of the table when not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How refusals are told to the clients of one surface: whoever calls below these paths."""

    prefixes: tuple[str, ...]
    answer: Callable[[web.Request, Problem], web.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the application is made of."""

    settings: HttpSettings
    routes: Iterable[Route]
    readiness: Readiness
    metrics: Metrics
    guards: Mapping[Access, Guard] = field(default_factory=dict)
    error_page: ErrorPage | None = None
    dialects: Sequence[Dialect] = ()


DECLARED: web.AppKey[Mapping[web.AbstractRoute, Route]] = web.AppKey("declared")
"""The line of the table for each route of the router."""


def build_app(parts: Parts) -> web.Application:
    """The application with the given routes and those of its health.

    Raises:
        ValueError: two routes share a name, or one asks for an access that has no guard.
    """
    routes = [*parts.routes, *_health_routes(parts.readiness)]
    names = [route.name for route in routes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two routes are called {twice[0]}")
    app = web.Application(client_max_size=parts.settings.max_body_bytes)
    declared = {}
    for method, route in _with_head(routes):
        for path in _spellings(route, routes):
            declared[_add(app, method, path, route, parts.guards)] = route
    app[DECLARED] = declared
    app.middlewares.append(_attendant(parts, declared))
    app.on_response_prepare.append(_complete_headers)
    return app


def _health_routes(readiness: Readiness) -> list[Route]:
    public = Access.PUBLIC
    return [
        Route(method="GET", path="/livez", handler=livez, access=public, name="livez"),
        Route(
            method="GET", path="/readyz", handler=readyz(readiness), access=public, name="readyz"
        ),
    ]


def _with_head(routes: Iterable[Route]) -> Iterable[tuple[str, Route]]:
    """Each route with its methods: what answers GET answers HEAD too."""
    for route in routes:
        yield route.method, route
        if route.method == "GET":
            yield "HEAD", route


def _spellings(route: Route, routes: Sequence[Route]) -> Iterable[str]:
    """The path, and of the API the one with a slash at its end, which some apps write."""
    yield route.path
    slashed = f"{route.path}/"
    if slashed.startswith("/api/") and all(other.path != slashed for other in routes):
        yield slashed


def _add(
    app: web.Application, method: str, path: str, route: Route, guards: Mapping[Access, Guard]
) -> web.AbstractRoute:
    if route.access not in _WITHOUT_GUARD and route.access not in guards:
        raise ValueError(f"route {route.name}: no guard for access {route.access}")
    return app.router.add_route(method, path, route.handler)


def _attendant(parts: Parts, declared: Mapping[web.AbstractRoute, Route]) -> Middleware:
    """The middleware around every request."""
    settings, guards, trusted = parts.settings, parts.guards, parts.settings.trusted_proxies
    shares = Shares(settings.max_connections_per_address, trusted)
    new_id = _request_ids()

    async def admit(
        request: web.Request, handler: Handler, route: Route | None
    ) -> web.StreamResponse:
        if "\0" in request.path:
            # Nothing is called so, and a database that keeps texts without it would fail on it.
            raise web.HTTPNotFound
        address = client_address(request, trusted)
        if not shares.take(address):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "1"})
        try:
            if route is None:
                return await handler(request)
            if guard := guards.get(route.access):
                await guard(request, route)
            if request.body_exists and not route.streamed:
                await read_body(request, settings)
            return await handler(request)
        finally:
            shares.give_back(address)

    @web.middleware
    async def attend(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id.set(new_id())
        started = monotonic()
        route = declared.get(request.match_info.route)
        name = route.name if route else "none"
        try:
            answer = preflight(request) or await admit(request, handler, route)
        except Exception as error:  # noqa: BLE001 - the outermost place: see _answer_to
            answer = _answer_to(error, request, route, parts)
        parts.metrics.request_answered(name, answer.status, monotonic() - started)
        return answer

    return attend


def _answer_to(
    error: Exception, request: web.Request, route: Route | None, parts: Parts
) -> web.StreamResponse:
    """The answer for an error that left a handler; raises again what nobody is left to hear."""
    is_redirect = isinstance(error, web.HTTPException) and error.status < HTTPStatus.BAD_REQUEST
    is_gone = isinstance(error, ConnectionError) and request.transport is None
    if is_redirect or is_gone:
        raise error
    about = {
        "route": route.name if route else "none",
        "method": request.method,
        "path": _path_to_log(request, route),
    }
    problem = problem_of(error)
    if problem is None:
        log.error("a request failed", exc_info=error, extra=about)
        problem = unforeseen(request_id.get())
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("answered %d: %s", problem.status, problem.sentence, extra=about)
    if request.writer.output_size > 0:
        raise ConnectionError("part of an answer was sent already") from error
    answer = _told(problem, request, parts)
    if problem.status in _LAST_ANSWERS:
        answer.force_close()
    return answer


def _told(problem: Problem, request: web.Request, parts: Parts) -> web.Response:
    """The problem in the dialect of the surface that was called."""
    for dialect in parts.dialects:
        if request.path.startswith(dialect.prefixes):
            return dialect.answer(request, problem)
    return render(problem, request, parts.error_page)


def _path_to_log(request: web.Request, route: Route | None) -> str:
    """The path, but for that of a one-time link its form: whoever reads the log could use it."""
    if route is not None and route.access is Access.ONE_TIME_LINK:
        return route.path
    return request.path


def _request_ids() -> Callable[[], str]:
    """Ids that differ between requests, and between starts of the node."""
    start = secrets.token_hex(4)
    numbers = itertools.count(1)
    return lambda: f"{start}-{next(numbers):x}"


async def _complete_headers(request: web.Request, answer: web.StreamResponse) -> None:
    headers = answer.headers
    allow_other_origins(request, answer)
    for name, value in SECURITY_HEADERS.items():
        if name not in headers:
            headers[name] = value
    tell_rate(request, headers)
    headers["Server"] = SECURITY_HEADERS["Server"]  # aiohttp has set its own by now
    headers["X-Request-Id"] = request_id.get()
