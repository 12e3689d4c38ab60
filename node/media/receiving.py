"""Bodies with files, read piece by piece onto the disk and removed again whatever happens.

A file is what its first bytes say; its name, its type and its length as the client tells them
are not asked. One that is too long or of no kind that is taken is refused as soon as that shows.
"""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import BodyPartReader, web

from node.errors import Refusal
from node.media.desk import MediaDesk, Scratch, new_file, scratch
from protocols.media_types import HEAD_BYTES, MediaSort, MediaType, media_type_of

_CHUNK: Final = 256 * 1024
_MOST_PARTS: Final = 100
_TEXT_BYTES: Final = 64 * 1024
_FIELDS_BYTES: Final = 1024 * 1024
_IDLE_SECONDS: Final = 30.0

UNKNOWN_TYPE: Final = "File type of uploaded media could not be verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """An uploaded file, for as long as the request that brought it."""

    path: Path
    size: int
    media_type: MediaType


@dataclass(slots=True)
class Received:
    """A body as far as it was read: its plain fields, and its files by their fields."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, ReceivedFile] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Reading:
    media: MediaDesk
    wanted: frozenset[str]
    scratch: Scratch
    found: Received = field(default_factory=Received)
    field_bytes: int = 0


@asynccontextmanager
async def receive(request: web.Request, media: MediaDesk, *wanted: str) -> AsyncIterator[Received]:
    """Read a multipart body; its files lie on the disk during the block.

    Args:
        request: whose body was not read.
        media: where files go.
        wanted: the names of the fields that are files; other files are read past.

    Raises:
        Refusal: too long (413), of no kind that is taken (422), broken (400), no room (507).
        web.HTTPRequestTimeout: it did not arrive in time.
    """
    _refuse_announced(request, media, len(wanted))
    with scratch(media.files) as mine:
        reading = _Reading(media=media, wanted=frozenset(wanted), scratch=mine)
        await _read_in_time(request, reading)
        yield reading.found


def _refuse_announced(request: web.Request, media: MediaDesk, files: int) -> None:
    """Refuse by Content-Length alone what cannot be taken."""
    settings = media.settings
    most = max(settings.image_bytes, settings.video_bytes) * files + _FIELDS_BYTES
    if request.content_length is not None and request.content_length > most:
        raise _too_large()


def _too_large() -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Validation failed: File is too large")


def _broken() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "The body of the request cannot be read")


async def _read_in_time(request: web.Request, reading: _Reading) -> None:
    try:
        async with asyncio.timeout(reading.media.settings.upload_seconds):
            await _read_parts(request, reading)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, AssertionError, web.RequestPayloadError) as error:
        # What aiohttp's reader raises at bodies that are no multipart.
        raise _broken() from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Refusal(
                HTTPStatus.INSUFFICIENT_STORAGE, "This server has no room for uploads now"
            ) from error
        raise


async def _read_parts(request: web.Request, reading: _Reading) -> None:
    reader = await request.multipart()
    for _ in range(_MOST_PARTS):
        part = await reader.next()
        if part is None:
            return
        if not isinstance(part, BodyPartReader):
            raise _broken()
        await _read_part(part, reading)
    raise Refusal(HTTPStatus.BAD_REQUEST, "Too many parameters")


async def _read_part(part: BodyPartReader, reading: _Reading) -> None:
    name = part.name or ""
    if name in reading.wanted and name not in reading.found.files:
        found = await _read_file(part, reading)
        if found is not None:
            reading.found.files[name] = found
        return
    text = bytearray()
    while chunk := await _next_chunk(part, _TEXT_BYTES):
        reading.field_bytes += len(chunk)
        text += chunk
        if len(text) > _TEXT_BYTES or reading.field_bytes > _FIELDS_BYTES:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A parameter is too long")
    if part.filename is None:
        reading.found.fields.append((name, text.decode()))


async def _next_chunk(part: BodyPartReader, size: int) -> bytes:
    async with asyncio.timeout(_IDLE_SECONDS):
        return bytes(await part.read_chunk(size))


async def _read_file(part: BodyPartReader, reading: _Reading) -> ReceivedFile | None:
    """Write a part to the disk; None for one without bytes, as forms send for no file."""
    head = bytearray()
    while len(head) < HEAD_BYTES and (chunk := await _next_chunk(part, _CHUNK)):
        head += chunk
    if not head:
        return None
    media_type = media_type_of(bytes(head[:HEAD_BYTES]))
    if media_type is None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, UNKNOWN_TYPE)
    settings = reading.media.settings
    is_picture = media_type.sort is MediaSort.PICTURE
    most = settings.image_bytes if is_picture else settings.video_bytes
    path = reading.scratch.path()
    size = await _write(part, path, bytes(head), most)
    return ReceivedFile(path=path, size=size, media_type=media_type)


async def _write(part: BodyPartReader, path: Path, head: bytes, most: int) -> int:
    size, chunk = 0, head
    with new_file(path) as file:
        while chunk:
            size += len(chunk)
            if size > most:
                raise _too_large()
            await asyncio.to_thread(file.write, chunk)
            chunk = await _next_chunk(part, _CHUNK)
    return size
