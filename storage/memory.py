"""What the running write transaction has read already, so that it is read once.

One activity asks for its community, its author and the post it answers again and again, and a
batch of them for the same few. The writer alone changes the database while it holds its
transaction, so what it read stays true until it writes to the same table itself: then, and at the
end of the transaction, and when a unit is undone, it is forgotten. Readers remember nothing.
"""

from collections import defaultdict
from typing import Generic, TypeVar

T = TypeVar("T")

EVERYTHING = ""
"""Named instead of a table by what may change any of them."""


class Memories:
    """All memories of one connection, by the tables whose rows they hold."""

    __slots__ = ("_by_table", "is_on")

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._by_table: dict[str, list[dict[object, object]]] = defaultdict(list)
        self.is_on = False

    def register(self, tables: tuple[str, ...], values: dict[object, object]) -> None:
        """Empty these values whenever one of the tables is written to."""
        for table in tables:
            self._by_table[table].append(values)

    def begin(self) -> None:
        """A write transaction begins."""
        self.forget(EVERYTHING)
        self.is_on = True

    def end(self) -> None:
        """It has ended."""
        self.forget(EVERYTHING)
        self.is_on = False

    def forget(self, table: str) -> None:
        """A table was written to."""
        if table == EVERYTHING:
            for memories in self._by_table.values():
                for values in memories:
                    values.clear()
            return
        for values in self._by_table.get(table, ()):
            values.clear()


class Memory(Generic[T]):
    """Values of one kind by their keys; only what was found is kept, never that nothing was."""

    __slots__ = ("_memories", "_values")

    def __init__(self, memories: Memories, *tables: str) -> None:
        """Hold values that are made of rows of these tables."""
        self._memories = memories
        self._values: dict[object, T] = {}
        memories.register(tables, self._values)  # type: ignore[arg-type]  # it only clears them

    def recall(self, key: object) -> T | None:
        """The value that was read under this key."""
        return self._values.get(key)

    def keep(self, value: T, *keys: object) -> T:
        """Keep a value under these keys while a write transaction runs; the value again."""
        if self._memories.is_on:
            for key in keys:
                self._values[key] = value
        return value
