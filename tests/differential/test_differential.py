"""The short form of the comparison with Synapse; `tests.differential.run` is the long one."""

from collections.abc import Iterator

import pytest

from tests.differential.replaying import replayed
from tests.differential.room_dags import random_dag
from tests.differential.room_steps import without_steps
from tests.differential.run import Totals, all_rules, compare_rooms
from tests.differential.synapse_oracle import INSTALL, SynapseOracle, installed

SEED = 2026
DAGS = 60


@pytest.fixture(scope="module")
def oracle() -> Iterator[SynapseOracle]:
    """Synapse, or a skip with the command that brings it."""
    python = installed()
    if python is None:
        pytest.skip(f"Synapse is not installed: run `{INSTALL}` (pip, and some 250 MB)")
    with SynapseOracle(python) as found:
        yield found


@pytest.fixture(scope="module")
def totals(oracle: SynapseOracle) -> Totals:
    return compare_rooms(oracle, SEED, 0, DAGS)


@pytest.mark.slow
def test_rooms_that_fork_come_out_as_at_synapse(totals: Totals) -> None:
    """Slow: Synapse takes a second to be imported, and the rooms two more."""
    assert totals.shown == []
    assert totals.numbers["rooms"] == DAGS
    assert totals.numbers["questions: resolve"] > DAGS


@pytest.mark.slow
def test_random_rooms_reach_most_rules(totals: Totals) -> None:
    """Slow: shares the rooms of the test before."""
    reached = all_rules() & totals.verdicts.keys()

    assert len(reached) > 0.6 * len(all_rules())
    assert {"allow join vouched for", "allow third party invite"} <= totals.verdicts.keys()


def test_same_number_gives_the_same_room() -> None:
    first, _ = random_dag(SEED, 7)
    again, _ = random_dag(SEED, 7)

    assert first == again


def test_room_that_lost_steps_can_still_be_played() -> None:
    dag, room = random_dag(SEED, 7)
    half = without_steps(dag, range(3, len(dag.steps), 2))

    smaller = replayed(half)

    assert replayed(dag).current() == room.current()
    assert 0 < len(smaller.events) < len(room.events)
