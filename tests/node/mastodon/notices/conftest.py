"""Ada, five others, a post of hers, and what they are told."""

import pytest

from communities.people import Person
from communities.posts import Post
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.telling import Told


@pytest.fixture
async def people(sqlite_storage: Storage, world: World) -> list[Person]:
    """Ada, and five others."""
    names = ("ada", "ben", "cyd", "dot", "eve", "fay")
    return [await sqlite_storage.write(world.person, name) for name in names]


@pytest.fixture
async def ada(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture
async def post(sqlite_storage: Storage, world: World, ada: Person) -> Post:
    return await sqlite_storage.write(world.post, ada)


@pytest.fixture
def told(sqlite_storage: Storage, clock: Clock) -> Told:
    return Told(sqlite_storage, clock)
