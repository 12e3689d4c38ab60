"""Signing requests: threads that sign in batches, and which kind of signature a peer wants.

An RSA signature takes 0.3 ms and lets go of the interpreter lock, so it is made beside the event
loop; a hop to a thread for each alone would cost 70 us more, so those of one loop tick go together.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

from federation.addresses import Target
from federation.documents import ACTIVITY_JSON
from protocols import http_signatures, message_signatures
from protocols.key_formats import PrivateKey, sign_bytes
from protocols.signed_request import render_http_date

THREADS: Final = 2
BATCH: Final = 16
REMEMBERED_ORIGINS: Final = 10_000

_REFUSED_SIGNATURE: Final = frozenset({400, 401, 403})
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whose signature goes under a request.

    Attributes:
        key_id: the URL under which peers find the public key.
        key: the private key.
    """

    key_id: str
    key: PrivateKey


class Scheme(StrEnum):
    """A kind of HTTP signature. Never both in one request: they share the Signature header."""

    CAVAGE = "draft-cavage-12"
    RFC9421 = "rfc9421"


@dataclass(frozen=True, slots=True)
class _Waiting:
    key: PrivateKey
    data: bytes
    signature: asyncio.Future[bytes]


class SigningPool:
    """Threads that make signatures. Belongs to one event loop, the one it is first used on."""

    def __init__(self, threads: int = THREADS) -> None:
        """Start no thread yet; each starts with its first batch."""
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="signing")
        self._waiting: deque[_Waiting] = deque()
        self._idle = threads
        self._is_planned = False

    async def sign(self, key: PrivateKey, data: bytes) -> bytes:
        """Give the signature of the data.

        Ed25519 is signed at once: at 30 us it is cheaper than the way to a thread.
        """
        if key.algorithm == "ed25519":
            return sign_bytes(key, data)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(key, data, loop.create_future())
        self._waiting.append(waiting)
        if not self._is_planned and self._idle:
            self._is_planned = True
            loop.call_soon(self._dispatch, loop)
        return await waiting.signature

    def close(self) -> None:
        """End the threads; whoever still waits for a signature is cancelled."""
        while self._waiting:
            self._waiting.popleft().signature.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_planned = False
        while self._idle and self._waiting:
            # What is there is shared among the idle threads, so that a few do not wait in a row.
            size = min(BATCH, -(-len(self._waiting) // self._idle))
            batch = [self._waiting.popleft() for _ in range(size)]
            batch = [waiting for waiting in batch if not waiting.signature.done()]
            if not batch:
                continue
            self._idle -= 1
            job = self._executor.submit(_sign_all, batch)
            job.add_done_callback(partial(self._report, loop, batch))

    def _report(
        self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], job: Future[list[bytes]]
    ) -> None:
        loop.call_soon_threadsafe(self._settle, loop, batch, job)

    def _settle(
        self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], job: Future[list[bytes]]
    ) -> None:
        self._idle += 1
        error = None if job.cancelled() else job.exception()
        signatures = [] if job.cancelled() or error else job.result()
        for position, waiting in enumerate(batch):
            if waiting.signature.done():
                continue
            if error is not None:
                waiting.signature.set_exception(error)
            elif signatures:
                waiting.signature.set_result(signatures[position])
            else:
                waiting.signature.cancel()
        self._dispatch(loop)


class RequestSigning:
    """Makes the headers of signed requests, and remembers which scheme a peer understands.

    Peers are asked with draft-cavage first: Misskey answers a request in RFC 9421 with a stripped
    actor instead of an error, so only the old scheme fails in a way that can be told.
    """

    def __init__(self, pool: SigningPool, now: Callable[[], datetime]) -> None:
        """Start with nothing remembered.

        Args:
            pool: makes the signatures; stays the caller's to close.
            now: gives an aware datetime, for the Date header.
        """
        self._pool = pool
        self._now = now
        self._known: OrderedDict[str, Scheme] = OrderedDict()

    def first_scheme(self, origin: str) -> Scheme:
        """Give the scheme to try first."""
        return self._known.get(origin, Scheme.CAVAGE)

    def second_scheme(self, origin: str, first: Scheme, status: int) -> Scheme | None:
        """Give the scheme to try after the first was answered with this status, if any.

        A peer known to take the first one means its 400 or 403; only 401 may still be about it.
        """
        if status not in _REFUSED_SIGNATURE or (origin in self._known and status != _UNAUTHORIZED):
            return None
        return Scheme.RFC9421 if first is Scheme.CAVAGE else Scheme.CAVAGE

    def settle(self, origin: str, scheme: Scheme) -> None:
        """Remember that the peer took this scheme; forgets the origin used least recently."""
        self._known[origin] = scheme
        self._known.move_to_end(origin)
        if len(self._known) > REMEMBERED_ORIGINS:
            self._known.popitem(last=False)

    async def headers_of_get(
        self, signer: Signer, scheme: Scheme, target: Target
    ) -> dict[str, str]:
        """Give the headers that a signed GET needs: Host, Date and Signature.

        Spec: draft-cavage-http-signatures-12 section 3.1; RFC 9421 section 3.1.
        """
        return await self._headers(signer, scheme, "GET", target, None)

    async def headers_of_post(
        self, signer: Signer, scheme: Scheme, target: Target, body: bytes
    ) -> dict[str, str]:
        """Give the headers that a delivery needs: also the digest of the body and Content-Type.

        Spec: draft-cavage-http-signatures-12 section 3.1; RFC 9421 section 3.1; RFC 9530.
        """
        return await self._headers(signer, scheme, "POST", target, body)

    async def _headers(
        self, signer: Signer, scheme: Scheme, method: str, target: Target, body: bytes | None
    ) -> dict[str, str]:
        if scheme is Scheme.RFC9421:
            return await self._rfc9421(signer, method, target, body)
        prepared = http_signatures.prepare(
            algorithm=signer.key.algorithm,
            method=method,
            target=target.path,
            host=target.authority,
            date=render_http_date(self._now()),
            body=body,
            content_type=None if body is None else ACTIVITY_JSON,
            key_id=signer.key_id,
        )
        signature = await self._pool.sign(signer.key, prepared.data)
        return http_signatures.finish(prepared, signature)

    async def _rfc9421(
        self, signer: Signer, method: str, target: Target, body: bytes | None
    ) -> dict[str, str]:
        prepared = message_signatures.prepare(
            method=method,
            target_uri=str(target),
            body=body,
            created=int(self._now().timestamp()),
            key_id=signer.key_id,
        )
        signature = await self._pool.sign(signer.key, prepared.data)
        headers = message_signatures.finish(prepared, signature)
        if body is not None:
            headers["Content-Type"] = ACTIVITY_JSON
        return headers


def _sign_all(batch: list[_Waiting]) -> list[bytes]:
    return [sign_bytes(waiting.key, waiting.data) for waiting in batch]
