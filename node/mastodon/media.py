"""Uploads of apps: a file comes in, is described, and waits for the post that it is for.

Spec: Mastodon API "media" (create v1 and v2, get, update, delete).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import isfinite
from typing import Final

from aiohttp import web

from communities.people import ActorKey
from node.app import Access, Route
from node.auth import actor_of
from node.errors import Refusal
from node.mastodon.desk import Desk
from node.mastodon.multipart import read_multipart
from node.mastodon.paging import id_in_path
from node.mastodon.parameters import Parameters, invalid
from node.mastodon.replies import reply
from node.media.desk import MediaDesk
from node.media.receiving import ReceivedFile
from node.media.uploading import Description, change_preview, upload
from node.media.urls import MediaUrls
from protocols.mastodon.accounts import Entity
from protocols.mastodon.statuses import MediaFacts, media_attachment
from storage.media import MediaState, Medium
from storage.unit_of_work import UnitOfWork

SCOPE: Final = "write:media"
MOST_DESCRIPTION: Final = 1_500
"""Characters of an alt text, for `configuration` of the instance."""
FAILED: Final = "Error processing thumbnail for uploaded media"
IN_USE: Final = "Media attachment is currently used by a status"


def media_routes(desk: Desk) -> list[Route]:
    """The routes of uploads."""
    uploads = Uploads(desk=desk)
    one = "/api/v1/media/{id}"
    table = (
        ("POST", "/api/v2/media", uploads.create, "api-media-create"),
        ("POST", "/api/v1/media", uploads.create_and_wait, "api-media-create-and-wait"),
        ("GET", one, uploads.show, "api-media"),
        ("PUT", one, uploads.change, "api-media-change"),
        ("DELETE", one, uploads.delete, "api-media-delete"),
    )
    return [
        Route(
            method=method,
            path=path,
            handler=handler,
            access=Access.APP_USER,
            name=name,
            scope=SCOPE,
            streamed=method in {"POST", "PUT"},
        )
        for method, path, handler, name in table
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Handlers of uploads."""

    desk: Desk

    @property
    def _media(self) -> MediaDesk:
        return self.desk.media

    async def create(self, request: web.Request) -> web.Response:
        """Take a file: 200 when it is ready, 202 while it is made."""
        medium = await self._create(request, wait=False)
        is_done = medium.state is MediaState.READY
        return reply(self._entity(medium), status=HTTPStatus.OK if is_done else HTTPStatus.ACCEPTED)

    async def create_and_wait(self, request: web.Request) -> web.Response:
        """Take a file and answer when it is made."""
        medium = await self._create(request, wait=True)
        _refuse_failed(medium)
        return reply(self._entity(medium))

    async def show(self, request: web.Request) -> web.Response:
        """How far an upload has come: 206 while it is made, 200 when it is, 422 when it failed."""
        medium = await self._mine(request)
        _refuse_failed(medium)
        is_done = medium.state is MediaState.READY
        return reply(
            self._entity(medium), status=HTTPStatus.OK if is_done else HTTPStatus.PARTIAL_CONTENT
        )

    async def change(self, request: web.Request) -> web.Response:
        """Describe an upload anew, or give it another small picture."""
        medium = await self._mine(request)
        async with read_multipart(request, self.desk, "thumbnail") as (sent, files):
            # What is wrong with it is said before a picture is made.
            description_of(sent, Description())
            if thumbnail := files.get("thumbnail"):
                await change_preview(self._media, medium, thumbnail)
            changed = await self.desk.storage.write(_describe, medium, sent)
        return reply(self._entity(changed))

    async def delete(self, request: web.Request) -> web.Response:
        """Drop an upload that is not attached."""
        owner_id, media_id = actor_of(request), id_in_path(request)
        await self.desk.storage.write(_delete, owner_id, media_id)
        return reply({})

    async def _create(self, request: web.Request, *, wait: bool) -> Medium:
        owner_id = actor_of(request)
        async with read_multipart(request, self.desk, "file", "thumbnail") as (sent, files):
            file = _file(files)
            return await upload(
                self._media,
                owner_id,
                file,
                description_of(sent, Description()),
                thumbnail=files.get("thumbnail"),
                wait=wait,
            )

    async def _mine(self, request: web.Request) -> Medium:
        owner_id, media_id = actor_of(request), id_in_path(request)
        return await self.desk.storage.read(_of_owner, owner_id, media_id)

    def _entity(self, medium: Medium) -> Entity:
        return media_entity(medium, self._media.urls)


def media_entity(medium: Medium, urls: MediaUrls) -> Entity:
    """An upload as its owner sees it; without an address while it is made."""
    url, preview_url = urls.medium(medium)
    small = None
    if medium.preview_width is not None and medium.preview_height is not None:
        small = (medium.preview_width, medium.preview_height)
    return media_attachment(
        MediaFacts(
            id=medium.id,
            type=medium.kind.value,
            url=url,
            preview_url=preview_url,
            description=medium.alt,
            blurhash=medium.blurhash,
            width=medium.width,
            height=medium.height,
            preview_size=small,
            duration_seconds=None if medium.duration_ms is None else medium.duration_ms / 1000,
            focus=medium.focus,
        )
    )


def _file(files: Mapping[str, ReceivedFile]) -> ReceivedFile:
    if "file" not in files:
        raise invalid("File can't be blank")
    return files["file"]


def description_of(sent: Parameters, before: Description) -> Description:
    """The alt text and the focal point; those not sent stay as they were."""
    alt, focus = before.alt, before.focus
    if "description" in sent:
        alt = sent.text("description") or None
        if alt is not None and len(alt) > MOST_DESCRIPTION:
            raise invalid(f"Description is too long (maximum is {MOST_DESCRIPTION} characters)")
    if "focus" in sent:
        focus = parse_focus(sent.text("focus"))
    return Description(alt=alt, focus=focus)


def parse_focus(text: str | None) -> tuple[float, float] | None:
    """The focal point in "x,y", each from -1 to 1; None for none.

    Spec: Mastodon API "Focal points".

    Raises:
        Refusal: it is no point.
    """
    if not text:
        return None
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        raise invalid("Focus must be two numbers") from None
    if not (isfinite(x) and isfinite(y)):
        raise invalid("Focus must be two numbers")
    return max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y))


def _refuse_failed(medium: Medium) -> None:
    if medium.state is MediaState.FAILED:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, FAILED)


def _of_owner(uow: UnitOfWork, owner_id: ActorKey, media_id: int) -> Medium:
    return uow.media.of_owner(media_id, owner_id)


def _describe(uow: UnitOfWork, medium: Medium, sent: Parameters) -> Medium:
    current = uow.media.of_owner(medium.id, medium.owner_id)
    wanted = description_of(sent, Description(alt=current.alt, focus=current.focus))
    uow.media.describe(current.id, alt=wanted.alt, focus=wanted.focus)
    return uow.media.get(current.id) or current


def _delete(uow: UnitOfWork, owner_id: ActorKey, media_id: int) -> None:
    medium = uow.media.get(media_id)
    if medium is not None and medium.owner_id == owner_id and medium.post_id is not None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, IN_USE)
    uow.media.of_owner(media_id, owner_id)
    uow.media.delete(media_id)
