"""A node with pages to look at: its routes over a real database, and a visitor."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from communities.people import Person
from node.accounts.desk import AccountDesk
from node.web.site import Site
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.account_bench import PASSWORD
from tests.support.account_pages import desk_over
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.signed_in_browser import Browser, browsing
from tests.support.visitor import Visitor, site_over, visiting

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """Begins three weeks before the visit."""
    return World()


@pytest.fixture
def clock() -> Clock:
    """The node's clock, at the visit."""
    return Clock(NOW)


@pytest.fixture
def site(sqlite_storage: Storage, clock: Clock) -> Site:
    """The node as its pages see it."""
    return replace(site_over(sqlite_storage, NOW), now=clock)


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[Visitor]:
    """Someone who looks at the pages over HTTP."""
    async with visiting(site) as found:
        yield found


@pytest.fixture
def desk(site: Site) -> AccountDesk:
    """The use cases of accounts."""
    return desk_over(site)


@pytest.fixture
async def browser(site: Site, desk: AccountDesk) -> AsyncIterator[Browser]:
    """Somebody's browser, signed in to nothing."""
    async with browsing(site, desk) as found:
        yield found


@pytest.fixture
async def ada(sqlite_storage: Storage, desk: AccountDesk, world: World) -> Person:
    """Somebody with a password."""
    hashed = await desk.passwords.hash(PASSWORD)

    def make(uow: UnitOfWork) -> Person:
        ada = world.person(uow, "ada")
        uow.credentials.set_password(ada.id, hashed)
        return ada

    return await sqlite_storage.write(make)
