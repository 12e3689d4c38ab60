"""Files that nothing names go, in an order that no crash can make harmful.

First the row that says the file is there, and only after its commit the file: what is left by a
crash between the two is a stray, which a later walk over the folder finds.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from node.media.desk import MediaDesk
from storage.media import STEP
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

STRAYS_KEPT: Final = timedelta(hours=1)
"""A file is in its place a moment before its row is committed."""
_FIRST_BYTES: Final = 256


async def free(media: MediaDesk, digests: Iterable[bytes]) -> int:
    """Remove those of these files that nothing names now; how many there were."""
    async with media.placing:
        unused = await media.storage.write(_forget, list(digests))
        await asyncio.to_thread(_remove, media, unused)
    return len(unused)


def _forget(uow: UnitOfWork, digests: list[bytes]) -> list[bytes]:
    return [digest for digest in digests if uow.media_blobs.forget(digest)]


def _remove(media: MediaDesk, digests: list[bytes]) -> None:
    for digest in digests:
        media.files.remove(digest)


@dataclass(slots=True, kw_only=True)
class MediaHousekeeping:
    """Sweeps uploads that nobody attached, files that nothing names, and strays."""

    media: MediaDesk
    _next_folder: int = field(default=0)

    async def start(self) -> None:
        """Clear what a process that was killed left half-made."""
        await asyncio.to_thread(self.media.files.empty_tmp)
        failed = await self.media.storage.write(_fail_all)
        if failed:
            log.info("%d uploads were in the making when the node ended", failed)

    async def sweep(self) -> int:
        """Drop everything whose time has come; how many rows and files that were."""
        dropped = await self._drop_waiting() + await self._drop_orphans()
        dropped += await self._free_unused() + await self._sweep_strays()
        if dropped:
            log.info("dropped %d uploads and files of media", dropped)
        return dropped

    async def _drop_waiting(self) -> int:
        storage, dropped = self.media.storage, 0
        while found := await storage.write(_drop_waiting, self.media):
            dropped += found
            if found < STEP:
                break
        return dropped

    async def _drop_orphans(self) -> int:
        """Drop what belongs to posts that are gone with their community."""
        dropped, after = 0, 0
        while True:
            orphans, following = await self.media.storage.read(_orphans_after, after)
            if orphans:
                dropped += await self.media.storage.write(_drop_orphans, orphans)
            if following is None:
                return dropped
            after = following

    async def _free_unused(self) -> int:
        freed, after = 0, b""
        while True:
            unused, following = await self.media.storage.read(_unused_after, after)
            if unused:
                freed += await free(self.media, unused)
            if following is None:
                return freed
            after = following

    async def _sweep_strays(self) -> int:
        """Remove files that no row speaks of, in one of 256 folders at each sweep."""
        media, first = self.media, self._next_folder
        self._next_folder = (first + 1) % _FIRST_BYTES
        before = (media.now() - STRAYS_KEPT).timestamp()
        known = await media.storage.read(_known, first)
        find = partial(media.files.strays, first, before=before, known=known)
        strays = await asyncio.to_thread(find)
        if not strays:
            return 0
        async with media.placing:
            # Looked at again: one of them may have been named meanwhile.
            unknown = await media.storage.read(_unknown, strays)
            await asyncio.to_thread(_remove, media, unknown)
        return len(unknown)


def _fail_all(uow: UnitOfWork) -> int:
    return uow.media.fail_all_processing()


def _drop_waiting(uow: UnitOfWork, media: MediaDesk) -> int:
    return uow.media.drop_waiting(media.now())


def _orphans_after(uow: UnitOfWork, after: int) -> tuple[list[int], int | None]:
    return uow.media.orphans_after(after)


def _drop_orphans(uow: UnitOfWork, orphans: list[int]) -> int:
    return sum(uow.media.delete(media_id) for media_id in orphans)


def _unused_after(uow: UnitOfWork, after: bytes) -> tuple[list[bytes], bytes | None]:
    return uow.media_blobs.unused_after(after)


def _known(uow: UnitOfWork, first: int) -> frozenset[bytes]:
    end = bytes([first + 1]) if first + 1 < _FIRST_BYTES else b"\xff" * 33
    return frozenset(blob.digest for blob in uow.media_blobs.between(bytes([first]), end))


def _unknown(uow: UnitOfWork, digests: list[bytes]) -> list[bytes]:
    return [digest for digest in digests if not uow.media_blobs.has(digest)]
