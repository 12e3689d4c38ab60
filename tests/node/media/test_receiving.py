"""How uploads arrive: too long, with names that lead elsewhere, cut off, twice at once.

Spec: security HTM-06, HTM-07.
"""

import asyncio
import os
import signal
from dataclasses import replace
from typing import Any

import pytest

from communities.people import Person
from node.media.desk import MediaDesk
from node.media.orders import Order, Shape
from node.media.worker import Worker
from tests.node.media.conftest import Answer, Uploader, form
from tests.support import media_files
from tests.support.media_room import files_in

BOUNDARY = "b"
HEAD = (
    "POST /api/v2/media HTTP/1.1\r\nHost: noaber.example\r\n"
    "Authorization: Bearer {person}\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
)
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'


def only_what_was_made(media: MediaDesk) -> bool:
    """Whether every file on the disk lies under the name of its digest."""
    return all(len(path.name) == 64 for path in files_in(media))


async def spoken(app: Uploader, head: str, body: bytes = b"") -> bytes:
    """What the node answers to bytes; nothing more is sent."""
    host, port = str(app.client.host), app.client.port
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(head.encode() + body)
        return await asyncio.wait_for(reader.read(2_000), 5)
    finally:
        writer.close()


async def test_ten_gigabytes_are_refused_before_they_are_read(app: Uploader) -> None:
    head = HEAD.format(person=app.person.id, length=10_000_000_000)

    answer = await spoken(app, head)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert files_in(app.media) == []


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\x.html",
        "a%00.png",
        "x" * 300,
        "\u202egnp.exe",
        "",
        ".htaccess",
    ],
)
async def test_file_name_leads_nowhere(app: Uploader, name: str) -> None:
    answer = await app.upload(media_files.picture(), name=name, media_type="text/html")

    assert answer.status == 200
    assert answer.json["url"].endswith("/original.png")
    assert len(files_in(app.media)) == 2
    assert only_what_was_made(app.media)


async def test_picture_beyond_the_limit_is_cut_off(app: Uploader) -> None:
    too_long = media_files.picture() + b"\x00" * (16 * 1024 * 1024)

    answer = await app.upload(too_long)

    assert (answer.status, answer.json["error"]) == (413, "Validation failed: File is too large")
    assert files_in(app.media) == []


@pytest.mark.parametrize(
    "body",
    [
        PART + b"\x89PNG\r\n\x1a\n" + b"x" * 2_000,
        PART,
        b"--b\r\nContent-Dispo",
        b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\nmoin',
    ],
    ids=["in-a-file", "before-its-bytes", "in-a-head", "in-a-text"],
)
async def test_client_that_goes_away_leaves_nothing(app: Uploader, body: bytes) -> None:
    host, port = str(app.client.host), app.client.port
    head = HEAD.format(person=app.person.id, length=1_000_000)

    reader, writer = await asyncio.open_connection(host, port)
    writer.write(head.encode() + body)
    await writer.drain()
    for _ in range(50):
        await asyncio.sleep(0)
    writer.transport.abort()
    await reader.read()
    # The node learns of it by its own loop; another request is answered meanwhile.
    again = await app.upload(media_files.picture())

    assert again.status == 200
    assert len(files_in(app.media)) == 2


async def test_client_that_stops_sending_is_not_waited_for(app: Uploader) -> None:
    slow = replace(app.media, settings=replace(app.media.settings, upload_seconds=0.2))
    object.__setattr__(app.desk, "media", slow)

    answer = await spoken(app, HEAD.format(person=app.person.id, length=1_000), PART)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert files_in(app.media) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"moin",
        b"--b--\r\n",
        b"--b\r\n\r\nno disposition\r\n--b--\r\n",
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n\xff\xfe\r\n--b--\r\n',
    ],
    ids=["empty", "text", "nothing-in-it", "no-disposition", "nested", "no-utf-8"],
)
async def test_body_without_a_file_is_refused(app: Uploader, body: bytes) -> None:
    answer = await app.call(
        "POST",
        "/api/v2/media",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )

    assert answer.status in {400, 422}
    assert "error" in answer.json


async def test_text_field_that_is_too_long_is_refused(app: Uploader) -> None:
    answer = await app.upload(media_files.picture(), description="x" * 100_000)

    assert answer.status == 413
    assert files_in(app.media) == []


async def test_hundreds_of_parts_are_refused(app: Uploader) -> None:
    fields: dict[str, Any] = {f"field{number}": "" for number in range(200)}

    answer = await app.upload(media_files.picture(), **fields)

    assert answer.status == 400


async def test_upload_as_json_is_answered_in_words(app: Uploader) -> None:
    answer = await app.call("POST", "/api/v2/media", json={"file": "x"})

    assert (answer.status, answer.json["error"]) == (
        422,
        "Validation failed: File can't be blank",
    )


async def test_two_uploads_of_the_same_bytes_share_their_files(app: Uploader) -> None:
    file = media_files.picture()

    first, second = await asyncio.gather(app.upload(file), app.upload(file))

    assert (first.status, second.status) == (200, 200)
    assert first.json["id"] != second.json["id"]
    assert len(files_in(app.media)) == 2
    await app.call("DELETE", f"/api/v1/media/{first.json['id']}")
    assert (await app.look(second.json["url"])).status == 200


async def test_upload_beyond_the_quota_is_refused(app: Uploader) -> None:
    tight = replace(app.media, settings=replace(app.media.settings, quota_bytes=100))
    object.__setattr__(app.desk, "media", tight)

    answer = await app.upload(media_files.picture())

    assert answer.status == 422
    assert "no room left" in answer.json["error"]
    assert [path for path in files_in(app.media) if path.parent.name == "tmp"] == []


async def test_decoder_that_is_killed_is_started_again(app: Uploader) -> None:
    assert (await app.upload(media_files.picture())).status == 200
    pid = app.media.pictures.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    answers = [await app.upload(media_files.picture("JPEG")) for _ in range(2)]

    assert answers[-1].status == 200
    assert app.media.pictures.pid != pid
    assert only_what_was_made(app.media)


async def test_decoder_that_takes_too_long_is_ended(app: Uploader) -> None:
    """A pipe that nobody writes to stands for a decoder that never returns."""
    worker = Worker()
    endless = app.media.files.tmp_path("endless")
    os.mkfifo(endless)
    order = Order(
        source=str(endless),
        media_type="image/png",
        target=str(app.media.files.tmp_path("a")),
        preview=str(app.media.files.tmp_path("b")),
        shape=Shape.UPLOAD,
        max_pixels=1_000_000,
        seconds=0,
    )

    made = await worker.make(order)

    assert made.refused == "The file could not be processed"
    assert worker.pid is None
    endless.unlink()


async def test_decoder_with_nothing_to_do_ends(app: Uploader) -> None:
    worker = Worker(idle_seconds=0)
    made = [await worker.make(_order(app)) for _ in range(2)]
    await worker.close()

    assert [one.refused for one in made] == [None, None]


def _order(app: Uploader) -> Order:
    source = app.media.files.tmp_path("source")
    source.write_bytes(media_files.picture())
    return Order(
        source=str(source),
        media_type="image/png",
        target=str(app.media.files.tmp_path("a")),
        preview=str(app.media.files.tmp_path("b")),
        shape=Shape.UPLOAD,
        max_pixels=1_000_000,
        seconds=5,
    )


async def test_unfinished_upload_of_another_is_not_found(app: Uploader, ada: Person) -> None:
    uploaded = await app.upload(media_files.picture())
    path = f"/api/v1/media/{uploaded.json['id']}"
    stranger = {"Authorization": f"Bearer {ada.id + 1}"}

    answers: list[Answer] = [
        await app.call("GET", path, headers=stranger),
        await app.call("PUT", path, headers=stranger, json={"description": "mine"}),
        await app.call("DELETE", path, headers=stranger),
    ]

    assert [answer.status for answer in answers] == [404, 404, 404]


async def test_description_and_focus_can_be_changed_until_it_is_posted(app: Uploader) -> None:
    uploaded = await app.upload(media_files.picture(), description="A bee", focus="0.1,0.2")
    path = f"/api/v1/media/{uploaded.json['id']}"

    one = await app.call("PUT", path, json={"description": "Two bees"})
    two = await app.call("PUT", path, data={"focus": "-3,1"})
    cover = form(b"", thumbnail=media_files.picture("JPEG", size=(320, 320)))
    three = await app.call("PUT", path, data=cover)

    assert (one.json["description"], one.json["meta"]["focus"]) == (
        "Two bees",
        {"x": 0.1, "y": 0.2},
    )
    assert two.json["meta"]["focus"] == {"x": -1.0, "y": 1.0}
    assert three.json["meta"]["small"]["size"] == "320x320"
    assert three.json["blurhash"] != uploaded.json["blurhash"]
    assert three.json["description"] == "Two bees"


@pytest.mark.parametrize("focus", ["1", "a,b", "nan,0", "1,2,3"])
async def test_focus_that_is_no_point_is_refused(app: Uploader, focus: str) -> None:
    answer = await app.upload(media_files.picture(), focus=focus)

    assert answer.status == 422


async def test_description_that_is_too_long_is_refused(app: Uploader) -> None:
    answer = await app.upload(media_files.picture(), description="x" * 1_501)

    assert "maximum is 1500" in answer.json["error"]


async def test_deleted_upload_is_gone(app: Uploader) -> None:
    uploaded = await app.upload(media_files.picture())
    path = f"/api/v1/media/{uploaded.json['id']}"

    deleted = await app.call("DELETE", path)
    again = await app.call("GET", path)

    assert (deleted.status, deleted.json, again.status) == (200, {}, 404)
    assert (await app.look(uploaded.json["url"])).status == 404
