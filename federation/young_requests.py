"""A bound on young requests: those that hang must not take the places of those that will not."""

import asyncio
from typing import Final

YOUNG_SECONDS: Final = 1.0
"""After this time an unanswered request no longer counts."""


class YoungRequests:
    """Lets a number of requests begin, and one more for each that ends or grows old."""

    def __init__(self, most: int) -> None:
        """Let `most` be young at the same time."""
        self._places = asyncio.Semaphore(most)

    async def enter(self) -> "Place":
        """Wait for a place; the caller leaves it, and it is free anyway when it is a second old."""
        await self._places.acquire()
        return Place(self._places)


class Place:
    """One place, left once."""

    __slots__ = ("_places", "_timer")

    def __init__(self, places: asyncio.Semaphore) -> None:
        """Take over a place of this semaphore."""
        self._places: asyncio.Semaphore | None = places
        self._timer = asyncio.get_running_loop().call_later(YOUNG_SECONDS, self._release)

    def leave(self) -> None:
        """Give the place back."""
        self._timer.cancel()
        self._release()

    def _release(self) -> None:
        if self._places is not None:
            self._places.release()
            self._places = None
