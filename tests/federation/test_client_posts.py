"""Delivering to inboxes: answers, kept connections, bounds, and TLS."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import pytest

from federation.errors import Failure, PeerUnreachable
from federation.exchanges import ClientLimits
from tests.support import loopback_peer as peers
from tests.support.loopback_client import SHORT, loopback_client
from tests.support.loopback_peer import LoopbackPeer, Received, reply, reply_json
from tests.support.loopback_tls import LoopbackAuthority

HEADERS: Mapping[str, str] = {"Content-Type": "application/activity+json", "Signature": "made"}
BODY = b'{"type": "Create"}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LoopbackAuthority:
    """An authority that no system trusts."""
    return LoopbackAuthority(tmp_path_factory.mktemp("tls"))


async def test_body_and_headers_arrive_as_given() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(202)

        answer = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    (request,) = peer.requests
    assert answer.status == 202
    assert answer.is_success
    assert request.method == "POST"
    assert request.body == BODY
    assert request.headers["signature"] == "made"
    assert request.headers["content-type"] == "application/activity+json"
    assert request.headers["user-agent"] == "noaber/0 (+https://noaber.example)"
    assert set(request.headers) == {
        *("host", "user-agent", "content-type", "content-length", "signature")
    }


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 500])
async def test_refusal_is_an_answer_with_an_excerpt_for_the_log(status: int) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(status, b"bad\r\n\x1b[31m " + b"x" * 3_000)

        answer = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert answer.status == status
    assert not answer.is_success
    assert answer.excerpt.startswith("bad   [31m xxx")
    assert len(answer.excerpt) == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [("120", timedelta(seconds=120)), ("1000000000", timedelta(hours=24)), ("junk", None)],
)
async def test_busy_peer_says_how_long_to_wait(value: str, expected: timedelta | None) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(429, retry_after=value)

        answer = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert answer.status == 429
    assert answer.retry_after == expected


async def test_connection_is_kept_also_after_an_answer_with_a_body() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/empty"] = reply(202)
        peer.behaviours["/text"] = reply(200, b"x" * 4_096)
        peer.behaviours["/chunked"] = peers.raw(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        )
        peer.behaviours["/refused"] = reply(400, b"no")
        peer.behaviours["/u"] = reply_json({"id": peer.url("/u")})

        for path in ("/empty", "/text", "/chunked", "/refused", "/empty"):
            await client.post_activity(peer.url(path), BODY, HEADERS)
        await client.get_json(peer.url("/u"))

    assert len(peer.requests) == 6
    assert peer.connections == 1


async def test_long_answer_costs_the_connection_and_nothing_else() -> None:
    flood = peers.Flood(b"HTTP/1.1 200 OK\r\n\r\n")
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/flood"] = flood
        peer.behaviours["/long"] = reply(500, b"x" * 3_000_000)
        peer.behaviours["/inbox"] = reply(202)

        assert (await client.post_activity(peer.url("/flood"), BODY, HEADERS)).status == 200
        assert (await client.post_activity(peer.url("/long"), BODY, HEADERS)).status == 500
        assert (await client.post_activity(peer.url("/inbox"), BODY, HEADERS)).status == 202

    assert flood.sent < 16 * 1_048_576
    assert peer.connections == 3


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 202 OK\r\n\r\n", b"HTTP/1.1 202 OK\r\ncontent-length: 9\r\n\r\n"]
)
async def test_status_counts_although_the_rest_never_comes(head: bytes) -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:
        peer.behaviours["/drip"] = peers.drip(head, seconds=0.02)
        peer.behaviours["/cut"] = peers.cut(head)

        dripped = await client.post_activity(peer.url("/drip"), BODY, HEADERS)
        broken = await client.post_activity(peer.url("/cut"), BODY, HEADERS)

    assert dripped.status == 202
    assert broken.status == 202


async def test_kept_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        answers = iter([reply(202), peers.cut(), reply(202)])

        async def in_turn(request: Received, writer: asyncio.StreamWriter) -> None:
            await next(answers)(request, writer)

        peer.behaviours["/inbox"] = in_turn

        first = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)
        second = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert first.status == second.status == 202
    assert peer.connections == 2
    assert [request.body for request in peer.requests] == [BODY] * 3


@pytest.mark.parametrize("behaviour", [peers.cut(), peers.reset(), peers.cut(b"HTTP/1.1 2")])
async def test_peer_that_breaks_every_connection_is_unreachable_after_two(
    behaviour: peers.Behaviour,
) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = behaviour

        with pytest.raises(PeerUnreachable) as missed:
            await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert missed.value.failure is Failure.BROKEN
    assert len(peer.requests) <= 2


async def test_peer_that_hangs_is_cut_at_the_deadline() -> None:
    async with LoopbackPeer() as peer, loopback_client(limits=SHORT) as client:
        peer.behaviours["/inbox"] = peers.hang()
        started = time.monotonic()

        with pytest.raises(PeerUnreachable) as missed:
            await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert missed.value.failure is Failure.TIMEOUT
    assert len(peer.requests) == 1
    assert 0.25 < time.monotonic() - started < 2


async def test_one_host_gets_eight_connections_at_most() -> None:
    answering, came = asyncio.Event(), asyncio.Semaphore(0)

    async def when_told(request: Received, writer: asyncio.StreamWriter) -> None:
        came.release()
        await answering.wait()
        await reply(202)(request, writer)

    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = when_told

        async def count_then_answer() -> int:
            for _ in range(8):
                await came.acquire()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await came.acquire()
            count = len(peer.requests)
            answering.set()
            return count

        at_once, *answers = await asyncio.gather(
            count_then_answer(),
            *(client.post_activity(peer.url("/inbox"), BODY, HEADERS) for _ in range(20)),
        )

    assert at_once == 8
    assert len(answers) == len(peer.requests) == 20
    assert peer.connections == 8


async def test_waiting_in_line_does_not_count_against_the_deadline() -> None:
    limits = ClientLimits(post_total=timedelta(milliseconds=200), requests=1)
    async with LoopbackPeer() as peer, loopback_client(limits=limits) as client:
        peer.behaviours["/hang"] = peers.hang()
        peer.behaviours["/inbox"] = reply(202)

        outcomes = await asyncio.gather(
            client.post_activity(peer.url("/hang"), BODY, HEADERS),
            client.post_activity(peer.url("/hang"), BODY, HEADERS),
            client.post_activity(peer.url("/inbox"), BODY, HEADERS),
            return_exceptions=True,
        )

    assert isinstance(outcomes[1], PeerUnreachable)
    assert getattr(outcomes[2], "status", None) == 202


async def test_no_more_connections_are_kept_than_allowed() -> None:
    limits = ClientLimits(kept=1)
    async with LoopbackPeer() as one, LoopbackPeer() as other, loopback_client(limits=limits) as us:
        for peer in (one, other, other):
            peer.behaviours["/inbox"] = reply(202)
            await us.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert "connection" not in one.requests[0].headers
    assert [request.headers["connection"] for request in other.requests] == ["close", "close"]


async def test_delivery_over_tls_checks_the_certificate(authority: LoopbackAuthority) -> None:
    async with LoopbackPeer(tls=authority.serving()) as peer:
        peer.behaviours["/inbox"] = reply(202)
        async with loopback_client(tls=authority.trusting()) as client:
            answer = await client.post_activity(peer.url("/inbox"), BODY, HEADERS)
        async with loopback_client() as stranger:
            with pytest.raises(PeerUnreachable) as missed:
                await stranger.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert answer.status == 202
    assert missed.value.failure is Failure.TLS
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("days", "address"), [(-1, "127.0.0.1"), (1, "127.0.0.2")], ids=["expired", "other name"]
)
async def test_bad_certificate_is_a_failure_of_tls(
    authority: LoopbackAuthority, days: int, address: str
) -> None:
    async with (
        LoopbackPeer(tls=authority.serving(days=days, address=address)) as peer,
        loopback_client(tls=authority.trusting()) as client,
    ):
        with pytest.raises(PeerUnreachable) as missed:
            await client.post_activity(peer.url("/inbox"), BODY, HEADERS)

    assert missed.value.failure is Failure.TLS
    assert peer.requests == []


async def test_every_socket_that_was_opened_is_counted_out_again(
    authority: LoopbackAuthority,
) -> None:
    async with (
        LoopbackPeer() as peer,
        LoopbackPeer(tls=authority.serving()) as secure,
        loopback_client(limits=SHORT) as client,
    ):
        peer.behaviours.update({"/ok": reply(202), "/reset": peers.reset(), "/hang": peers.hang()})
        urls = [peer.url(path) for path in ("/ok", "/reset", "/hang", "/none")]
        urls += [secure.url("/untrusted"), "http://127.0.0.1:1023/", "http://127.0.0.1:65535/"]

        posts = [client.post_activity(url, BODY, HEADERS) for url in urls]
        await asyncio.gather(*posts, return_exceptions=True)
        kept = client._sockets.count

    assert kept >= 1
    assert client._sockets.count == client._under_way == 0


def test_sockets_are_counted_out_under_uvloop_too() -> None:
    uvloop = pytest.importorskip("uvloop", reason="pip install 'noaber[fast]' brings uvloop")

    async def deliver() -> tuple[int, int]:
        async with LoopbackPeer() as peer, loopback_client() as client:
            peer.behaviours["/inbox"] = reply(202)
            await client.post_activity(peer.url("/inbox"), BODY, HEADERS)
            kept = client._sockets.count
        return kept, client._sockets.count

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(deliver()) == (1, 0)
