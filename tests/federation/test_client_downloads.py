"""Files of peers: fetched piece by piece, from nowhere that is not allowed, never too much."""

from dataclasses import replace
from datetime import timedelta

import pytest

from federation.errors import FetchForbidden, Forbidden, PeerRefused, PeerUnreachable
from tests.support.loopback_client import SHORT, loopback_client
from tests.support.loopback_peer import Flood, LoopbackPeer, drip, redirect, reply

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n"
LIMITS = replace(SHORT, download_total=timedelta(milliseconds=300))


class Pieces:
    """Takes what is handed on."""

    def __init__(self) -> None:
        self.found = b""

    async def __call__(self, piece: bytes) -> None:
        self.found += piece


async def download(peer: LoopbackPeer, path: str, most: int = 1_000_000) -> bytes:
    pieces = Pieces()
    async with loopback_client(limits=LIMITS) as client:
        size = await client.download(peer.url(path), pieces, max_bytes=most)
    assert size == len(pieces.found)
    return pieces.found


async def test_a_file_is_handed_on_whole() -> None:
    body = bytes(range(256)) * 1_000
    async with LoopbackPeer() as peer:
        peer.behaviours["/a"] = reply(200, body, content_type="text/whatever")

        assert await download(peer, "/a") == body
        assert peer.requests[0].headers["accept-encoding"] == "identity"


async def test_a_redirect_may_lead_to_another_server() -> None:
    async with LoopbackPeer() as peer, LoopbackPeer() as other:
        other.behaviours["/b"] = reply(200, b"honey")
        peer.behaviours["/a"] = redirect(other.url("/b"))

        assert await download(peer, "/a") == b"honey"


async def test_a_redirect_may_not_lead_inside() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/a"] = redirect("http://127.0.0.2/secret")

        with pytest.raises(FetchForbidden) as refusal:
            await download(peer, "/a")

    assert refusal.value.reason is Forbidden.ADDRESS


async def test_redirects_end() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/a"] = redirect(peer.url("/a"))

        with pytest.raises(FetchForbidden) as refusal:
            await download(peer, "/a")

    assert refusal.value.reason is Forbidden.REDIRECT


async def test_a_length_that_is_too_large_is_not_read() -> None:
    async with LoopbackPeer() as peer:
        flood = Flood(HEAD.replace(b"\r\n\r\n", b"\r\ncontent-length: 10000000000\r\n\r\n"))
        peer.behaviours["/a"] = flood

        with pytest.raises(FetchForbidden) as refusal:
            await download(peer, "/a")

    assert refusal.value.reason is Forbidden.TOO_LARGE


async def test_an_endless_file_is_cut_off() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/a"] = Flood(HEAD)

        with pytest.raises(FetchForbidden) as refusal:
            await download(peer, "/a")

    assert refusal.value.reason is Forbidden.TOO_LARGE


async def test_a_slow_file_ends_with_the_time() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/a"] = drip(HEAD, seconds=0.01)

        with pytest.raises(PeerUnreachable):
            await download(peer, "/a")


async def test_a_packed_file_is_not_taken() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/a"] = reply(200, b"\x1f\x8b", content_encoding="gzip")

        with pytest.raises(FetchForbidden):
            await download(peer, "/a")


async def test_what_is_not_there_is_said_so() -> None:
    async with LoopbackPeer() as peer:
        with pytest.raises(PeerRefused) as refusal:
            await download(peer, "/a")

    assert refusal.value.status == 404
