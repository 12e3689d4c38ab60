"""A file of media as an answer: whole, or the range that is asked for.

Spec: RFC 9110 sections 13.1.2 (If-None-Match), 13.1.5 (If-Range), 14.2 (Range), 15.5.17 (416).
"""

import asyncio
import os
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import web

from communities.errors import NotFound

_CHUNK: Final = 256 * 1024
_HEADERS: Final = {
    "Accept-Ranges": "bytes",
    "Access-Control-Allow-Origin": "*",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_SHOWN: Final = ("image/", "video/", "audio/")


async def send_file(
    request: web.Request, path: Path, *, media_type: str, digest: bytes, caching: str
) -> web.StreamResponse:
    """Send a file whose content never changes under its digest.

    Raises:
        NotFound: it is not there.
    """
    with _opened(path) as file:
        tag = f'"{digest.hex()[:32]}"'
        headers = {**_HEADERS, "Content-Type": media_type, "Cache-Control": caching, "ETag": tag}
        if not media_type.startswith(_SHOWN):
            headers["Content-Disposition"] = "attachment"
        if _is_known(request, tag):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        size = os.fstat(file.fileno()).st_size
        wanted = _range(request, tag, size)
        if wanted is not None and wanted.start >= wanted.stop:
            headers["Content-Range"] = f"bytes */{size}"
            return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
        if wanted is not None:
            headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
        status = HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT
        answer = web.StreamResponse(status=status, headers=headers)
        await _send(request, answer, file, wanted or range(size))
    return answer


def _opened(path: Path) -> BinaryIO:
    # Not on a thread: a request that ends while the thread opens would leave the file open.
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NotFound("There is no such file") from None


def _is_known(request: web.Request, tag: str) -> bool:
    """Whether the client has it already."""
    known = request.if_none_match or ()
    return any(one.value in {tag.strip('"'), "*"} for one in known)


def _range(request: web.Request, tag: str, size: int) -> range | None:
    """The bytes to send; None for all of them, an empty range for what cannot be sent."""
    if "Range" not in request.headers or request.headers.get("If-Range", tag) != tag:
        return None
    try:
        asked = request.http_range
    except ValueError:
        # Several ranges, or none that can be read: a server may then send everything.
        return None
    start, stop = asked.start or 0, asked.stop
    if start < 0:
        return range(max(0, size + start), size)
    return range(start, size if stop is None else min(stop, size))


async def _send(
    request: web.Request, answer: web.StreamResponse, file: BinaryIO, wanted: range
) -> None:
    answer.content_length = len(wanted)
    await answer.prepare(request)
    if request.method == "HEAD":
        return
    left = len(wanted)
    await asyncio.to_thread(file.seek, wanted.start)
    while left and (chunk := await asyncio.to_thread(file.read, min(_CHUNK, left))):
        await answer.write(chunk)
        left -= len(chunk)
    await answer.write_eof()
