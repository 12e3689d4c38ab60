"""The provider over a database, with a browser and an app."""

from collections.abc import AsyncIterator

import pytest

from node.settings_registration import RegistrationSettings
from storage.store import Storage
from tests.support.oauth_bench import AskingApp, OAuthBench, oauth_bench


@pytest.fixture
async def bench(sqlite_storage: Storage) -> AsyncIterator[OAuthBench]:
    """The provider, and Ada."""
    async with oauth_bench(sqlite_storage) as found:
        yield found


@pytest.fixture
async def trusting_bench(sqlite_storage: Storage) -> AsyncIterator[OAuthBench]:
    """A provider that lets apps take passwords."""
    settings = RegistrationSettings(cheap_hashes=True, password_grant=True)
    async with oauth_bench(sqlite_storage, registration=settings) as found:
        yield found


@pytest.fixture
async def app(bench: OAuthBench) -> AskingApp:
    """An app that may ask for reading and writing."""
    return await bench.register(scopes="read write profile")
