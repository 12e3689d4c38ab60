"""From a file that came in to files in their places: decoded apart, written anew, kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar

from node.errors import Refusal
from node.media.desk import MediaDesk, Scratch
from node.media.orders import Made, Order, Shape
from protocols.media_types import MediaSort, MediaType
from storage.media import Blob, Content, MediaKind, Preview
from storage.unit_of_work import UnitOfWork

T = TypeVar("T")

PICTURE_SECONDS: Final = 20
FILM_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a file became: its content, and where its new files lie until they are kept."""

    content: Content
    made: tuple[tuple[Path, Blob], ...]


async def make(
    media: MediaDesk, source: Path, media_type: MediaType, shape: Shape, mine: Scratch
) -> Ready:
    """Have a file written anew.

    Raises:
        Refusal: nothing can be made of it (422).
        Busy: too many files stand in line.
    """
    target, preview = mine.path(), mine.path()
    is_picture = media_type.sort is MediaSort.PICTURE
    worker = media.pictures if is_picture else media.films
    order = Order(
        source=str(source),
        media_type=media_type.name,
        target=str(target),
        preview=str(preview),
        shape=shape,
        max_pixels=media.settings.image_pixels,
        seconds=PICTURE_SECONDS if is_picture else FILM_SECONDS,
    )
    found = await worker.make(order)
    if found.refused is not None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Validation failed: {found.refused}")
    return await asyncio.to_thread(_settle, media, found, target, preview)


def _settle(media: MediaDesk, found: Made, target: Path, preview: Path) -> Ready:
    """Make both files durable; blocks."""
    blob = media.files.settle(target)
    small: Preview | None = None
    made = [(target, blob)]
    if found.preview_width is not None and found.preview_height is not None:
        small_blob = media.files.settle(preview)
        made.append((preview, small_blob))
        small = Preview(blob=small_blob, width=found.preview_width, height=found.preview_height)
    content = Content(
        kind=MediaKind(found.kind),
        blob=blob,
        media_type=found.media_type,
        width=found.width,
        height=found.height,
        duration_ms=found.duration_ms,
        blurhash=found.blurhash,
        preview=small,
    )
    return Ready(content=content, made=tuple(made))


async def keep(
    media: MediaDesk, made: tuple[tuple[Path, Blob], ...], unit: Callable[[UnitOfWork], T]
) -> T:
    """Put settled files in their places and run the unit that names them.

    When the unit fails, the files are strays, which maintenance sweeps.
    """
    async with media.placing:
        await asyncio.to_thread(_place, media, made)
        return await media.storage.write(unit)


def _place(media: MediaDesk, made: tuple[tuple[Path, Blob], ...]) -> None:
    for path, blob in made:
        media.files.place(path, blob)
