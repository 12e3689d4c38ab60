"""Accounts over a database, and a clock."""

import pytest

from storage.store import Storage
from tests.support.account_bench import AccountBench
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    """The node's clock, three weeks after the world began."""
    return Clock()


@pytest.fixture
def bench(sqlite_storage: Storage, clock: Clock) -> AccountBench:
    """Everything that signs up and in."""
    return AccountBench(sqlite_storage, clock)
