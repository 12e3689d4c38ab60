"""Lists of statuses cost the same number of statements however long they are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from communities.people import Person
from communities.posts import PostContent, Reaction, ReactionKind, Visibility
from node import searching
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.statement_count import counting

AppsOf = Callable[[Person | None], App]


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock().replace(hour=0))


@dataclass
class Town:
    storage: Storage
    world: World
    ada: Person

    async def write(self, *unit: Any) -> None:
        await self.storage.write(*unit)


@pytest.fixture
async def town(sqlite_storage: Storage, world: World) -> Town:
    return Town(sqlite_storage, world, await sqlite_storage.write(world.person, "ada"))


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    return counting(monkeypatch)


def write_post(uow: UnitOfWork, world: World, reader: Person, number: int) -> None:
    """A public post that trends, and a message: each by somebody else."""
    author = world.remote_person(uow, f"author{number}")
    profile = uow.actors.get(author.id)
    assert profile is not None
    uow.actors.put(replace(profile, indexable=True, discoverable=True))
    content = PostContent(html="<p>Honey</p>", hashtags=("bees", f"tag{number}"))
    post = world.post(uow, author, content=content)
    searching.index_post(uow, post.id)
    uow.reactions.put(
        Reaction(
            actor_id=reader.id,
            post_id=post.id,
            kind=ReactionKind.LIKE,
            uri=f"https://a.example/{number}",
            at=world.now,
        )
    )
    message = world.draft(author, visibility=Visibility.DIRECT)
    uow.posts.add(message, recipients=[reader.id])


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v2/search?q=honey&type=statuses", 20),
        ("/api/v2/search?q=tag&type=hashtags", 4),
        ("/api/v2/search?q=author&type=accounts", 4),
        ("/api/v1/trends/statuses", 20),
        ("/api/v1/conversations", 22),
    ],
)
async def test_a_page_costs_the_same_however_long_it_is(
    as_: AppsOf,
    town: Town,
    clock: Clock,
    statements: Callable[[], int],
    path: str,
    most: int,
) -> None:
    costs: list[int] = []
    sizes: list[int] = []

    for posts in (2, 18):
        for number in range(posts):
            await town.write(write_post, town.world, town.ada, len(sizes) * 100 + number)
        clock.advance(timedelta(minutes=6))  # what trends is kept for five
        before = statements()
        found = await as_(town.ada).get(f"{path}{'&' if '?' in path else '?'}limit=20")
        costs.append(statements() - before)
        sizes.append(max(map(len, found.values())) if isinstance(found, dict) else len(found))

    assert sizes == [2, 20]
    assert costs[0] == costs[1] <= most
