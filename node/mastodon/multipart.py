"""Parameters with files beside them: for the few operations of the API that take uploads."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from node.limits import read_body
from node.mastodon.desk import Desk
from node.mastodon.parameters import Parameters, of_fields, parameters_of
from node.media.receiving import ReceivedFile, receive


@asynccontextmanager
async def read_multipart(
    request: web.Request, desk: Desk, *wanted: str
) -> AsyncIterator[tuple[Parameters, Mapping[str, ReceivedFile]]]:
    """What a request says and the files that it brings, which lie on the disk during the block.

    The route must be declared `streamed`. A body that is no multipart is read as any other.

    Args:
        request: whose body was not read.
        desk: the node.
        wanted: the names of the fields that are files; other files are read past.

    Raises:
        Refusal: too long (413), of no kind that is taken (422), broken (400), no room (507).
        web.HTTPRequestTimeout: it did not arrive in time.
    """
    if request.content_type != "multipart/form-data":
        if request.body_exists:
            await read_body(request, desk.settings.http)
        yield await parameters_of(request), {}
        return
    async with receive(request, desk.media, *wanted) as received:
        fields = [*request.query.items(), *received.fields]
        yield of_fields(fields), received.files
