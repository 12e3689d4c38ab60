"""Files by their content: what has its name is whole and found again after any crash."""

from pathlib import Path

import pytest

from storage import blobs
from storage.blobs import BlobFiles


def made(files: BlobFiles, content: bytes) -> Path:
    path = files.tmp_path(content.hex())
    path.write_bytes(content)
    return path


def test_every_folder_that_got_an_entry_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(blobs, "_sync_folder", synced.append)
    files = BlobFiles(tmp_path / "media")

    file = made(files, b"Moin")
    blob = files.settle(file)
    files.place(file, blob)

    place = files.path_of(blob.digest)
    assert place.read_bytes() == b"Moin"
    assert set(synced) == {place.parent, place.parent.parent, files.folder, tmp_path}


def test_a_file_that_lies_there_already_costs_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = BlobFiles(tmp_path / "media")
    file = made(files, b"Moin")
    files.place(file, files.settle(file))
    synced: list[Path] = []
    monkeypatch.setattr(blobs, "_sync_folder", synced.append)

    file = made(files, b"Moin")
    files.place(file, files.settle(file))

    assert len(synced) == 1
