"""The only door out: HTTP to peers, with bounds on addresses, time, size and redirects.

Every connection is checked at its final address, when the socket is made: names, literals and
DNS answers that change are all seen there. Kept connections belong to one host and scheme, so
they lead nowhere that was not checked. No cookies, no proxy, nothing from the environment.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    StreamReader,
    TCPConnector,
)
from yarl import URL

from federation.addresses import Network, Target, check_url
from federation.backoff import parse_retry_after
from federation.documents import (
    ACTIVITY_DOCUMENT,
    Fetched,
    Wanted,
    check_media_type,
    misplaced_id,
    read_document,
)
from federation.errors import FetchForbidden, Forbidden
from federation.exchanges import (
    Answer,
    ClientLimits,
    Page,
    Write,
    excerpt,
    explained,
    pour,
    read_body,
    read_into,
    refusal,
)
from federation.signing import RequestSigning, Scheme, Signer
from federation.sockets import AddressInfo, GuardedSockets, ThreadedLookup
from federation.wire_posts import WirePosts

_OK: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEPT_HEADERS: Final = ("cache-control", "content-type", "date")
_DNS_CACHE_SECONDS: Final = 300
_DNS_CACHE_NAMES: Final = 10_000


class Client:
    """Asks peers for documents and delivers to their inboxes. Use it with `async with`."""

    def __init__(
        self,
        *,
        user_agent: str,
        signing: RequestSigning,
        allow_networks: tuple[Network, ...] = (),
        limits: ClientLimits | None = None,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep what it takes; connections can be made once it is entered.

        Args:
            user_agent: "noaber/<version> (+https://host)".
            signing: signs for the calls that name a signer.
            allow_networks: private networks that may be connected to, also by plain http.
            limits: the bounds, if not the usual ones.
            tls: trusts another authority than the system's, for a network of one's own.
            now: reads Retry-After dates.
        """
        self._user_agent = user_agent
        self._signing = signing
        self._allow_networks = allow_networks
        self._limits = limits or ClientLimits()
        self._tls = tls
        self._now = now
        self._slots = asyncio.Semaphore(self._limits.requests)
        self._under_way = 0
        self._sockets = GuardedSockets(allow_networks)
        self._fetch_timeout = _connect_timeout(self._limits.fetch_connect)
        self._post_timeout = _connect_timeout(self._limits.post_connect)
        self._fetch_seconds = self._limits.fetch_total.total_seconds()
        self._download_seconds = self._limits.download_total.total_seconds()
        self._post_seconds = self._limits.post_total.total_seconds()
        self._drain_seconds = self._limits.answer_drain.total_seconds()

    async def __aenter__(self) -> Self:
        """Make the connection pools: one for https, and one for http to opened networks."""
        self._lookup = ThreadedLookup()
        public = self._connector(self._sockets.open_public)
        inside = self._connector(self._sockets.open_inside)
        self._https, self._secure_posts = self._session(public), self._posts(public)
        self._http, self._plain_posts = self._session(inside), self._posts(inside)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._https.close()
        await self._http.close()
        await self._lookup.close()

    async def get_json(
        self, url: str, wanted: Wanted = ACTIVITY_DOCUMENT, *, signer: Signer | None = None
    ) -> Fetched:
        """Fetch one document.

        Args:
            url: from anyone; a fragment is not sent.
            wanted: which media type, size and origin are taken.
            signer: signs every hop ("authorized fetch").

        Raises:
            PeerUnreachable: try again later (no answer in time, 408, 425, 429, 5xx).
            PeerRefused: any other status than 200, 404 and 410 among them.
            FetchForbidden: the URL, address, media type, size, redirects, JSON or id.
        """
        target = check_url(url, allow_networks=self._allow_networks)
        async with self._fetching(target, self._fetch_seconds):
            fetched = await self._follow(target, wanted, signer)
            elsewhere = self._misplaced(fetched, url) if wanted.by_id else None
            if elsewhere is None:
                return fetched
            target = check_url(elsewhere, allow_networks=self._allow_networks)
            fetched = await self._follow(target, wanted, signer)
            if self._misplaced(fetched, elsewhere) is not None:
                raise FetchForbidden(Forbidden.ID, peer=target.host)
            return fetched

    async def download(self, url: str, write: Write, *, max_bytes: int) -> int:
        """Fetch a file of any type, piece by piece; how many bytes it has.

        Redirects may lead to other servers (files often lie at one of their own), each judged as
        the first. What it is, its first bytes must tell: nothing a peer says of it is looked at.

        Raises:
            PeerUnreachable, PeerRefused: as for `get_json`.
            FetchForbidden: the URL, address, size or redirects.
        """
        target = check_url(url, allow_networks=self._allow_networks)
        async with self._fetching(target, self._download_seconds):
            for _ in range(self._limits.redirects + 1):
                found = await self._pour(target, write, max_bytes)
                if not isinstance(found, Page):
                    return found
                if found.status not in _REDIRECTS or not found.location:
                    raise refusal(found, target.host)
                target = self._redirected(target, found.location, must_stay=False)
            raise FetchForbidden(Forbidden.REDIRECT, peer=target.host)

    async def post_activity(self, inbox: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Deliver a body with headers that are complete: Content-Type, and the signature if any.

        Redirects are not followed. A connection that breaks before the answer is tried once
        more: most often it is a kept one that the peer has just closed. A peer may so get the
        activity twice, under one id.

        Raises:
            PeerUnreachable: no answer.
            FetchForbidden: the inbox URL or its address.
        """
        target = check_url(inbox, allow_networks=self._allow_networks)
        return await self._deliver(target, body, headers)

    async def post_signed(self, inbox: str, body: bytes, signer: Signer) -> Answer:
        """Sign and deliver an activity; with another kind of signature if the first is refused.

        Raises:
            PeerUnreachable: no answer.
            FetchForbidden: the inbox URL or its address.
        """
        target = check_url(inbox, allow_networks=self._allow_networks)
        origin = target.origin

        async def deliver(scheme: Scheme) -> Answer:
            headers = await self._signing.headers_of_post(signer, scheme, target, body)
            return await self._deliver(target, body, headers)

        first = self._signing.first_scheme(origin)
        answer = await deliver(first)
        if answer.is_success:
            self._signing.settle(origin, first)
            return answer
        second = self._signing.second_scheme(origin, first, answer.status)
        if second is not None and (again := await deliver(second)).is_success:
            self._signing.settle(origin, second)
            return again
        return answer

    def _connector(self, open_socket: Callable[[AddressInfo], socket.socket]) -> TCPConnector:
        return TCPConnector(
            limit=0,
            limit_per_host=self._limits.per_host,
            keepalive_timeout=self._limits.keep_alive.total_seconds(),
            ttl_dns_cache=_DNS_CACHE_SECONDS,
            dns_cache_max_size=_DNS_CACHE_NAMES,
            resolver=self._lookup,
            socket_factory=open_socket,
            ssl=True if self._tls is None else self._tls,
        )

    def _posts(self, connector: TCPConnector) -> WirePosts:
        return WirePosts(
            lambda line: connector.connect(line, [], self._post_timeout),
            user_agent=self._user_agent,
        )

    def _session(self, connector: TCPConnector) -> ClientSession:
        return ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": self._user_agent},
            skip_auto_headers=("Accept", "Accept-Encoding"),
            auto_decompress=False,
            trust_env=False,
        )

    def _session_for(self, target: Target) -> ClientSession:
        return self._http if target.is_plain else self._https

    @asynccontextmanager
    async def _fetching(self, target: Target, seconds: float) -> AsyncIterator[None]:
        async with self._slots:
            self._under_way += 1
            try:
                async with asyncio.timeout(seconds):
                    yield
            except (ClientError, OSError) as error:
                raise explained(error, target.host) from error
            finally:
                self._under_way -= 1

    async def _follow(self, target: Target, wanted: Wanted, signer: Signer | None) -> Fetched:
        must_stay = wanted.same_origin or signer is not None
        for _ in range(self._limits.redirects + 1):
            page = await self._ask(target, wanted, signer)
            if page.status == _OK:
                return Fetched(
                    url=str(target.url),
                    status=page.status,
                    document=read_document(page.body, wanted),
                    body=page.body,
                    headers=page.headers,
                )
            if page.status not in _REDIRECTS or not page.location:
                raise refusal(page, target.host)
            target = self._redirected(target, page.location, must_stay=must_stay)
        raise FetchForbidden(Forbidden.REDIRECT, peer=target.host)

    def _redirected(self, target: Target, location: str, *, must_stay: bool) -> Target:
        try:
            url = str(target.url.join(URL(location)))
        except (ValueError, IndexError):
            # As in check_url: yarl 1.25 answers "https://[]@" with an IndexError.
            raise FetchForbidden(Forbidden.REDIRECT, peer=target.host) from None
        further = check_url(url, allow_networks=self._allow_networks)
        is_downgrade = further.is_plain and not target.is_plain
        if is_downgrade or (must_stay and further.origin != target.origin):
            raise FetchForbidden(Forbidden.REDIRECT, peer=target.host)
        return further

    def _misplaced(self, fetched: Fetched, asked: str) -> str | None:
        found = check_url(fetched.url, allow_networks=self._allow_networks)
        return misplaced_id(
            fetched.document, asked=asked, found=found, allow_networks=self._allow_networks
        )

    async def _ask(self, target: Target, wanted: Wanted, signer: Signer | None) -> Page:
        if signer is None:
            return await self._get(target, wanted, {})
        first = self._signing.first_scheme(target.origin)
        headers = await self._signing.headers_of_get(signer, first, target)
        page = await self._get(target, wanted, headers)
        second = self._signing.second_scheme(target.origin, first, page.status)
        if second is None:
            return page
        headers = await self._signing.headers_of_get(signer, second, target)
        again = await self._get(target, wanted, headers)
        if again.status != _OK:
            return page
        self._signing.settle(target.origin, second)
        return again

    async def _get(self, target: Target, wanted: Wanted, signed: Mapping[str, str]) -> Page:
        async with self._session_for(target).get(
            target.url,
            headers=self._with_closing(
                {"Accept": wanted.accept, "Accept-Encoding": "gzip", **signed}
            ),
            allow_redirects=False,
            timeout=self._fetch_timeout,
        ) as response:
            body = b""
            if response.status == _OK:
                check_media_type(response.headers.get("Content-Type", ""), wanted)
                body = await read_body(response, wanted.max_bytes)
            return self._page(response, body)

    def _page(self, response: ClientResponse, body: bytes) -> Page:
        headers = response.headers
        return Page(
            status=response.status,
            body=body,
            location=headers.get("Location", ""),
            retry_after=parse_retry_after(headers.get("Retry-After"), now=self._now()),
            headers={name: headers[name] for name in _KEPT_HEADERS if name in headers},
        )

    async def _pour(self, target: Target, write: Write, max_bytes: int) -> int | Page:
        """Fetch one URL: the size of what was handed on, or the answer that is no file."""
        async with self._session_for(target).get(
            target.url,
            headers=self._with_closing({"Accept": "*/*", "Accept-Encoding": "identity"}),
            allow_redirects=False,
            timeout=self._fetch_timeout,
        ) as response:
            if response.status == _OK:
                return await pour(response, write, max_bytes)
            return self._page(response, b"")

    async def _deliver(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        async with self._slots:
            self._under_way += 1
            try:
                async with asyncio.timeout(self._post_seconds):
                    try:
                        return await self._post(target, body, headers)
                    except (ServerDisconnectedError, ClientOSError) as error:
                        if isinstance(error, ClientConnectorError):
                            raise
                        return await self._post(target, body, headers)
            except (ClientError, OSError) as error:
                raise explained(error, target.host) from error
            finally:
                self._under_way -= 1

    async def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        asked = self._with_closing(headers)
        posts = self._plain_posts if target.is_plain else self._secure_posts
        posted = await posts.post(target, body, asked)
        text, is_whole = bytearray(), False
        try:
            # The rest of an answer is worth reading only because it frees the connection.
            is_whole = posted.content.at_eof() or await self._drain(text, posted.content)
        finally:
            posted.leave(keep=is_whole and asked is headers)
        answer = Answer(status=posted.status)
        if answer.is_success:
            return answer
        return Answer(
            status=posted.status,
            retry_after=parse_retry_after(posted.retry_after, now=self._now()),
            excerpt=excerpt(bytes(text)),
        )

    async def _drain(self, text: bytearray, content: StreamReader) -> bool:
        """Read the rest of an answer, within bounds; whether that was all of it."""
        try:
            async with asyncio.timeout(self._drain_seconds):
                return await read_into(text, content, self._limits.answer_bytes)
        except (ClientError, OSError):
            # The status has come, and it alone counts.
            return False

    def _with_closing(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Give the headers, and ask for the connection to be closed when many are open."""
        if self._sockets.count < self._limits.kept >= self._under_way:
            return headers
        return {**headers, "Connection": "close"}


def _connect_timeout(limit: timedelta) -> ClientTimeout:
    # The whole is timed by asyncio.timeout, which also holds over several requests.
    return ClientTimeout(total=None, sock_connect=limit.total_seconds())
