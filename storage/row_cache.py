"""What was made of rows, kept for as long as the rows stay as they were."""

from collections.abc import Callable
from typing import Generic, TypeVar

from storage.connection import Row

T = TypeVar("T")


class RowCache(Generic[T]):
    """Values by key, each beside the row it was made of; may be used by several threads.

    A row is read each time, and what was made of it is used again only when the row is the same:
    nothing that is kept can be out of date.
    """

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        """Keep at most so many values; when there are more, the older half goes."""
        self._kept: dict[int, tuple[Row, T]] = {}
        self._most = most

    def made_of(self, key: int, row: Row, make: Callable[[Row], T]) -> T:
        """The value of a row, made of it unless the one that is kept was."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] == row:
            return kept[1]
        made = make(row)
        if len(self._kept) >= self._most:
            for old in list(self._kept)[: self._most // 2]:
                self._kept.pop(old, None)
        self._kept[key] = (row, made)
        return made
