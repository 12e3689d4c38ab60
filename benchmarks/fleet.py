"""The fake peers: one process that listens on many 127.10.x.y and records what arrives there.

    python -m benchmarks.fleet     (then one JSON command a line on standard input)

Each host answers POSTs with 202 at once unless it is told to be dead (nothing listens), slow
(answers late) or hanging (never answers), and serves the documents of its actors. A command is an
`Order`, its answer a `Status`; times are by the monotonic clock, which all processes of a machine
share.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final, cast

import msgspec

from benchmarks.event_loop import run

_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)")
_ACCEPTED: Final = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_DIGITS: Final = re.compile(r"\d+")
_ACTIVITY: Final = "application/activity+json"
BACKLOG: Final = 128


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """Which hosts to listen on, and what their documents say."""

    addresses: list[str]
    port: int
    pems: list[str]
    software: str = "fakeware"


class Modes(msgspec.Struct, frozen=True, kw_only=True):
    """How hosts behave; those not named are healthy. `seconds` is how late slow ones are."""

    dead: list[int] = []
    slow: list[int] = []
    hanging: list[int] = []
    seconds: float = 10.0


class KillAt(msgspec.Struct, frozen=True, kw_only=True):
    """Which process gets SIGKILL when that many POSTs have arrived in all."""

    pid: int
    arrivals: int


class Arrival(msgspec.Struct, frozen=True, array_like=True):
    """A POST as it came in: when, at which host, its head and body."""

    at: float
    host: int
    head: bytes
    body: bytes


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What has arrived since the last reset."""

    posts: int
    hosts: int
    gets: dict[str, int]


class Fleet:
    """All hosts and what they have received."""

    def __init__(self) -> None:
        """Listen nowhere yet."""
        self.hosts = Hosts(addresses=[], port=0, pems=[])
        self.arrivals: list[Arrival] = []
        self.reached: set[int] = set()
        self.gets: Counter[str] = Counter()
        self.slow: dict[int, float] = {}
        self.hanging: frozenset[int] = frozenset()
        self._servers: dict[int, asyncio.Server] = {}
        self._open: dict[int, set[asyncio.Transport]] = {}
        self.kill_at: KillAt | None = None

    async def listen(self, host: int) -> None:
        """Open the socket of a host."""
        listener = socket.create_server(
            (self.hosts.addresses[host], self.hosts.port), backlog=BACKLOG
        )
        self._servers[host] = await asyncio.get_running_loop().create_server(
            lambda: Connection(self, host), sock=listener
        )

    async def apply(self, modes: Modes) -> None:
        """Let hosts behave as told from now on."""
        self.slow = dict.fromkeys(modes.slow, modes.seconds)
        self.hanging = frozenset(modes.hanging)
        dead = set(modes.dead)
        for host in dead & set(self._servers):
            self._servers.pop(host).close()
            for transport in list(self._open.get(host, ())):
                transport.abort()
        for host in set(range(len(self.hosts.addresses))) - dead - set(self._servers):
            await self.listen(host)

    def joined(self, host: int, transport: asyncio.Transport) -> None:
        """A connection was opened."""
        self._open.setdefault(host, set()).add(transport)

    def left(self, host: int, transport: asyncio.Transport) -> None:
        """A connection was closed."""
        self._open[host].discard(transport)

    def received(self, arrival: Arrival) -> None:
        """Keep an arrival; kill when it was the one."""
        self.arrivals.append(arrival)
        self.reached.add(arrival.host)
        if self.kill_at is not None and len(self.arrivals) >= self.kill_at.arrivals:
            pid, self.kill_at = self.kill_at.pid, None
            os.kill(pid, signal.SIGKILL)

    def document(self, host: int, path: str) -> tuple[object, str]:
        """What a GET finds at a path, and its media type; None for nothing."""
        origin = f"http://{self.hosts.addresses[host]}:{self.hosts.port}"
        if path.startswith("/users/u"):
            name, _, collection = path.removeprefix("/users/").partition("/")
            uri = f"{origin}/users/{name}"
            if collection:
                return _empty_collection(f"{uri}/{collection}"), _ACTIVITY
            return _actor(origin, uri, name, self.hosts.pems), _ACTIVITY
        if path == "/.well-known/nodeinfo":
            return _nodeinfo_links(origin), "application/json"
        if path == "/nodeinfo/2.0":
            return _nodeinfo(self.hosts.software), "application/json"
        return None, "application/json"


def _actor(origin: str, uri: str, name: str, pems: list[str]) -> object:
    number = int(name[1:])
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": uri,
        "type": "Person",
        "preferredUsername": name,
        "name": name,
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "following": f"{uri}/following",
        "featured": f"{uri}/featured",
        "url": uri,
        "endpoints": {"sharedInbox": f"{origin}/inbox"},
        "publicKey": {
            "id": f"{uri}#main-key",
            "owner": uri,
            "publicKeyPem": pems[number % len(pems)],
        },
    }


def _empty_collection(uri: str) -> object:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": 0,
        "orderedItems": [],
    }


def _nodeinfo_links(origin: str) -> object:
    schema = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    return {"links": [{"rel": schema, "href": f"{origin}/nodeinfo/2.0"}]}


def _nodeinfo(software: str) -> object:
    return {
        "version": "2.0",
        "software": {"name": software, "version": "1"},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {"total": 1}},
        "metadata": {},
    }


class Connection(asyncio.Protocol):
    """One connection to a host."""

    def __init__(self, fleet: Fleet, host: int) -> None:
        """Nothing read yet."""
        self._fleet = fleet
        self._host = host
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, which dies with its host."""
        # uvloop's transports have the methods, but not the base class.
        self._transport = cast(asyncio.Transport, transport)
        self._fleet.joined(self._host, self._transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the transport."""
        self._fleet.left(self._host, self._transport)

    def data_received(self, data: bytes) -> None:
        """Take every request that is whole."""
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._pending, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._pending) < whole:
                return
            head, body = self._pending[:end], self._pending[end + 4 : whole]
            self._pending = self._pending[whole:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        fleet, host = self._fleet, self._host
        if head.startswith(b"POST"):
            fleet.received(Arrival(time.monotonic(), host, head, body))
            if host in fleet.hanging:
                return
            if (seconds := fleet.slow.get(host)) is not None:
                asyncio.get_running_loop().call_later(seconds, self._write, _ACCEPTED)
                return
            self._write(_ACCEPTED)
            return
        path = head.split(b" ", 2)[1].decode().partition("?")[0]
        fleet.gets[_DIGITS.sub("N", path)] += 1
        document, media_type = fleet.document(host, path)
        text = b"{}" if document is None else msgspec.json.encode(document)
        status = b"404 Not Found" if document is None else b"200 OK"
        self._write(
            b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (status, media_type.encode(), len(text), text)
        )

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of standard input: exactly one of these.

    Attributes:
        open: listen on these hosts.
        modes: change how hosts behave.
        kill_at: plan a SIGKILL.
        arrivals: write all arrivals to this file.
        reset: forget what has arrived.

    Each is answered with the status after it, one line on standard output.
    """

    open: Hosts | None = None
    modes: Modes | None = None
    kill_at: KillAt | None = None
    arrivals: str | None = None
    reset: bool = False


async def obey(fleet: Fleet, order: Order) -> Status:
    """Do what a line asks for."""
    if order.open is not None:
        fleet.hosts = order.open
        await fleet.apply(Modes())
    if order.modes is not None:
        await fleet.apply(order.modes)
    if order.kill_at is not None:
        fleet.kill_at = order.kill_at
    if order.arrivals is not None:
        Path(order.arrivals).write_bytes(msgspec.msgpack.encode(fleet.arrivals))
    if order.reset:
        fleet.arrivals.clear()
        fleet.reached.clear()
        fleet.gets.clear()
    return Status(posts=len(fleet.arrivals), hosts=len(fleet.reached), gets=dict(fleet.gets))


async def command(fleet: Fleet) -> None:
    """Obey until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        status = await obey(fleet, msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(status) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    run(command(Fleet()))
