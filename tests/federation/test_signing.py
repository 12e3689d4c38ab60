"""Signing in batches, and finding out which kind of signature a peer takes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from federation import signing
from federation.addresses import check_url
from federation.errors import PeerRefused
from federation.signing import RequestSigning, Scheme, SigningPool
from protocols import http_signatures, message_signatures
from protocols.key_formats import PrivateKey, is_signed_by, public_half
from protocols.signed_request import RequestParts
from tests.support.loopback_client import NOW, ONLY_ONE, RSA_SIGNER, loopback_client
from tests.support.loopback_peer import Behaviour, LoopbackPeer, Received, reply, reply_json

PUBLIC = public_half(RSA_SIGNER.key)
BODY = b'{"type": "Create"}'


class CountingExecutor(ThreadPoolExecutor):
    """Notes how many requests each job signs."""

    def __init__(self) -> None:
        super().__init__(2)
        self.batches: list[int] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.batches.append(len(args[0]))
        return super().submit(fn, *args, **kwargs)


def assert_signed(request: Received, scheme: Scheme) -> None:
    """Refuse (by raising) a delivery that our own inbox would refuse."""
    parts = RequestParts(
        method=request.method, target=request.target, headers=request.headers, body=request.body
    )
    hosts = {request.headers["host"]}
    if scheme is Scheme.CAVAGE:
        cavage = http_signatures.parse(request.headers["signature"])
        http_signatures.check_request(cavage, parts, now=NOW, body_required=True, hosts=hosts)
        http_signatures.verify(cavage, parts, PUBLIC)
        return
    message = message_signatures.parse(
        request.headers["signature-input"], request.headers["signature"]
    )
    message_signatures.check_request(message, parts, now=NOW, body_required=True, hosts=hosts)
    message_signatures.verify(message, parts, PUBLIC, scheme="http")


def scheme_of(request: Received) -> Scheme:
    """Tell which kind of signature a request carries."""
    return Scheme.RFC9421 if "signature-input" in request.headers else Scheme.CAVAGE


def only(scheme: Scheme, answer: Behaviour, refusal: Behaviour) -> Behaviour:
    """Answer requests in one scheme; refuse those in the other."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        await (answer if scheme_of(request) is scheme else refusal)(request, writer)

    return behave


async def test_every_caller_gets_the_signature_of_its_own_data() -> None:
    pool = SigningPool()
    data = [f"request {number}".encode() for number in range(100)]

    signatures = await asyncio.gather(*(pool.sign(RSA_SIGNER.key, item) for item in data))
    pool.close()

    assert all(map(is_signed_by, [PUBLIC] * 100, signatures, data))


async def test_callers_of_one_tick_share_jobs_of_at_most_sixteen() -> None:
    pool = SigningPool()
    executor = CountingExecutor()
    pool._executor = executor

    await asyncio.gather(*(pool.sign(RSA_SIGNER.key, b"x") for _ in range(50)))
    pool.close()

    assert sum(executor.batches) == 50
    assert executor.batches[:2] == [16, 16]
    assert max(executor.batches) == 16
    assert len(executor.batches) <= 6


async def test_few_callers_are_shared_among_the_threads() -> None:
    pool = SigningPool()
    executor = CountingExecutor()
    pool._executor = executor

    await asyncio.gather(*(pool.sign(RSA_SIGNER.key, b"x") for _ in range(4)))
    pool.close()

    assert executor.batches == [2, 2]


async def test_ed25519_is_signed_without_a_thread() -> None:
    pool = SigningPool()
    executor = CountingExecutor()
    pool._executor = executor
    key = PrivateKey(algorithm="ed25519", key=Ed25519PrivateKey.from_private_bytes(b"k" * 32))

    signature = await pool.sign(key, b"x")
    pool.close()

    assert is_signed_by(public_half(key), signature, b"x")
    assert executor.batches == []


async def test_caller_that_left_does_not_disturb_the_others() -> None:
    pool = SigningPool()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.gather(*(pool.sign(RSA_SIGNER.key, b"x") for _ in range(40)))
    signature = await pool.sign(RSA_SIGNER.key, b"y")
    pool.close()

    assert is_signed_by(PUBLIC, signature, b"y")


async def test_failing_key_is_told_to_its_caller() -> None:
    class Broken:
        def sign(self, *_: object) -> bytes:
            raise ValueError("no entropy")

    pool = SigningPool()
    key = PrivateKey(algorithm="rsa", key=cast(RSAPrivateKey, Broken()))

    with pytest.raises(ValueError, match="no entropy"):
        await pool.sign(key, b"x")
    signature = await pool.sign(RSA_SIGNER.key, b"y")
    pool.close()

    assert is_signed_by(PUBLIC, signature, b"y")


async def test_closing_cancels_those_who_still_wait() -> None:
    pool = SigningPool()
    waiting = asyncio.gather(
        *(pool.sign(RSA_SIGNER.key, b"x") for _ in range(3)), return_exceptions=True
    )
    await asyncio.sleep(0)

    pool.close()

    assert all(isinstance(outcome, bytes | asyncio.CancelledError) for outcome in await waiting)


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("url", ["http://127.0.0.1:8101/inbox?a=%C3%BC", "http://127.0.0.1/ü"])
async def test_headers_verify_in_both_schemes(url: str, scheme: Scheme) -> None:
    pool = SigningPool()
    request_signing = RequestSigning(pool, lambda: NOW)
    target = check_url(url, allow_networks=ONLY_ONE)

    headers = await request_signing.headers_of_post(RSA_SIGNER, scheme, target, BODY)
    pool.close()

    lower = {"host": target.authority, **{name.lower(): text for name, text in headers.items()}}
    request = Received(method="POST", target=target.path, headers=lower, body=BODY)
    assert_signed(request, scheme)
    assert headers["Content-Type"] == "application/activity+json"


async def test_delivery_is_signed_with_draft_cavage_first() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(202)

        answer = await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)

    (request,) = peer.requests
    assert answer.status == 202
    assert_signed(request, Scheme.CAVAGE)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_peer_that_wants_rfc9421_is_found_out_and_remembered(status: int) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = only(Scheme.RFC9421, reply(202), reply(status))

        first = await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)
        second = await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)

    assert first.status == second.status == 202
    schemes = [scheme_of(request) for request in peer.requests]
    assert schemes == [Scheme.CAVAGE, Scheme.RFC9421, Scheme.RFC9421]
    for request, scheme in zip(peer.requests, schemes, strict=True):
        assert_signed(request, scheme)


async def test_fetch_finds_the_scheme_out_as_well() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        answer = reply_json({"id": peer.url("/u")})
        peer.behaviours["/u"] = only(Scheme.RFC9421, answer, reply(401))

        await client.get_json(peer.url("/u"), signer=RSA_SIGNER)
        await client.get_json(peer.url("/u"), signer=RSA_SIGNER)

    schemes = [scheme_of(request) for request in peer.requests]
    assert schemes == [Scheme.CAVAGE, Scheme.RFC9421, Scheme.RFC9421]


async def test_peer_that_refuses_both_is_asked_twice_and_its_first_answer_counts() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        refused = only(Scheme.CAVAGE, reply(403, b"blocked"), reply(400))
        peer.behaviours["/inbox"] = peer.behaviours["/u"] = refused

        answer = await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)
        with pytest.raises(PeerRefused) as fetched:
            await client.get_json(peer.url("/u"), signer=RSA_SIGNER)

    assert (answer.status, answer.excerpt) == (403, "blocked")
    assert fetched.value.status == 403
    assert len(peer.requests) == 4


async def test_peer_known_to_take_a_scheme_is_not_asked_twice() -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(202)
        await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)
        peer.behaviours["/inbox"] = reply(400)

        answer = await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)

    assert answer.status == 400
    assert len(peer.requests) == 2


@pytest.mark.parametrize("status", [404, 410, 422, 429, 500])
async def test_refusal_of_another_kind_is_not_about_the_signature(status: int) -> None:
    async with LoopbackPeer() as peer, loopback_client() as client:
        peer.behaviours["/inbox"] = reply(status)

        answer = await client.post_signed(peer.url("/inbox"), BODY, RSA_SIGNER)

    assert answer.status == status
    assert len(peer.requests) == 1


def test_what_is_remembered_of_peers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "REMEMBERED_ORIGINS", 2)
    memory = RequestSigning(SigningPool(), lambda: NOW)

    for origin in ("https://a", "https://b", "https://a", "https://c"):
        memory.settle(origin, Scheme.RFC9421)

    schemes = [memory.first_scheme(f"https://{name}") for name in "abc"]
    assert schemes == [Scheme.RFC9421, Scheme.CAVAGE, Scheme.RFC9421]
