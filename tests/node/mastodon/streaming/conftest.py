"""A node whose API streams, and ways to listen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from communities.people import Person
from node.mastodon.desk import Desk
from node.settings_streaming import StreamingSettings
from node.streaming.doors import Doors
from node.tasks import Tasks
from storage.store import Storage
from tests.support.app_caller import calling, desk_over
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.listening import PATH, Ear, Home, Listen, TokensOfTests


@pytest.fixture
def tokens() -> TokensOfTests:
    return TokensOfTests()


@pytest.fixture
async def desk(sqlite_storage: Storage, clock: Clock, tokens: TokensOfTests) -> Desk:
    settings = StreamingSettings(max_per_token=3, max_connections=5)
    made = desk_over(sqlite_storage, clock, streaming=settings)
    doors = Doors(identify=tokens.identify, on_end=tokens.on_end, spawn=Tasks().spawn)
    return replace(made, doors=doors)


@pytest.fixture
async def home(sqlite_storage: Storage, world: World, clock: Clock) -> Home:
    return await sqlite_storage.write(Home, world, clock)


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async with calling(desk) as client:
        yield client
        desk.streams.close()


@pytest.fixture
def listen(desk: Desk, client: TestClient[web.Request, web.Application]) -> Listen:
    @asynccontextmanager
    async def listening(person: Person, query: str = "") -> AsyncIterator[Ear]:
        url = f"{PATH}?access_token={person.id}{query}"
        async with client.ws_connect(url) as socket:
            yield Ear(socket, desk.streams)

    return listening
