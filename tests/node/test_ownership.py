"""noaber refuses to run where another distribution has put files into its packages."""

from pathlib import Path

import pytest

from node.ownership import PackageClash, refuse_foreign_owners


def install(folder: Path, name: str, record: str) -> None:
    """Lay down what pip leaves behind for a distribution."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(record)


def test_packages_of_this_environment_belong_to_noaber_alone() -> None:
    refuse_foreign_owners()


def test_own_files_and_those_of_other_packages_are_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "noaber", "federation/__init__.py,,\n")
    install(tmp_path, "other", "other/node/__init__.py,,\nfederations/__init__.py,,\n")
    monkeypatch.syspath_prepend(tmp_path)

    refuse_foreign_owners()


@pytest.mark.parametrize(
    "record", ["federation/__init__.py,,\n", "a.py,,\nfederation/__init__.py,,\n"]
)
def test_package_of_another_distribution_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str
) -> None:
    install(tmp_path, "federation", record)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(PackageClash) as caught:
        refuse_foreign_owners()

    assert str(caught.value) == (
        "package 'federation' also belongs to distribution 'federation': "
        "give noaber its own virtual environment"
    )
