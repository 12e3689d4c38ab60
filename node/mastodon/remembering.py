"""What is dear to compute and the same for everybody, kept in memory for some minutes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Remembered(Generic[T]):
    """Computes a value when asked and it is older than `kept_for`; asked by many, once."""

    compute: Callable[[], Awaitable[T]]
    now: Callable[[], datetime]
    kept_for: timedelta
    _kept: tuple[datetime, T] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self) -> T:
        """The value."""
        async with self._lock:
            at = self.now()
            if self._kept is None or at - self._kept[0] >= self.kept_for:
                self._kept = at, await self.compute()
            return self._kept[1]
