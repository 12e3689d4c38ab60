"""Media served from the disk: what anyone may see, what a capability opens, what the proxy fetched.

The files were written by this node and are what their type says; the headers keep a browser from
ever taking one for a page. Spec: security HTM-06, HTM-10, PRV-07.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aiohttp import web

from communities.errors import NotFound
from communities.posts import Post, PostState
from communities.visibility import ANONYMOUS, sees
from node.app import Access, Route
from node.media.desk import MediaDesk
from node.media.sending import send_file
from node.media.urls import LASTING, Size
from protocols.media_types import ending_of
from storage.media import MediaPurpose, MediaState, Medium
from storage.unit_of_work import UnitOfWork

FOR_EVER: Final = "public, max-age=31536000, immutable"
NOT_KEPT: Final = "private, no-store"
_CAPABILITY: Final = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})")
_ID_DIGITS: Final = 19
_THERE: Final = frozenset({PostState.PUBLISHED, PostState.PENDING})
"""A community elsewhere fetches the media of a post before it announces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file to serve."""

    digest: bytes
    media_type: str


def media_routes(media: MediaDesk) -> list[Route]:
    """The routes of files; what one gives away is decided by its address."""
    files = MediaFiles(media=media)
    table = (
        ("/media/{id:[0-9]+}/{name}", files.open_to_all, "media"),
        ("/media/{id:[0-9]+}/{capability}/{name}", files.by_capability, "media-by-capability"),
    )
    return [
        Route(method="GET", path=path, handler=handler, access=Access.PUBLIC, name=name)
        for path, handler, name in table
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFiles:
    """Handlers that serve uploads."""

    media: MediaDesk

    async def open_to_all(self, request: web.Request) -> web.StreamResponse:
        """What anyone may see: avatars, and attachments of posts that anyone may see."""
        size, key = _asked(request)
        media = self.media
        found = await media.storage.read(_for_everybody, key, size, media.now())
        return await self._serve(request, found, FOR_EVER)

    async def by_capability(self, request: web.Request) -> web.StreamResponse:
        """What the address was made for; it is over after an hour or two, or with its post."""
        size, key = _asked(request)
        match = _CAPABILITY.fullmatch(request.match_info["capability"])
        until, mac = (int(match[1]), match[2]) if match else (LASTING, "")
        if not self.media.urls.is_capable(key, size, until, mac):
            raise NotFound("There is no such file")
        found = await self.media.storage.read(_for_holder, key, size, until == LASTING)
        return await self._serve(request, found, NOT_KEPT)

    async def _serve(
        self, request: web.Request, found: _File | None, caching: str
    ) -> web.StreamResponse:
        ending = request.match_info["name"].partition(".")[2]
        if found is None or ending != ending_of(found.media_type):
            raise NotFound("There is no such file")
        return await send_file(
            request,
            self.media.files.path_of(found.digest),
            media_type=found.media_type,
            digest=found.digest,
            caching=caching,
        )


def _asked(request: web.Request) -> tuple[Size, int]:
    name, key = request.match_info["name"].partition(".")[0], request.match_info["id"]
    if name not in set(Size) or len(key) > _ID_DIGITS:
        raise NotFound("There is no such file")
    return Size(name), int(key)


def _for_everybody(uow: UnitOfWork, media_id: int, size: Size, at: datetime) -> _File | None:
    medium = uow.media.get(media_id)
    if medium is None:
        return None
    if medium.purpose is MediaPurpose.ATTACHMENT:
        post = _post_of(uow, medium)
        if post is None or not sees(uow, ANONYMOUS, _announced(post), at):
            return None
    return _file(medium, size)


def _announced(post: Post) -> Post:
    """The post as it will be once its community has announced it."""
    return replace(post, state=PostState.PUBLISHED) if post.state is PostState.PENDING else post


def _for_holder(uow: UnitOfWork, media_id: int, size: Size, is_lasting: bool) -> _File | None:  # noqa: FBT001 - an argument of a unit
    medium = uow.media.get(media_id)
    if medium is None:
        return None
    if is_lasting:
        post = _post_of(uow, medium)
        if post is None or post.state not in _THERE:
            return None
    return _file(medium, size)


def _post_of(uow: UnitOfWork, medium: Medium) -> Post | None:
    return None if medium.post_id is None else uow.posts.get(medium.post_id)


def _file(medium: Medium, size: Size) -> _File | None:
    if size is Size.SMALL:
        # The preview of a film in the making is there before the film is.
        digest, media_type = medium.preview_digest, "image/webp"
    else:
        digest, media_type = medium.digest, medium.media_type or ""
    if digest is None or medium.state is not MediaState.READY:
        return None
    return _File(digest=digest, media_type=media_type)
