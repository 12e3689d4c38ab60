"""Housekeeping in the background: what was kept long enough goes, what waited too long is ended.

Nothing of it is urgent: each unit drops at most 500 rows, and there is a breath between two of
one kind, so that other units pass.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from communities.posting import PENDING_LIFETIME, expire
from storage.maintenance import STEP, Prunable, prune
from storage.store import Storage
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 600.0
BREATH_SECONDS: Final = 0.1
MOST_EXPIRED: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Keeps house; `sleep` is how it waits, `besides` what others sweep after the rows."""

    storage: Storage
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    besides: Sequence[Callable[[], Awaitable[int]]] = ()

    async def run(self) -> None:
        """Sweep every ten minutes, for ever; the first time ten minutes after the start."""
        while True:
            await self.sleep(EVERY_SECONDS)
            await self.sweep()

    async def sweep(self) -> int:
        """Drop and end everything whose time has come; how many rows that were."""
        dropped = 0
        for what in Prunable:
            dropped += await self._prune(what)
        dropped += await self._expire()
        for sweep in self.besides:
            dropped += await sweep()
        return dropped

    async def _prune(self, what: Prunable) -> int:
        dropped = 0
        while True:
            found = await self.storage.write(prune, what, to_ms(self.now()))
            dropped += found
            if found < STEP:
                break
            await self.sleep(BREATH_SECONDS)
        if dropped:
            log.info("dropped %d rows that were kept long enough: %s", dropped, what)
        return dropped

    async def _expire(self) -> int:
        """End the waiting of posts that their communities have not answered."""
        ended = 0
        while True:
            found = await self.storage.write(expire_pending, to_ms(self.now()))
            ended += found
            if found < MOST_EXPIRED:
                break
            await self.sleep(BREATH_SECONDS)
        if ended:
            log.info("%d posts were not answered by their communities", ended)
        return ended


def expire_pending(uow: UnitOfWork, at_ms: int) -> int:
    """Give up on up to 100 posts that have waited for 14 days; how many there were."""
    uow.at_ms = at_ms
    at = from_ms(at_ms)
    waiting = uow.posts.pending_before(at - PENDING_LIFETIME, most=MOST_EXPIRED)
    for post_id in waiting:
        expire(uow, post_id, at)
    return len(waiting)
