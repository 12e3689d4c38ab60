"""What a node takes: time to start, memory, requests to newcomers' servers, disk (G11-G13)."""

import time

from benchmarks.activities import Writer
from benchmarks.filling import bytes_of, fill
from benchmarks.inbox_figures import HOSTS, PEOPLE, plan_for
from benchmarks.ledger import checkpoint
from benchmarks.peers_child import FleetChild
from benchmarks.processes import NodeChild
from benchmarks.scene import Scene
from benchmarks.table import Row, median
from benchmarks.village import Facts, FakePeers, Plan

IDLE_SECONDS = 3.0
SETTLE_SECONDS = 3.0
"""How long a node may go on asking after it has answered."""


def start_and_memory(scene: Scene) -> list[Row]:
    """G11: from the start of the process to the first 200, and its memory while idle."""
    facts = scene.found("start", Plan(posts=1))
    starts: list[float] = []
    memory: list[float] = []
    for turn in range(scene.sizes.starts):
        scene.tell(f"G11: start {turn + 1} of {scene.sizes.starts}")
        with NodeChild(facts) as node:
            starts.append(node.ready_after)
            time.sleep(IDLE_SECONDS)
            memory.append(node.rss_mib())
    scene.drop(facts)
    return [
        Row(
            id="G11",
            workload="cold start of `noaber serve` to the first 200",
            value=median(starts),
            unit="s",
            must=1.0,
            stretch=0.6,
            sense="at most",
            runs=tuple(starts),
        ),
        Row(
            id="G11",
            workload="idle memory (RSS) three seconds later",
            value=median(memory),
            unit="MiB",
            must=118,
            stretch=80,
            sense="at most",
            runs=tuple(memory),
        ),
    ]


def first_contact(scene: Scene) -> list[Row]:
    """G12: what an activity of somebody unknown makes the node ask at their server."""
    peers = scene.peers(scene.sizes.newcomers)
    facts = scene.found("newcomers", Plan(posts=1))
    asked: list[float] = []
    paths: dict[str, int] = {}
    with FleetChild(peers) as fleet, NodeChild(facts):
        for actor in range(peers.hosts):
            scene.tell(f"G12: newcomer {actor + 1} of {peers.hosts}")
            fleet.reset()
            writer = Writer(peers=peers, facts=facts, tag="new")
            result = scene.send(
                [writer.create(actor, actor, facts.posts[0])], facts.port, connections=1
            )
            if result.accepted != 1:
                raise RuntimeError(f"a newcomer was answered {result.statuses[0]}")
            time.sleep(SETTLE_SECONDS)
            paths = fleet.status().gets
            asked.append(sum(paths.values()))
    scene.drop(facts)
    return [
        Row(
            id="G12",
            workload="requests to a new actor's server at first contact (a Create)",
            value=max(asked),
            must=3,
            stretch=1,
            sense="at most",
            runs=tuple(asked),
            note=", ".join(f"{count} x {path}" for path, count in paths.items()),
        )
    ]


def filled(scene: Scene) -> tuple[Row, Facts, FakePeers]:
    """G13: the disk that many posts take; and the node that has them."""
    peers = scene.peers(HOSTS, PEOPLE)
    facts = scene.found("filled", plan_for(scene, peers))
    checkpoint(facts.database)
    before = bytes_of(facts.database)
    fill(scene, facts, peers, scene.sizes.stored)
    checkpoint(facts.database)
    taken = bytes_of(facts.database) - before
    row = Row(
        id="G13",
        workload="disk for 100,000 posts, indexes, log, kept bytes and notifications included",
        value=taken / scene.sizes.stored * 100_000 / 1e9,
        unit="GB",
        must=0.3,
        stretch=0.2,
        sense="at most",
        note=f"{scene.sizes.stored:,} posts took {taken / 1e6:.0f} MB after a checkpoint",
    )
    return row, facts, peers
