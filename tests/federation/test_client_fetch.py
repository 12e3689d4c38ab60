"""Fetching documents from peers that behave well, badly, slowly or not at all."""

import asyncio
import gzip
import socket
import time
import zlib
from datetime import timedelta

import pytest

from federation.documents import ACTIVITY_DOCUMENT, NODEINFO, WEBFINGER, is_activity_type
from federation.errors import Failure, FetchForbidden, Forbidden, PeerRefused, PeerUnreachable
from federation.exchanges import ClientLimits
from tests.support import loopback_peer as peers
from tests.support.loopback_client import SHORT, loopback_client
from tests.support.loopback_peer import LoopbackPeer, Received, redirect, reply, reply_json

MIB = 1_048_576


async def forbidden(peer: LoopbackPeer, path: str = "/u", **options: object) -> Forbidden:
    """Fetch what must be refused, and give the reason."""
    async with loopback_client() as client:
        with pytest.raises(FetchForbidden) as refused:
            await client.get_json(peer.url(path), **options)  # type: ignore[arg-type]  # as given
    return refused.value.reason


async def test_actor_is_fetched_in_our_name() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        document = {"id": peer.url("/u"), "type": "Person"}
        peer.behaviours["/u"] = reply_json(document, cache_control="max-age=60")

        fetched = await client.get_json(peer.url("/u#main-key"))
        await client.get_json(peer.url("/u"))

    assert fetched.document == document
    assert fetched.url == peer.url("/u")
    assert fetched.headers["cache-control"] == "max-age=60"
    assert [request.target for request in peer.requests] == ["/u", "/u"]
    assert peer.requests[0].headers["accept"] == ACTIVITY_DOCUMENT.accept
    assert peer.requests[0].headers["user-agent"] == "noaber/0 (+https://noaber.example)"
    assert peer.connections == 1


async def test_cookie_of_a_peer_is_not_sent_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def loopback(_host: str, port: int, *_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", loopback)
    async with LoopbackPeer() as peer, loopback_client() as client:
        url = f"http://peer.example:{peer.port}/u"
        peer.behaviours["/u"] = reply_json({"id": url}, set_cookie="a=b; Path=/")

        await client.get_json(url)
        await client.get_json(url)

    assert "cookie" not in peer.requests[1].headers


@pytest.mark.parametrize(
    "content_type",
    [
        "application/activity+json",
        "application/activity+json; charset=utf-8",
        "Application/Activity+JSON",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        "application/ld+json;profile=https://www.w3.org/ns/activitystreams",
        'application/ld+json; charset=utf-8; profile="http://x https://www.w3.org/ns/activitystreams"',
    ],
)
def test_activity_media_type_is_taken(content_type: str) -> None:
    assert is_activity_type(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/html",
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams#x"',
        'application/ld+json; x-profile="https://www.w3.org/ns/activitystreams"',
        "image/png; application/activity+json",
        "application/activity+json-seq",
        "text/plain; profile=https://www.w3.org/ns/activitystreams",
    ],
)
async def test_document_of_another_media_type_is_not_taken(content_type: str) -> None:
    async with LoopbackPeer() as peer:
        document = {"id": peer.url("/u")}
        peer.behaviours["/u"] = reply_json(document, content_type=content_type)

        assert await forbidden(peer) is Forbidden.MEDIA_TYPE


async def test_two_media_types_are_not_taken() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/u"] = peers.cut(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"
            b"content-type: application/activity+json\r\ncontent-length: 2\r\n\r\n{}"
        )

        assert await forbidden(peer) is Forbidden.MEDIA_TYPE


async def test_webfinger_and_nodeinfo_take_plain_json_and_no_activity() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/w"] = reply_json({"subject": "x"}, content_type="application/jrd+json")
        peer.behaviours["/n"] = reply_json({"version": "2.1"}, content_type="application/json")
        peer.behaviours["/a"] = reply_json({"id": peer.url("/a")})

        assert (await client.get_json(peer.url("/w"), WEBFINGER)).document == {"subject": "x"}
        assert (await client.get_json(peer.url("/n"), NODEINFO)).document == {"version": "2.1"}
        with pytest.raises(FetchForbidden):
            await client.get_json(peer.url("/a"), WEBFINGER)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 410, 451, 304, 201, 204])
async def test_other_statuses_refuse(status: int) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/u"] = reply(status)

        with pytest.raises(PeerRefused) as refused:
            await client.get_json(peer.url("/u"))

    assert refused.value.status == status
    assert refused.value.peer == "127.0.0.1"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_busy_peer_is_unreachable_for_as_long_as_it_asks(status: int) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/u"] = reply(status, retry_after="Sun, 22 Nov 2026 09:02:00 GMT")

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/u"))

    assert missed.value.failure is Failure.STATUS
    assert missed.value.status == status
    assert missed.value.retry_after == timedelta(minutes=2)


async def test_dripping_document_is_cut_at_the_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n\r\n"
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:
        peer.behaviours["/u"] = peers.drip(head, seconds=0.02)
        started = time.monotonic()

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/u"))

    assert missed.value.failure is Failure.TIMEOUT
    assert 0.25 < time.monotonic() - started < 2


async def test_dripping_headers_are_cut_at_the_deadline() -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:
        peer.behaviours["/u"] = peers.drip(b"HTTP/1.1 200 OK\r\nx: ", seconds=0.02)

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/u"))

    assert missed.value.failure is Failure.TIMEOUT


async def test_deadline_holds_over_all_redirects() -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:

        async def slowly_on(request: Received, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.12)
            await redirect(f"/{int(request.target[1:]) + 1}")(request, writer)

        peer.behaviours.update({f"/{number}": slowly_on for number in range(9)})

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/0"))

    assert missed.value.failure is Failure.TIMEOUT


async def test_endless_document_is_left_after_a_mebibyte() -> None:
    flood = peers.Flood(b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n\r\n")
    async with LoopbackPeer() as peer:
        peer.behaviours["/u"] = flood

        reason = await forbidden(peer)

    assert reason is Forbidden.TOO_LARGE
    # What the kernel's buffers swallow comes on top.
    assert flood.sent < 16 * MIB


async def test_size_is_bounded_by_the_kind_of_document() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        body = b'{"id": "%s", "x": "%s"}' % (peer.url("/u").encode(), b"x" * 70_000)
        peer.behaviours["/u"] = reply(200, body)
        peer.behaviours["/w"] = reply(200, body, content_type="application/jrd+json")

        assert (await client.get_json(peer.url("/u"))).status == 200
        with pytest.raises(FetchForbidden) as refused:
            await client.get_json(peer.url("/w"), WEBFINGER)

    assert refused.value.reason is Forbidden.TOO_LARGE


async def test_content_length_of_ten_gigabytes_is_refused_unread() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/u"] = peers.raw(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n"
            b"content-length: 10000000000\r\n\r\n{"
        )

        assert await forbidden(peer) is Forbidden.TOO_LARGE


async def test_document_that_ends_before_its_length_is_a_broken_connection() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/u"] = peers.cut(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n"
            b"content-length: 500\r\n\r\n{}"
        )

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/u"))

    assert missed.value.failure is Failure.BROKEN


async def test_document_longer_than_its_length_does_not_spoil_the_next() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        body = b'{"id": "%s"}' % peer.url("/u").encode()
        head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n"
            b"content-length: %d\r\n\r\n"
        )
        surplus = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        peer.behaviours["/u"] = peers.raw(head % len(body) + body + surplus)

        first = await client.get_json(peer.url("/u"))
        second = await client.get_json(peer.url("/u"))

    assert first.document == second.document


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: "
        b"application/activity+json\r\n\r\nzz\r\n",
        b"",
    ],
)
async def test_what_is_not_http_is_a_broken_connection(answer: bytes) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/u"] = peers.cut(answer)

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/u"))

    assert missed.value.failure is Failure.BROKEN


async def test_gzip_is_unpacked_and_other_codings_are_refused() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        plain = b'{"id": "%s"}' % peer.url("/gzip").encode()
        packed = gzip.compress(plain)
        peer.behaviours["/gzip"] = reply(200, packed, content_encoding="GZIP")
        peer.behaviours["/br"] = reply(200, plain, content_encoding="br")
        peer.behaviours["/twice"] = reply(200, packed, content_encoding="gzip, gzip")
        peer.behaviours["/half"] = reply(200, packed[:-9], content_encoding="gzip")
        peer.behaviours["/junk"] = reply(200, b"junk", content_encoding="gzip")

        fetched = await client.get_json(peer.url("/gzip"))
        for path in ("/br", "/twice", "/half", "/junk"):
            assert await forbidden(peer, path) is Forbidden.DOCUMENT

    assert fetched.document == {"id": peer.url("/gzip")}


async def test_gzip_bomb_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * MIB) for _ in range(64)) + packer.flush()
    async with LoopbackPeer() as peer:
        peer.behaviours["/u"] = reply(200, bomb, content_encoding="gzip")

        assert await forbidden(peer) is Forbidden.TOO_LARGE

    assert len(bomb) < 100_000


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{", b'{"id": 1, "id": 2}', b'{"x": NaN}', b"\xff{}", b"<html>"]
)
async def test_what_is_no_strict_json_object_is_refused(body: bytes) -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/u"] = reply(200, body)

        assert await forbidden(peer) is Forbidden.DOCUMENT


async def test_peer_that_accepts_and_hangs_is_unreachable() -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:
        peer.behaviours["/u"] = peers.hang()

        with pytest.raises(PeerUnreachable) as missed:
            await client.get_json(peer.url("/u"))

    assert missed.value.failure is Failure.TIMEOUT


async def test_cancelled_fetch_stays_cancelled_and_frees_its_place() -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=ClientLimits(requests=1)) as client:
        peer.behaviours["/hang"] = peers.hang()
        peer.behaviours["/u"] = reply_json({"id": peer.url("/u")})

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.get_json(peer.url("/hang"))
        fetched = await client.get_json(peer.url("/u"))

    assert fetched.status == 200
