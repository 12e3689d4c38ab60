"""Both sides of the conversation: a Fedify server for each signature scheme, a node for each test."""

from collections.abc import AsyncIterator, Iterator
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
from tests.interop.home import Home, open_home

NAMES = ("alice", "bob")


@pytest.fixture(scope="session")
def fedify_modules() -> Path:
    """Where Fedify is installed, or a skip with the command that brings it."""
    found = installed()
    if found is None:
        pytest.skip(f"Fedify is not installed: run `{INSTALL}` (npm, and some 300 MB)")
    return found


@pytest.fixture(scope="module", params=list(Scheme), ids=lambda scheme: scheme.name.lower())
def fedify_process(
    request: pytest.FixtureRequest, fedify_modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FedifyProcess]:
    """A running Fedify server, one for each scheme."""
    folder = tmp_path_factory.mktemp("fedify")
    with running(fedify_modules, folder, request.param, NAMES) as process:
        yield process


@pytest.fixture
async def fedify(fedify_process: FedifyProcess) -> AsyncIterator[Fedify]:
    """The Fedify server, having forgotten what other tests did with it."""
    async with aiohttp.ClientSession() as session:
        found = Fedify(fedify_process, session)
        await found.call("forget")
        yield found


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A node of ours."""
    async with open_home(tmp_path) as opened:
        yield opened
