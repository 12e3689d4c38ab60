"""Both sides of the conversation: a Fedify server for each scheme, a node for each test."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import aiohttp
import pytest

from tests.interop.fedify_server import (
    INSTALL,
    Fedify,
    FedifyProcess,
    Scheme,
    installed,
    running,
)
from tests.interop.home import Garden, Home, make_garden, open_home

log = logging.getLogger(__name__)

NAMES = ("alice", "bob")


@pytest.fixture(scope="session")
def fedify_modules() -> Path:
    """Where Fedify is installed, or a skip with the command that brings it."""
    found = installed()
    if found is None:
        pytest.skip(f"Fedify is not installed: run `{INSTALL}` (npm, and some 300 MB)")
    return found


@pytest.fixture(scope="session")
def fedify_process(
    fedify_modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Scheme], FedifyProcess]]:
    """Gives the running Fedify server of a scheme; each is started when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def process_of(scheme: Scheme) -> FedifyProcess:
            folder = tmp_path_factory.mktemp("fedify")
            return stack.enter_context(running(fedify_modules, folder, scheme, NAMES))

        yield process_of


@pytest.fixture(params=list(Scheme), ids=lambda scheme: scheme.name.lower())
async def fedify(
    request: pytest.FixtureRequest,
    fedify_process: Callable[[Scheme], FedifyProcess],
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Fedify]:
    """The Fedify server of each scheme, having forgotten what other tests did with it.

    Its log is in the captured log of a test that fails.
    """
    caplog.set_level(logging.INFO, __name__)
    async with aiohttp.ClientSession() as session:
        found = Fedify(fedify_process(request.param), session)
        await found.call("forget")
        yield found
        log.info("the Fedify server wrote:\n%s", found.log())


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A node of ours."""
    async with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
async def garden(home: Home) -> Garden:
    """An open community on it."""
    return await make_garden(home)
