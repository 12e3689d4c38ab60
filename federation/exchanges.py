"""What goes into an exchange with a peer and what comes out: bounds, answers, and why it failed."""

import errno
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSSLError,
    StreamReader,
)

from federation.backoff import asks_for_patience
from federation.documents import decode_body
from federation.errors import (
    Failure,
    FederationError,
    FetchForbidden,
    Forbidden,
    PeerRefused,
    PeerUnreachable,
)
from federation.sockets import AddressRefused

_OUR_TROUBLE: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
)
_EXCERPT_CHARACTERS: Final = 200

Write = Callable[[bytes], Awaitable[object]]
"""Takes the next piece of a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """How much time, space and how many connections peers may take.

    Attributes:
        fetch_connect: TCP and TLS of a fetch.
        fetch_total: a whole fetch, from the name lookup to the last byte, redirects included.
        post_connect: TCP and TLS of a delivery.
        post_total: a whole delivery; some peers do the work before they answer.
        download_total: a whole fetch of a file.
        answer_drain: how long the answer to a delivery may take after its status line.
        redirects: how many are followed in one fetch; deliveries follow none.
        answer_bytes: how much of the answer to a delivery is read.
        per_host: connections to one host.
        requests: under way at once, over all hosts; more wait in line, outside their time.
        kept: connections open at once, over all hosts, beyond which none is kept for a next
            request; so `requests` + `kept` file descriptors are the most that it takes.
        keep_alive: how long a connection is kept.
    """

    fetch_connect: timedelta = timedelta(seconds=3)
    fetch_total: timedelta = timedelta(seconds=10)
    post_connect: timedelta = timedelta(seconds=5)
    post_total: timedelta = timedelta(seconds=15)
    download_total: timedelta = timedelta(seconds=30)
    answer_drain: timedelta = timedelta(seconds=1)
    redirects: int = 3
    answer_bytes: int = 4_096
    per_host: int = 8
    requests: int = 1_024
    kept: int = 1_024
    keep_alive: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a peer answered to a delivery; any HTTP status.

    Attributes:
        status: the HTTP status.
        retry_after: what the peer asked for with a status that means "later".
        excerpt: the first printable characters of a refusal, for the log only.
    """

    status: int
    retry_after: timedelta | None = None
    excerpt: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the peer has it (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer to one GET.

    Attributes:
        status: the HTTP status.
        body: decoded; empty unless the status is 200.
        location: where a redirect points, as sent.
        retry_after: what the peer asked for.
        headers: those that a reader of the document may need, names in lower case.
    """

    status: int
    body: bytes
    location: str
    retry_after: timedelta | None
    headers: Mapping[str, str]


async def read_body(response: ClientResponse, max_bytes: int) -> bytes:
    """Give the whole body, its content coding undone.

    Raises:
        FetchForbidden: too-large, as said by Content-Length or as found; document.
        ClientError, OSError: the connection broke.
    """
    body = bytearray()
    length = response.content_length
    if length is not None and length > max_bytes:
        raise FetchForbidden(Forbidden.TOO_LARGE)
    if not await read_into(body, response.content, max_bytes):
        raise FetchForbidden(Forbidden.TOO_LARGE)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return decode_body(bytes(body), encoding, max_bytes)


async def pour(response: ClientResponse, write: Write, max_bytes: int) -> int:
    """Hand the whole body on, piece by piece; how many bytes it has.

    Raises:
        FetchForbidden: too-large, as said by Content-Length or as found; document for a content
            coding, which was not asked for.
        ClientError, OSError: the connection broke, or what is written to.
    """
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise FetchForbidden(Forbidden.DOCUMENT)
    length, size = response.content_length, 0
    if length is not None and length > max_bytes:
        raise FetchForbidden(Forbidden.TOO_LARGE)
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > max_bytes:
            raise FetchForbidden(Forbidden.TOO_LARGE)
        await write(piece)
    return size


async def read_into(buffer: bytearray, content: StreamReader, max_bytes: int) -> bool:
    """Read to the end, or until there are more than `max_bytes`: then say False."""
    while not content.at_eof():
        buffer += await content.readany()
        if len(buffer) > max_bytes:
            return False
    return True


def refusal(page: Page, host: str) -> FederationError:
    """Give the error for an answer to a GET that is neither 200 nor a redirect."""
    if asks_for_patience(page.status):
        return PeerUnreachable(
            Failure.STATUS,
            peer=host,
            status=page.status,
            retry_after=page.retry_after,
        )
    return PeerRefused(page.status, peer=host)


def explained(error: ClientError | OSError, host: str) -> FederationError:
    """Give our error for one of the transport; the host is for the log."""
    if isinstance(error, TimeoutError):
        return PeerUnreachable(Failure.TIMEOUT, peer=host)
    if isinstance(error, ClientConnectorDNSError):
        return PeerUnreachable(Failure.DNS, peer=host)
    if isinstance(error, (ClientSSLError, ssl.SSLError)):
        return PeerUnreachable(Failure.TLS, peer=host)
    if isinstance(error, ClientConnectorError):
        if isinstance(error.os_error, AddressRefused):
            return FetchForbidden(Forbidden.ADDRESS, peer=host)
        if error.os_error.errno in _OUR_TROUBLE:
            return PeerUnreachable(Failure.LOCAL, peer=host)
        return PeerUnreachable(Failure.CONNECT, peer=host)
    return PeerUnreachable(Failure.BROKEN, peer=host)


def excerpt(text: bytes) -> str:
    """Give the first printable characters of what a peer wrote, for the log."""
    decoded = text.decode("utf-8", "replace")[:_EXCERPT_CHARACTERS]
    return "".join(letter if letter.isprintable() else " " for letter in decoded)
