"""The inbox: how fast, how cheap, as fast with much stored as with nothing (G1, G3, G4)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from benchmarks import ledger
from benchmarks.activities import Sent, Writer, mixed
from benchmarks.generator import Result
from benchmarks.processes import Child, NodeChild, free_port
from benchmarks.scene import Scene, wait_for_consumers
from benchmarks.table import Bound, Row, median
from benchmarks.village import Facts, FakePeers, Plan

HOSTS, PEOPLE, POSTS = 20, 20, 20
"""20 peers with 20 people each, who answer 20 threads in each run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One load on one node."""

    result: Result
    applied: int
    lost: int
    catch_up: float
    cpu_ms: float

    @property
    def rate(self) -> float:
        """Activities a second that were answered with 2xx and whose effect stands."""
        return self.applied / self.result.seconds


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A running node with requests for the next runs."""

    scene: Scene
    facts: Facts
    peers: FakePeers
    node: NodeChild
    turn: int = 0

    def requests(self) -> list[Sent]:
        """The mix for one run, on threads of its own."""
        posts = self.facts.posts[self.turn * POSTS : (self.turn + 1) * POSTS]
        writer = Writer(peers=self.peers, facts=self.facts, tag=f"run{self.turn}")
        self.turn += 1
        return mixed(writer, self.scene.sizes.activities, posts)

    def warm(self) -> None:
        """Let every actor be heard once, so that their keys are in memory."""
        writer = Writer(peers=self.peers, facts=self.facts, tag="warm")
        last = self.facts.posts[-1]
        likes = [writer.like(actor, actor, last) for actor in range(self.peers.actors)]
        self.scene.send(likes, self.facts.port)

    def run(self, requests: Sequence[Sent]) -> Run:
        """Send, and look up what became of each."""
        before = self.node.cpu_seconds()
        result = self.scene.send(requests, self.facts.port)
        catch_up = wait_for_consumers(self.facts.database)
        cpu = self.node.cpu_seconds() - before
        accepted = [
            request
            for request, status in zip(requests, result.statuses, strict=True)
            if 200 <= status < 300
        ]
        applied = len(ledger.present(self.facts.database, accepted))
        return Run(
            result=result,
            applied=applied,
            lost=len(accepted) - applied,
            catch_up=catch_up,
            cpu_ms=cpu / len(requests) * 1e3,
        )


def plan_for(scene: Scene, peers: FakePeers) -> Plan:
    """A node that knows all senders, with threads for every run and one more to warm up."""
    return Plan(peers=peers, posts=POSTS * scene.sizes.runs + 1)


@contextmanager
def loaded(scene: Scene, facts: Facts, peers: FakePeers) -> Iterator[Loaded]:
    """A node that has been warmed."""
    with NodeChild(facts) as node:
        found = Loaded(scene=scene, facts=facts, peers=peers, node=node)
        found.warm()
        yield found


@contextmanager
def bare_handler(scene: Scene, peers: FakePeers) -> Iterator[int]:
    """The handler that verifies and stores nothing; its port."""
    keys = {f"{peers.actor(actor)}#main-key": peers.pem(actor) for actor in range(peers.actors)}
    file = scene.folder / "keys.json"
    file.write_bytes(msgspec.json.encode(keys))
    port = free_port()
    with Child("-m", "benchmarks.bare_handler", str(file), "--port", str(port)) as child:
        child.line()
        yield port


def inbox(scene: Scene) -> tuple[list[Row], list[Bound]]:
    """G1 and G3: the node and the bare handler in turns, by the same generator."""
    peers = scene.peers(HOSTS, PEOPLE)
    facts = scene.found("inbox", plan_for(scene, peers))
    runs: list[Run] = []
    bare: list[float] = []
    with loaded(scene, facts, peers) as node, bare_handler(scene, peers) as port:
        for turn in range(scene.sizes.runs):
            scene.tell(f"G1, G3: run {turn + 1} of {scene.sizes.runs}")
            requests = node.requests()
            result = scene.send(requests, port)
            bare.append(result.accepted / result.seconds)
            runs.append(node.run(requests))
        rss = node.node.rss_mib()
    scene.drop(facts)
    return [_rate_row(runs, bare), _cpu_row(runs, rss)], [
        Bound(name="bare aiohttp handler", text=f"{median(bare):.0f} requests/s")
    ]


def _rate_row(runs: Sequence[Run], bare: Sequence[float]) -> Row:
    ratios = tuple(run.rate / rate for run, rate in zip(runs, bare, strict=True))
    latencies = sorted(runs[-1].result.latencies_ms)
    return Row(
        id="G1",
        workload="inbox, Create 60 / Like 30 / Announce 10, durable and applied a second,"
        " over a bare handler that only verifies",
        value=median(ratios),
        must=0.25,
        stretch=0.5,
        runs=ratios,
        note=f"{median([run.rate for run in runs]):.0f}/s over {median(bare):.0f}/s;"
        f" {sum(run.lost for run in runs)} of {sum(run.result.accepted for run in runs)} that were"
        f" answered 202 are missing; p50 {latencies[len(latencies) // 2]:.1f} ms,"
        f" p99 {latencies[len(latencies) * 99 // 100]:.1f} ms at 32 connections;"
        f" consumers had caught up {max(run.catch_up for run in runs):.2f} s later",
    )


def _cpu_row(runs: Sequence[Run], rss: float) -> Row:
    costs = tuple(run.cpu_ms for run in runs)
    return Row(
        id="G3",
        workload="CPU of an inbound activity, all threads, consumers included",
        value=median(costs),
        unit="ms",
        must=0.8,
        stretch=0.4,
        sense="at most",
        runs=costs,
        note=f"memory after the runs {rss:.0f} MiB",
    )


def growth(scene: Scene, filled: Facts, peers: FakePeers) -> Row:
    """G4: the same load on a node with many posts and on an empty one, in turns."""
    empty = scene.found("empty", plan_for(scene, peers))
    full_rates: list[float] = []
    empty_rates: list[float] = []
    with loaded(scene, filled, peers) as full, loaded(scene, empty, peers) as small:
        for turn in range(scene.sizes.runs):
            scene.tell(f"G4: run {turn + 1} of {scene.sizes.runs}")
            empty_rates.append(small.run(small.requests()).rate)
            full_rates.append(full.run(full.requests()).rate)
    scene.drop(empty)
    ratios = tuple(one / other for one, other in zip(full_rates, empty_rates, strict=True))
    return Row(
        id="G4",
        workload=f"inbox rate with {scene.sizes.stored:,} posts stored over that of an empty node",
        value=median(ratios),
        must=0.8,
        stretch=0.95,
        runs=ratios,
        note=f"{median(full_rates):.0f}/s and {median(empty_rates):.0f}/s",
    )
