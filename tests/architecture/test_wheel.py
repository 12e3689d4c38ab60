"""The wheel holds the five packages and nothing that could overwrite another's files."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.house_rules import PACKAGES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_wheel_installs_the_five_packages_and_no_tests(tmp_path: Path) -> None:
    """Slow: it builds the wheel."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
        timeout=55,
    )

    [wheel] = tmp_path.glob("noaber-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    top_level = {name.split("/")[0] for name in names if ".dist-info/" not in name}

    assert top_level == set(PACKAGES)
    assert not [name for name in names if "tests" in name.split("/")]
    assert [name for name in names if name.endswith("licenses/LICENSE")]
