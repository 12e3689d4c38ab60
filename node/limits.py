"""What one client may hold: connections, the time for a head and a body, requests in flight.

aiohttp alone leaves a connection with half a head open for as long as a keep-alive lasts, and one
with half a body for ever. Here every connection has a deadline for the next head, every body has
one too, and no address holds more than its share.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from node.answers import Problem, render, unforeseen
from node.observability import request_id
from node.settings import HttpSettings
from node.settings_values import Networks

LINGER_SECONDS = 5.0
"""How long what a refused client still sends is read, so that it gets to see the answer."""
BACKLOG = 1024

_CLOSE = b"Connection: close\r\nContent-Length: 0\r\n"
HEAD_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n" + _CLOSE + b"\r\n"
TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\n" + _CLOSE + b"\r\n"


class Shares:
    """How much each address holds of something; those in `free` hold as much as they like."""

    def __init__(self, most: int, free: Networks) -> None:
        """Let an address hold at most `most` at the same time."""
        self._most = most
        self._free = free
        self._held: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Count one more for this address; False when it holds its share already."""
        held = self._held[address]
        if held >= self._most and address not in self._free:
            return False
        self._held[address] = held + 1
        return True

    def give_back(self, address: str) -> None:
        """Count one less; to be called once for each `take` that gave True."""
        self._held[address] -= 1
        if self._held[address] <= 0:
            del self._held[address]


def client_address(request: web.BaseRequest, trusted: Networks) -> str:
    """The address of the client: the peer of the connection, or whom trusted proxies name.

    X-Forwarded-For is read from its end, and only as long as who wrote the entry is trusted: what
    stands before the first stranger was written by that stranger.
    """
    address = request.remote or ""
    if address not in trusted:
        return address
    named = ",".join(request.headers.getall("X-Forwarded-For", ()))
    for entry in reversed(named.split(",")):
        address = entry.strip() or address
        if address not in trusted:
            break
    return address


async def read_body(request: web.Request, settings: HttpSettings) -> None:
    """Read the body of a request into it, so that handlers find it there at once.

    Raises:
        web.HTTPRequestEntityTooLarge: it is larger than the settings allow, or says that it is.
        web.HTTPRequestTimeout: it did not arrive in time.
    """
    announced = request.content_length
    if announced is not None and announced > settings.max_body_bytes:
        raise web.HTTPRequestEntityTooLarge(settings.max_body_bytes, announced)
    if request.content.is_eof():
        await request.read()
        return
    try:
        async with asyncio.timeout(settings.body_seconds):
            await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


class Connection(web.RequestHandler):
    """One connection of a client, with a deadline for the head of each request."""

    __slots__ = ("_address", "_head_seconds", "_head_timer", "_shares")

    def __init__(self, server: web.Server, settings: HttpSettings, shares: Shares) -> None:
        """Prepare for one connection; `shares` is of the whole site."""
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=settings.keep_alive_seconds,
            lingering_time=LINGER_SECONDS,
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None for: write no such log
        )
        self._head_seconds = settings.header_seconds
        self._shares = shares
        self._address: str | None = None
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, unless its address has its share."""
        address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._shares.take(address):
            if isinstance(transport, asyncio.WriteTransport):
                transport.write(TOO_MANY)
            transport.close()
            return
        self._address = address
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the share back."""
        if self._address is None:
            return
        self._shares.give_back(self._address)
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; the clock for a head runs from its first byte to its last."""
        if self._address is None:
            return
        heads = self._request_count
        super().data_received(data)
        if self._request_count != heads:
            self._head_arrived()
        elif self._head_timer is None and self._waiter is not None:
            self._expect_head()

    def _expect_head(self) -> None:
        self._head_timer = self._loop.call_later(self._head_seconds, self._cut)

    def _head_arrived(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _cut(self) -> None:
        self._head_timer = None
        if self.transport is not None:
            self.transport.write(HEAD_TOO_SLOW)
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached the application: mostly requests that are not HTTP."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer was sent already")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log_exception("the server failed before the application", exc_info=exc)
            problem = unforeseen(request_id.get())
        else:
            self.logger.debug("refused: %s", message)
            problem = Problem(status=status, sentence="This is not a request that HTTP allows.")
        answer = render(problem, request)
        answer.force_close()
        return answer


class Site(web.BaseSite):
    """A listening socket whose connections are `Connection`s."""

    def __init__(self, runner: web.AppRunner, settings: HttpSettings) -> None:
        """Prepare to listen at the address and port of the settings; port 0 takes a free one."""
        super().__init__(runner, backlog=BACKLOG)
        self._settings = settings
        self._shares = Shares(settings.max_connections_per_address, settings.trusted_proxies)
        self._port = settings.port

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def name(self) -> str:
        """Where it listens, as a URL."""
        host = self._settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is taken, or not one of this machine.
        """
        await super().start()
        server = self._runner.server
        assert server is not None  # noqa: S101 - for mypy: BaseSite looked already
        listening = await asyncio.get_running_loop().create_server(
            self._factory(server), self._settings.host, self._settings.port, backlog=BACKLOG
        )
        self._server = listening
        self._port = listening.sockets[0].getsockname()[1]

    def _factory(self, server: web.Server) -> Callable[[], Connection]:
        return lambda: Connection(server, self._settings, self._shares)
