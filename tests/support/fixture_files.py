"""Recorded documents of other software, for tests that compare shapes."""

import json
from typing import Any

import pytest

from tests.support.fixture_outcomes import FIXTURES


def recorded(path: str) -> dict[str, Any]:
    """A recorded document below ../shared/fixtures/activitypub; the test skips without it."""
    file = FIXTURES / path
    if not file.exists():
        pytest.skip(f"no recorded documents at {FIXTURES}")
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return document


def lemmy_keys(path: str) -> set[str]:
    """The properties that Lemmy sends in one of its activities."""
    return set(recorded(f"lemmy-assets/lemmy/activities/{path}"))
