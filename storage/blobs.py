"""Files by the SHA-256 of their content, below one folder: `ab/cd/abcd…`, and `tmp` beside them.

A file is made in `tmp`, synced, and renamed to its place, so that what has the name of a digest
is whole after any crash. Everything in `tmp` is worth nothing: it is emptied at the start.
Functions that read or write a whole file block; they are called on threads.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from storage.media import Blob

_CHUNK = 1024 * 1024
_HEX_DIGITS = 64


class BlobFiles:
    """The files below one folder; nothing is made before the first file is."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder, which need not be there."""
        self.folder = folder
        self._tmp = folder / "tmp"

    def empty_tmp(self) -> int:
        """Remove what a killed process left half-made; how many files that were."""
        if not self._tmp.exists():
            return 0
        left = len(list(self._tmp.iterdir()))
        # A process that decoded for the killed one may still be at work there for a moment.
        shutil.rmtree(self._tmp, ignore_errors=True)
        return left

    def tmp_path(self, name: str) -> Path:
        """Where a file in the making may be; its folder is there."""
        if not self._tmp.exists():
            self._tmp.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(self.folder.parent)
        return self._tmp / name

    def path_of(self, digest: bytes) -> Path:
        """Where the file with this content lies, if it does."""
        name = digest.hex()
        return self.folder / name[:2] / name[2:4] / name

    def settle(self, made: Path) -> Blob:
        """Make a file in `tmp` durable, and say what its content is."""
        digest = hashlib.sha256()
        with made.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        return Blob(digest=digest.digest(), size=size)

    def place(self, made: Path, blob: Blob) -> None:
        """Put a settled file in its place; one that lies there already has the same content."""
        target = self.path_of(blob.digest)
        above = (target.parent, target.parent.parent)
        changed = [target.parent, *(folder.parent for folder in above if not folder.exists())]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.replace(target)
        # A folder that is new must be found after a crash, too.
        for folder in dict.fromkeys(changed):
            _sync_folder(folder)

    def remove(self, digest: bytes) -> None:
        """Remove a file, if it is there."""
        self.path_of(digest).unlink(missing_ok=True)

    def strays(self, first: int, *, before: float, known: frozenset[bytes]) -> list[bytes]:
        """Files whose digest begins with a byte, last changed before a time, that are not known."""
        return [
            bytes.fromhex(path.name)
            for path in _files(self.folder / f"{first:02x}")
            if bytes.fromhex(path.name) not in known and path.stat().st_mtime < before
        ]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("??/*")):
        if len(path.name) == _HEX_DIGITS and path.is_file():
            yield path


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
