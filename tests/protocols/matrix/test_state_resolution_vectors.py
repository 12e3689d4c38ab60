"""Forks end in the state that other servers came to, for every recorded room."""

import json
from dataclasses import replace
from typing import Any

import pytest

from protocols.matrix.auth_rules import check_against_state
from protocols.matrix.auth_rules_state import ALLOWED, Denied
from protocols.matrix.event import Event, parse_event
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import REFUSED_VERSIONS, ROOM_VERSIONS
from tests.support.matrix_rooms import V10, V11, Replay, StateIds, named_event, recorded, state_of

CASES = (
    "minimal_private_chat",
    "origin_server_ts_tiebreak",
    "ban_vs_power_levels",
    "power_levels_admin_vs_mod",
    "topic_vs_ban",
    "concurrent_joins",
    "msc4297_problem_a_state_res_v2_0",
    "msc4297_problem_b_state_res_v2_0",
    "msc4297_problem_b_state_res_v2_1",
)
ROOMS = ("1", "2", "4", "5", "6", "8", "11", "12")


def state_ids(entries: Any) -> StateIds:
    return {(entry["type"], entry["state_key"]): EventId(entry["event_id"]) for entry in entries}


def resolved(case: Any) -> StateIds:
    room = Replay(ROOM_VERSIONS[case["room_version"]])
    if case["kind"] == "batches":
        for pdu in (pdu for batch in case["batches"] for pdu in batch):
            room.receive(named_event(pdu, room.version), trusted=True)
        return room.current()
    events = [named_event(pdu, room.version) for pdu in case["pdus"]]
    room.events = {event.event_id: event for event in events}
    return room.resolve([ids_of(room, names) for names in case["state_maps"]])


def ids_of(room: Replay, names: list[str]) -> StateIds:
    events = [room.events[EventId(name)] for name in names]
    return {key: event.event_id for key, event in state_of(events).items()}


def room_of(identifier: str) -> Any:
    rooms = recorded("real_rooms.json")["rooms"]
    return next(room for room in rooms if room["room_version"] == identifier)


def parsed(room: Any) -> list[Event]:
    version = ROOM_VERSIONS[room["room_version"]]
    return [parse_event(entry["pdu"], version) for entry in room["events"]]


def test_every_recorded_case_has_a_test() -> None:
    names = [case["name"] for case in recorded("state_res_cases.json")]

    assert names == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_states_resolve_to_what_other_servers_came_to(name: str) -> None:
    case = next(case for case in recorded("state_res_cases.json") if case["name"] == name)

    assert resolved(case) == state_ids(case["resolved"])


def test_resolution_2_1_starts_from_nothing_so_that_join_rules_stay() -> None:
    """Problem A of MSC4297 by 2.1: what 2 loses is there, all else as before."""
    cases = recorded("state_res_cases.json")
    case = next(case for case in cases if case["name"] == "msc4297_problem_a_state_res_v2_0")
    room = Replay(replace(V11, state_resolution="v2.1"))
    events = [named_event(pdu, room.version) for pdu in case["pdus"]]
    room.events = {event.event_id: event for event in events}

    state = room.resolve([ids_of(room, names) for names in case["state_maps"]])

    kept = {("m.room.join_rules", ""): EventId("$01-m-room-join_rules")}
    assert state == state_ids(case["resolved"]) | kept


@pytest.mark.parametrize("identifier", [i for i in ROOMS if i not in REFUSED_VERSIONS])
def test_real_room_ends_in_the_state_of_its_servers(identifier: str) -> None:
    recorded_room = room_of(identifier)
    room = Replay(ROOM_VERSIONS[identifier])

    for event in parsed(recorded_room):
        room.receive(event)

    assert room.rejected == set()
    assert room.current() == {
        tuple(json.loads(key)): event_id for key, event_id in recorded_room["final_state"].items()
    }


def test_every_recorded_room_is_looked_at() -> None:
    versions = [room["room_version"] for room in recorded("real_rooms.json")["rooms"]]

    assert versions == list(ROOMS)


def subgraph_room(resolution: Any) -> tuple[Replay, StateIds]:
    """Two states of which one has no trace of the power levels that its newest event cites."""
    room = Replay(replace(V10, state_resolution=resolution))
    pdus = recorded("tuwunel-state-res-v2.1-includes-conflicted-state-subgraph.json")
    for pdu in pdus:
        event = named_event(pdu, room.version)
        room.events[event.event_id] = event
    common = ["create", "member-join-alice", "join_rules", "member-join-bob", "member-join-charlie"]
    shared = [f"$00-m-room-{name}" for name in common]
    eve = ["$00-m-room-power_levels", "$01-m-room-member-change-display-name-eve"]
    zara = ["$02-m-room-power_levels", "$00-m-room-member-join-zara"]
    return room, room.resolve([ids_of(room, shared + eve), ids_of(room, shared + zara)])


def test_resolution_2_1_keeps_power_levels_that_conflicted_events_rest_on() -> None:
    _, state = subgraph_room("v2.1")

    assert state["m.room.power_levels", ""] == "$02-m-room-power_levels"
    assert ("m.room.member", "@zara:example.com") in state
    assert ("m.room.member", "@eve:example.com") in state


def test_resolution_2_falls_back_to_the_first_power_levels_there() -> None:
    _, state = subgraph_room("v2")

    assert state["m.room.power_levels", ""] == "$00-m-room-power_levels"


def test_event_allowed_by_its_branch_can_be_refused_by_the_current_state() -> None:
    room = Replay(V10)
    for pdu in recorded("tuwunel-soft-fail-split.json"):
        room.receive(named_event(pdu, V10))

    delayed = room.events[EventId("$ghost_delayed_leave")]
    current = {key: room.events[found] for key, found in room.current().items()}
    assert room.rejected == set()
    assert room.soft_failed == {delayed.event_id}
    assert current["m.room.member", "@ghost:example.com"].event_id == "$ghost_current_leave"
    assert check_against_state(delayed, current, V10) == Denied(
        step="5.5.1", reason="there is nothing to leave"
    )
    before = {
        **current,
        ("m.room.member", "@ghost:example.com"): room.events[EventId("$ghost_join")],
    }
    assert check_against_state(delayed, before, V10) == ALLOWED
