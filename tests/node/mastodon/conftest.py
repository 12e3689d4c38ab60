"""The client API over a database, for tests of its handlers."""

from collections.abc import AsyncIterator, Callable

import pytest

from communities.people import Person
from node.mastodon.desk import Desk
from storage.store import Storage
from tests.support.app_caller import App, calling, desk_over
from tests.support.clock import Clock
from tests.support.factories import World


@pytest.fixture
def clock() -> Clock:
    """The node's clock, three weeks after the world began."""
    return Clock()


@pytest.fixture
def world() -> World:
    """Makes people, communities and posts."""
    return World()


@pytest.fixture
def desk(sqlite_storage: Storage, clock: Clock) -> Desk:
    """The node as its API sees it."""
    return desk_over(sqlite_storage, clock)


@pytest.fixture
async def as_(desk: Desk) -> AsyncIterator[Callable[[Person | None], App]]:
    """`as_(ada)` is an app that calls for ada; `as_(None)` one without a token."""
    async with calling(desk) as client:
        yield lambda person: App(client, None if person is None else person.id)
