"""Fixtures of federation: an inbox over each database."""

import pytest

from storage.store import Storage
from tests.support.postbox import Postbox


@pytest.fixture
def postbox(storage: Storage) -> Postbox:
    """An inbox with people and peers around it, once over SQLite and once over PostgreSQL."""
    return Postbox(storage)
