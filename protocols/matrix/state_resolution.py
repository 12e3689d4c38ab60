"""State resolution 2 and 2.1: one state out of several, the same on every server.

`resolve` is a plan (see protocols.plan): it asks for auth chains and events as it goes. Where all
states agree it asks for nothing. A thousand conflicted events take some 30 ms.

Spec: matrix/v1.19 rooms/v2 (versions 3 to 11) and rooms/v12 "State resolution".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic

from protocols.errors import LocalProtocolError
from protocols.matrix.auth_rules import check_against_state
from protocols.matrix.auth_rules_selection import auth_events_for
from protocols.matrix.auth_rules_state import ALLOWED, CREATE, POWER_LEVELS, StateKey
from protocols.matrix.event import Event
from protocols.matrix.membership_rules_third_party import MAX_VERIFICATIONS
from protocols.matrix.room_versions import RoomVersion
from protocols.matrix.state_resolution_conflict import full_conflicted_set, separate
from protocols.matrix.state_resolution_known import Id, Known, StateMap, StatePlan
from protocols.matrix.state_resolution_order import (
    mainline_order,
    power_events_and_chains,
    reverse_topological_power_order,
)
from protocols.plan import StepBudget
from protocols.strict_json import JsonObject

MAX_STEPS: Final = 5_000_000
"""Steps for one resolution: one to five seconds, some eighty thousand events in conflict."""

# An edge of an auth chain and an entry among power levels are a step each, 0.2 to 1 us.
_STEPS_PER_CHECK: Final = 50
_STEPS_PER_VERIFICATION: Final = 200


def resolve(
    states: Sequence[StateMap[Id]], version: RoomVersion, budget: StepBudget | None = None
) -> StatePlan[Id, dict[StateKey, Id]]:
    """Give the state that results from these states. Their order does not matter.

    Args:
        states: at least one; each holds the create event.
        version: the rules of the room.
        budget: the steps it may take; MAX_STEPS of its own if None.

    Spec: matrix/v1.19 rooms/v2 and rooms/v12 "State resolution", "Algorithm".

    Raises:
        EventsMissingError: an event that is needed was not in the answer.
        StepBudgetError: the room is made to take too long.
        LocalProtocolError: no states, or states without the create event (version 12).
    """
    if not states:
        raise LocalProtocolError("no state to resolve")
    parts = separate(states)
    if not parts.conflicted:
        return parts.unconflicted
    budget = budget or StepBudget(MAX_STEPS)
    known: Known[Id] = Known()
    full = yield from full_conflicted_set(parts, version, known, budget)
    create = yield from _load(full, parts.unconflicted, version, known)
    checks = _Checks(version=version, known=known, create=create, budget=budget)
    # 1. The power events, and of their auth chains what is in conflict too.
    graph = power_events_and_chains(full, known, budget)
    order = reverse_topological_power_order(graph, known, version, create, budget)
    # 2. Checked from the unconflicted state map, (2.1) from an empty one.
    start = {} if version.state_resolution == "v2.1" else parts.unconflicted
    partial = checks.apply(order, start)
    # 3. The others, by the mainline of the power levels that came out.
    others = full.difference(order)
    rest = yield from mainline_order(others, partial.get(POWER_LEVELS), known, budget)
    # 4. Checked from that partial state.
    resolved = checks.apply(rest, partial)
    # 5. What was never in conflict stays.
    resolved.update(parts.unconflicted)
    return resolved


def _load(
    full: set[Id], unconflicted: StateMap[Id], version: RoomVersion, known: Known[Id]
) -> StatePlan[Id, Event | None]:
    """Learn all that checks can ask for; gives the create event where it is implied."""
    create_name = unconflicted.get(CREATE) if version.room_id_is_create_hash else None
    if version.room_id_is_create_hash and create_name is None:
        raise LocalProtocolError("states of a room without its create event")
    implied = [] if create_name is None else [create_name]
    yield from known.load(auth_events=full, events=[*full, *implied])
    wanted = {parent for name in full for parent in known.auth_events[name]}
    if version.state_resolution == "v2":
        for name in full:
            keys = auth_events_for(known.events[name], version)
            wanted.update(unconflicted[key] for key in keys if key in unconflicted)
    yield from known.load(events=wanted)
    return None if create_name is None else known.events[create_name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks(Generic[Id]):
    """The iterative auth checks.

    Attributes:
        version: the rules of the room.
        known: holds all events that are tried, and what they are checked against.
        create: the create event, where auth events do not name it.
        budget: of the plan.
    """

    version: RoomVersion
    known: Known[Id]
    create: Event | None
    budget: StepBudget

    def apply(self, order: Iterable[Id], start: StateMap[Id]) -> dict[StateKey, Id]:
        """Give the start with every event on it that was allowed by what came before.

        Spec: matrix/v1.19 rooms/v2 "Definitions", iterative auth checks.
        """
        state = dict(start)
        for name in order:
            event = self.known.events[name]
            # By the letter one that was rejected for the state that it met could be admitted here.
            # Most servers leave out all rejected events, and agreeing with them is the point.
            if event.state_key is None or name in self.known.rejected:
                continue
            against = self._state_for(name, event, state)
            self.budget.spend(_cost(event, against))
            if check_against_state(event, against, self.version) == ALLOWED:
                state[event.type, event.state_key] = name
        return state

    def _state_for(self, name: Id, event: Event, state: StateMap[Id]) -> dict[StateKey, Event]:
        """Give what the event is checked against: the state, and where it is silent, auth events.

        Auth events are not checked again, so that rejected ones do not count.
        """
        events, rejected = self.known.events, self.known.rejected
        against: dict[StateKey, Event] = {}
        for parent in self.known.auth_events[name]:
            found = events[parent]
            if (
                found.state_key is not None
                and parent not in rejected
                and found.room_id == event.room_id
            ):
                against[found.type, found.state_key] = found
        for key in auth_events_for(event, self.version):
            held = state.get(key)
            if held is not None and held not in rejected:
                against[key] = events[held]
        if self.create is not None:
            against[CREATE] = self.create
        return against


def _cost(event: Event, against: Mapping[StateKey, Event]) -> int:
    """Give the steps of one check, by what in it can be made to take long."""
    if event.type == "m.room.power_levels":
        levels = (event, against.get(POWER_LEVELS))
        entries = sum(_entries(found.content) for found in levels if found is not None)
        return _STEPS_PER_CHECK + entries
    if "third_party_invite" in event.content:
        return _STEPS_PER_CHECK + MAX_VERIFICATIONS * _STEPS_PER_VERIFICATION
    return _STEPS_PER_CHECK


def _entries(content: JsonObject) -> int:
    tables = (content.get(name) for name in ("users", "events", "notifications"))
    return sum(len(table) for table in tables if isinstance(table, dict))
