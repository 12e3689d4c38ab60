"""Markers through the API: how far one has read, told from one app to the next."""

from collections.abc import Callable
from typing import Any

import pytest

from communities.people import Person
from storage.store import Storage
from tests.support.app_caller import App
from tests.support.factories import World

AppsOf = Callable[[Person | None], App]


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


async def test_nothing_was_read_at_first(as_: AppsOf, ada: Person) -> None:
    assert await as_(ada).get("/api/v1/markers?timeline[]=home") == {}


async def test_a_marker_is_kept_for_the_other_apps(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)

    set_ = await app.post("/api/v1/markers", json={"home": {"last_read_id": "123"}})
    await app.post("/api/v1/markers", data={"notifications[last_read_id]": "55"})

    assert set_["home"]["last_read_id"] == "123"
    assert set_["home"]["version"] == 1
    read = await app.get("/api/v1/markers?timeline[]=home&timeline[]=notifications")
    assert read["home"] == set_["home"]
    assert read["notifications"]["last_read_id"] == "55"
    assert list(await app.get("/api/v1/markers?timeline[]=home")) == ["home"]


async def test_each_change_counts(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    await app.post("/api/v1/markers", json={"home": {"last_read_id": "5"}})

    again = await app.post("/api/v1/markers", json={"home": {"last_read_id": "9"}})

    assert again["home"] == {**again["home"], "last_read_id": "9", "version": 2}


async def test_who_knows_an_older_version_is_told_so(as_: AppsOf, ada: Person) -> None:
    app = as_(ada)
    await app.post("/api/v1/markers", json={"home": {"last_read_id": "5"}})
    await app.post("/api/v1/markers", json={"home": {"last_read_id": "6", "version": 1}})

    late = await app.call(
        "POST", "/api/v1/markers", json={"home": {"last_read_id": "4", "version": 1}}
    )

    assert late.status == 409
    assert (await app.get("/api/v1/markers"))["home"]["last_read_id"] == "6"


@pytest.mark.parametrize("told", [{"last_read_id": "x"}, {"last_read_id": "-3"}])
async def test_what_is_no_id_is_refused(as_: AppsOf, ada: Person, told: dict[str, Any]) -> None:
    assert (await as_(ada).call("POST", "/api/v1/markers", json={"home": told})).status == 422
