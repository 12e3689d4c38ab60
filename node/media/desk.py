"""What everything that handles media works with, and the rules that need nothing else."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from node.media.urls import MediaUrls
from node.media.worker import Worker
from node.settings_media import MediaSettings
from node.tasks import Work
from protocols.media_types import FILM_TYPES, PICTURE_TYPES, SOUND_TYPES
from storage.blobs import BlobFiles
from storage.store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDesk:
    """The files, the rows about them, their addresses, and who decodes.

    Attributes:
        spawn: runs something beside the request that asks for it.
        mint: gives out ids.
        pictures: decodes what people wait for; `films` what may take a minute.
        placing: held while a file is put in its place and its row committed, and while one is
            removed, so that a file that is named anew is not removed.
    """

    settings: MediaSettings
    storage: Storage
    files: BlobFiles
    urls: MediaUrls
    spawn: Callable[[Work, str], None]
    mint: Callable[[], int]
    now: Callable[[], datetime]
    pictures: Worker = field(default_factory=Worker)
    films: Worker = field(default_factory=Worker)
    placing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def close(self) -> None:
        """End the processes that decode."""
        await self.pictures.close()
        await self.films.close()


@cache
def takes_films() -> bool:
    """Whether this installation can read videos and sounds: the extra `media` is there."""
    return find_spec("av") is not None


def supported_types() -> tuple[str, ...]:
    """The media types that may be uploaded here, for `configuration` of the instance."""
    return (*PICTURE_TYPES, *FILM_TYPES, *SOUND_TYPES) if takes_films() else PICTURE_TYPES


def new_file(path: Path) -> BinaryIO:
    """A file to write, which must not be there yet.

    It is opened and closed at the call: on a thread, a request that ends meanwhile would leave it
    open.
    """
    return path.open("xb")


class Scratch:
    """Files in the making that nobody else knows."""

    def __init__(self, files: BlobFiles) -> None:
        """Make none yet."""
        self._files = files
        self._paths: list[Path] = []

    def path(self) -> Path:
        """A path for a new file; no name of a stranger is a part of it."""
        path = self._files.tmp_path(secrets.token_hex(16))
        self._paths.append(path)
        return path

    def adopt(self, path: Path) -> Path:
        """Take over a file of another scratch; its new path."""
        mine = self.path()
        return path.replace(mine)

    def clear(self) -> None:
        """Remove those that were not put in their place."""
        for path in self._paths:
            path.unlink(missing_ok=True)


@contextmanager
def scratch(files: BlobFiles) -> Iterator[Scratch]:
    """Files in the making for the time of the block: none of them outlives it."""
    made = Scratch(files)
    try:
        yield made
    finally:
        made.clear()
