"""The style, the mark, a script, and pictures for those who have none: a fixed table of files."""

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from communities.errors import NotFound
from node.app import Access, Route

FOLDER = Path(__file__).parent / "static"
PATH = "/static/"
_TYPES = MappingProxyType(
    {
        "avatar.png": "image/png",
        "header.png": "image/png",
        "noaber.css": "text/css; charset=utf-8",
        "noaber.svg": "image/svg+xml",
        "passkeys.js": "text/javascript; charset=utf-8",
    }
)
_FOR_A_YEAR = "public, max-age=31536000, immutable"
_FOR_A_WHILE = "public, max-age=600"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file in memory; `version` changes with its content."""

    body: bytes
    content_type: str
    version: str


@cache
def static_file(name: str) -> StaticFile:
    """A file of the table, read once.

    Raises:
        KeyError: the table has no such file.
    """
    content_type = _TYPES[name]
    body = (FOLDER / name).read_bytes()
    return StaticFile(body, content_type, blake2b(body, digest_size=6).hexdigest())


def static_href(name: str) -> str:
    """The link to a file, which changes when the file does."""
    return f"{PATH}{name}?v={static_file(name).version}"


def static_routes() -> list[Route]:
    """The route of the files."""
    return [
        Route(
            method="GET",
            path=PATH + "{name}",
            handler=_answer,
            access=Access.PUBLIC,
            name="static",
        )
    ]


async def _answer(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name not in _TYPES:
        raise NotFound("There is no such file")
    found = static_file(name)
    current = request.query.get("v") == found.version
    headers = {
        "Content-Type": found.content_type,
        "Cache-Control": _FOR_A_YEAR if current else _FOR_A_WHILE,
        "ETag": f'"{found.version}"',
    }
    if f'"{found.version}"' in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, headers=headers)
