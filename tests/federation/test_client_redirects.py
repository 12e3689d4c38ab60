"""Where redirects may lead, and which document may be found at which URL."""

from pathlib import Path

import pytest

from federation.documents import WEBFINGER
from federation.errors import FetchForbidden, Forbidden, PeerRefused, PeerUnreachable
from protocols import http_signatures
from protocols.key_formats import public_half
from protocols.signed_request import RequestParts
from tests.support import loopback_peer as peers
from tests.support.loopback_client import NOW, RSA_SIGNER, loopback_client
from tests.support.loopback_peer import LoopbackPeer, Received, redirect, reply, reply_json
from tests.support.loopback_tls import LoopbackAuthority


def assert_signed(request: Received) -> None:
    """Refuse (by raising) a request that our own inbox would refuse."""
    parts = RequestParts(
        method=request.method, target=request.target, headers=request.headers, body=request.body
    )
    signature = http_signatures.parse(request.headers["signature"])
    http_signatures.check_request(
        signature, parts, now=NOW, body_required=False, hosts={request.headers["host"]}
    )
    http_signatures.verify(signature, parts, public_half(RSA_SIGNER.key))


async def forbidden(peer: LoopbackPeer, path: str = "/u", **options: object) -> Forbidden:
    """Fetch what must be refused, and give the reason."""
    async with loopback_client() as client:
        with pytest.raises(FetchForbidden) as refused:
            await client.get_json(peer.url(path), **options)  # type: ignore[arg-type]  # as given
    return refused.value.reason


async def test_three_redirects_within_the_origin_are_followed() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/1"] = redirect("/2", 301)
        peer.behaviours["/2"] = redirect(peer.url("/3"), 307)
        peer.behaviours["/3"] = redirect("4?q=1#f", 308)
        peer.behaviours["/4"] = reply_json({"id": peer.url("/4?q=1")})

        fetched = await client.get_json(peer.url("/1"))

    assert fetched.url == peer.url("/4?q=1")


async def test_redirect_loop_ends_after_three() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/u"] = redirect("/u?again")

        assert await forbidden(peer) is Forbidden.REDIRECT

    assert len(peer.requests) == 4


async def test_document_is_not_followed_to_another_origin() -> None:
    async with LoopbackPeer() as peer, LoopbackPeer() as other:
        other.behaviours["/u"] = reply_json({"id": other.url("/u")})
        peer.behaviours["/u"] = redirect(other.url("/u"))

        assert await forbidden(peer) is Forbidden.REDIRECT

    assert other.requests == []


async def test_webfinger_is_followed_to_another_origin_unless_signed() -> None:
    async with LoopbackPeer() as peer, LoopbackPeer() as other, loopback_client() as client:
        other.behaviours["/w"] = reply_json({"subject": "x"}, content_type="application/jrd+json")
        peer.behaviours["/w"] = redirect(other.url("/w"))

        fetched = await client.get_json(peer.url("/w"), WEBFINGER)

        assert fetched.url == other.url("/w")
        reason = await forbidden(peer, "/w", wanted=WEBFINGER, signer=RSA_SIGNER)
        assert reason is Forbidden.REDIRECT


async def test_redirect_from_https_to_http_is_refused(tmp_path: Path) -> None:
    authority = LoopbackAuthority(tmp_path)
    async with (
        LoopbackPeer() as plain,
        LoopbackPeer(tls=authority.serving()) as secure,
        loopback_client(tls=authority.trusting()) as client,
    ):
        plain.behaviours["/w"] = reply_json({"subject": "x"}, content_type="application/jrd+json")
        secure.behaviours["/w"] = redirect(plain.url("/w"))

        with pytest.raises(FetchForbidden) as refused:
            await client.get_json(secure.url("/w"), WEBFINGER)

    assert refused.value.reason is Forbidden.REDIRECT
    assert plain.requests == []


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.9/x", "http://[::1]/x", "https://[]@", "http://①②⑦.0.0.1/"],
)
async def test_redirect_to_a_forbidden_place_is_refused(location: str) -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/w"] = peers.raw(
            f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()
        )

        with pytest.raises((FetchForbidden, PeerUnreachable)):
            async with loopback_client() as client:
                await client.get_json(peer.url("/w"), WEBFINGER)

    assert len(peer.requests) == 1


async def test_redirect_without_a_place_is_a_refusal() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/u"] = reply(302)

        with pytest.raises(PeerRefused) as refused:
            await client.get_json(peer.url("/u"))

    assert refused.value.status == 302


async def test_signed_fetch_is_signed_anew_on_every_hop() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/1"] = redirect("/2?q=%C3%BC")
        peer.behaviours["/2"] = reply_json({"id": peer.url("/2?q=ü")})

        fetched = await client.get_json(peer.url("/1"), signer=RSA_SIGNER)

    assert fetched.status == 200
    assert [request.target for request in peer.requests] == ["/1", "/2?q=%C3%BC"]
    for request in peer.requests:
        assert_signed(request)


async def test_document_found_elsewhere_is_fetched_once_more_under_its_id() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        stub = reply_json({"id": peer.url("/u"), "publicKey": {}})
        peer.behaviours["/u/main-key"] = stub
        peer.behaviours["/u"] = reply_json({"id": peer.url("/u"), "name": "whole"})

        fetched = await client.get_json(peer.url("/u/main-key"))

    assert fetched.document["name"] == "whole"
    assert fetched.url == peer.url("/u")
    assert [request.target for request in peer.requests] == ["/u/main-key", "/u"]


async def test_document_that_is_never_in_its_place_is_refused() -> None:
    async with LoopbackPeer() as peer:
        peer.behaviours["/1"] = reply_json({"id": peer.url("/2")})
        peer.behaviours["/2"] = reply_json({"id": peer.url("/1")})

        assert await forbidden(peer, "/1") is Forbidden.ID

    assert len(peer.requests) == 2


async def test_document_of_another_origin_is_refused_unasked() -> None:
    async with LoopbackPeer() as peer, LoopbackPeer() as victim:
        victim.behaviours["/u"] = reply_json({"id": victim.url("/u")})
        for claimed in (victim.url("/u"), "https://victim.example/u", "", 7, None, ["x"], "http:"):
            peer.behaviours["/u"] = reply_json({"id": claimed})
            assert await forbidden(peer) is Forbidden.ID
        peer.behaviours["/u"] = reply_json({"type": "Person"})
        assert await forbidden(peer) is Forbidden.ID

    assert victim.requests == []


async def test_id_with_a_fragment_is_not_the_document_without_it() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/u"] = reply_json({"id": peer.url("/u#other")})

        assert (await client.get_json(peer.url("/u#other"))).status == 200
        # The second look, under the id itself, finds it in its place.
        fetched = await client.get_json(peer.url("/u"))

    assert fetched.document["id"] == peer.url("/u#other")
    assert len(peer.requests) == 3
