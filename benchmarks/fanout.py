"""One post to all followers: the fake peers, the node, the trigger, and what arrived where."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks.activities import Sent, Writer
from benchmarks.fleet import Arrival
from benchmarks.peers_child import FleetChild
from benchmarks.processes import NodeChild, document_of
from benchmarks.scene import Scene
from benchmarks.village import Facts, FakePeers, Plan
from protocols import http_signatures
from protocols.key_formats import parse_public_pem
from protocols.signed_request import RequestParts

PATIENCE_SECONDS: Final = 8.0
"""How long nothing may arrive before a fan-out counts as over."""
_ID: Final = re.compile(rb'"id":"([^"]+)"')
_PEM: Final = re.compile(r'"publicKeyPem":\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What a fan-out did.

    Attributes:
        arrivals: POSTs about the post, in the order of their coming.
        started: when the trigger went out.
        cpu_seconds: of the node meanwhile.
    """

    arrivals: tuple[Arrival, ...]
    started: float
    cpu_seconds: float

    def delays_ms(self, hosts: Sequence[int] | None = None) -> list[float]:
        """How long after the trigger each POST came; of these hosts alone if they are given."""
        wanted = None if hosts is None else frozenset(hosts)
        return [
            (arrival.at - self.started) * 1e3
            for arrival in self.arrivals
            if wanted is None or arrival.host in wanted
        ]

    @property
    def rate(self) -> float:
        """Deliveries a second, from the trigger to the last one."""
        return len(self.arrivals) / (max(self.delays_ms()) / 1e3)

    @property
    def hosts(self) -> frozenset[int]:
        """Who got something."""
        return frozenset(arrival.host for arrival in self.arrivals)


@dataclass(slots=True, kw_only=True)
class Stage:
    """A running node with a group, and its followers' hosts.

    Attributes:
        copies: how many deliveries each host gets of a post: the Announce of the activity, and
            for peers whose software is unknown also that of the object.
    """

    scene: Scene
    facts: Facts
    peers: FakePeers
    node: NodeChild
    fleet: FleetChild
    copies: int
    turn: int = 0

    def trigger(self) -> Sent:
        """A new thread in the group, by a follower."""
        writer = Writer(peers=self.peers, facts=self.facts, tag=f"fan{self.turn}")
        self.turn += 1
        return writer.create(0, self.turn, None, page=True)

    def spread(self, healthy: int | None = None) -> Spread:
        """Trigger a fan-out and wait until it has reached that many hosts (all)."""
        wanted = (self.peers.hosts if healthy is None else healthy) * self.copies
        self.fleet.reset()
        before = self.node.cpu_seconds()
        result = self.scene.send([self.trigger()], self.facts.port, connections=1)
        self.fleet.wait(lambda status: status.posts >= wanted, PATIENCE_SECONDS)
        return Spread(
            arrivals=tuple(self.fleet.arrivals(self.scene.folder)),
            started=result.started,
            cpu_seconds=self.node.cpu_seconds() - before,
        )


@contextmanager
def staged(scene: Scene, facts: Facts, peers: FakePeers, software: str | None) -> Iterator[Stage]:
    """Start the node and the hosts."""
    with FleetChild(peers, software or "fakeware") as fleet, NodeChild(facts) as node:
        yield Stage(
            scene=scene,
            facts=facts,
            peers=peers,
            node=node,
            fleet=fleet,
            copies=1 if software is not None else 2,
        )


def found_with_followers(scene: Scene, name: str, peers: FakePeers, software: str | None) -> Facts:
    """A node whose group has a follower at each host."""
    return scene.found(name, Plan(peers=peers, followers=True, software=software))


def activity_id(arrival: Arrival) -> str:
    """The id of the activity that was delivered: the first in its JSON."""
    found = _ID.search(arrival.body)
    return "" if found is None else found[1].decode()


def badly_signed(facts: Facts, arrivals: Sequence[Arrival], most: int = 50) -> int:
    """How many of a sample of arrivals are not signed by the group's published key."""
    step = max(1, len(arrivals) // most)
    found = _PEM.search(document_of(facts.group))
    assert found is not None
    key = parse_public_pem(found[1].encode().decode("unicode_escape"))
    bad = 0
    for arrival in arrivals[::step]:
        request = _request(arrival)
        signature = http_signatures.parse(request.headers["signature"])
        if not signature.key_id.startswith(facts.group):
            bad += 1
            continue
        http_signatures.verify(signature, request, key)
    return bad


def _request(arrival: Arrival) -> RequestParts:
    line, *fields = arrival.head.decode("latin-1").split("\r\n")
    method, target, _version = line.split(" ")
    pairs = (field.partition(":") for field in fields)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return RequestParts(method=method, target=target, headers=headers, body=arrival.body)
