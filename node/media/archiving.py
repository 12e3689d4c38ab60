"""Uploads in a backup: each file under its digest, behind the database; what was fetched is not.

A file proves itself by its name. The last member is empty and says that nothing was cut off.
"""

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from node.errors import Unreadable
from storage.blobs import BlobFiles
from storage.media import Blob

COMPLETE: Final = "complete"
_PREFIX: Final = "media/"
_NAME: Final = re.compile(r"media/([0-9a-f]{64})")
_CHUNK: Final = 1024 * 1024

Filter = Callable[[tarfile.TarInfo], tarfile.TarInfo]


def pack_media(
    tar: tarfile.TarFile, files: BlobFiles, digests: Iterable[bytes], nobodys: Filter
) -> None:
    """Add the files with these digests, as far as they are there, and the mark of the end."""
    for digest in digests:
        try:
            tar.add(
                files.path_of(digest),
                arcname=f"{_PREFIX}{digest.hex()}",
                recursive=False,
                filter=nobodys,
            )
        except FileNotFoundError:
            # Deleted by its owner since the database was copied.
            continue
    tar.addfile(nobodys(tarfile.TarInfo(COMPLETE)), io.BytesIO())


def check_media(tar: tarfile.TarFile, source: Path) -> None:
    """Read all that stands behind the database.

    Raises:
        Unreadable: a file is not what its name says, or the end is missing.
    """
    for _path, _blob in _read(tar, source, None):
        continue


def put_media(source: Path, files: BlobFiles) -> int:
    """Put the uploads of a backup in their places; how many there were.

    Raises:
        Unreadable: as `check_media` says.
    """
    count = 0
    with tarfile.open(source, "r") as tar:
        members = iter(tar)
        while (member := next(members, None)) is not None and not _is_media(member):
            continue
        if member is None:
            return 0
        for path, blob in _read(tar, source, files, member):
            if path is not None:
                files.place(path, blob)
                count += 1
    return count


def _is_media(member: tarfile.TarInfo) -> bool:
    return member.name.startswith(_PREFIX) or member.name == COMPLETE


def _read(
    tar: tarfile.TarFile,
    source: Path,
    files: BlobFiles | None,
    first: tarfile.TarInfo | None = None,
) -> Iterator[tuple[Path | None, Blob]]:
    """Each upload, written to a file in the making if `files` are given."""
    member = first or tar.next()
    while member is not None and member.name != COMPLETE:
        match = _NAME.fullmatch(member.name)
        content = tar.extractfile(member) if match and member.isfile() else None
        if match is None or content is None:
            raise Unreadable(f"{source} is damaged: there is a file in it that does not belong")
        path = None if files is None else files.tmp_path(match[1])
        blob = _copied(content, path)
        if blob.digest.hex() != match[1]:
            raise Unreadable(f"{source} is damaged: an upload is not as it was written")
        yield path, blob
        member = tar.next()
    if member is None:
        raise Unreadable(f"{source} is not a whole backup of noaber")


def _copied(content: IO[bytes], path: Path | None) -> Blob:
    digest, size = hashlib.sha256(), 0
    file = None if path is None else path.open("wb")
    try:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if file is not None:
                file.write(chunk)
        if file is not None:
            file.flush()
            os.fsync(file.fileno())
    finally:
        if file is not None:
            file.close()
    return Blob(digest=digest.digest(), size=size)
