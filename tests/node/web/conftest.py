"""A node with pages to look at: its routes over a real database, and a visitor."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from node.web.site import Site
from storage.store import Storage
from tests.support.factories import World
from tests.support.visitor import Visitor, site_over, visiting

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """Begins three weeks before the visit."""
    return World()


@pytest.fixture
def site(sqlite_storage: Storage) -> Site:
    """The node as its pages see it."""
    return site_over(sqlite_storage, NOW)


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """Someone who looks at the pages over HTTP."""
    async with visiting(site) as found:
        yield found
