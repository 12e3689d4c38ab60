"""Backups of a whole node as one file: database, settings, uploads, and a list of what is in it.

The keys are in the database. The archive is a tar file that its owner alone can read; its first
member is a manifest with a digest of each other one, so that a damaged file is never restored.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from node.errors import Unreadable
from node.media.archiving import check_media, pack_media, put_media
from node.settings import Settings
from storage.backup import Verification, back_up, restore, uploaded_digests, verify_database
from storage.blobs import BlobFiles
from storage.copying import Progress, replacing
from storage.engine import make_engine
from storage.errors import StorageError
from storage.schema import prepare

MANIFEST = "manifest.json"
SETTINGS = "node.toml"
DATABASE = "database"
MEDIA = "media"
"""The folder of uploads, below the data folder."""
FORMAT = 1
_SQLITE = b"SQLite format 3"
_CHUNK = 1024 * 1024
_MOST_MANIFEST_BYTES = 64 * 1024
_MOST_SETTINGS_BYTES = 1024 * 1024


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive says of itself."""

    format: int
    noaber: str
    made_at: datetime
    domain: str
    web_host: str
    files: dict[str, Member]
    with_media: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An opened archive whose digests were found to be right; its files lie in a folder."""

    manifest: Manifest
    folder: Path
    source: Path

    @property
    def database(self) -> Path:
        """The copy of the database."""
        return self.folder / DATABASE

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a whole SQLite database, not a dump."""
        with self.database.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE

    @property
    def settings_text(self) -> str:
        """The settings file."""
        return (self.folder / SETTINGS).read_text("utf-8")


def write_archive(
    settings: Settings, config: Path, target: Path, progress: Progress | None = None
) -> Manifest:
    """Back a node up into one file; it may run meanwhile. An older file is replaced at the end.

    Raises:
        StorageError: there is no room, or the database cannot be copied.
    """
    try:
        with TemporaryDirectory(prefix=".noaber-backup-", dir=target.absolute().parent) as folder:
            database = Path(folder) / DATABASE
            engine = make_engine(settings.database_url.reveal())
            back_up(engine, database, progress)
            members = {SETTINGS: config, DATABASE: database}
            manifest = Manifest(
                format=FORMAT,
                noaber=version("noaber"),
                made_at=datetime.now(UTC),
                domain=settings.node.domain,
                web_host=settings.web_host,
                files={name: _described(path) for name, path in members.items()},
                with_media=True,
            )
            uploads = uploaded_digests(engine)
            with replacing(target) as partial, _new_tar(partial, target.name) as tar:
                _pack(tar, manifest, members)
                pack_media(tar, media_files(settings), uploads, _nobodys)
    except OSError as error:
        raise StorageError(f"{target} could not be written: {error.strerror or error}") from error
    return manifest


def media_files(settings: Settings) -> BlobFiles:
    """The files of uploads of a node."""
    return BlobFiles(settings.node.data_dir / MEDIA)


def _new_tar(target: Path, name: str) -> tarfile.TarFile:
    return tarfile.open(target, "w:gz" if name.endswith(("gz", ".tgz")) else "w")


def _pack(tar: tarfile.TarFile, manifest: Manifest, members: dict[str, Path]) -> None:
    words = msgspec.json.format(msgspec.json.encode(manifest))
    head = tarfile.TarInfo(MANIFEST)
    head.size, head.mode, head.mtime = len(words), 0o600, int(manifest.made_at.timestamp())
    tar.addfile(head, io.BytesIO(words))
    for name, path in members.items():
        tar.add(path, arcname=name, recursive=False, filter=_nobodys)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owned a file here."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _described(path: Path) -> Member:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return Member(size=path.stat().st_size, sha256=digest.hexdigest())


@contextmanager
def opened(source: Path, beside: Path | None = None) -> Iterator[Archive]:
    """Unpack an archive into a private folder (below `beside`) for the time of the block.

    Raises:
        Unreadable: it is no archive of noaber, or not as it was written.
    """
    try:
        with TemporaryDirectory(prefix=".noaber-archive-", dir=beside) as folder:
            manifest = _unpack(source, Path(folder))
            yield Archive(manifest=manifest, folder=Path(folder), source=source)
    except OSError as error:
        raise Unreadable(f"{source} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, EOFError) as error:
        raise Unreadable(f"{source} is not a whole backup of noaber") from error


def _unpack(source: Path, folder: Path) -> Manifest:
    with tarfile.open(source, "r") as tar:
        manifest = _manifest(tar, source)
        for name in (SETTINGS, DATABASE):
            expected = manifest.files.get(name)
            member = tar.next()
            if expected is None or member is None or member.name != name or not member.isfile():
                raise Unreadable(f"{source} is not whole: {name} is missing")
            if member.size != expected.size:
                raise Unreadable(f"{source} is damaged: {name} has another size than it should")
            _extract(tar, member, folder / name)
            if _described(folder / name) != expected:
                raise Unreadable(f"{source} is damaged: {name} is not as it was written")
        if manifest.with_media:
            check_media(tar, source)
    return manifest


def _manifest(tar: tarfile.TarFile, source: Path) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or first.size > _MOST_MANIFEST_BYTES:
        raise Unreadable(f"{source} is not a backup made by noaber")
    file = tar.extractfile(first)
    try:
        manifest = msgspec.json.decode(file.read() if file is not None else b"", type=Manifest)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"{source} is not a backup made by noaber") from error
    if manifest.format != FORMAT:
        raise Unreadable(f"{source} was made by a later version of noaber ({manifest.noaber})")
    if manifest.files.get(SETTINGS, Member(size=0, sha256="")).size > _MOST_SETTINGS_BYTES:
        raise Unreadable(f"{source} is not a backup made by noaber")
    return manifest


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write a member to a file of our choice: names in an archive lead nowhere."""
    file = tar.extractfile(member)
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while file is not None and (chunk := file.read(_CHUNK)):
            out.write(chunk)


def put_back(archive: Archive, settings: Settings, *, replace: bool = False) -> Verification:
    """Put an archive's database where the settings say, marked as a new epoch of the node.

    The caller holds the data folder.

    Raises:
        StorageError: it is of another node, not sound, or there is a database already.
    """
    manifest = archive.manifest
    ours = (settings.node.domain, settings.web_host)
    if ours != (manifest.domain, manifest.web_host):
        raise StorageError(
            f"this backup is of {manifest.domain} ({manifest.web_host}), and the settings say"
            f" {ours[0]} ({ours[1]}); a node keeps its names for ever"
        )
    found = into_database(archive, settings.database_url.reveal(), replace=replace)
    if manifest.with_media:
        put_media(archive.source, media_files(settings))
    return found


def into_database(archive: Archive, url: str, *, replace: bool = False) -> Verification:
    """Put an archive's database at this URL, with the schema that this version needs.

    Raises:
        StorageError: it is not sound, of the other kind of database, or there is one already.
    """
    engine = make_engine(url)
    found = restore(engine, archive.database, replace=replace)
    prepare(engine, snapshot_dir=None)
    return found


def look_over(archive: Archive) -> Verification:
    """What the database in an archive holds, and what is wrong with it."""
    return verify_database(archive.database)
