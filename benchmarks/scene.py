"""What all measurements share: a scratch folder, sizes, keys, and founding and loading nodes."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks import ledger
from benchmarks.activities import Sent, write_requests
from benchmarks.generator import Result
from benchmarks.processes import free_port, module_output
from benchmarks.village import Facts, FakePeers, KeyPool, Plan, found_node

LOAD_SECONDS = 180.0
CATCH_UP_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is sent; `runs` is over how many runs a median is taken."""

    runs: int = 3
    activities: int = 5_000
    hosts: int = 1_000
    stored: int = 100_000
    killed: int = 3_000
    starts: int = 3
    newcomers: int = 5
    far: int = 240
    read: int = 20_000
    pages: int = 2_000


QUICK = Sizes(
    runs=1,
    activities=1_000,
    hosts=200,
    stored=3_000,
    killed=600,
    starts=1,
    newcomers=2,
    far=60,
    read=3_000,
    pages=200,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where and how large a run is; `tell` says what happens now."""

    folder: Path
    sizes: Sizes
    pool: KeyPool
    tell: Callable[[str], None]

    def peers(self, hosts: int, people: int = 1, first: int = 0) -> FakePeers:
        """Fake peers at a free port."""
        return FakePeers(hosts=hosts, people=people, port=free_port(), pool=self.pool, first=first)

    def found(self, name: str, plan: Plan) -> Facts:
        """A new node in a folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        return found_node(folder, free_port(), plan)

    def copy(self, facts: Facts, name: str) -> Facts:
        """The same node (same address, so not at the same time) in another folder."""
        folder = self.folder / name
        shutil.copytree(facts.data_dir, folder)
        return msgspec.structs.replace(facts, data_dir=str(folder))

    def drop(self, facts: Facts) -> None:
        """Delete a node's folder."""
        shutil.rmtree(facts.data_dir)

    def send(
        self,
        requests: Sequence[Sent],
        port: int,
        *,
        connections: int = 32,
        kill: tuple[int, int] | None = None,
    ) -> Result:
        """Send requests from a process of its own.

        Args:
            requests: what to send.
            port: of the node, on 127.0.0.1.
            connections: how many are open.
            kill: process id to kill, and after how many 2xx.
        """
        file = self.folder / f"requests-{port}"
        write_requests(file, requests)
        arguments = [str(file), "--port", str(port), "--connections", str(connections)]
        if kill is not None:
            arguments += ["--kill", str(kill[0]), "--after", str(kill[1])]
        output = module_output("benchmarks.generator", arguments, LOAD_SECONDS)
        file.unlink()
        return msgspec.json.decode(output, type=Result)


def wait_for_consumers(database: Path, seconds: float = CATCH_UP_SECONDS) -> float:
    """Wait until every consumer has taken every event; how long that took.

    Raises:
        RuntimeError: one did not.
    """
    started = time.monotonic()
    while (behind := ledger.lag(database)) > 0:
        if time.monotonic() - started > seconds:
            raise RuntimeError(f"a consumer is {behind} events behind after {seconds:g} s")
        time.sleep(0.02)
    return time.monotonic() - started
