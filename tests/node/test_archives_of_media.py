"""Uploads in a backup: they come back under their digests, or the backup is refused."""

import tarfile
from pathlib import Path

import pytest

from communities.people import ActorKey
from node.archives import media_files, opened, put_back, write_archive
from node.errors import Unreadable
from node.settings import NodeSettings, Settings
from storage import schema
from storage.engine import make_engine
from storage.media import (
    Blob,
    Content,
    MediaKind,
    MediaPurpose,
    MediaState,
    Medium,
    Preview,
)
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import BEGINNING, World


def node_in(folder: Path) -> Settings:
    """The settings of a node with its data in a folder."""
    folder.mkdir()
    return Settings(node=NodeSettings(domain="bees.example", data_dir=folder))


def put(settings: Settings, content: bytes) -> Blob:
    """A file of an upload."""
    files = media_files(settings)
    made = files.tmp_path("made")
    made.write_bytes(content)
    blob = files.settle(made)
    files.place(made, blob)
    return blob


def add(uow: UnitOfWork, owner_id: ActorKey, whole: Blob, small: Blob) -> None:
    waiting = Medium(
        id=1,
        owner_id=owner_id,
        purpose=MediaPurpose.ATTACHMENT,
        state=MediaState.PROCESSING,
        kind=MediaKind.IMAGE,
        created_at=BEGINNING,
    )
    uow.media.add(waiting, quota=10**9)
    preview = Preview(blob=small, width=1, height=1)
    content = Content(kind=MediaKind.IMAGE, blob=whole, media_type="image/png", preview=preview)
    uow.media.finish(1, content, quota=10**9)


@pytest.fixture
async def archive(tmp_path: Path) -> Path:
    """A backup of a node with one upload, and a file of a peer that does not belong in it."""
    settings = node_in(tmp_path / "data")
    engine = make_engine(settings.database_url.reveal())
    schema.prepare(engine, snapshot_dir=None)
    storage = Storage(engine, threads=False)
    ada = await storage.write(World().person, "ada")
    whole, small = put(settings, b"whole" * 1_000), put(settings, b"small" * 1_000)
    put(settings, b"of a peer")
    await storage.write(add, ada.id, whole, small)
    await storage.close()
    config = tmp_path / "node.toml"
    config.write_text("")
    target = tmp_path / "node.tar"
    write_archive(settings, config, target)
    return target


def contents(settings: Settings) -> set[bytes]:
    folder = media_files(settings).folder
    return {path.read_bytes()[:5] for path in folder.rglob("*") if path.is_file()}


def test_uploads_come_back_and_what_was_fetched_does_not(archive: Path, tmp_path: Path) -> None:
    restored = node_in(tmp_path / "other")

    with opened(archive) as whole:
        put_back(whole, restored)

    assert contents(restored) == {b"whole", b"small"}


def test_upload_that_is_damaged_in_the_backup_is_noticed(archive: Path) -> None:
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace(b"whole" * 3, b"whale" * 3))

    with pytest.raises(Unreadable, match="an upload is not as it was written"), opened(archive):
        raise AssertionError


def test_backup_that_ends_between_two_uploads_is_noticed(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = [(member.name, member.offset) for member in tar.getmembers()]
    assert names[-1][0] == "complete"
    archive.write_bytes(archive.read_bytes()[: names[-1][1]])

    with pytest.raises(Unreadable, match="is not a whole backup"), opened(archive):
        raise AssertionError


def test_upload_that_was_deleted_meanwhile_is_left_out(archive: Path, tmp_path: Path) -> None:
    settings = Settings(node=NodeSettings(domain="bees.example", data_dir=tmp_path / "data"))
    for path in media_files(settings).folder.rglob("*"):
        if path.is_file():
            path.unlink()

    write_archive(settings, tmp_path / "node.toml", archive)

    with opened(archive) as whole:
        put_back(whole, node_in(tmp_path / "other"))
