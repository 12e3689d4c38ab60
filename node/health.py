"""Whether the node lives and whether it can serve: /livez and /readyz.

/livez touches nothing, so a slow database gets no node killed. /readyz runs the named checks, and
says 503 from the moment the node drains.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from storage.errors import StorageError

log = logging.getLogger(__name__)

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else what is wrong, for the log."""


class Readiness:
    """The checks of a node, and whether it is on its way out."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        """Take the checks by name; the names are shown to whoever asks, their findings are not."""
        self._checks = dict(checks)
        self._draining = False

    def drain(self) -> None:
        """Answer 503 from now on."""
        self._draining = True

    async def report(self) -> dict[str, bool]:
        """The outcome of each check; a check that takes over 2 s has failed."""
        outcomes = {name: await _passes(name, check) for name, check in self._checks.items()}
        return {"accepting": not self._draining, **outcomes}


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            wrong = await check()
    except TimeoutError:
        wrong = f"no answer within {CHECK_SECONDS:g} s"
    except (StorageError, OSError) as error:
        wrong = str(error)
    if wrong is not None:
        log.warning("not ready: %s: %s", name, wrong)
    return wrong is None


async def livez(_request: web.Request) -> web.Response:
    """200 as long as the event loop turns."""
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})


def readyz(readiness: Readiness) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of /readyz: 200 when every check passes, else 503 and which do not."""

    async def show(_request: web.Request) -> web.Response:
        report = await readiness.report()
        return web.Response(
            status=200 if all(report.values()) else 503,
            body=msgspec.json.encode(report),
            headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
        )

    return show
