"""A node that is killed with SIGKILL and started again, and the account of what that cost."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from benchmarks import ledger
from benchmarks.activities import Sent
from benchmarks.fleet import Arrival
from benchmarks.peers_child import FleetChild
from benchmarks.processes import NodeChild
from benchmarks.scene import Scene, wait_for_consumers
from benchmarks.village import Facts

KILL_SECONDS = 60.0
DRAIN_SECONDS = 120.0
IN_FLIGHT = 8
"""Requests that a peer may have unanswered at once: so many may be sent again after a kill."""


class _Inner(msgspec.Struct):
    id: str


class Announced(msgspec.Struct):
    """The part of a delivered body that says what it is and about what."""

    id: str
    object: _Inner | str

    @property
    def about(self) -> str:
        """The id of the activity or object inside."""
        return self.object if isinstance(self.object, str) else self.object.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What stands at the end.

    Attributes:
        accepted: how many requests were answered with 2xx.
        lost: those whose effect is missing.
        doubled: effects that stand twice, as sentences.
        missed: pairs of follower host and accepted activity that never met.
        announced_twice: pairs of host and activity that came under two ids.
        repeats: deliveries that came again under the same id.
        most_repeats: the most of them at one host.
    """

    accepted: int
    lost: int
    doubled: tuple[str, ...]
    missed: int
    announced_twice: int
    repeats: int
    most_repeats: int

    @property
    def faults(self) -> int:
        """Everything that must not be."""
        return self.lost + len(self.doubled) + self.missed + self.announced_twice


@dataclass(slots=True, kw_only=True)
class Survivor:
    """A node over its lives. Use `stop` at the end.

    Attributes:
        accepted: the requests that were answered with 2xx, in any life.
        kills: how often it was killed.
    """

    scene: Scene
    facts: Facts
    node: NodeChild
    fleet: FleetChild | None = None
    accepted: dict[str, Sent] = field(default_factory=dict)
    kills: int = 0

    def burst(self, requests: Sequence[Sent], after: int, chance: random.Random) -> None:
        """Send, with a kill at the 2xx with this number; then what is left, and some again."""
        statuses = self.scene.send(requests, self.facts.port, kill=(self.node.pid, after)).statuses
        self._note(requests, statuses)
        self._restart()
        answered = [request for request in requests if request.activity in self.accepted]
        again = chance.sample(answered, len(answered) // 4)
        left = [request for request in requests if request.activity not in self.accepted]
        self.send([*left, *again])

    def spread(self, triggers: Sequence[Sent], arrivals: int) -> None:
        """Send, with a kill when that many more deliveries have arrived at the fleet."""
        assert self.fleet is not None
        so_far = self.fleet.status().posts
        self.fleet.kill_at(self.node.pid, so_far + arrivals)
        statuses = self.scene.send(triggers, self.facts.port, connections=4).statuses
        self._note(triggers, statuses)
        self._restart()
        self.send([one for one in triggers if one.activity not in self.accepted])

    def send(self, requests: Sequence[Sent]) -> None:
        """Send without a kill; everything must be accepted.

        Raises:
            RuntimeError: something was not.
        """
        if not requests:
            return
        statuses = self.scene.send(requests, self.facts.port).statuses
        self._note(requests, statuses)
        if refused := [status for status in statuses if not 200 <= status < 300]:
            raise RuntimeError(f"{len(refused)} refused after a restart, the first: {refused[0]}")

    def _note(self, requests: Sequence[Sent], statuses: Sequence[int]) -> None:
        for request, status in zip(requests, statuses, strict=True):
            if 200 <= status < 300:
                self.accepted[request.activity] = request

    def _restart(self) -> None:
        """Wait for the SIGKILL that was planned, and start the next life."""
        self.node.process.wait(KILL_SECONDS)
        self.node.kill()
        self.kills += 1
        self.node = NodeChild(self.facts)

    def drain(self) -> None:
        """Wait until consumers have caught up and nothing waits to be delivered.

        Raises:
            RuntimeError: something still waits.
        """
        wait_for_consumers(self.facts.database)
        started = time.monotonic()
        while waiting := ledger.count(self.facts.database, "SELECT count(*) FROM deliveries"):
            if time.monotonic() - started > DRAIN_SECONDS:
                raise RuntimeError(f"{waiting} deliveries still wait")
            time.sleep(0.05)

    def account(self, hosts: int = 0) -> Account:
        """What stands now, and what has arrived at that many follower hosts."""
        sent = list(self.accepted.values())
        database = self.facts.database
        arrivals = [] if self.fleet is None else self.fleet.arrivals(self.scene.folder)
        ids, copies = _sorted(arrivals)
        wanted = {(host, activity) for host in range(hosts) for activity in self.accepted}
        repeats = Counter(host for (host, _id), count in copies.items() for _ in range(count - 1))
        return Account(
            accepted=len(sent),
            lost=len(sent) - len(ledger.present(database, sent)),
            doubled=tuple(ledger.doubled(database)),
            missed=len(wanted - set(ids)),
            announced_twice=sum(1 for found in ids.values() if len(found) > 1),
            repeats=sum(repeats.values()),
            most_repeats=max(repeats.values(), default=0),
        )

    def stop(self) -> None:
        """End the present life in peace."""
        self.node.stop()


def _sorted(
    arrivals: Sequence[Arrival],
) -> tuple[dict[tuple[int, str], set[str]], Counter[tuple[int, str]]]:
    """Ids of Announces by host and what they are about; copies by host and id."""
    ids: dict[tuple[int, str], set[str]] = defaultdict(set)
    copies: Counter[tuple[int, str]] = Counter()
    for arrival in arrivals:
        announced = msgspec.json.decode(arrival.body, type=Announced)
        ids[arrival.host, announced.about].add(announced.id)
        copies[arrival.host, announced.id] += 1
    return ids, copies
