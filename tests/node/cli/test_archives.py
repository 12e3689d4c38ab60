"""`noaber backup`, `restore` and `verify`: what was backed up comes back, or is refused."""

import stat
import tarfile
from pathlib import Path

import pytest

from node.config_writing import filled
from node.holding import hold
from tests.node.cli.conftest import Commands


@pytest.fixture
def archive(noaber: Commands, tmp_path: Path) -> Path:
    """A backup of the village with a post in it."""
    noaber.post("alice", "--title", "A swarm")
    path = tmp_path / "node.tar"
    assert noaber("backup", str(path)).code == 0
    return path


@pytest.mark.parametrize("name", ["node.tar", "node.tar.gz"])
def test_a_node_comes_back_in_an_empty_folder(
    noaber: Commands, nothing: Commands, tmp_path: Path, name: str
) -> None:
    noaber.post("alice", "--title", "A swarm")
    path = tmp_path / name

    backed_up = noaber("backup", str(path))
    verified = noaber("verify", str(path))
    restored = nothing("restore", str(path))

    assert (backed_up.code, verified.code, restored.code) == (0, 0, 0)
    assert "4 actors sign" in restored.out
    assert "A swarm" in nothing.act("bob", "timeline").out


def test_a_restored_node_is_a_new_epoch(archive: Path, nothing: Commands) -> None:
    nothing("restore", str(archive))
    nothing("restore", "--replace", str(archive))

    assert nothing("verify").code == 0


def test_a_backup_is_for_its_owner_alone(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        modes = {member.mode for member in tar.getmembers()}

    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert modes == {0o600}


def test_a_database_is_not_overwritten_unasked(noaber: Commands, archive: Path) -> None:
    noaber.post("alice", "--title", "Another swarm")

    refused = noaber("restore", str(archive))
    kept = noaber.act("bob", "timeline")
    replaced = noaber("restore", "--replace", str(archive))

    assert refused.code == 1
    assert "there is a database already" in refused.err
    assert "say --replace" in refused.err
    assert "Another swarm" in kept.out
    assert replaced.code == 0
    assert "Another swarm" not in noaber.act("bob", "timeline").out


def test_nothing_is_restored_under_a_running_node(noaber: Commands, archive: Path) -> None:
    with hold(noaber.config.parent / "data"):
        told = noaber("restore", "--replace", str(archive))

    assert told.code == 1
    assert "another process of noaber" in told.err


def test_a_backup_of_another_node_is_refused(nothing: Commands, archive: Path) -> None:
    nothing.config.write_text(filled({"node.domain": "wasps.example", "node.data_dir": "data"}))

    told = nothing("restore", str(archive))

    assert told.code == 1
    assert "this backup is of bees.example" in told.err


@pytest.mark.parametrize("at", [600, 5_000, 200_000])
def test_a_damaged_backup_is_refused_and_changes_nothing(
    nothing: Commands, archive: Path, at: int
) -> None:
    damaged = bytearray(archive.read_bytes())
    damaged[at] ^= 0x04
    archive.write_bytes(damaged)

    verified = nothing("verify", str(archive))
    restored = nothing("restore", str(archive))

    assert (verified.code, restored.code) == (1, 1)
    assert not (nothing.config.parent / "data" / "noaber.db").exists()


def test_a_backup_that_was_cut_off_is_refused(nothing: Commands, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:100_000])

    told = nothing("verify", str(archive))

    assert (told.code, told.err) == (1, f"noaber: {archive} is not a whole backup of noaber\n")


def test_another_file_is_no_backup(nothing: Commands, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("bees")

    told = nothing("restore", str(path))

    assert (told.code, told.err) == (1, f"noaber: {path} is not a whole backup of noaber\n")


def test_a_foreign_tar_file_is_no_backup(nothing: Commands, tmp_path: Path) -> None:
    path = tmp_path / "other.tar"
    (tmp_path / "note").write_text("bees")
    with tarfile.open(path, "w") as tar:
        tar.add(tmp_path / "note", arcname="../../note")

    told = nothing("restore", str(path))

    assert (told.code, told.err) == (1, f"noaber: {path} is not a backup made by noaber\n")


def test_verify_of_a_node_that_never_started_says_so(nothing: Commands) -> None:
    nothing.config.write_text(filled({"node.domain": "bees.example", "node.data_dir": "data"}))

    told = nothing("verify")

    assert told.code == 1
    assert "there is no database" in told.err
