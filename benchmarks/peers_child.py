"""The parent's side of the fleet: start it, tell it what to do, read what arrived."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.fleet import Arrival, Hosts, KillAt, Modes, Order, Status
from benchmarks.processes import Child
from benchmarks.village import FakePeers

POLL_SECONDS = 0.02


class FleetChild(Child):
    """A running fleet."""

    def __init__(self, peers: FakePeers, software: str = "fakeware") -> None:
        """Start it and let it listen on all hosts of the plan."""
        super().__init__("-m", "benchmarks.fleet")
        addresses = [peers.address(host) for host in range(peers.hosts)]
        pems = list(peers.pool.pems)
        hosts = Hosts(addresses=addresses, port=peers.port, pems=pems, software=software)
        self._order(Order(open=hosts))

    def _order(self, order: Order) -> Status:
        return msgspec.json.decode(self.ask(order), type=Status)

    def behave(self, modes: Modes) -> None:
        """Let hosts be dead, slow or hanging."""
        self._order(Order(modes=modes))

    def reset(self) -> None:
        """Forget what has arrived."""
        self._order(Order(reset=True))

    def status(self) -> Status:
        """How much has arrived."""
        return self._order(Order())

    def kill_at(self, pid: int, arrivals: int) -> None:
        """Plan a SIGKILL for the moment when that many POSTs have arrived."""
        self._order(Order(kill_at=KillAt(pid=pid, arrivals=arrivals)))

    def arrivals(self, folder: Path) -> list[Arrival]:
        """Everything that has arrived."""
        file = folder / f"arrivals-{self.pid}"
        self._order(Order(arrivals=str(file)))
        found = msgspec.msgpack.decode(file.read_bytes(), type=list[Arrival])
        file.unlink()
        return found

    def wait(self, enough: Callable[[Status], bool], seconds: float) -> Status:
        """Wait until enough has arrived, or nothing new came for that time; what has."""
        status = self.status()
        last_new = time.monotonic()
        while not enough(status) and time.monotonic() - last_new < seconds:
            time.sleep(POLL_SECONDS)
            before, status = status, self.status()
            if status.posts != before.posts:
                last_new = time.monotonic()
        return status
