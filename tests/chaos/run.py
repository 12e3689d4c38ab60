"""Kill a node with SIGKILL at random points of inbox bursts and fan-outs, and count what it cost.

    python -m tests.chaos.run --kills 20 [--hosts 20] [--seed 7]

The node is `noaber serve` with one database over all its lives; a group of it has a follower at
each of the fake hosts. In every round it is killed at a random 2xx of a burst of signed
activities, or when a random number of deliveries of a fan-out has arrived; it is started again,
what was not answered is sent again, and a quarter of what was answered, too. At the end nothing
that was answered 2xx may be missing, no effect may stand twice, and every follower's host must
have every activity under one id; only what was in flight at a kill may have come twice. Exit code
0 if so, else 1. The seed replays the same plan.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.activities import Sent, Writer, mixed
from benchmarks.killing import Account, Survivor
from benchmarks.peers_child import FleetChild
from benchmarks.processes import NodeChild
from benchmarks.scene import QUICK, Scene
from benchmarks.village import KeyPool, Plan

SOFTWARE = "lemmy"
PEOPLE = 10
BURST = 240
PAGES = 12
"""How many threads a fan-out round begins: each goes to every host."""


def tell(what: str) -> None:
    """Say on standard error what happens."""
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


def threads(survivor: Survivor, writer: Writer, count: int) -> list[Sent]:
    """New threads in the group, sent and accepted."""
    pages = [writer.create(number, number, None, page=True) for number in range(count)]
    survivor.send(pages)
    return pages


def burst_round(survivor: Survivor, writer: Writer, chance: random.Random) -> str:
    """A burst on a few threads, killed at a random 2xx."""
    roots = threads(survivor, writer, 4)
    later = Writer(peers=writer.peers, facts=writer.facts, tag=f"{writer.tag}b")
    requests = mixed(later, BURST, [root.effect for root in roots])
    after = chance.randint(1, BURST - 1)
    survivor.burst(requests, after, chance)
    return f"burst, killed at 2xx {after} of {BURST}"


def fanout_round(survivor: Survivor, writer: Writer, chance: random.Random) -> str:
    """Threads that go to every host, killed when some deliveries have arrived."""
    survivor.drain()
    pages = [writer.create(number, number, None, page=True) for number in range(PAGES)]
    whole = PAGES * writer.peers.hosts
    arrivals = chance.randint(1, whole - 1)
    survivor.spread(pages, arrivals)
    return f"fan-out, killed at delivery {arrivals} of {whole}"


def play(folder: Path, kills: int, hosts: int, seed: int) -> Account:
    """All rounds; the account at the end."""
    chance = random.Random(seed)
    scene = Scene(folder=folder, sizes=QUICK, pool=KeyPool.make(), tell=tell)
    peers = scene.peers(hosts, PEOPLE)
    facts = scene.found("chaos", Plan(peers=peers, followers=True, software=SOFTWARE))
    with FleetChild(peers, SOFTWARE) as fleet:
        survivor = Survivor(scene=scene, facts=facts, node=NodeChild(facts), fleet=fleet)
        try:
            for number in range(kills):
                writer = Writer(peers=peers, facts=facts, tag=f"round{number}")
                round_of = burst_round if number % 2 == 0 else fanout_round
                tell(f"{number + 1} of {kills}: {round_of(survivor, writer, chance)}")
            survivor.drain()
            return survivor.account(hosts)
        finally:
            survivor.stop()


def summary(account: Account, kills: int, hosts: int, seed: int, seconds: float) -> str:
    """The line that says it all."""
    doubled = "; ".join(account.doubled) or "0"
    return (
        f"{kills} kills (seed {seed}) in {seconds:.0f} s: {account.accepted} activities accepted,"
        f" lost {account.lost}, doubled {doubled}; {hosts} follower hosts:"
        f" missed {account.missed}, under two ids {account.announced_twice},"
        f" repeated under the same id {account.repeats},"
        f" of them not in flight at a kill {account.stale_repeats}"
    )


def main() -> int:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    tell(f"seed {options.seed}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="noaber-chaos-") as folder:
        account = play(Path(folder), options.kills, options.hosts, options.seed)
    seconds = time.monotonic() - started
    sys.stdout.write(f"{summary(account, options.kills, options.hosts, options.seed, seconds)}\n")
    return 0 if account.faults == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
