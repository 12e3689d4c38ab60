"""Which surfaces scripts of other sites may use: apps that run in a browser.

Nothing here is opened by it: these surfaces look at a token that the app sends by itself, never
at a cookie, so that no origin can do more than its user let it.

Spec: Fetch 3.2 (CORS protocol); reference client-apis 1.1.
"""

from http import HTTPStatus

from aiohttp import web

PREFIXES = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/nodeinfo/",
    "/.well-known/",
)
"""Below these a browser may call from anywhere; the consent page is not among them."""

_ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
        " Mastodon-Async-Refresh, Deprecation, X-Request-Id"
    ),
}
_PREFLIGHT = {
    **_ALLOWED,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "7200",
}


def preflight(request: web.Request) -> web.Response | None:
    """The answer to a browser that asks whether a script may call; None for any other request."""
    if request.method != "OPTIONS" or not request.path.startswith(PREFIXES):
        return None
    return web.Response(status=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT)


def allow_other_origins(request: web.Request, answer: web.StreamResponse) -> None:
    """Say on an answer, a refusal too, that scripts of other sites may read it."""
    if request.path.startswith(PREFIXES):
        for name, value in _ALLOWED.items():
            answer.headers[name] = value
