"""A node on the disk that commands work on: alice and bob, and alice's group bees."""

import io
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from node.cli import run
from node.config_writing import filled

Captured = pytest.CaptureFixture[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs commands on one settings file."""

    config: Path
    captured: Captured

    def __call__(self, *words: str) -> Told:
        """Run one; what it printed."""
        self.captured.readouterr()
        code = run(["--config", str(self.config), *words])
        printed = self.captured.readouterr()
        return Told(code=code, out=printed.out, err=printed.err)

    def act(self, name: str, *words: str) -> Told:
        """Run one as a person."""
        return self("act", "--as", name, *words)

    def post(self, name: str, *words: str) -> str:
        """Let a person post in bees; the number of the post."""
        told = self.act(name, "post", "--community", "bees", "--json", *words)
        return str(told.data["number"])


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a node, made once; tests copy it."""
    folder = tmp_path_factory.mktemp("village")
    config = folder / "node.toml"
    config.write_text(
        filled({"node.domain": "bees.example", "node.data_dir": "data", "metrics.port": 0})
    )
    for words in (
        ["account", "create", "alice", "--title", "Alice"],
        ["account", "create", "bob"],
        ["community", "create", "bees", "--owner", "alice", "--title", "Bees"],
        ["act", "--as", "bob", "follow", "bees"],
    ):
        assert run(["--config", str(config), *words]) == 0
    return folder


@pytest.fixture(autouse=True)
def _nothing_piped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def noaber(village: Path, tmp_path: Path, capsys: Captured) -> Commands:
    """Commands on a copy of the village."""
    shutil.copytree(village, tmp_path / "node")
    return Commands(tmp_path / "node" / "node.toml", capsys)


@pytest.fixture
def nothing(tmp_path: Path, capsys: Captured) -> Commands:
    """Commands in an empty folder."""
    (tmp_path / "new").mkdir()
    return Commands(tmp_path / "new" / "node.toml", capsys)
