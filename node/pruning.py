"""Drops what was kept long enough, a little at a time, every hour."""

import asyncio
import logging
from collections.abc import Callable

from storage.maintenance import STEP, Prunable, prune
from storage.store import Storage

log = logging.getLogger(__name__)

FIRST_SECONDS = 60.0
EVERY_SECONDS = 3600.0
PAUSE_SECONDS = 0.05
"""Between two steps, so that the writer is free for others."""


async def prune_all(storage: Storage, now_ms: int) -> dict[Prunable, int]:
    """Drop everything that is due, in units of at most 500 rows; how many rows of each kind."""
    dropped: dict[Prunable, int] = {}
    for kind in Prunable:
        dropped[kind] = 0
        while True:
            count = await storage.write(prune, kind, now_ms)
            dropped[kind] += count
            if count < STEP:
                break
            await asyncio.sleep(PAUSE_SECONDS)
    return dropped


async def prune_for_ever(storage: Storage, now_ms: Callable[[], int]) -> None:
    """Prune a minute after the start, then every hour."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        dropped = await prune_all(storage, now_ms())
        told = ", ".join(f"{count} {kind}" for kind, count in dropped.items() if count)
        if told:
            log.info("dropped what was kept long enough: %s", told)
        await asyncio.sleep(EVERY_SECONDS)
