"""Uploads through the API: what is taken, how it is answered, whose it is."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from communities.people import Person
from node.mastodon.desk import Desk
from storage.store import Storage
from tests.support import media_files
from tests.support.app_caller import App
from tests.support.factories import World
from tests.support.media_room import files_in

As = Callable[[Person | None], App]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


def form(file: bytes, name: str = "bee.bin", **fields: str) -> FormData:
    """A form with a file, as apps send it; the name and the type it claims mean nothing."""
    data = FormData()
    for key, text in fields.items():
        data.add_field(key, text)
    data.add_field("file", file, filename=name, content_type="application/x-anything")
    return data


async def uploaded(app: App, file: bytes, **fields: str) -> Any:
    return await app.post("/api/v2/media", data=form(file, **fields))


async def stored(desk: Desk, entity: Any) -> Image.Image:
    """The picture that was kept for an upload."""
    medium = await desk.storage.read(lambda uow: uow.media.get(int(entity["id"])))
    assert medium is not None
    assert medium.digest is not None
    return Image.open(io.BytesIO(desk.media.files.path_of(medium.digest).read_bytes()))


async def test_a_picture_is_ready_at_once(as_: As, ada: Person, desk: Desk) -> None:
    entity = await uploaded(
        as_(ada), media_files.picture(size=(800, 600)), description="A bee", focus="0.5,-0.25"
    )

    assert entity["type"] == "image"
    assert entity["url"].startswith("https://noaber.example/media/")
    assert entity["url"].endswith("/original.png")
    assert entity["preview_url"].endswith("/small.webp")
    assert (entity["description"], entity["remote_url"]) == ("A bee", None)
    assert entity["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    assert entity["meta"]["original"] == {
        "width": 800,
        "height": 600,
        "size": "800x600",
        "aspect": 800 / 600,
    }
    assert entity["meta"]["small"]["size"] == "640x480"
    assert len(entity["blurhash"]) > 6
    assert len(files_in(desk.media)) == 2
