"""Whatever is typed to search does no harm, and gives no more than it should."""

import random

import pytest

from storage.store import Storage
from tests.support.factories import World
from tests.support.shelves import Library


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def library(storage: Storage, world: World) -> Library:
    return Library(storage, world)


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '""',
        '"""',
        '"bees',
        'bees"',
        "'bees'",
        "''",
        "bees'; DROP TABLE posts; --",
        "bees) OR (1=1",
        "NEAR(bees garden, 2)",
        "bees NEAR garden",
        "bees AND",
        "OR",
        "NOT bees",
        "*",
        "**",
        "be*es",
        "^bees",
        "words:bees",
        "marks:post",
        "{words marks}:bees",
        "search_posts:bees",
        "bees:*",
        "bees & !garden | x",
        "<->",
        "bees\\",
        "\\'",
        "bees\0garden",
        "\0",
        "-",
        "--",
        "-bees",
        "-has:media",
        "from:",
        "from:@",
        "in:@",
        "before:0000-00-00",
        "before:9999-12-31",
        "after:9999-12-31",
        "during:9999-12-31",
        "before:0001-01-01",
        "during:2026-02-30",
        "language:",
        "language:'en'",
        "has:'",
        "is:",
        "%",
        "_",
        "\ud800".encode("utf-8", "replace").decode(),
        "\u202e bees",
        "🐝",
        "x" * 10_000,
        "bees " * 2_000,
        '"' * 10_000,
        '"bees" ' * 2_000,
        "(" * 5_000,
        "has:poll " * 1_000,
        "-bees " * 2_000,
        "日" * 5_000,
        "\u0e31",
        "\u0301",
    ],
)
async def test_nothing_that_is_typed_does_harm(library: Library, query: str) -> None:
    ada = await library.person("ada")
    post = await library.post(ada, "Bees in the garden")

    found = await library.find(query)

    assert found in ([], [post.id])
    assert await library.find("bees garden") == [post.id]


async def test_thousands_of_odd_queries_are_borne(library: Library) -> None:
    ada = await library.person("ada")
    post = await library.post(ada, "Bees in the garden")
    parts = ["bees", "garden", '"', "'", "-", "*", ":", "(", ")", " ", "NEAR", "AND", "has:", "\\"]
    chance = random.Random(7)

    for _ in range(500):
        query = "".join(chance.choices(parts, k=chance.randint(1, 12)))
        assert await library.find(query) in ([], [post.id])
