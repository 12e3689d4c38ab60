"""Three real nodes on loopback, with the people of the demo; each can be stopped and started."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from node.demo_nodes import DemoNode, demo_node, free_port
from node.demo_steps import STEPS
from node.demo_story import Story, until
from node.verbs.operator_forms import RetryPeer
from node.verbs.table import run

FIRST_PORT = 18101
LOOPBACK = ["127.0.0.0/8"]


@dataclass(slots=True)
class Street:
    """The nodes of a journey, by what they are in its story: home, near and far."""

    folder: Path
    ports: dict[str, int]
    running: dict[str, AsyncExitStack] = field(default_factory=dict)
    story: Story = field(init=False)

    async def play(self, *names: str) -> None:
        """Play steps of the demo, and wait for their proofs."""
        for name in names:
            step = STEPS[name](self.story)
            await step.act()
            for proof in step.proofs:
                await until(proof.holds, proof.sentence)

    async def stop(self, name: str) -> None:
        """Stop a node."""
        await self.running.pop(name).aclose()

    async def start(self, name: str) -> DemoNode:
        """Start a node, the first time with nothing."""
        self.running[name] = stack = AsyncExitStack()
        folder, port = self.folder / name, self.ports[name]
        return await stack.enter_async_context(
            demo_node(folder, port=port, title=name, allow_networks=LOOPBACK)
        )

    async def restart(self, name: str) -> DemoNode:
        """Start a node that was stopped, with what it had; the story goes on with it."""
        before: DemoNode = getattr(self.story, name)
        started = await self.start(name)
        started.people, started.groups = before.people, before.groups
        setattr(self.story, name, started)
        return started

    async def retry(self, where: DemoNode, other: DemoNode) -> None:
        """Let a node deliver to another one now, instead of when its back-off ends."""
        form = RetryPeer(host=other.node.uris.base)
        assert (await run(where.node, form)).lines


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """Three running nodes: alice and the group bees at home, bob near, carol far."""
    ports: dict[str, int] = {}
    port = FIRST_PORT
    for name in ("home", "near", "far"):
        ports[name] = port = free_port(port)
        port += 1
    made = Street(tmp_path, ports)
    try:
        home, near, far = [await made.start(name) for name in ports]
        made.story = Story(home=home, near=near, far=far)
        await made.story.begin()
        yield made
    finally:
        for stack in made.running.values():
            await stack.aclose()
