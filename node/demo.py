"""`noaber demo`: nodes on loopback that federate for real, and tell the way of what they send."""

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from time import monotonic

from node.clock import now
from node.control import FORESEEN
from node.demo_apps import DEMO_PASSWORD, set_demo_password
from node.demo_facts import write_facts
from node.demo_nodes import Arrival, DemoNode, demo_node, free_port
from node.demo_steps import STEPS
from node.demo_story import NotShown, Step, Story, until
from node.serving import until_stopped
from storage.peers import PeerPolicy
from storage.unit_of_work import UnitOfWork

FIRST_PORT = 8101
LOOPBACK = "127.0.0.0/8"
WIDTH = 90
_TITLES = ("Home of the bees", "Bob's node", "Carol's node")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What the demo is asked to do.

    Attributes:
        once: end when the story is told, instead of at Ctrl-C.
        alone: one node for checks from outside, instead of the story of three.
        port: where the first node listens; the next free one, unless it was asked for.
        facts: where the one node writes what a check has to know.
        allow_peers: networks where the one node talks with peers.
        keep: a folder for the data, which is then kept.
        broken: the step before which the nodes are made to refuse each other.
    """

    once: bool = False
    alone: bool = False
    port: int | None = None
    facts: Path | None = None
    allow_peers: tuple[str, ...] = ()
    keep: Path | None = None
    broken: str | None = None


async def demo(plan: DemoPlan, tell: Tell) -> int:
    """Play the demo; the exit code: 0, or 1 when a step was not shown.

    Raises:
        AddressTaken: there is no port to listen at.
    """
    with tempfile.TemporaryDirectory(prefix="noaber-demo-") as temporary:
        folder = plan.keep or Path(temporary)
        if plan.alone:
            return await _alone(plan, folder, tell)
        return await _together(plan, folder, tell)


async def _alone(plan: DemoPlan, folder: Path, tell: Tell) -> int:
    port = plan.port or free_port(FIRST_PORT)
    async with demo_node(
        folder,
        port=port,
        title=_TITLES[0],
        allow_networks=plan.allow_peers,
        # Checks call as fast as they can.
        more={"limits.client_rates": False},
    ) as here:
        facts = await write_facts(here, plan.facts)
        tell(f"one node at {facts['base_url']}")
        if plan.facts is not None:
            tell(f"its facts are in {plan.facts}")
        if not plan.once:
            tell("Ctrl-C ends it.")
            await until_stopped(here.node.readiness, grace_seconds=0)
    return 0


async def _together(plan: DemoPlan, folder: Path, tell: Tell) -> int:
    started = monotonic()
    async with _three_nodes(plan, folder, tell) as nodes:
        story = Story(home=nodes[0], near=nodes[1], far=nodes[2])
        await story.begin()
        tell(f"ready after {monotonic() - started:.1f} s: alice and the group bees live on")
        tell(f"{story.home.name}, bob on {story.near.name}, carol on {story.far.name}.")
        try:
            await _play(story, plan, tell)
        except FORESEEN as error:
            tell(f"\nFAILED: {error}")
            return 1
        tell(f"\nAll of it was shown, in {monotonic() - started:.1f} s.")
        if not plan.once:
            for where in (story.home, story.near, story.far):
                for person in where.people.values():
                    await set_demo_password(where, person.id)
            _tell_links(story, tell)
            await until_stopped(story.home.node.readiness, grace_seconds=0)
    return 0


@asynccontextmanager
async def _three_nodes(plan: DemoPlan, folder: Path, tell: Tell) -> AsyncIterator[list[DemoNode]]:
    async with AsyncExitStack() as stack:
        nodes: list[DemoNode] = []
        port = plan.port or FIRST_PORT
        for number, title in enumerate(_TITLES):
            port = free_port(port)
            tell(f"starting node {number + 1} of {len(_TITLES)}: http://127.0.0.1:{port}")
            opened = demo_node(
                folder / str(port), port=port, title=title, allow_networks=[LOOPBACK]
            )
            nodes.append(await stack.enter_async_context(opened))
            port += 1
        yield nodes


async def _play(story: Story, plan: DemoPlan, tell: Tell) -> None:
    """Tell and do every step.

    Raises:
        NotShown: one of them did not arrive.
        DomainError, FederationError: one of them was refused.
    """
    nodes = (story.home, story.near, story.far)
    for number, (name, make) in enumerate(STEPS.items(), 1):
        if name == plan.broken:
            await _estrange(nodes)
        step = make(story)
        tell(f"\n{number}. {step.title}")
        for line in wrap(step.way, WIDTH):
            tell(f"   {line}")
        await _do(step, nodes, _names(story), tell)


async def _do(step: Step, nodes: Sequence[DemoNode], names: Mapping[str, str], tell: Tell) -> None:
    seen = {one.name: len(one.arrivals) for one in nodes}
    missing: NotShown | None = None
    shown: list[str] = []
    await step.act()
    for proof in step.proofs:
        try:
            await until(proof.holds, proof.sentence)
        except NotShown as error:
            missing = error
            break
        shown.append(f"   shown: {proof.sentence}.")
    came = [(one, arrival) for one in nodes for arrival in one.arrivals[seen[one.name] :]]
    for one, arrival in sorted(came, key=lambda pair: pair[1].at):
        tell(f"   {_told(one, arrival, names)}")
    for line in shown:
        tell(line)
    if missing is not None:
        raise missing


def _told(where: DemoNode, arrival: Arrival, names: Mapping[str, str]) -> str:
    """The way of one activity, in words."""
    signer = arrival.signed_by.partition("#")[0]
    what = "(".join(arrival.about) + ")" * (len(arrival.about) - 1) or "something unreadable"
    way = f"-> {where.name} got {what}, signed by {names.get(signer, signer)}"
    if arrival.refusal is not None:
        return f"{way}, and refused it: {arrival.refusal}"
    return f"{way}: verified"


def _page_elsewhere(story: Story) -> str:
    return story.near.node.uris.community_page(f"bees@{story.home.name}")


def _names(story: Story) -> dict[str, str]:
    names = {}
    for one in (story.home, story.near, story.far):
        for profile in (*one.people.values(), *one.groups.values()):
            sign = "!" if profile.kind == "community" else "@"
            names[profile.uri] = f"{sign}{profile.localpart}@{one.name}"
        names[one.node.uris.node_actor()] = f"the node {one.name}"
    return names


async def _estrange(nodes: Sequence[DemoNode]) -> None:
    """Let every node block the others: whatever comes next cannot arrive."""
    for one in nodes:
        for other in nodes:
            if other is not one:
                await one.acting.run(_block, other.node.uris.base)
        await one.node.policies.load(one.node.storage)


def _block(uow: UnitOfWork, peer: str) -> None:
    uow.peers.decide(peer, PeerPolicy.BLOCK, reason="the demo was asked to fail", at=now())


def _tell_links(story: Story, tell: Tell) -> None:
    home = story.home.node.uris
    tell("\nOpen in a browser:")
    for words, url in (
        ("the group", home.community_page("bees")),
        ("the thread", story.posts["post"]),
        ("the same group on the second node", _page_elsewhere(story)),
        ("bob", story.near.node.uris.person_page("bob")),
    ):
        tell(f"  {url}  {words}")
    tell("Sign in, at the page or with an app such as toot; the password of everybody is")
    tell(f"  {DEMO_PASSWORD}")
    tell(f"  {home.base}/sign-in  as alice")
    tell(f"  toot login --instance {home.base}")
    tell("Act yourself, in another terminal:")
    tell(f"  noaber --config {story.near.config} act --as bob timeline")
    tell(f"  noaber --config {story.near.config} act --as bob post --community \\")
    tell(f"    '!bees@{story.home.name}' --title 'Hello' 'A post of mine'")
    tell("Ctrl-C ends it; nothing stays behind.")
