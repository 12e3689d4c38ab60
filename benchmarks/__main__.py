"""All figures of performance in one table.

    python -m benchmarks [--quick] [--only G1,G5] [--json FILE]

Everything runs on loopback, in processes that end with this one: the node is `noaber serve` with
a database of its own, its peers are fake hosts on 127.10.x.y, the load comes from a process of
its own. The whole takes some ten minutes, --quick two; on a busy machine only ratios mean
anything, and --quick is there to see that it runs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks import fanout_figures, inbox_figures, loss_figures, read_figures
from benchmarks.bounds import measured
from benchmarks.far_figures import far_peer
from benchmarks.footprint_figures import filled, first_contact, start_and_memory
from benchmarks.scene import QUICK, Scene, Sizes
from benchmarks.table import Bound, Row, machine, render
from benchmarks.village import KeyPool

Found = tuple[list[Row], list[Bound]]


def stored(scene: Scene) -> Found:
    """G13 and, on the same node, G4."""
    row, facts, peers = filled(scene)
    rows = [inbox_figures.growth(scene, facts, peers), row]
    scene.drop(facts)
    return rows, []


def without_bounds(measure: Callable[[Scene], list[Row]]) -> Callable[[Scene], Found]:
    """A measurement that tells nothing about the machine."""
    return lambda scene: (measure(scene), [])


MEASUREMENTS: dict[tuple[str, ...], Callable[[Scene], Found]] = {
    ("G1", "G3"): inbox_figures.inbox,
    ("G2", "G7"): without_bounds(loss_figures.losses),
    ("G4", "G13"): stored,
    ("G5",): fanout_figures.fanout,
    ("G6",): without_bounds(fanout_figures.sick_peers),
    ("G8", "G9"): read_figures.reading,
    ("G11",): without_bounds(start_and_memory),
    ("G12",): without_bounds(first_contact),
    ("G14",): without_bounds(far_peer),
}


def measure(only: frozenset[str], sizes: Sizes) -> tuple[list[Row], list[Bound]]:
    """Run what was asked for, one after another."""
    rows: list[Row] = []
    bounds = [machine()]
    started = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="noaber-bench-") as folder:
        bounds += measured(Path(folder))
        scene = Scene(folder=Path(folder), sizes=sizes, pool=KeyPool.make(), tell=tell)
        for ids, run in MEASUREMENTS.items():
            if not only or only & set(ids):
                found, learned = run(scene)
                rows += found
                bounds += learned
    bounds.append(machine())
    return sorted(rows, key=lambda row: int(row.id[1:])), bounds


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one run each")
    parser.add_argument("--only", default="", help="figures, such as G1,G5")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    options = parser.parse_args()
    only = frozenset(options.only.split(",")) - {""}
    known = {name for ids in MEASUREMENTS for name in ids}
    if only - known:
        parser.error(f"there is no {min(only - known)}; there are {', '.join(sorted(known))}")
    rows, bounds = measure(only, QUICK if options.quick else Sizes())
    print(render(rows, bounds))
    if options.json is not None:
        found = {"rows": rows, "bounds": bounds}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


if __name__ == "__main__":
    main()
