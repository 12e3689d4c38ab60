"""What a hostile client may hold: raw sockets against a running site with short deadlines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from node.app import Access, Parts, Route, build_app
from node.health import Readiness
from node.limits import HEAD_TOO_SLOW, Shares, client_address
from node.metrics import Metrics
from node.serving import listening
from node.settings import HttpSettings
from node.settings_values import NOWHERE, Networks

QUICK = HttpSettings(port=0, header_seconds=0.1, body_seconds=0.15, keep_alive_seconds=0.3)
PATIENCE = 5.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def length(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


@asynccontextmanager
async def site(settings: HttpSettings = QUICK) -> AsyncIterator[int]:
    """A running site with GET and POST /inbox; gives its port."""
    routes = [
        Route(method=method, path="/inbox", handler=length, access=Access.PUBLIC, name=method)
        for method in ("GET", "POST")
    ]
    parts = Parts(settings=settings, routes=routes, readiness=Readiness({}), metrics=Metrics())
    async with listening(build_app(parts), settings) as running:
        yield running.port


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer_to(port: int, *pieces: bytes) -> bytes:
    """All that the node says until it closes the connection."""
    async with connection(port) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), PATIENCE)


async def test_connection_that_says_nothing_is_cut() -> None:
    async with site() as port:
        assert await answer_to(port) == HEAD_TOO_SLOW


async def test_connection_with_half_a_head_is_cut() -> None:
    async with site() as port:
        assert await answer_to(port, b"POST /inbox HTTP/1.1\r\nHost: x\r\nX-a") == HEAD_TOO_SLOW


async def test_head_that_drips_is_cut_however_steadily_it_drips() -> None:
    async with site() as port, connection(port) as (reader, writer):
        answer = asyncio.ensure_future(reader.read())
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        for _drop in range(200):
            if answer.done():
                break
            writer.write(b"x")
            await asyncio.sleep(0.005)

        assert await asyncio.wait_for(answer, PATIENCE) == HEAD_TOO_SLOW


async def test_second_head_on_a_connection_has_a_deadline_too() -> None:
    whole = b"GET /inbox HTTP/1.1\r\nHost: x\r\n\r\n"
    async with site() as port, connection(port) as (reader, writer):
        writer.write(whole)
        first = await reader.readuntil(b"\r\n\r\n0")
        writer.write(b"GET /inb")

        assert first.startswith(b"HTTP/1.1 200")
        assert await asyncio.wait_for(reader.read(), PATIENCE) == HEAD_TOO_SLOW


async def test_half_a_head_behind_a_whole_request_is_cut_with_the_keep_alive() -> None:
    whole = b"GET /inbox HTTP/1.1\r\nHost: x\r\n\r\n"
    async with site() as port:
        answer = await answer_to(port, whole + b"GET /inb")

        assert answer.startswith(b"HTTP/1.1 200")


async def test_idle_connection_is_closed_after_the_keep_alive() -> None:
    async with site() as port:
        answer = await answer_to(port, b"GET /inbox HTTP/1.1\r\nHost: x\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"0")


async def test_half_a_body_is_answered_408_and_cut() -> None:
    head = b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    async with site() as port, connection(port) as (reader, writer):
        writer.write(head + b"abc")
        status_line = await asyncio.wait_for(reader.readline(), PATIENCE)

        assert status_line == b"HTTP/1.1 408 Request Timeout\r\n"


async def test_body_that_takes_its_time_within_the_limit_is_read() -> None:
    head = b"POST /inbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\n"
    async with site() as port:
        answer = await answer_to(port, head, b"abc", b"def")

        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"6")


H = b"Host: x\r\n"
SHAPES = {
    "CL+CL": b"POST /inbox HTTP/1.1\r\n"
    + H
    + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "CL+TE": b"POST /inbox HTTP/1.1\r\n"
    + H
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE x2": b"POST /inbox HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "TE x": b"POST /inbox HTTP/1.1\r\n" + H + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "CL +3": b"POST /inbox HTTP/1.1\r\n" + H + b"Content-Length: +3\r\n\r\nabc",
    "CL 1_0": b"POST /inbox HTTP/1.1\r\n" + H + b"Content-Length: 1_0\r\n\r\n0123456789",
    "two Host": b"GET / HTTP/1.1\r\n" + H + b"Host: other.example\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "NUL": b"GET / HTTP/1.1\r\n" + H + b"X: a\x00b\r\n\r\n",
    "chunk ext LF": b"POST /inbox HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
    "obs-fold": b"GET / HTTP/1.1\r\n" + H + b"X: 1\r\n 2\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_smuggling_shape_is_refused_and_the_connection_closed(shape: str) -> None:
    async with site() as port:
        answer = await answer_to(port, SHAPES[shape])

        assert answer.split(b" ", 2)[1] == b"400"
        assert answer.count(b"HTTP/1.") == 1
        assert b"X-Content-Type-Options: nosniff" in answer
        assert b"Server: noaber" in answer


async def test_address_holds_no_more_connections_than_its_share() -> None:
    settings = HttpSettings(port=0, max_connections_per_address=2, trusted_proxies=NOWHERE)
    whole = b"GET /inbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with site(settings) as port:
        async with connection(port), connection(port):
            refused = await answer_to(port)
        for _turn in range(10):
            await asyncio.sleep(0)
        served = await answer_to(port, whole)

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 10" in refused
    assert served.startswith(b"HTTP/1.1 200 ")


async def test_trusted_proxy_holds_as_many_connections_as_it_needs() -> None:
    settings = HttpSettings(port=0, max_connections_per_address=1)
    whole = b"GET /inbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with site(settings) as port, connection(port), connection(port):
        served = await answer_to(port, whole)

    assert served.startswith(b"HTTP/1.1 200 ")


def test_share_that_was_given_back_can_be_taken_again() -> None:
    shares = Shares(1, NOWHERE)

    outcomes = [shares.take("192.0.2.1"), shares.take("192.0.2.1"), shares.take("192.0.2.2")]
    shares.give_back("192.0.2.1")
    outcomes.append(shares.take("192.0.2.1"))

    assert outcomes == [True, False, True, True]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_client_is_whom_the_last_trusted_proxy_names(
    peer: str, forwarded: list[str], client: str
) -> None:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)

    assert client_address(request, Networks(["10.0.0.0/8"])) == client
