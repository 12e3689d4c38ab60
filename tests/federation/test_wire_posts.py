"""Posts that are written straight onto a connection: what may come before, instead of and after."""

from collections.abc import Mapping

import pytest

from federation.errors import Failure, PeerUnreachable
from tests.support import loopback_peer as peers
from tests.support.loopback_client import SHORT, loopback_client
from tests.support.loopback_peer import LoopbackPeer, reply

HEADERS: Mapping[str, str] = {"Content-Type": "application/activity+json", "Signature": "made"}
BODY = b'{"type": "Create"}'


@pytest.mark.parametrize(
    "interim",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3],
)
async def test_interim_answers_are_passed_over(interim: bytes) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        final = b"HTTP/1.1 429 Later\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno"
        peer.behaviours["/inbox"] = peers.raw(interim + final)
        peer.behaviours["/again"] = reply(202)

        answer = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)
        again = await client.post_activity(peer.url("/again"), BODY, HEADERS)

    assert answer.status == 429
    assert answer.retry_after is not None
    assert answer.retry_after.total_seconds() == 7
    assert again.status == 202
    assert peer.connections == 1


@pytest.mark.parametrize(
    "junk",
    [
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 202 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 202 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
    ids=["other protocol", "no status", "no length", "long header"],
)
async def test_what_is_not_http_is_a_broken_connection(junk: bytes) -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:
        peer.behaviours["/inbox"] = peers.raw(junk)

        with pytest.raises(PeerUnreachable) as missed:
            await client.post_activity(peer.url("/inbox"), BODY, HEADERS)
        kept = client._sockets.count

    assert missed.value.failure is Failure.BROKEN
    assert kept == 0


async def test_change_of_protocol_is_a_refusal_and_costs_the_connection() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = peers.raw(
            b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nfree bytes"
        )
        peer.behaviours["/again"] = reply(202)

        answer = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)
        await client.post_activity(peer.url("/again"), BODY, HEADERS)

    assert answer.status == 101
    assert not answer.is_success
    assert peer.connections == 2


async def test_an_answer_that_nobody_asked_for_is_given_to_nobody() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        one = b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n"
        peer.behaviours["/two"] = peers.raw(one + one.replace(b"202", b"500"))
        peer.behaviours["/inbox"] = reply(202)

        first = await client.post_activity(peer.url("/two"), BODY, HEADERS)
        second = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert (first.status, second.status) == (202, 202)
    assert peer.connections == 2


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\0b"])
async def test_a_header_cannot_break_out_of_its_line(value: str) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        with pytest.raises(ValueError, match="one line"):
            await client.post_activity(peer.url("/inbox"), BODY, {"Signature": value})

    assert peer.requests == []
