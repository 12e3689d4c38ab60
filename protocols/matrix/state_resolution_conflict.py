"""Which events are in conflict between states of a room.

Auth chains are walked backwards from the conflicted events only. A bit mask per event says from
which of the states it was reached; what every state holds counts as reached from all. Only when
that leaves an event of which some states may not know is the rest of the state walked as well.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from protocols.matrix.auth_rules_state import StateKey
from protocols.matrix.room_versions import RoomVersion
from protocols.matrix.state_resolution_known import Id, Known, StateMap, StatePlan
from protocols.plan import StepBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Separated(Generic[Id]):
    """States of a room taken apart.

    Attributes:
        unconflicted: what all states hold alike.
        conflicted: the events about which they differ -> the states that hold it, as a bit mask.
        all_states: the bit mask of all states.
    """

    unconflicted: dict[StateKey, Id]
    conflicted: dict[Id, int]
    all_states: int


def separate(states: Sequence[StateMap[Id]]) -> Separated[Id]:
    """Take the states apart into what they share and what is in conflict.

    Spec: matrix/v1.19 rooms/v2 "Definitions", unconflicted state map and conflicted state set.
    """
    first = states[0]
    keys: set[StateKey] = set()
    for other in states[1:]:
        keys.update(key for key, _ in first.items() ^ other.items())
    conflicted: dict[Id, int] = {}
    for index, state in enumerate(states):
        for key in keys:
            if key in state:
                conflicted[state[key]] = conflicted.get(state[key], 0) | 1 << index
    return Separated(
        unconflicted={key: found for key, found in first.items() if key not in keys},
        conflicted=conflicted,
        all_states=(1 << len(states)) - 1,
    )


def full_conflicted_set(
    parts: Separated[Id], version: RoomVersion, known: Known[Id], budget: StepBudget
) -> StatePlan[Id, set[Id]]:
    """Give the conflicted events, the auth difference, and (2.1) the conflicted state subgraph.

    The events of a state count as part of its auth chain, as in every server in use; by the
    letter of the definition an event is not in its own chain, and a member event that all states
    hold would be in the difference when one branch alone refers to it.

    Spec: matrix/v1.19 rooms/v12 "Definitions", auth difference, conflicted state subgraph, full
    conflicted set; rooms/v2 the same without the subgraph.

    Raises:
        EventsMissingError: an event of the auth chains cannot be found.
        StepBudgetError: the chains are too long.
    """
    walk = _Walk(parts, known, budget)
    with_subgraph = version.state_resolution == "v2.1"
    yield from walk.from_conflicted(parts.conflicted, stop_at_all_states=not with_subgraph)
    full = set(parts.conflicted)
    if with_subgraph:
        full |= walk.subgraph(parts.conflicted)
    if walk.has_difference_beside(full):
        yield from walk.from_all_states()
    return full | walk.difference()


class _Walk(Generic[Id]):
    """A walk along auth events, away from the newest."""

    def __init__(self, parts: Separated[Id], known: Known[Id], budget: StepBudget) -> None:
        self._known = known
        self._budget = budget
        self._all = parts.all_states
        # Event -> the states from which it was reached.
        self._masks = dict.fromkeys(parts.unconflicted.values(), parts.all_states)
        self._masks.update(parts.conflicted)
        # Event -> the mask with which its auth events were reached.
        self._expanded: dict[Id, int] = {}

    def from_conflicted(
        self, conflicted: Iterable[Id], *, stop_at_all_states: bool
    ) -> StatePlan[Id, None]:
        """Walk from the conflicted events: to the end, or to where all states meet."""
        yield from self._expand(conflicted, stop_at=self._all if stop_at_all_states else None)

    def from_all_states(self) -> StatePlan[Id, None]:
        """Walk from all that every state reaches, so that nothing is taken for a difference."""
        shared = [found for found, mask in self._masks.items() if mask == self._all]
        yield from self._expand(shared, stop_at=None)

    def _expand(self, start: Iterable[Id], *, stop_at: int | None) -> StatePlan[Id, None]:
        todo: Collection[Id] = dict.fromkeys(start)
        masks, expanded, parents_of = self._masks, self._expanded, self._known.auth_events
        while todo:
            yield from self._known.load(auth_events=todo)
            reached: dict[Id, None] = {}
            for event in todo:
                mask = masks[event]
                if expanded.get(event) == mask:
                    continue
                expanded[event] = mask
                parents = parents_of[event]
                self._budget.spend(1 + len(parents))
                for parent in parents:
                    before = masks.get(parent, 0)
                    masks[parent] = after = before | mask
                    if after != stop_at and (after != before or parent not in expanded):
                        reached[parent] = None
            todo = reached

    def subgraph(self, conflicted: Iterable[Id]) -> set[Id]:
        """Give the walked events that have a conflicted event in their own auth chain."""
        children: dict[Id, list[Id]] = {}
        for event in self._expanded:
            for parent in self._known.auth_events[event]:
                self._budget.spend()
                children.setdefault(parent, []).append(event)
        found: set[Id] = set()
        todo = [*conflicted]
        while todo:
            event = todo.pop()
            if event not in found:
                found.add(event)
                todo += children.get(event, ())
        return found

    def has_difference_beside(self, full: set[Id]) -> bool:
        """Tell whether an event that is not in the set anyway seems to be in the difference."""
        return any(mask != self._all and event not in full for event, mask in self._masks.items())

    def difference(self) -> set[Id]:
        """Give the events that not every state reaches."""
        return {event for event, mask in self._masks.items() if mask != self._all}
