"""A peer on loopback that answers as it is told: well, slowly, endlessly, wrongly or not at all.

It speaks raw HTTP/1.1 on a socket, so that a test can send what no server library would.
"""

import asyncio
import json
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

ACTIVITY = "application/activity+json"

_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as it came in; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def reply(
    status: int = 200, body: bytes = b"", *, content_type: str = ACTIVITY, **headers: str
) -> Behaviour:
    """Answer properly. Further headers by keyword: `retry_after="120"`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = {"content-type": content_type, "content-length": str(len(body)), **named}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return raw(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body)


def reply_json(document: object, *, content_type: str = ACTIVITY, **headers: str) -> Behaviour:
    """Answer 200 with a document."""
    return reply(200, json.dumps(document).encode(), content_type=content_type, **headers)


def redirect(location: str, status: int = 302) -> Behaviour:
    """Point elsewhere."""
    return reply(status, location=location)


def raw(answer: bytes) -> Behaviour:
    """Send just these bytes, and keep the connection."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return behave


def cut(answer: bytes = b"") -> Behaviour:
    """Send these bytes, and close."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return behave


def reset() -> Behaviour:
    """Send RST."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(1, 13, _RESET)  # SOL_SOCKET, SO_LINGER
        writer.transport.abort()

    return behave


def hang() -> Behaviour:
    """Never answer."""

    async def behave(_request: Received, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return behave


def drip(head: bytes, *, seconds: float) -> Behaviour:
    """Send a head, then one blank every so often, for ever."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(seconds)

    return behave


class Flood:
    """Send a head, then blanks as fast as they are taken; `sent` counts the bytes."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.sent = 0

    async def __call__(self, _request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(self.head)
        while not writer.is_closing():
            writer.write(b" " * 65_536)
            await writer.drain()
            self.sent += 65_536


@dataclass(slots=True)
class LoopbackPeer:
    """A server on 127.0.0.x, to be used with `async with`.

    Attributes:
        behaviours: by path, without query; anything else is answered with 404.
        requests: what came in, in order.
        connections: how many were accepted.
    """

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _handlers: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def url(self, path: str) -> str:
        """The URL of a path."""
        return self.origin + path

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            while not writer.is_closing():
                request = await _read_request(reader)
                self.requests.append(request)
                path = request.target.partition("?")[0]
                await self.behaviours.get(path, reply(404))(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            # The other side left, or the test is over: both end a connection as they should.
            writer.transport.abort()
        finally:
            self._handlers.discard(task)
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    method, target, _version = line.split(" ")
    pairs = (text.partition(":") for text in fields)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method=method, target=target, headers=headers, body=body)
