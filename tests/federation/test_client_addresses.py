"""No connection is opened to an address that is not allowed, however it is written or found.

A canary listens on 127.0.0.9, which the client may not reach; only 127.0.0.1 is opened.
"""

import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from federation.client import Client
from federation.documents import WEBFINGER
from federation.errors import (
    Failure,
    FederationError,
    FetchForbidden,
    Forbidden,
    PeerUnreachable,
)
from federation.exchanges import ClientLimits
from tests.support.loopback_client import loopback_client
from tests.support.loopback_peer import LoopbackPeer, redirect, reply, reply_json

CANARY = "127.0.0.9"

SPELLINGS = [
    "http://127.0.0.9:{port}/u",
    "http://[::ffff:127.0.0.9]:{port}/u",
    "http://[::ffff:7f00:9]:{port}/u",
    "http://[::127.0.0.9]:{port}/u",
    "http://[64:ff9b::7f00:9]:{port}/u",
    "http://[2002:7f00:9::]:{port}/u",
    "http://2130706441:{port}/u",
    "http://0x7f000009:{port}/u",
    "http://127.9:{port}/u",
    "http://0177.0.0.011:{port}/u",
    "http://127.0.0.0x9:{port}/u",
    "http://①②⑦.⓪.⓪.⑨:{port}/u",
    "http://１２７.0.0.9:{port}/u",  # noqa: RUF001 - fullwidth digits
    "http://127.0.0.9.:{port}/u",
    "http://127%2e0.0.9:{port}/u",
    "http://user:pw@127.0.0.9:{port}/u",
    "http://127.0.0.1:80@127.0.0.9:{port}/u",
    "http://127.0.0.1\\@127.0.0.9:{port}/u",
    "http://0.0.0.0:{port}/u",
    "http://[::]:{port}/u",
]


def addresses(*texts: str) -> Any:
    """Give a name server that answers every name with these addresses."""

    def look_up(_host: str, port: int, *_: object) -> Sequence[object]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (text, port, 0, 0))
            if ":" in text
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port))
            for text in texts
        ]

    return look_up


async def outcome(client: Client, url: str) -> FederationError | int:
    """Fetch, and give the error or the status."""
    try:
        return (await client.get_json(url)).status
    except FederationError as error:
        return error


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_leads_to_the_canary(spelling: str, scheme: str) -> None:
    async with LoopbackPeer(host=CANARY) as canary, loopback_client() as client:
        url = spelling.format(port=canary.port).replace("http", scheme, 1)

        fetched = await outcome(client, url)
        with pytest.raises(FetchForbidden):
            await client.post_activity(url, b"{}", {})

    assert isinstance(fetched, FetchForbidden)
    assert fetched.reason in {Forbidden.URL, Forbidden.ADDRESS}
    assert canary.connections == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "answer", [CANARY, "::1", "::ffff:127.0.0.9", "64:ff9b::7f00:9", "10.0.0.1", "169.254.169.254"]
)
async def test_name_that_points_inside_is_refused_when_connecting(
    answer: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", addresses(answer))
    async with LoopbackPeer(host=CANARY) as canary, loopback_client() as client:
        fetched = await outcome(client, f"{scheme}://peer.example:{canary.port}/u")

    assert isinstance(fetched, FetchForbidden)
    assert fetched.reason is Forbidden.ADDRESS
    assert answer not in str(fetched)
    assert canary.connections == 0


async def test_name_that_changes_its_address_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        LoopbackPeer() as peer,
        LoopbackPeer(host=CANARY) as canary,
        loopback_client(limits=ClientLimits(kept=0)) as client,
    ):
        url = f"http://peer.example:{peer.port}/u"
        peer.behaviours["/u"] = reply_json({"id": url})
        monkeypatch.setattr(socket, "getaddrinfo", addresses("127.0.0.1"))
        first = await outcome(client, url)

        monkeypatch.setattr(socket, "getaddrinfo", addresses(CANARY))
        cached = await outcome(client, url)
        second = await outcome(client, f"http://peer.example:{canary.port}/u")

    assert first == 200
    assert cached == 200
    assert isinstance(second, FetchForbidden)
    assert canary.connections == 0


async def test_allowed_address_beside_a_forbidden_one_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", addresses(CANARY, "127.0.0.1"))
    async with LoopbackPeer(host=CANARY) as canary, LoopbackPeer() as peer:
        url = f"http://peer.example:{peer.port}/u"
        peer.behaviours["/u"] = reply_json({"id": url})
        async with loopback_client() as client:
            assert await outcome(client, url) == 200

    assert canary.connections == 0


async def test_plain_http_leads_only_into_opened_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", addresses("93.184.215.14", "2606:2800::1"))
    async with loopback_client() as client:
        fetched = await outcome(client, "http://peer.example/u")

    assert isinstance(fetched, FetchForbidden)
    assert fetched.reason is Forbidden.ADDRESS


async def test_redirect_does_not_lead_to_the_canary() -> None:
    async with (
        LoopbackPeer(host=CANARY) as canary,
        LoopbackPeer() as peer,
        loopback_client() as client,
    ):
        for spelling in SPELLINGS:
            place = spelling.format(port=canary.port)
            if not place.isascii():
                continue
            peer.behaviours["/w"] = redirect(place)
            with pytest.raises(FetchForbidden):
                await client.get_json(peer.url("/w"), WEBFINGER)

    assert canary.connections == 0


async def test_delivery_follows_no_redirect() -> None:
    async with LoopbackPeer() as other, LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = redirect(other.url("/inbox"), 307)

        answer = await client.post_activity(peer.url("/inbox"), b"{}", {})

    assert answer.status == 307
    assert other.connections == 0


async def test_unknown_name_and_closed_port_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object) -> Sequence[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with LoopbackPeer() as peer:
        closed = peer.url("/u")
    async with loopback_client() as client:
        refused = await outcome(client, closed)
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        lost = await outcome(client, "https://peer.example/u")

    assert isinstance(refused, PeerUnreachable)
    assert refused.failure is Failure.CONNECT
    assert isinstance(lost, PeerUnreachable)
    assert lost.failure is Failure.DNS


async def test_silent_name_server_is_cut_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def silent(*_: object) -> Sequence[object]:
        released.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    limits = ClientLimits(fetch_total=timedelta(milliseconds=100))
    async with loopback_client(limits=limits) as client:
        missed = await outcome(client, "https://peer.example/u")
        released.set()

    assert isinstance(missed, PeerUnreachable)
    assert missed.failure is Failure.TIMEOUT


async def test_lack_of_file_descriptors_is_not_blamed_on_the_peer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(*_: object, **__: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(202)
        monkeypatch.setattr("federation.sockets._CountedSocket", none_left)

        with pytest.raises(PeerUnreachable) as missed:
            await client.post_activity(peer.url("/inbox"), b"{}", {})

    assert missed.value.failure is Failure.LOCAL
