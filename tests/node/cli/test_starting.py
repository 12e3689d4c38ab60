"""What a command imports before it does anything: the start of the node hangs on it."""

import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "sqlalchemy", "cryptography", "jinja2", "alembic", "babel", "markdown_it")
LATE = (
    "alembic",
    "babel",
    "jinja2",
    "markdown_it",
    "pyld",
    "psycopg",
    "node.verbs.table",
    "webauthn",
)
ALSO_LATE = ("node.demo", "node.quickstart")


def imported(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.slow
def test_the_command_line_by_itself_imports_nothing_heavy() -> None:
    """Starts an interpreter."""
    assert imported("import node.cli").isdisjoint(HEAVY)


@pytest.mark.slow
def test_a_node_that_starts_imports_what_it_needs_and_no_more() -> None:
    """Starts an interpreter that imports the whole node."""
    assert imported("import node.cli, node.running").isdisjoint(LATE + ALSO_LATE)
