"""The lock on the data folder."""

import stat
from pathlib import Path

import pytest

from node.errors import DataInUse
from node.holding import hold


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with (
        hold(tmp_path / "data"),
        pytest.raises(DataInUse, match=r"another process of noaber \(pid \d+\) works in"),
        hold(tmp_path / "data"),
    ):
        pass


def test_a_folder_made_here_is_for_its_owner_alone(tmp_path: Path) -> None:
    with hold(tmp_path / "data"):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_folder_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path / "data"):
            assert (tmp_path / "data").is_dir()
