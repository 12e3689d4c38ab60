"""The use cases of uploads: an attachment for a post to come, an avatar, a header."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from communities.errors import DomainError
from communities.people import ActorKey
from node.errors import Refusal
from node.media.desk import MediaDesk, Scratch, scratch, takes_films
from node.media.making import Ready, keep, make
from node.media.orders import Shape
from node.media.receiving import ReceivedFile
from protocols.media_types import MediaSort
from storage.errors import Busy
from storage.media import (
    UNATTACHED_KEPT,
    Content,
    MediaKind,
    MediaPurpose,
    MediaState,
    Medium,
    Preview,
)
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

T = TypeVar("T")

NO_FILMS = "Videos and sounds are not taken by this server"
_KINDS = {
    MediaSort.PICTURE: MediaKind.IMAGE,
    MediaSort.FILM: MediaKind.VIDEO,
    MediaSort.SOUND: MediaKind.AUDIO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the uploader says about a file."""

    alt: str | None = None
    focus: tuple[float, float] | None = None


async def upload(
    media: MediaDesk,
    owner_id: ActorKey,
    file: ReceivedFile,
    description: Description,
    *,
    thumbnail: ReceivedFile | None = None,
    wait: bool = False,
) -> Medium:
    """Keep an upload; pictures are ready when this ends, the others only if `wait` is set.

    Raises:
        Refusal: nothing can be made of it.
        OverQuota: the owner has no room for it.
        Busy: too many uploads are in the making.
    """
    _check_kind(file)
    medium = _new(media, owner_id, file, description)
    with scratch(media.files) as mine:
        cover = await _cover(media, thumbnail, mine)
        if file.media_type.sort is MediaSort.PICTURE:
            ready = await make(media, file.path, file.media_type, Shape.UPLOAD, mine)
            return await _keep_new(media, medium, _covered(ready, cover))
        await media.storage.write(_add, medium, media.settings.quota_bytes)
        # The request ends before the film is made: its files must outlive it.
        later = Scratch(media.files)
        source = replace(file, path=later.adopt(file.path))
        cover = None if cover is None else _moved(cover, later)
    work = _make_film(media, medium, source, cover, later)
    if not wait:
        media.spawn(work, f"media {medium.id}")
        return medium
    await work
    return await media.storage.read(_get, medium)


def _refusal(sentence: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)


def _check_kind(file: ReceivedFile) -> None:
    if file.media_type.sort is not MediaSort.PICTURE and not takes_films():
        raise _refusal(NO_FILMS)


def _new(
    media: MediaDesk, owner_id: ActorKey, file: ReceivedFile, description: Description
) -> Medium:
    at = media.now()
    return Medium(
        id=media.mint(),
        owner_id=owner_id,
        purpose=MediaPurpose.ATTACHMENT,
        state=MediaState.PROCESSING,
        kind=_KINDS[file.media_type.sort],
        created_at=at,
        # Room for what it may become; what it takes in the end is known when it is made.
        size=file.size,
        alt=description.alt,
        focus=description.focus,
        until=at + UNATTACHED_KEPT,
    )


async def _cover(media: MediaDesk, thumbnail: ReceivedFile | None, mine: Scratch) -> Ready | None:
    """The small picture that the uploader chose."""
    if thumbnail is None:
        return None
    if thumbnail.media_type.sort is not MediaSort.PICTURE:
        raise _refusal("Validation failed: Thumbnail content type is invalid")
    return await make(media, thumbnail.path, thumbnail.media_type, Shape.SMALL, mine)


def preview_of(content: Content) -> Preview:
    """A small picture that was made alone, as the preview of something."""
    return Preview(blob=content.blob, width=content.width or 1, height=content.height or 1)


def _covered(ready: Ready, cover: Ready | None) -> Ready:
    """A content with the small picture that was chosen instead of its own."""
    if cover is None:
        return ready
    content = replace(
        ready.content, preview=preview_of(cover.content), blurhash=cover.content.blurhash
    )
    return Ready(content=content, made=(ready.made[0], *cover.made))


def _moved(ready: Ready, later: Scratch) -> Ready:
    return replace(ready, made=tuple((later.adopt(path), blob) for path, blob in ready.made))


async def _make_film(
    media: MediaDesk, medium: Medium, source: ReceivedFile, cover: Ready | None, later: Scratch
) -> None:
    """Make a video or a sound; what cannot be made is failed, and said so when it is asked for."""
    try:
        ready = await make(media, source.path, source.media_type, Shape.UPLOAD, later)
        found = _covered(ready, cover)
        unit = partial(_finish, media_id=medium.id, content=found.content, quota=_quota(media))
        await keep(media, found.made, unit)
    except (Refusal, DomainError, Busy) as error:
        log.info("media %d came to nothing: %s", medium.id, error)
        await media.storage.write(_fail, medium.id)
    except Exception:
        await media.storage.write(_fail, medium.id)
        raise
    finally:
        later.clear()


async def _keep_new(media: MediaDesk, medium: Medium, ready: Ready) -> Medium:
    unit = partial(_add_ready, medium=medium, content=ready.content, quota=_quota(media))
    return await keep(media, ready.made, unit)


async def store_avatar(
    media: MediaDesk,
    owner_id: ActorKey,
    file: ReceivedFile,
    purpose: MediaPurpose,
    then: Callable[[UnitOfWork, str], T],
) -> T:
    """Keep an avatar (400 by 400) or a header (1500 by 500) instead of the one before.

    Args:
        media: where it goes.
        owner_id: the person or community that it shows.
        file: as it came in.
        purpose: AVATAR or HEADER.
        then: called in the same unit with the address that anyone may follow: to set it.

    Raises:
        Refusal: it is no picture that can be read.
        OverQuota: the owner has no room for it.
    """
    if file.media_type.sort is not MediaSort.PICTURE:
        raise _refusal(f"Validation failed: {purpose.value.capitalize()} content type is invalid")
    shape = Shape.AVATAR if purpose is MediaPurpose.AVATAR else Shape.HEADER
    waiting = replace(_new(media, owner_id, file, Description()), purpose=purpose, until=None)

    def unit(uow: UnitOfWork) -> T:
        medium = _add_ready(uow, waiting, ready.content, _quota(media))
        uow.media.replace_for_actor(medium.id, owner_id, purpose)
        return then(uow, media.urls.of_actor(medium))

    with scratch(media.files) as mine:
        ready = await make(media, file.path, file.media_type, shape, mine)
        return await keep(media, ready.made, unit)


async def change_preview(media: MediaDesk, medium: Medium, thumbnail: ReceivedFile) -> None:
    """Show another small picture for an upload.

    Raises:
        Refusal: nothing can be made of it.
    """
    with scratch(media.files) as mine:
        cover = await _cover(media, thumbnail, mine)
        if cover is None:
            return
        small, blurhash = preview_of(cover.content), cover.content.blurhash
        await keep(media, cover.made, lambda uow: uow.media.set_preview(medium.id, small, blurhash))


def _quota(media: MediaDesk) -> int:
    return media.settings.quota_bytes


def _add(uow: UnitOfWork, medium: Medium, quota: int) -> None:
    uow.media.add(medium, quota=quota)


def _finish(uow: UnitOfWork, media_id: int, content: Content, quota: int) -> None:
    uow.media.finish(media_id, content, quota=quota)


def _add_ready(uow: UnitOfWork, medium: Medium, content: Content, quota: int) -> Medium:
    uow.media.add(replace(medium, size=0), quota=quota)
    uow.media.finish(medium.id, content, quota=quota)
    return _get(uow, medium)


def _fail(uow: UnitOfWork, media_id: int) -> None:
    uow.media.fail(media_id)


def _get(uow: UnitOfWork, medium: Medium) -> Medium:
    return uow.media.get(medium.id) or medium
