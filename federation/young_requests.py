"""A bound on young requests: those that hang must not take the places of those that will not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

YOUNG_SECONDS: Final = 1.0
"""After this time an unanswered request no longer counts."""


class YoungRequests:
    """Lets a number of requests begin, and one more for each that ends or grows old."""

    def __init__(self, most: int) -> None:
        """Let `most` be young at the same time."""
        self._places = asyncio.Semaphore(most)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a place, and have it until the block ends or is a second old."""
        await self._places.acquire()
        place = _Place(self._places)
        timer = asyncio.get_running_loop().call_later(YOUNG_SECONDS, place.leave)
        try:
            yield
        finally:
            timer.cancel()
            place.leave()


class _Place:
    """One place, left once."""

    __slots__ = ("_places",)

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def leave(self) -> None:
        if self._places is not None:
            self._places.release()
            self._places = None
