"""A node that is killed with SIGKILL and started again, and the account of what that cost."""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

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
RELAYED = frozenset({"Create", "Like"})
"""What a group announces to its followers; a boost is told by who boosts."""
UNSETTLED_SECONDS = 2.0
"""What arrived so short before a kill may come again: it was in flight, or answered but not yet
written down (every 20 ms), plus the time until this process notices the kill."""


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
        stale_repeats: those of them that had come long before a kill, or without one.
    """

    accepted: int
    lost: int
    doubled: tuple[str, ...]
    missed: int
    announced_twice: int
    repeats: int
    stale_repeats: int

    @property
    def faults(self) -> int:
        """Everything that must not be."""
        wrong = self.lost + len(self.doubled) + self.missed
        return wrong + self.announced_twice + self.stale_repeats


@dataclass(slots=True, kw_only=True)
class Survivor:
    """A node over its lives. Use `stop` at the end.

    Attributes:
        accepted: the requests that were answered with 2xx, in any life.
        kills: when it was killed, by the monotonic clock.
    """

    scene: Scene
    facts: Facts
    node: NodeChild
    fleet: FleetChild | None = None
    accepted: dict[str, Sent] = field(default_factory=dict)
    kills: list[float] = field(default_factory=list)

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
        self.kills.append(time.monotonic())
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
        ids, times = _sorted(arrivals)
        wanted = {
            (host, request.activity)
            for host in range(hosts)
            for request in sent
            if request.kind in RELAYED
        }
        again = [pair for found in times.values() for pair in pairwise(found)]
        return Account(
            accepted=len(sent),
            lost=len(sent) - len(ledger.present(database, sent)),
            doubled=tuple(ledger.doubled(database)),
            missed=len(wanted - set(ids)),
            announced_twice=sum(1 for found in ids.values() if len(found) > 1),
            repeats=len(again),
            stale_repeats=sum(not self._is_excused(*pair) for pair in again),
        )

    def _is_excused(self, first: float, again: float) -> bool:
        """Whether a kill stands between two copies, and shortly after the first."""
        return any(first < at < again and at - first < UNSETTLED_SECONDS for at in self.kills)

    def stop(self) -> None:
        """End the present life in peace."""
        self.node.stop()


def _sorted(
    arrivals: Sequence[Arrival],
) -> tuple[dict[tuple[int, str], set[str]], dict[tuple[int, str], list[float]]]:
    """Ids of Announces by host and what they are about; times by host and id."""
    ids: dict[tuple[int, str], set[str]] = defaultdict(set)
    times: dict[tuple[int, str], list[float]] = defaultdict(list)
    for arrival in arrivals:
        announced = msgspec.json.decode(arrival.body, type=Announced)
        ids[arrival.host, announced.about].add(announced.id)
        times[arrival.host, announced.id].append(arrival.at)
    return ids, times
