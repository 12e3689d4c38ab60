"""Compares noaber with Synapse over random rooms: `python -m tests.differential.run --dags 10000`.

Ends with 1 if there is a difference that is not known. What is printed names each room by seed
and number; `--first N --dags 1` looks at it again.
"""

import argparse
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.differential.comparing import Difference, differences
from tests.differential.known_deviations import DEVIATIONS, known_deviation
from tests.differential.replaying import ReplayedRoom
from tests.differential.room_dags import random_dag
from tests.differential.room_steps import Dag
from tests.differential.shrinking import printed, shrunk
from tests.differential.synapse_oracle import INSTALL, SynapseOracle, installed

PROGRESS_EVERY = 500
MOST_SHRUNK = 10

_RULES = Path(__file__).resolve().parents[2] / "protocols" / "matrix"


@dataclass(slots=True, kw_only=True)
class Totals:
    """What a run has seen so far.

    Attributes:
        numbers: of rooms, events, forks and so on.
        verdicts: of each rule, how many verdicts it gave; "allow" by the kind of event.
        versions: of each version, how many rooms.
        known: of each known deviation, how many differences.
        unknown: of each sort, how many differences that are not known.
        shown: the first of each sort, small and printed.
    """

    numbers: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)


def compare_rooms(oracle: SynapseOracle, seed: int, first: int, count: int) -> Totals:
    """Compare so many random rooms, and tell of each new sort of difference at once."""
    totals = Totals()
    started = time.monotonic()
    for number in range(first, first + count):
        dag, room = random_dag(seed, number)
        found = _unknown_differences(oracle, room, totals.known)
        _count(totals, dag, room)
        for difference in found:
            totals.unknown[difference.sort] += 1
            if totals.unknown[difference.sort] == 1 and len(totals.shown) < MOST_SHRUNK:
                shown = _shown(oracle, dag, difference)
                totals.shown.append(f"room {number} of seed {seed}, {shown}")
                click.echo(totals.shown[-1] + "\n")
        if (number - first + 1) % PROGRESS_EVERY == 0:
            events, unknown = totals.numbers["events"], sum(totals.unknown.values())
            seconds = time.monotonic() - started
            click.echo(
                f"{number - first + 1} rooms, {events} events, {unknown} differences,"
                f" {seconds:.0f} s"
            )
    return totals


def _unknown_differences(
    oracle: SynapseOracle, room: ReplayedRoom, known: Counter[str]
) -> list[Difference]:
    unknown: list[Difference] = []
    for difference in differences(room, oracle.ask(room)):
        deviation = known_deviation(room, difference)
        if deviation is None:
            unknown.append(difference)
        else:
            known[deviation.name] += 1
    return unknown


def _shown(oracle: SynapseOracle, dag: Dag, difference: Difference) -> str:
    small, left = shrunk(
        dag, difference, lambda room: _unknown_differences(oracle, room, Counter())
    )
    return printed(small, left)


def _count(totals: Totals, dag: Dag, room: ReplayedRoom) -> None:
    totals.versions[dag.version.identifier] += 1
    followed: set[int] = set()
    for step in dag.steps:
        totals.numbers["forks"] += not followed.isdisjoint(step.prev)
        totals.numbers["merges"] += len(step.prev) > 1
        followed.update(step.prev)
    totals.numbers["rooms"] += 1
    totals.numbers["events"] += len(room.events)
    totals.numbers["rejected events"] += len(room.rejected)
    totals.numbers["soft-failed events"] += len(room.soft_failed)
    for question in room.questions:
        totals.numbers[f"questions: {question.kind}"] += 1
        if question.kind == "resolve":
            places = {key for state in question.states for key in state}
            shared = set.intersection(*(set(state.items()) for state in question.states))
            conflicted = len(places) - len(shared)
            totals.numbers["places in conflict"] += conflicted
        elif question.kind in ("check", "before", "current"):
            allowed = question.ours == "allow"
            rule = _kind_of(room, question.event) if allowed else str(question.ours)
            totals.verdicts[rule] += 1


def _kind_of(room: ReplayedRoom, number: int) -> str:
    event = room.events[number]
    if event.type != "m.room.member":
        return f"allow {event.type}"
    membership = event.content.get("membership")
    if membership == "invite" and "third_party_invite" in event.content:
        return "allow third party invite"
    if membership == "leave" and event.sender != event.state_key:
        return "allow kick or unban"
    voucher = "join_authorised_via_users_server"
    return f"allow {membership}" + (" vouched for" if voucher in event.content else "")


def all_rules() -> set[str]:
    """Give every rule by which noaber denies, as its verdicts name them."""
    return {
        f"deny {step}"
        for path in _RULES.glob("*_rules*.py")
        for step in re.findall(r'step="([^"]+)"', path.read_text("utf-8"))
    }


def summary(totals: Totals) -> str:
    """Give what a run has seen as text."""
    lines = [f"{count:9} {name}" for name, count in sorted(totals.numbers.items())]
    of_versions = sorted(totals.versions.items(), key=lambda entry: int(entry[0]))
    lines.append("rooms by version: " + ", ".join(f"{name}: {n}" for name, n in of_versions))
    lines.append("verdicts by rule, of all three checks:")
    lines += [f"{count:9} {name}" for name, count in sorted(totals.verdicts.items())]
    missed = sorted(all_rules() - totals.verdicts.keys())
    lines.append("rules that were not reached: " + (", ".join(missed) or "none"))
    lines.append("differences where Synapse is known to deviate:")
    for deviation in DEVIATIONS:
        lines.append(f"{totals.known[deviation.name]:9} {deviation.name}: {deviation.reason}")
    lines.append(f"differences: {sum(totals.unknown.values())}")
    lines += [f"{count:9} {sort}" for sort, count in sorted(totals.unknown.items())]
    return "\n".join(lines)


def main() -> int:
    """Run as the arguments say; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.run", description=__doc__)
    parser.add_argument("--dags", type=int, default=1000, help="rooms to compare")
    parser.add_argument("--seed", type=int, default=1, help="other rooms for another number")
    parser.add_argument("--first", type=int, default=0, help="number of the first room")
    arguments = parser.parse_args()
    python = installed()
    if python is None:
        click.echo(f"Synapse is not installed: run `{INSTALL}`", err=True)
        return 2
    with SynapseOracle(python) as oracle:
        totals = compare_rooms(oracle, arguments.seed, arguments.first, arguments.dags)
    click.echo(summary(totals))
    return 1 if totals.unknown else 0


if __name__ == "__main__":
    sys.exit(main())
