"""How many statements repositories run."""

from collections.abc import Callable
from typing import Any

import pytest

from storage.connection import Connection


def counting(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the statements that repositories run from now on; call it for the number."""
    found: list[str] = []
    start = Connection._start

    def counted(connection: Connection, statement: Any, values: Any) -> Any:
        found.append("one")
        return start(connection, statement, values)

    monkeypatch.setattr(Connection, "_start", counted)
    return lambda: len(found)
