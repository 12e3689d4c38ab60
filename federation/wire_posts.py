"""A POST written straight onto a connection of the pool.

A session of aiohttp prepares every request anew (cookies, auto headers, payload registry, traces):
100 us of each delivery, half of what it costs besides its signature. Here the head is one text and
the answer is read with the connection's own parser. The pool, its limits, name look-up, TLS and
the guard on addresses are those of the session's connector; a GET uses the same connections.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import (
    ClientOSError,
    ClientRequest,
    ClientResponseError,
    ServerDisconnectedError,
    StreamReader,
)
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage

from federation.addresses import Target

_REMEMBERED_ORIGINS: Final = 4_096
_LAST_INFORMATIONAL: Final = 199
_SWITCHING: Final = 101


@dataclass(slots=True)
class Posted:
    """A request whose answer has begun.

    Attributes:
        status: of the answer.
        retry_after: that header, as it came.
        content: the rest of the answer.
    """

    status: int
    retry_after: str | None
    content: StreamReader
    _connection: Connection

    def leave(self, *, keep: bool) -> None:
        """Give the connection back; one whose answer was not read to its end cannot be kept."""
        if keep:
            self._connection.release()
        else:
            self._connection.close()


Connect = Callable[[ClientRequest], Awaitable[Connection]]
"""Gives a connection to the peer of a request: a kept one, or a new one to an allowed address."""


class WirePosts:
    """Posts over the connections of one pool."""

    def __init__(self, connect: Connect, *, user_agent: str) -> None:
        """Share a pool with whoever else asks `connect`."""
        self._connect = connect
        self._user_agent = user_agent
        self._lines: dict[str, ClientRequest] = {}

    async def post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send a request and wait for the head of its answer; then `leave` must be called.

        Raises:
            ServerDisconnectedError, ClientOSError: the connection broke before the answer came.
            ClientError: it could not be made, or what came is not HTTP.
            ValueError: a header would break out of its line.
        """
        head = self._head(target, len(body), headers)
        line = self._line_to(target)
        connection = await self._connect(line)
        try:
            message, content = await _exchange(connection, head + body)
        except HttpProcessingError as error:
            connection.close()
            raise ClientResponseError(line.request_info, (), status=error.code) from None
        except BaseException:
            connection.close()
            raise
        retry_after = message.headers.get("Retry-After")
        return Posted(message.code, retry_after, content, connection)

    def _line_to(self, target: Target) -> ClientRequest:
        """What the pool wants to know of a peer; made once for each."""
        line = self._lines.get(target.origin)
        if line is None:
            if len(self._lines) >= _REMEMBERED_ORIGINS:
                self._lines.clear()
            line = self._lines[target.origin] = ClientRequest("POST", target.url)
        return line

    def _head(self, target: Target, length: int, headers: Mapping[str, str]) -> bytes:
        fields = {"Host": target.authority, "User-Agent": self._user_agent, **headers}
        for value in fields.values():
            if "\r" in value or "\n" in value or "\0" in value:
                raise ValueError("a header value must be one line")
        lines = "".join([f"{name}: {value}\r\n" for name, value in fields.items()])
        return f"POST {target.path} HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\r\n".encode(
            "ascii"
        )


async def _exchange(
    connection: Connection, request: bytes
) -> tuple[RawResponseMessage, StreamReader]:
    """Write a request and read the head of the answer that is no interim one."""
    handler, transport = connection.protocol, connection.transport
    if handler is None or transport is None or transport.is_closing():
        raise ServerDisconnectedError
    _expect_answer(handler)
    try:
        transport.write(request)
    except OSError as error:
        raise ClientOSError(*error.args) from error
    while True:
        message, content = await handler.read()
        if message.code > _LAST_INFORMATIONAL or message.code == _SWITCHING:
            return message, content


def _expect_answer(handler: ResponseHandler) -> None:
    handler.set_response_params(read_until_eof=True, auto_decompress=False)
