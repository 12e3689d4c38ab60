"""The guard at start-up: the five packages belong to noaber alone.

Other distributions install top-level packages of the same names ("federation", "node" are both
taken on the package index), and pip overwrites files without a word. So noaber refuses to run
beside one.
"""

from collections.abc import Iterator
from importlib.metadata import distributions

PACKAGES = ("node", "federation", "storage", "communities", "protocols")
DISTRIBUTION = "noaber"


class PackageClash(Exception):  # noqa: N818 - says what happened
    """Another distribution installed a package of the same name; the message says which."""


def refuse_foreign_owners() -> None:
    """Return when no other distribution put files into one of our packages.

    Raises:
        PackageClash: one did.
    """
    for package, distribution in foreign_owners():
        raise PackageClash(
            f"package '{package}' also belongs to distribution '{distribution}': "
            "give noaber its own virtual environment"
        )


def foreign_owners() -> Iterator[tuple[str, str]]:
    """Our packages that other distributions hold too, with the names of those.

    Reads the lists of installed files as text: `packages_distributions` of the standard library
    tells the same, but takes 0.14 s of every start.
    """
    for distribution in distributions():
        files = distribution.read_text("RECORD") or distribution.read_text("SOURCES.txt") or ""
        held = [
            package
            for package in PACKAGES
            if files.startswith(f"{package}/") or f"\n{package}/" in files
        ]
        if held and distribution.name != DISTRIBUTION:
            yield held[0], distribution.name
