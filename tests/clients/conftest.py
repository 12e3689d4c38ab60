"""Two nodes with open registration, for apps that nobody here wrote."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from node.config_writing import Value
from node.demo_nodes import DemoNode, demo_node, free_port
from storage.actors import Profile

FIRST_PORT = 18401
LOOPBACK = ["127.0.0.0/8"]
OPEN: Mapping[str, Value] = {
    "registration.mode": "open",
    "registration.password_grant": True,
    "registration.cheap_hashes": True,
    "limits.client_rates": False,
}


@dataclass(slots=True)
class Pair:
    """Two nodes: `home`, where the group bees is, and `far`; `keeper` owns the group."""

    home: DemoNode
    far: DemoNode
    keeper: Profile
    bees: Profile


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[DemoNode]:
    """A node where anyone can sign up."""
    port = free_port(FIRST_PORT)
    folder = tmp_path / "home"
    async with demo_node(
        folder, port=port, title="Home", allow_networks=LOOPBACK, more=OPEN
    ) as node:
        yield node


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """Two such nodes, one with a public group."""
    async with AsyncExitStack() as stack:
        nodes = []
        port = FIRST_PORT
        for name in ("home", "far"):
            port = free_port(port)
            nodes.append(
                await stack.enter_async_context(
                    demo_node(
                        tmp_path / name,
                        port=port,
                        title=name,
                        allow_networks=LOOPBACK,
                        more=OPEN,
                    )
                )
            )
            port += 1
        home, far = nodes
        keeper = await home.add_person("keeper")
        bees = await home.add_group("bees", "Bees", keeper, "About *bees*.")
        yield Pair(home=home, far=far, keeper=keeper, bees=bees)
