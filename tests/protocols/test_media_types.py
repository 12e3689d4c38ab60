"""What a file is, by its first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.media_types import ending_of, media_type_of


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "image/avif"),
        (b"\x00\x00\x00\x20ftypmif1\x00\x00\x00\x00mif1avif", "image/avif"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00", "video/quicktime"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"OggS\x00", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
    ],
)
def test_a_kind_that_is_taken_is_known_by_its_first_bytes(head: bytes, name: str) -> None:
    found = media_type_of(head)

    assert found is not None
    assert found.name == name
    assert ending_of(name) == found.ending


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg",
        b"<!doctype html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
        b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska",
        b"\xff\xf1\x50\x80",
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb",
        b" \x89PNG\r\n\x1a\n",
    ],
)
def test_everything_else_is_not_known(head: bytes) -> None:
    assert media_type_of(head) is None


@given(st.binary(max_size=64))
def test_any_bytes_are_judged(head: bytes) -> None:
    media_type_of(head)
    media_type_of(b"\x00\x00\x00\x18ftyp" + head)


def test_a_type_that_is_not_known_has_an_ending_that_means_nothing() -> None:
    assert ending_of("text/html") == "bin"
