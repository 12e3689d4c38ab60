"""What a client is told when something was refused or failed: one table, as JSON or as a page.

`problem_of` is the only place that turns errors of the packages into HTTP. The sentence of a
problem is safe to show; what is not stays in the log, under the id that the answer carries.
"""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec
from aiohttp import web

from communities.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from communities.registration import RegistrationRefused
from federation.errors import (
    FederationError,
    FetchForbidden,
    PeerRefused,
    PeerUnreachable,
    SignatureRejected,
)
from node.errors import Refusal
from protocols.errors import LocalProtocolError, ProtocolError, SignatureRefused
from storage.errors import Busy, Closed, StorageError

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Server": "noaber",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer, unless a handler set the header itself. `Server` tells no version."""

BUSY_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A refusal or failure as a client sees it: status, sentence, details and own headers."""

    status: int
    sentence: str
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


ErrorPage = Callable[[web.BaseRequest, Problem], str]
"""Makes the HTML of a problem."""


def problem_of(error: BaseException) -> Problem | None:
    """The problem that an error stands for; None when it is a fault of ours that nobody foresaw."""
    match error:
        case web.HTTPException():
            return _of_http(error)
        case Refusal():
            return Problem(
                status=error.status,
                sentence=error.sentence,
                details=error.details,
                headers=error.headers,
            )
        case DomainError():
            return _of_domain(error)
        case FederationError():
            return _of_federation(error)
        case ProtocolError():
            return _of_protocol(error)
        case StorageError():
            return _of_storage(error)
        case web.RequestPayloadError():
            return Problem(status=400, sentence="The body of the request is broken.")
        case _:
            return None


def _of_http(error: web.HTTPException) -> Problem:
    kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
    return Problem(status=error.status, sentence=error.reason, headers=kept)


def _of_domain(error: DomainError) -> Problem:
    sentence = str(error)
    match error:
        case NotFound():
            return Problem(status=404, sentence=sentence)
        case NotAllowed():
            return Problem(status=403, sentence=sentence, details={"reason": error.reason})
        case Conflict():
            return Problem(status=409, sentence=sentence)
        case RegistrationRefused():
            return Problem(status=422, sentence=sentence, details={"details": error.details})
        case Invalid():
            return Problem(status=422, sentence=sentence, details={"field": error.field})
        case _:
            return Problem(status=400, sentence=sentence)


def _of_federation(error: FederationError) -> Problem:
    sentence = str(error)
    match error:
        case SignatureRejected():
            return Problem(status=401, sentence=sentence, details={"reason": error.reason})
        case FetchForbidden():
            return Problem(status=422, sentence=sentence, details={"reason": error.reason})
        case PeerUnreachable():
            return Problem(status=504, sentence=sentence, details={"reason": error.failure})
        case PeerRefused():
            return Problem(status=502, sentence=sentence)
        case _:
            return Problem(status=502, sentence=sentence)


def _of_protocol(error: ProtocolError) -> Problem | None:
    if isinstance(error, LocalProtocolError):
        return None
    details = {"reason": error.reason} if isinstance(error, SignatureRefused) else {}
    return Problem(status=error.status_hint, sentence=str(error), details=details)


def _of_storage(error: StorageError) -> Problem | None:
    if isinstance(error, Busy | Closed):
        later = {"Retry-After": str(BUSY_RETRY_SECONDS)}
        return Problem(status=503, sentence=str(error), headers=later)
    return None


def unforeseen(request_id: str) -> Problem:
    """The answer to a fault of ours: nothing but the id under which the log tells more."""
    return Problem(
        status=500,
        sentence="Something went wrong here; the log of the node tells more under this id.",
        details={"request": request_id},
    )


def render(
    problem: Problem, request: web.BaseRequest, page: ErrorPage | None = None
) -> web.Response:
    """The answer for a problem: a page for who asks for HTML, else JSON with `error`."""
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", **problem.headers}
    if "text/html" in request.headers.get("Accept", ""):
        body = (page or plain_page)(request, problem).encode()
        headers["Content-Type"] = "text/html; charset=utf-8"
    else:
        body = msgspec.json.encode({"error": problem.sentence, **problem.details})
        headers["Content-Type"] = "application/json; charset=utf-8"
    return web.Response(status=problem.status, body=body, headers=headers)


def plain_page(_request: web.BaseRequest, problem: Problem) -> str:
    """A page without templates, for whoever comes before or without them."""
    title = f"{problem.status} {HTTPStatus(problem.status).phrase}"
    facts = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>"
        for name, value in problem.details.items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1><p>{html.escape(problem.sentence)}</p><dl>{facts}</dl></body></html>"
    )
