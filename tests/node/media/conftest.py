"""Uploads and files over HTTP: the API and the addresses that it gives out."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from communities.people import Person
from node.app import Parts, build_app
from node.health import Readiness
from node.mastodon.desk import Desk
from node.mastodon.media import media_routes as api_media_routes
from node.mastodon.replies import API_DIALECT
from node.media.desk import MediaDesk
from node.media.serving import media_routes
from node.metrics import Metrics
from storage.media import Medium
from storage.store import Storage
from tests.support.app_caller import GUARDS, desk_over
from tests.support.clock import Clock
from tests.support.factories import HOME, World
from tests.support.media_room import Later


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes
    json: Any


@dataclass(frozen=True, slots=True)
class Uploader:
    """An app of one person, and a browser."""

    client: TestClient[web.Request, web.Application]
    desk: Desk
    person: Person

    @property
    def media(self) -> MediaDesk:
        return self.desk.media

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        """Call as the person."""
        headers = {"Authorization": f"Bearer {self.person.id}", **more.pop("headers", {})}
        async with self.client.request(method, path, headers=headers, **more) as answer:
            is_json = answer.content_type == "application/json"
            body = await answer.read()
            json = await answer.json() if is_json else None
            return Answer(answer.status, answer.headers.copy(), body, json)

    async def upload(self, file: bytes, *, version: int = 2, **fields: Any) -> Answer:
        """Upload a file under a name and a type that mean nothing."""
        return await self.call("POST", f"/api/v{version}/media", data=form(file, **fields))

    async def finish(self) -> None:
        """Let what is made beside requests be made."""
        assert isinstance(self.media.spawn, Later)
        await self.media.spawn.run()

    async def look(self, url: str, **headers: str) -> Answer:
        """Follow an address as a browser does that is not signed in."""
        path = url.removeprefix(HOME.base)
        async with self.client.get(path, headers=headers) as answer:
            return Answer(answer.status, answer.headers.copy(), await answer.read(), None)

    async def medium(self, entity: Any) -> Medium:
        """The row of an upload."""
        found = await self.desk.storage.read(lambda uow: uow.media.get(int(entity["id"])))
        assert found is not None
        return found


def form(
    file: bytes,
    *,
    name: str = "bee.bin",
    media_type: str = "application/x-anything",
    thumbnail: bytes | None = None,
    **fields: str,
) -> FormData:
    """A form with a file."""
    data = FormData()
    for key, text in fields.items():
        data.add_field(key, text)
    # A file object: aiohttp warns of bytes beyond a megabyte.
    data.add_field("file", io.BytesIO(file), filename=name, content_type=media_type)
    if thumbnail is not None:
        data.add_field("thumbnail", io.BytesIO(thumbnail), filename="cover")
    return data


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


@pytest.fixture
async def app(sqlite_storage: Storage, clock: Clock, ada: Person) -> AsyncIterator[Uploader]:
    """Ada's app at a node that takes uploads and serves them."""
    desk = desk_over(sqlite_storage, clock)
    application = build_app(
        Parts(
            settings=desk.settings.http,
            routes=[*api_media_routes(desk), *media_routes(desk.media)],
            readiness=Readiness({}),
            metrics=Metrics(),
            guards=GUARDS,
            dialects=(API_DIALECT,),
        )
    )
    async with TestClient(TestServer(application)) as client:
        yield Uploader(client, desk, ada)
    await desk.media.close()
