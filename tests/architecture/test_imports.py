"""The layers hold: node > federation > storage > communities | protocols."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house_rules import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

BREACHES = (
    ("protocols/breach.py", "import communities.errors\n", "House layers"),
    ("storage/breach.py", "import node\n", "House layers"),
    ("communities/breach.py", "import asyncio\n", "Wire formats and domain do no I/O"),
    ("federation/breach.py", "import sqlalchemy\n", "Only storage speaks SQL"),
)


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_imports_keep_to_the_contracts() -> None:
    answer = lint(ROOT)

    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(("path", "text", "contract"), BREACHES)
def test_an_import_against_the_contracts_is_seen(
    tmp_path: Path, path: str, text: str, contract: str
) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / path).write_text(text)

    answer = lint(tmp_path)

    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"{contract} BROKEN" in answer.stdout
