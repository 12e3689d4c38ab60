"""Which events are in conflict: graphs of auth events without any rooms around them."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.matrix.auth_rules_state import StateKey
from protocols.matrix.state_resolution_conflict import full_conflicted_set, separate
from protocols.matrix.state_resolution_known import (
    EventsMissingError,
    Known,
    StateAnswer,
    StateNeed,
)
from protocols.plan import StepBudget, StepBudgetError, run_plan
from tests.support.matrix_rooms import V10, V12

Graph = Mapping[int, Sequence[int]]


def place(name: int) -> StateKey:
    return ("m.test", str(name))


def full(
    graph: Graph,
    states: Sequence[Mapping[StateKey, int]],
    *,
    steps: int = 10_000,
    subgraph: bool = False,
) -> set[int]:
    def answer(need: StateNeed[int]) -> StateAnswer[int]:
        assert not need.events
        found = {name: graph[name] for name in need.auth_events if name in graph}
        return StateAnswer(auth_events=found, events={})

    version = V12 if subgraph else V10
    plan = full_conflicted_set(separate(states), version, Known[int](), StepBudget(steps))
    return run_plan(plan, answer)


def chain(graph: Graph, start: int) -> set[int]:
    return {start}.union(*(chain(graph, parent) for parent in graph[start]))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, list[dict[StateKey, int]]]:
    """Up to 12 events that cite older ones, and two or three states over them.

    An event has one place in the state, as a real one has by its type and state key.
    """
    size = draw(st.integers(2, 12))
    graph = {
        name: draw(st.lists(st.integers(0, name - 1), max_size=3, unique=True)) if name else []
        for name in range(size)
    }
    places = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    count = draw(st.integers(2, 3))
    states: list[dict[StateKey, int]] = [{} for _ in range(count)]
    for state in states:
        for name in draw(st.lists(st.integers(0, size - 1), unique=True)):
            state[place(places[name])] = name
    return graph, states


@given(graphs(), st.booleans())
def test_set_is_that_of_the_definition(
    made: tuple[Graph, list[dict[StateKey, int]]], subgraph: bool
) -> None:
    graph, states = made
    conflicted = {
        name
        for state in states
        for key, name in state.items()
        if any(s.get(key) != name for s in states)
    }
    chains = [set[int]().union(*(chain(graph, n) for n in state.values())) for state in states]
    expected = conflicted | (chains[0].union(*chains[1:]) - chains[0].intersection(*chains[1:]))
    if subgraph and conflicted:
        behind = set[int]().union(*(chain(graph, name) for name in conflicted))
        expected |= {name for name in behind if chain(graph, name) & conflicted}

    assert full(graph, states, subgraph=subgraph) == expected


def test_event_behind_one_state_alone_is_in_conflict() -> None:
    graph = {0: [], 1: [0], 2: [1], 3: [0]}

    assert full(graph, [{place(0): 2}, {place(0): 3}]) == {1, 2, 3}


def test_event_behind_what_all_states_hold_is_in_no_conflict() -> None:
    graph = {0: [], 1: [0], 2: [1], 3: [0], 4: [1]}

    assert full(graph, [{place(0): 2, place(1): 4}, {place(0): 3, place(1): 4}]) == {2, 3}


def test_path_between_conflicted_events_counts_from_2_1() -> None:
    graph = {0: [], 1: [0], 2: [1], 3: [2], 4: [2]}
    states = [{place(0): 1, place(1): 3, place(2): 4}, {place(0): 2, place(2): 4}]
    between = {0: [], 1: [0], 5: [1], 2: [5], 4: [5]}
    with_between = [{place(0): 1, place(2): 4}, {place(0): 2, place(2): 4}]

    assert full(graph, states) == {1, 2, 3}
    assert full(between, with_between) == {1, 2}
    assert full(between, with_between, subgraph=True) == {1, 2, 5}


def test_unconflicted_chains_are_not_walked_for_a_simple_conflict() -> None:
    graph = {1: [0], 2: [0]}
    shared = {place(n): n for n in (0, *range(100, 200))}

    assert full(graph, [{**shared, place(1): 1}, {**shared, place(1): 2}]) == {1, 2}


def test_missing_event_is_named() -> None:
    with pytest.raises(EventsMissingError) as failure:
        full({1: [0], 2: []}, [{place(1): 1}, {place(1): 2}])

    assert failure.value.ids == {0}


def test_long_chain_costs_its_length_and_no_more() -> None:
    length = 2_000
    graph = {name: [name - 1] if name else [] for name in range(length)}

    assert len(full(graph, [{place(0): length - 1}, {place(0): 0}], steps=3 * length)) == length
    with pytest.raises(StepBudgetError):
        full(graph, [{place(0): length - 1}, {place(0): 0}], steps=length)


def test_wide_and_deep_chains_cost_their_edges_once_per_state() -> None:
    """Layers of which every event cites all of the layer before: paths without number."""
    width, depth = 10, 60
    graph = {
        layer * width + column: [(layer - 1) * width + c for c in range(width)] if layer else []
        for layer in range(depth)
        for column in range(width)
    }
    edges = width * width * (depth - 1)
    top = (depth - 1) * width
    states = [{place(0): top}, {place(0): top + 1}, {place(0): top + 2}]

    assert len(full(graph, states, steps=4 * edges)) == 3
    assert len(full(graph, states, steps=5 * edges, subgraph=True)) == 3


def test_circle_of_auth_events_ends() -> None:
    graph = {0: [1], 1: [2], 2: [0], 3: [0]}

    for subgraph in (False, True):
        assert {0, 3} <= full(graph, [{place(0): 0}, {place(0): 3}], subgraph=subgraph)
