"""What is kept of rows is used only while they are the same, and never too much of it."""

from storage.connection import Row
from storage.row_cache import RowCache


def test_a_value_is_made_again_when_its_row_has_changed() -> None:
    made: list[Row] = []
    cache: RowCache[str] = RowCache(10)

    def make(row: Row) -> str:
        made.append(row)
        return f"{row[1]}!"

    found = [cache.made_of(1, row, make) for row in ((1, "a"), (1, "a"), (1, "b"), (1, "a"))]

    assert found == ["a!", "a!", "b!", "a!"]
    assert made == [(1, "a"), (1, "b"), (1, "a")]


def test_the_older_half_goes_when_there_are_too_many() -> None:
    cache: RowCache[int] = RowCache(4)
    made: list[int] = []

    def make(row: Row) -> int:
        made.append(int(row[0]))
        return int(row[0])

    for key in (1, 2, 3, 4, 5, 4, 1):
        assert cache.made_of(key, (key,), make) == key

    assert made == [1, 2, 3, 4, 5, 1]
