"""Fixtures of federation: an inbox, and deliveries to scripted peers, over each database."""

import pytest

from storage.store import Storage
from tests.support import outbox
from tests.support.clock import Clock
from tests.support.outbox import Village
from tests.support.postbox import Postbox
from tests.support.scripted_peers import Ledger, ScriptedPeers, Sender, open_ledger


@pytest.fixture
def postbox(storage: Storage) -> Postbox:
    """An inbox with people and peers around it, once over SQLite and once over PostgreSQL."""
    return Postbox(storage)


@pytest.fixture
def clock() -> Clock:
    """A clock that the test sets."""
    return Clock()


@pytest.fixture
def peers() -> ScriptedPeers:
    """Peers that answer as the test writes down."""
    return ScriptedPeers()


@pytest.fixture
async def ledger(storage: Storage, clock: Clock) -> Ledger:
    """Where the test queues bodies."""
    return await open_ledger(storage, clock)


@pytest.fixture
async def sender(storage: Storage, peers: ScriptedPeers, clock: Clock, ledger: Ledger) -> Sender:
    """A deliverer over that ledger."""
    return Sender(storage, peers, clock)


@pytest.fixture
async def village(storage: Storage) -> Village:
    """People and communities here, and peers of all kinds around."""
    return await outbox.found(storage)
