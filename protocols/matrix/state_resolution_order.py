"""The two orders in which state resolution tries events."""

import heapq
from collections.abc import Iterable, Mapping

from protocols.matrix.auth_rules_state import CREATE, POWER_LEVELS
from protocols.matrix.event import Event
from protocols.matrix.power_levels import PowerLevelError, power_levels
from protocols.matrix.room_versions import RoomVersion
from protocols.matrix.state_resolution_known import Id, Known, StatePlan
from protocols.plan import StepBudget

_PLACES_OF_POWER = frozenset({POWER_LEVELS, ("m.room.join_rules", ""), CREATE})


def is_power_event(event: Event) -> bool:
    """Tell whether the event may take from somebody what they can do.

    Servers in use agree that the state key has to be empty, and that m.room.create is one.

    Spec: matrix/v1.19 rooms/v2 "Definitions", power events.
    """
    if event.type == "m.room.member":
        leaves = event.content.get("membership") in ("leave", "ban")
        return leaves and event.is_state and event.sender != event.state_key
    return (event.type, event.state_key) in _PLACES_OF_POWER


def power_events_and_chains(
    full: set[Id], known: Known[Id], budget: StepBudget
) -> dict[Id, list[Id]]:
    """Give the power events of the set and what of their auth chains is in it too.

    Each with its own auth events in the set. Servers in use follow auth events only while they
    stay inside the set, so that an event reached by a way around is not among them.

    Spec: matrix/v1.19 rooms/v2 "Algorithm" step 1.

    Raises:
        StepBudgetError: the set is too large.
    """
    todo = [found for found in full if is_power_event(known.events[found])]
    graph: dict[Id, list[Id]] = {}
    while todo:
        event = todo.pop()
        if event not in graph:
            graph[event] = [parent for parent in known.auth_events[event] if parent in full]
            budget.spend(1 + len(graph[event]))
            todo += graph[event]
    return graph


def reverse_topological_power_order(
    graph: Mapping[Id, list[Id]],
    known: Known[Id],
    version: RoomVersion,
    create: Event | None,
    budget: StepBudget,
) -> list[Id]:
    """Give the events of the graph, each after its auth events, the most powerful sender first.

    Args:
        graph: event -> its auth events, all of which are in the graph.
        known: holds these events and all of their auth events.
        version: the rules of the room.
        create: the create event, where auth events do not name it.
        budget: of the plan.

    Spec: matrix/v1.19 rooms/v2 "Definitions", reverse topological power ordering.

    Raises:
        StepBudgetError: the graph is too large.
    """
    waiting = {event: len(parents) for event, parents in graph.items()}
    children: dict[Id, list[Id]] = {event: [] for event in graph}
    rank: dict[Id, tuple[int, int, str]] = {}
    for name, parents in graph.items():
        event = known.events[name]
        level = _sender_level(name, known, version, create)
        rank[name] = (-level, event.origin_server_ts, event.event_id)
        budget.spend(1 + len(known.auth_events[name]))
        for parent in parents:
            children[parent].append(name)
    # The rank ends in the event id, so that the heap never compares the names behind it.
    ready = [(rank[event], event) for event, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[Id] = []
    while ready:
        _, event_name = heapq.heappop(ready)
        order.append(event_name)
        for child in children[event_name]:
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, (rank[child], child))
    return order


def _sender_level(name: Id, known: Known[Id], version: RoomVersion, create: Event | None) -> int:
    levels_event = None
    for parent in known.auth_events[name]:
        found = known.events[parent]
        if (found.type, found.state_key) == POWER_LEVELS:
            levels_event = found
        elif (found.type, found.state_key) == CREATE:
            create = found
    if create is None:
        return 0
    try:
        return power_levels(create, levels_event, version).of(known.events[name].sender)
    except PowerLevelError:
        return 0


def mainline_order(
    events: Iterable[Id], power_event: Id | None, known: Known[Id], budget: StepBudget
) -> StatePlan[Id, list[Id]]:
    """Give the events in the order of the power levels that they were made under.

    Args:
        events: those to order; known.
        power_event: the m.room.power_levels event whose mainline counts.
        known: all answers so far.
        budget: of the plan.

    Spec: matrix/v1.19 rooms/v2 "Definitions", mainline ordering.

    Raises:
        EventsMissingError: an event of the auth chains cannot be found.
        StepBudgetError: the chains of power levels are too long.
    """
    names = list(events)
    starts = names if power_event is None else [*names, power_event]
    previous = yield from _previous_power_levels(starts, known, budget)
    # Position in the mainline; what leads nowhere into it is further than its end.
    position: dict[Id, int] = {}
    link = power_event
    while link is not None and link not in position:
        position[link] = len(position)
        link = previous[link]
    nowhere = len(position)
    rank: dict[Id, tuple[int, int, str]] = {}
    for name in names:
        event = known.events[name]
        reached = _position(previous[name], previous, position, nowhere)
        rank[name] = (-reached, event.origin_server_ts, event.event_id)
    return sorted(names, key=rank.__getitem__)


def _position(
    link: Id | None, previous: Mapping[Id, Id | None], position: dict[Id, int], nowhere: int
) -> int:
    """Give where the chain of power levels meets the mainline; remembers it for all it passed."""
    passed: list[Id] = []
    found = nowhere
    while link is not None:
        if link in position:
            found = position[link]
            break
        # Meets a circle, which honest hashes cannot make, as the end of the chain.
        position[link] = nowhere
        passed.append(link)
        link = previous[link]
    for event in passed:
        position[event] = found
    return found


def _previous_power_levels(
    starts: Iterable[Id], known: Known[Id], budget: StepBudget
) -> StatePlan[Id, dict[Id, Id | None]]:
    """Give for each event, and for all power levels behind it, the power levels before it."""
    previous: dict[Id, Id | None] = {}
    todo = set(starts)
    while todo:
        yield from known.load(auth_events=todo)
        yield from known.load(events={p for event in todo for p in known.auth_events[event]})
        found: set[Id] = set()
        for event in todo:
            parents = known.auth_events[event]
            budget.spend(1 + len(parents))
            levels = (p for p in parents if _is_power_levels(known.events[p]))
            previous[event] = link = next(levels, None)
            if link is not None:
                found.add(link)
        todo = found - previous.keys()
    return previous


def _is_power_levels(event: Event) -> bool:
    return (event.type, event.state_key) == POWER_LEVELS
