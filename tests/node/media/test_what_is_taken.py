"""A file of each kind: what can be shown safely is written anew, all else is refused clearly.

Spec: security HTM-06, HTM-07.
"""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from node.media.desk import supported_types, takes_films
from tests.node.media.conftest import Answer, Uploader
from tests.support import media_files
from tests.support.media_room import files_in

needs_av = pytest.mark.skipif(not takes_films(), reason="PyAV is not installed: pip install av")

Case = tuple[Callable[[], bytes], str, str]

PICTURES: dict[str, Case] = {
    "jpeg": (lambda: media_files.picture("JPEG"), "image", "jpg"),
    "png": (lambda: media_files.picture("PNG"), "image", "png"),
    "webp": (lambda: media_files.picture("WEBP"), "image", "webp"),
    "avif": (lambda: media_files.picture("AVIF"), "image", "jpg"),
    "gif": (lambda: media_files.picture("GIF"), "image", "png"),
    "animated webp": (lambda: media_files.animation("WEBP"), "image", "webp"),
    "apng": (lambda: media_files.animation("PNG"), "image", "png"),
}
FILMS: dict[str, Case] = {
    "mp4": (media_files.film, "video", "mp4"),
    "silent mp4": (lambda: media_files.film(sound=None), "video", "mp4"),
    "mov": (lambda: media_files.film("mov"), "video", "mp4"),
    "webm": (
        lambda: media_files.film("webm", codec="libvpx-vp9", sound="libopus"),
        "video",
        "webm",
    ),
    "mp3": (lambda: media_files.tone("mp3", "libmp3lame"), "audio", "mp3"),
    "opus": (lambda: media_files.tone("ogg", "libopus"), "audio", "ogg"),
    "flac": (lambda: media_files.tone("flac", "flac"), "audio", "flac"),
    "wav": (lambda: media_files.tone("wav", "pcm_s16le"), "audio", "wav"),
    "m4a": (lambda: media_files.tone("ipod", "aac"), "audio", "m4a"),
}


def refused(app: Uploader, answer: Answer, status: int = 422) -> str:
    """The sentence of a refusal that left nothing on the disk."""
    assert answer.status == status, answer.body
    assert files_in(app.media) == []
    return str(answer.json["error"])


@pytest.mark.parametrize("name", PICTURES)
async def test_each_kind_of_picture_is_ready_at_once(app: Uploader, name: str) -> None:
    make, kind, ending = PICTURES[name]

    answer = await app.upload(make())

    assert (answer.status, answer.json["type"]) == (200, kind)
    served = await app.look(answer.json["url"])
    assert answer.json["url"].endswith(f"/original.{ending}")
    assert served.status == 200
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    with Image.open(io.BytesIO(served.body)) as picture:
        picture.load()
        assert Image.MIME[str(picture.format)] == served.headers["Content-Type"]
    assert (await app.look(answer.json["preview_url"])).headers["Content-Type"] == "image/webp"
    assert len(files_in(app.media)) == 2


@needs_av
@pytest.mark.parametrize("name", FILMS)
async def test_each_kind_of_film_and_sound_is_made_beside_the_request(
    app: Uploader, name: str
) -> None:
    make, kind, ending = FILMS[name]

    answer = await app.upload(make())
    busy = await app.call("GET", f"/api/v1/media/{answer.json['id']}")
    await app.finish()
    done = await app.call("GET", f"/api/v1/media/{answer.json['id']}")

    assert (answer.status, answer.json["url"], busy.status) == (202, None, 206)
    assert (done.status, done.json["type"]) == (200, kind)
    assert done.json["url"].endswith(f"/original.{ending}")
    assert 0.9 < done.json["meta"]["original"]["duration"] < 1.2
    assert (done.json["preview_url"] is not None) is (kind == "video")
    served = await app.look(done.json["url"])
    assert served.headers["Content-Type"].startswith(kind)
    assert len(files_in(app.media)) == (2 if kind == "video" else 1)


@needs_av
async def test_an_animated_gif_becomes_a_film_that_loops(app: Uploader) -> None:
    answer = await app.upload(media_files.animation("GIF"))

    assert (answer.status, answer.json["type"]) == (200, "gifv")
    assert answer.json["url"].endswith("/original.mp4")
    assert (await app.look(answer.json["url"])).headers["Content-Type"] == "video/mp4"


@needs_av
async def test_the_first_version_answers_when_the_film_is_made(app: Uploader) -> None:
    answer = await app.upload(media_files.film(), version=1)

    assert (answer.status, answer.json["type"]) == (200, "video")
    assert answer.json["url"] is not None


@needs_av
async def test_a_film_says_nothing_of_where_and_with_what_it_was_taken(app: Uploader) -> None:
    file = media_files.film("mov", location="+52.3702+004.8952/", make="Secret Phone")
    assert b"+52.3702" in file

    answer = await app.upload(file, version=1)

    served = await app.look(answer.json["url"])
    assert b"+52.3702" not in served.body
    assert b"Secret Phone" not in served.body


@needs_av
async def test_a_sound_may_have_a_cover(app: Uploader) -> None:
    answer = await app.upload(
        media_files.tone("mp3", "libmp3lame"),
        version=1,
        thumbnail=media_files.picture(size=(900, 900)),
    )

    assert answer.json["meta"]["small"]["size"] == "640x640"
    assert (await app.look(answer.json["preview_url"])).status == 200


@needs_av
async def test_a_film_that_browsers_do_not_play_fails_with_nothing_left(app: Uploader) -> None:
    answer = await app.upload(media_files.film("webm", codec="libvpx", sound="libopus")[:600])
    await app.finish()

    failed = await app.call("GET", f"/api/v1/media/{answer.json['id']}")

    assert refused(app, failed) == "Error processing thumbnail for uploaded media"


async def test_where_a_photo_was_taken_is_forgotten(app: Uploader) -> None:
    photo = media_files.photo_with_place()
    assert b"Secret Phone" in photo

    answer = await app.upload(photo)

    served = await app.look(answer.json["url"])
    with Image.open(io.BytesIO(served.body)) as picture:
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"} | {
            "progressive",
            "progression",
        }
        assert picture.size == (40, 60), "it was lying on its side"
    assert b"Secret Phone" not in served.body
    assert b"<script>" not in served.body


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "JPEG"])
async def test_comments_and_profiles_are_not_kept(app: Uploader, kind: str) -> None:
    secret = b"a secret of the camera"
    saving: dict[str, Any] = {"comment": secret} if kind in {"GIF", "JPEG"} else {"xmp": secret}
    if kind == "PNG":
        saving = {"icc_profile": secret}

    answer = await app.upload(media_files.picture(kind, **saving))

    assert answer.status == 200, answer.body
    assert secret not in (await app.look(answer.json["url"])).body


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("evil.php", "<?php system($_GET['c']); ?>")
    return file.getvalue()


POLYGLOTS = {
    "gif and javascript": b"GIF89a=1;alert(1);//",
    "png and zip": media_files.picture("PNG") + zipped(),
    "png and php": media_files.picture("PNG") + b"<?php system($_GET['c']); ?>",
    "jpeg with html in a comment": media_files.picture(
        "JPEG", comment=b"<html><script>alert(1)</script></html>"
    ),
    "gif with a script behind it": media_files.picture("GIF") + b";<script>alert(1)</script>",
    "webp with html behind it": media_files.picture("WEBP") + b"<!doctype html><script>",
}
HIDDEN = (b"<script", b"<?php", b"evil.php", b"alert(1)")


@pytest.mark.parametrize("name", POLYGLOTS)
async def test_polyglot_loses_its_other_half_or_is_refused(app: Uploader, name: str) -> None:
    answer = await app.upload(POLYGLOTS[name], name="evil.php", media_type="text/html")

    if answer.status != 200:
        assert refused(app, answer)
        return
    served = await app.look(answer.json["url"])
    assert served.headers["Content-Type"].startswith("image/")
    for hidden in HIDDEN:
        assert hidden not in served.body
        assert all(hidden not in path.read_bytes() for path in files_in(app.media))


NOT_MEDIA = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg with a declaration": b"<?xml version='1.0'?><svg onload='alert(1)'/>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n",
    "zip": zipped(),
    "program": b"\x7fELF\x02\x01\x01",
    "text": b"moin",
    "bmp": media_files.picture("BMP"),
    "tiff": media_files.picture("TIFF"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "matroska": b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x23\x42\x82\x88matroska",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
}


@pytest.mark.parametrize("name", NOT_MEDIA)
async def test_what_is_no_media_is_refused_whatever_it_says_it_is(app: Uploader, name: str) -> None:
    answer = await app.upload(NOT_MEDIA[name], name="bee.jpg", media_type="image/jpeg")

    assert refused(app, answer) == "File type of uploaded media could not be verified"


BOMBS = {
    "png of 50,000 by 50,000": lambda: media_files.png_of_size(50_000, 50_000),
    "gif of 100,000 frames": lambda: media_files.gif_of_frames(100_000),
    "gif of large frames": lambda: media_files.gif_of_frames(900, (600, 600)),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_image_bomb_is_refused(app: Uploader, name: str) -> None:
    """Slow: a GIF of 100,000 frames is walked through in the process that decodes."""
    answer = await app.upload(BOMBS[name]())

    assert refused(app, answer).startswith("Validation failed: The ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
async def test_truncated_picture_is_refused(app: Uploader, kind: str, part: float) -> None:
    whole = media_files.picture(kind, size=(300, 200))

    answer = await app.upload(whole[: max(20, int(len(whole) * part))])

    assert refused(app, answer)


@needs_av
@pytest.mark.parametrize("part", [0.02, 0.5])
async def test_truncated_film_fails_or_is_a_shorter_film(app: Uploader, part: float) -> None:
    whole = media_files.film()

    answer = await app.upload(whole[: int(len(whole) * part)], version=1)

    assert refused(app, answer)


def test_what_is_said_to_be_taken_is_taken() -> None:
    assert {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"} <= set(
        supported_types()
    )
    assert ("video/mp4" in supported_types()) is takes_films()
