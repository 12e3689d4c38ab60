"""Statuses with uploads: whose they are, how an edit changes them, where they go afterwards."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import FormData

from communities.community import PostingPolicy
from communities.people import Person
from communities.ties import Preferences
from node.jobs import JobRunner
from node.mastodon.desk import Desk
from node.mastodon.publishing import PUBLISH_JOB
from node.mastodon.scheduled import publish_scheduled_job
from node.metrics import Metrics
from node.tasks import Tasks
from storage.store import Storage
from tests.support import media_files
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

As = Callable[[Person | None], App]
STATUSES = "/api/v1/statuses"


@pytest.fixture
async def ada(sqlite_storage: Storage, world: World) -> Person:
    return await sqlite_storage.write(world.person, "ada")


async def uploaded(app: App, **fields: str) -> str:
    """The id of a picture that was uploaded."""
    data = FormData(fields)
    data.add_field("file", media_files.picture(), filename="bee.png")
    entity = await app.post("/api/v2/media", data=data)
    return str(entity["id"])


def ids_of(status: Any) -> list[str]:
    return [medium["id"] for medium in status["media_attachments"]]


async def test_uploads_are_attached_in_the_order_wanted(as_: As, ada: Person) -> None:
    app = as_(ada)
    one, two = await uploaded(app, description="a bee"), await uploaded(app)

    status = await app.post(STATUSES, data={"media_ids[]": [two, one], "status": ""})

    assert ids_of(status) == [two, one]
    assert status["media_attachments"][1]["description"] == "a bee"
    assert status["content"] == ""


async def test_a_person_who_wants_it_so_marks_all_pictures_as_sensitive(
    as_: As, ada: Person, desk: Desk
) -> None:
    await desk.storage.write(lambda uow: uow.preferences.put(ada.id, Preferences(sensitive=True)))
    app = as_(ada)
    one, two = await uploaded(app), await uploaded(app)

    marked = await app.post(STATUSES, json={"media_ids": [one]})
    said = await app.post(STATUSES, json={"media_ids": [two], "sensitive": False})

    assert (marked["sensitive"], said["sensitive"]) == (True, False)


async def test_an_upload_of_another_or_in_use_is_not_there(
    as_: As, ada: Person, world: World, desk: Desk
) -> None:
    ben = await desk.storage.write(world.person, "ben")
    picture = await uploaded(as_(ada))

    by_other = await as_(ben).call("POST", STATUSES, json={"media_ids": [picture]})
    await as_(ada).post(STATUSES, json={"media_ids": [picture]})
    again = await as_(ada).call("POST", STATUSES, json={"media_ids": [picture]})

    assert (by_other.status, again.status) == (404, 404)


async def test_a_refused_status_leaves_its_uploads_free(
    as_: As, ada: Person, world: World, desk: Desk
) -> None:
    hive = await desk.storage.write(
        lambda uow: world.community(uow, "hive", posting=PostingPolicy.MODERATORS)
    )
    app = as_(ada)
    picture = await uploaded(app)

    wanted = {"media_ids": [picture], "group_id": str(hive.id)}
    refused = await app.call("POST", STATUSES, json=wanted)

    assert refused.status == 422
    assert ids_of(await app.post(STATUSES, json={"media_ids": [picture]})) == [picture]


async def test_an_edit_changes_and_describes_what_is_attached(
    as_: As, ada: Person, clock: Clock
) -> None:
    app = as_(ada)
    one, two, three = [await uploaded(app) for _ in range(3)]
    status = await app.post(STATUSES, json={"status": "Moin", "media_ids": [one, two]})
    path = f"{STATUSES}/{status['id']}"
    clock.advance(timedelta(minutes=1))

    described = {"id": two, "description": "two bees", "focus": "0.5,-0.5"}
    changed = await app.done(
        "PUT", path, json={"media_ids": [two, three], "media_attributes": [described]}
    )
    kept = await app.done("PUT", path, json={"status": "Moin!"})
    described = {"id": three, "description": "three bees"}
    again = await app.done("PUT", path, json={"media_attributes": [described]})

    assert ids_of(changed) == ids_of(kept) == ids_of(again) == [two, three]
    assert changed["media_attachments"][0]["description"] == "two bees"
    assert again["media_attachments"][1]["description"] == "three bees"
    assert (await app.get(f"/api/v1/media/{one}"))["id"] == one, "it waits for another post"


async def test_a_status_of_pictures_alone_cannot_lose_them(as_: As, ada: Person) -> None:
    app = as_(ada)
    status = await app.post(STATUSES, json={"media_ids": [await uploaded(app)]})

    reply = await app.call("PUT", f"{STATUSES}/{status['id']}", json={"media_ids": []})

    assert reply.status == 422


async def test_uploads_of_a_deleted_status_can_be_posted_anew(as_: As, ada: Person) -> None:
    app = as_(ada)
    picture = await uploaded(app)
    status = await app.post(STATUSES, json={"status": "Moin", "media_ids": [picture]})

    deleted = await app.done("DELETE", f"{STATUSES}/{status['id']}")
    anew = await app.post(STATUSES, json={"status": "Moin!", "media_ids": ids_of(deleted)})

    assert ids_of(anew) == [picture]


async def test_uploads_can_be_deleted_with_their_status(as_: As, ada: Person, desk: Desk) -> None:
    app = as_(ada)
    picture = await uploaded(app)
    status = await app.post(STATUSES, json={"status": "Moin", "media_ids": [picture]})

    await app.done("DELETE", f"{STATUSES}/{status['id']}?delete_media=true")

    assert await desk.storage.read(lambda uow: uow.media.get(int(picture))) is None


async def test_uploads_wait_with_a_scheduled_status(
    as_: As, ada: Person, desk: Desk, clock: Clock
) -> None:
    app, at = as_(ada), clock() + timedelta(days=3)
    picture = await uploaded(app)
    wanted = {"status": "Moin", "media_ids": [picture], "scheduled_at": at.isoformat()}

    waiting = await app.post(STATUSES, json=wanted)
    clock.advance(timedelta(days=3))
    await desk.storage.write(lambda uow: uow.media.drop_waiting(clock()))
    handlers = {PUBLISH_JOB: publish_scheduled_job(desk)}
    await JobRunner(desk.storage, handlers, Tasks(), Metrics(), now=clock).step()

    assert ids_of(waiting) == [picture]
    medium = await desk.storage.read(lambda uow: uow.media.get(int(picture)))
    assert medium is not None
    assert medium.post_id is not None
