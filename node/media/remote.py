"""Media of peers, shown through this node: fetched once, looked into, kept within a budget.

Readers' addresses are so not told to peers. Pictures are written anew like uploads; films and
sounds are kept as they came, and are what their first bytes say. Spec: security FET-14, PRV-07.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from aiohttp import web
from yarl import URL

from communities.errors import NotFound
from federation.client import Client
from federation.errors import FederationError
from federation.fetch_budget import FetchBudget
from federation.policies import Policies
from node.app import Access, Route
from node.errors import Refusal
from node.media.desk import MediaDesk, Scratch, new_file, scratch
from node.media.freeing import free
from node.media.making import keep, make
from node.media.orders import Shape
from node.media.sending import send_file
from node.media.serving import FOR_EVER, NOT_KEPT
from node.media.urls import LASTING, Remote, Size
from protocols.media_types import HEAD_BYTES, MediaSort, media_type_of
from storage.media import Blob
from storage.media_cache import Cached
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

FAILURES_KEPT: Final = timedelta(minutes=10)
MOST_FAILURES: Final = 8_192
FETCHES_AT_ONCE: Final = 8
TOUCHED_EVERY_MS: Final = 3_600_000
FILLED: Final = 0.9
"""Down to this part of the budget the cache is emptied when it is over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """From where and whether files of peers are fetched."""

    client: Client
    policies: Policies
    budget: FetchBudget


class RemoteMedia:
    """The proxy: serves what was fetched before, and fetches what was not, once for all who ask."""

    def __init__(self, media: MediaDesk, source: Source) -> None:
        """Fetch nothing yet."""
        self._media = media
        self._source = source
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._failed: OrderedDict[bytes, datetime] = OrderedDict()
        self._slots = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._kept_bytes: int | None = None
        self._room = asyncio.Lock()

    def routes(self) -> list[Route]:
        """The one route of the proxy."""
        path = "/media/proxy/{mac}/{packed}"
        return [
            Route(
                method="GET",
                path=path,
                handler=self.serve,
                access=Access.PUBLIC,
                name="media-proxy",
            )
        ]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """What an address of the proxy stands for."""
        match = request.match_info
        remote = self._media.urls.read_remote(match["mac"], match["packed"])
        if remote is None:
            raise NotFound("There is no such file")
        cached = await self._found(remote)
        return await send_file(
            request,
            self._media.files.path_of(cached.digest),
            media_type=cached.media_type,
            digest=cached.digest,
            caching=FOR_EVER if remote.until == LASTING else NOT_KEPT,
        )

    async def _found(self, remote: Remote) -> Cached:
        """The file, fetched now unless it is here; who comes meanwhile waits for the same fetch.

        Raises:
            NotFound: it cannot be had, or could not a short time ago.
            Busy: too much was fetched from that peer in this minute.
        """
        key = sha256(f"{remote.size} {remote.url}".encode()).digest()
        cached = await self._kept(key)
        if cached is not None:
            return cached
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.Lock()
        async with turn:
            cached = await self._kept(key)
            if cached is not None:
                return cached
            self._refuse_failed(key)
            async with self._slots:
                return await self._fetched(key, remote)

    async def _kept(self, key: bytes) -> Cached | None:
        cached = await self._media.storage.read(_cached, key)
        if cached is None or not self._media.files.path_of(cached.digest).is_file():
            return None
        now_ms = to_ms(self._media.now())
        if now_ms - cached.used_ms > TOUCHED_EVERY_MS:
            await self._media.storage.write(_touch, key, now_ms)
        return cached

    def _refuse_failed(self, key: bytes) -> None:
        until = self._failed.get(key)
        if until is not None and until > self._media.now():
            raise NotFound("There is no such file")

    async def _fetched(self, key: bytes, remote: Remote) -> Cached:
        try:
            with scratch(self._media.files) as mine:
                cached = await self._fetch(key, remote, mine)
        except (FederationError, Refusal) as error:
            log.info("a file of a peer was not taken: %s", error)
            self._failed[key] = self._media.now() + FAILURES_KEPT
            self._failed.move_to_end(key)
            if len(self._failed) > MOST_FAILURES:
                self._failed.popitem(last=False)
            raise NotFound("There is no such file") from error
        self._failed.pop(key, None)
        await self._count(cached.size)
        return cached

    async def _fetch(self, key: bytes, remote: Remote, mine: Scratch) -> Cached:
        origin = _origin_of(remote.url)
        if self._source.policies.is_refused(origin):
            raise NotFound("There is no such file")
        self._source.budget.spend(origin)
        path = mine.path()
        await self._download(remote.url, path)
        made, media_type = await self._made(path, remote, mine)
        blob = made[1]
        if blob.size > self._media.settings.cache_bytes:
            raise Refusal(413, "larger than all that is kept of peers")
        now_ms = to_ms(self._media.now())

        def unit(uow: UnitOfWork) -> Cached:
            uow.media_cache.put(key, blob, media_type, used_ms=now_ms)
            return Cached(digest=blob.digest, media_type=media_type, size=blob.size, used_ms=now_ms)

        return await keep(self._media, (made,), unit)

    async def _download(self, url: str, path: Path) -> None:
        with new_file(path) as file:

            async def write(piece: bytes) -> None:
                await asyncio.to_thread(file.write, piece)

            most = self._media.settings.video_bytes
            await self._source.client.download(url, write, max_bytes=most)

    async def _made(
        self, path: Path, remote: Remote, mine: Scratch
    ) -> tuple[tuple[Path, Blob], str]:
        """What is kept of a fetched file, and its media type.

        Raises:
            Refusal: it is of no kind that is shown, or cannot be read.
        """
        media_type = media_type_of(await asyncio.to_thread(_head, path))
        if media_type is None:
            raise Refusal(415, "of no kind that is shown")
        if media_type.sort is MediaSort.PICTURE:
            shape = Shape.SMALL if remote.size is Size.SMALL else Shape.PICTURE
            ready = await make(self._media, path, media_type, shape, mine)
            return ready.made[0], ready.content.media_type
        if remote.size is Size.SMALL:
            raise Refusal(415, "no picture")
        return (path, await asyncio.to_thread(self._media.files.settle, path)), media_type.name

    async def _count(self, more: int) -> None:
        """Note that more is kept; what is too much goes beside the request, which may break off."""
        if self._kept_bytes is None:
            self._kept_bytes = await self._media.storage.read(_total)
        else:
            self._kept_bytes += more
        if self._kept_bytes > self._media.settings.cache_bytes:
            self._media.spawn(self._make_room(), "media of peers: make room")

    async def _make_room(self) -> None:
        """Let the least recently used go."""
        storage, most = self._media.storage, self._media.settings.cache_bytes
        async with self._room:
            while self._kept_bytes is not None and self._kept_bytes > most:
                wanted = self._kept_bytes - int(most * FILLED)
                freed, digests = await storage.write(_evict, wanted)
                if not digests:
                    break
                self._kept_bytes -= freed
                await free(self._media, digests)


def _origin_of(url: str) -> str:
    """Whom a URL would be asked of, in the spelling of the decisions about peers."""
    try:
        return str(URL(url).origin())
    except ValueError:
        raise NotFound("There is no such file") from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _cached(uow: UnitOfWork, key: bytes) -> Cached | None:
    return uow.media_cache.get(key)


def _touch(uow: UnitOfWork, key: bytes, now_ms: int) -> None:
    uow.media_cache.touch(key, now_ms)


def _total(uow: UnitOfWork) -> int:
    return uow.media_cache.total_bytes()


def _evict(uow: UnitOfWork, wanted: int) -> tuple[int, list[bytes]]:
    return uow.media_cache.evict(wanted)
