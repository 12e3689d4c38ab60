"""Accounts over a database, and a clock."""

import pytest

from node.accounts.passkeys import Passkeys
from storage.store import Storage
from tests.support.account_bench import AccountBench
from tests.support.authenticator import Authenticator
from tests.support.clock import Clock
from tests.support.passkey_bench import passkeys_of_bench


@pytest.fixture
def clock() -> Clock:
    """The node's clock, three weeks after the world began."""
    return Clock()


@pytest.fixture
def bench(sqlite_storage: Storage, clock: Clock) -> AccountBench:
    """Everything that signs up and in."""
    return AccountBench(sqlite_storage, clock)


@pytest.fixture
def passkeys(bench: AccountBench) -> Passkeys:
    """What is done with passkeys."""
    return passkeys_of_bench(bench)


@pytest.fixture
def device() -> Authenticator:
    """Somebody's device."""
    return Authenticator()
