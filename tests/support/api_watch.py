"""Shows every answer of the API to the schema's oracle, in whatever test it is given."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

if TYPE_CHECKING:
    from tests.support.mastodon_schema import Oracle

WATCHED = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/.well-known/oauth")
_seen: list["Oracle"] = []


def begin() -> None:
    """From now on, look at every answer that this process gives."""
    prepare = web.StreamResponse.prepare

    async def watched(
        answer: web.StreamResponse, request: web.BaseRequest
    ) -> AbstractStreamWriter | None:
        if request.path.startswith(WATCHED) and request.method not in ("HEAD", "OPTIONS"):
            _look(answer, request)
        return await prepare(answer, request)

    web.StreamResponse.prepare = watched  # type: ignore[method-assign, assignment]  # that is its purpose


def _look(answer: web.StreamResponse, request: web.BaseRequest) -> None:
    # The schema takes a second to read, which only tests of the API have to pay.
    from tests.support.mastodon_schema import oracle

    if not _seen:
        _seen.append(oracle())
    if isinstance(answer, web.Response):
        body = answer.body
        _seen[0].see(request.method, request.path, answer.status, _bytes(body))
    elif answer.content_type == "text/event-stream":
        _seen[0].see_stream(request.path)


def _bytes(body: Any) -> bytes:
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else b""


def take_faults() -> list[str]:
    """What did not fit since the last call."""
    return _seen[0].take_faults() if _seen else []


def summary() -> Iterator[str]:
    """How much of the API was exercised in this run."""
    if not _seen:
        return
    found = _seen[0]
    if not found.operations:
        yield "Mastodon API: ../shared/reference is absent, answers were held against no schema"
        return
    yield (
        f"Mastodon API: {len(found.exercised)} of {len(found.operations)} operations exercised,"
        f" {found.checked} answers held against the schema, {found.total_faults} violations"
    )
