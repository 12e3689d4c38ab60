"""A visitor of the pages: asks as a browser does, follows no redirect, reads with a strict eye."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestClient

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
