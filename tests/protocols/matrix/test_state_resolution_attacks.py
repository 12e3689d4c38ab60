"""Hostile servers gain nothing by forks, by lies about the state, or by sheer size."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from protocols.errors import LocalProtocolError
from protocols.matrix.auth_rules_state import StateKey
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import RoomVersion
from protocols.matrix.state_resolution import resolve
from protocols.matrix.state_resolution_known import EventsMissingError, StateAnswer, StateNeed
from protocols.plan import StepBudget, StepBudgetError, run_plan
from protocols.strict_json import JsonValue
from tests.support.matrix_rooms import V10, V11, V12, Replay, StateIds, event, started

CREATE: StateKey = ("m.room.create", "")
LEVELS: StateKey = ("m.room.power_levels", "")
RULES: StateKey = ("m.room.join_rules", "")
TOPIC: StateKey = ("m.room.topic", "")

EARLIEST = -(2**63)

both = pytest.mark.parametrize("version", [V10, V12], ids=["10", "12"])


def member(user: str) -> StateKey:
    return ("m.room.member", user)


def ban(room: Replay, name: str, sender: str, target: str, *, at: int = 0) -> str:
    return room.send(name, "m.room.member", sender, {"membership": "ban"}, key=target, at=at)


def users(version: RoomVersion, **levels: JsonValue) -> dict[str, JsonValue]:
    """Power levels in which @ann:a is what they made themselves by starting the room."""
    named: dict[str, JsonValue] = {f"@{name}:a": level for name, level in levels.items()}
    return {"users": named if version.privileged_creators else {"@ann:a": 100, **named}}


@both
def test_ban_is_not_evaded_by_an_event_from_before_it(version: RoomVersion) -> None:
    room = started(version)
    ban(room, "$ban", "@ann:a", "@mod:a", at=10)

    room.send("$topic", "m.room.topic", "@mod:a", {}, after=["$mod"], at=EARLIEST)

    assert room.soft_failed == {"$topic"}
    assert TOPIC not in room.current()
    room.send("$both", "m.room.message", "@ann:a", {}, key=None, after=["$ban", "$topic"])
    assert TOPIC not in room.after("$both")
    assert room.after("$both")[member("@mod:a")] == "$ban"


@both
def test_moderator_cannot_undo_a_demotion_from_before_it(version: RoomVersion) -> None:
    room = started(version)
    room.send("$demote", "m.room.power_levels", "@ann:a", users(version, mod=0), at=10)

    again = users(version, mod=50, friend=50)
    room.send("$again", "m.room.power_levels", "@mod:a", again, after=["$mod"], at=EARLIEST)
    room.send("$both", "m.room.message", "@ann:a", {}, key=None, after=["$demote", "$again"])

    assert room.after("$both")[LEVELS] == "$demote"


@both
def test_two_moderators_who_ban_each_other_come_out_the_same_everywhere(
    version: RoomVersion,
) -> None:
    room = started(version)
    room.join("$other", "@other:a")
    room.send("$two", "m.room.power_levels", "@ann:a", users(version, mod=50, other=49), at=5)
    fork = ["$two"]
    content: dict[str, JsonValue] = {"membership": "ban"}
    room.send("$x", "m.room.member", "@mod:a", content, key="@other:a", after=fork, at=9)
    room.send("$y", "m.room.member", "@other:a", content, key="@mod:a", after=fork, at=1)

    assert room.rejected == {"$y"}
    assert room.current()[member("@other:a")] == "$x"
    assert room.current()[member("@mod:a")] == "$mod"


def test_creator_of_version_12_keeps_the_room_against_an_older_branch() -> None:
    room = started(V12)
    room.send("$raise", "m.room.power_levels", "@ann:a", users(V12, mod=2**53 - 1), at=5)
    fork = room.send("$m", "m.room.message", "@ann:a", {}, key=None, at=6)
    room.send("$demote", "m.room.power_levels", "@ann:a", users(V12, mod=0), after=[fork], at=9)

    for number, (kind, key, content) in enumerate(TAKEOVERS):
        name = f"$take{number}"
        room.send(name, kind, "@mod:a", content, key=key, after=[fork], at=EARLIEST)
        room.send(f"$b{number}", "m.room.message", "@ann:a", {}, key=None, after=["$demote", name])
        after = room.after(f"$b{number}")
        assert after[LEVELS] == "$demote", name
        assert after[member("@ann:a")] == "$ann", name
        assert after[CREATE] == "$create", name


TAKEOVERS: Sequence[tuple[str, str, Mapping[str, JsonValue]]] = [
    ("m.room.member", "@ann:a", {"membership": "ban"}),
    ("m.room.member", "@ann:a", {"membership": "leave"}),
    ("m.room.power_levels", "", {"users": {"@mod:a": 2**53 - 1, "@ann:a": 0}}),
    ("m.room.power_levels", "", {"users": {"@mod:a": 2**53 - 1}, "users_default": -1}),
    ("m.room.create", "", {"additional_creators": ["@mod:a"]}),
]


@both
def test_room_is_not_taken_by_leaving_out_the_power_levels(version: RoomVersion) -> None:
    room = started(version)
    auth = ["$mod"] if version.room_id_is_create_hash else ["$create", "$mod"]
    before = room.current()

    room.send("$take", "m.room.power_levels", "@mod:a", users(version, mod=100), auth=auth)

    assert room.rejected == {"$take"}
    assert room.current() == before


@both
def test_second_create_event_changes_nothing(version: RoomVersion) -> None:
    room = started(version)
    before = room.current()

    room.send("$again", "m.room.create", "@mod:a", {"creator": "@mod:a"}, after=["$mod"])

    assert room.rejected == {"$again"}
    assert room.current() == before


@both
def test_refused_acts_leave_the_state_as_it_was(version: RoomVersion) -> None:
    room = started(version)
    room.send("$closed", "m.room.join_rules", "@ann:a", {"join_rule": "invite"})
    before = room.current()
    join: dict[str, JsonValue] = {"membership": "join"}
    invite: dict[str, JsonValue] = {"membership": "invite", "third_party_invite": {}}

    room.send("$1", "m.room.member", "@eve:c", join, key="@eve:c")
    room.send("$2", "m.room.member", "@eve:c", invite, key="@eve:c", after=["$closed"])
    room.send("$3", "m.room.power_levels", "@mod:a", users(version, mod=51), after=["$closed"])
    ban(room, "$4", "@mod:a", "@ann:a")
    room.send("$5", "m.room.topic", "@eve:c", {}, after=["$closed"])

    assert room.rejected == {"$1", "$2", "$3", "$4", "$5"}
    assert room.current() == before


def two_states(room: Replay, **events: str) -> list[StateIds]:
    """The current state, and the same with other events in some places."""
    current = room.current()
    changed = dict(current)
    for key, name in events.items():
        changed[key.replace("_", ".", 2), ""] = EventId(name)
    return [current, changed]


@both
def test_state_that_a_peer_makes_up_does_not_bring_rejected_events_in(
    version: RoomVersion,
) -> None:
    room = started(version)
    room.send("$topic", "m.room.topic", "@ann:a", {}, at=1)
    room.send("$own", "m.room.power_levels", "@mod:a", users(version, mod=99), after=["$mod"])
    auth = [*room.events[EventId("$own")].auth_events, EventId("$own")]
    room.send("$late", "m.room.topic", "@mod:a", {}, auth=auth, after=["$mod"], at=2)
    assert room.rejected == {"$own", "$late"}

    made_up = two_states(room, m_room_topic="$late", m_room_power_levels="$own")
    state = room.resolve(made_up)

    assert state[LEVELS] == "$levels"
    assert state[TOPIC] == "$topic"


def test_rejected_power_levels_lend_no_power_to_events_that_cite_them() -> None:
    room = started(V12)
    room.send("$own", "m.room.power_levels", "@mod:a", users(V12, mod=99), after=["$mod"])
    high = event(
        "$high",
        "m.room.join_rules",
        "@mod:a",
        {"join_rule": "invite"},
        auth=["$own", "$mod"],
        room_id=room.events[EventId("$create")].room_id,
        version=V12,
    )
    room.events[high.event_id] = high

    states = [room.current(), {**room.current(), RULES: high.event_id}]
    without_levels = [{k: v for k, v in state.items() if k != LEVELS} for state in states]

    assert room.resolve(without_levels)[RULES] == "$rules"


def test_rejected_power_levels_that_all_states_hold_lend_no_power() -> None:
    room = started(V10)
    room.join("$bob", "@bob:b")
    own: dict[str, JsonValue] = {"users": {"@ann:a": 100, "@bob:b": 100}}
    room.send("$own", "m.room.power_levels", "@bob:b", own)
    auth = ["$create", "$levels", "$bob"]
    topic = event("$topic", "m.room.topic", "@bob:b", {}, auth=auth)
    room.events[topic.event_id] = topic
    made_up = {**room.current(), LEVELS: EventId("$own")}

    assert room.rejected == {"$own"}
    assert TOPIC not in room.resolve([made_up, {**made_up, TOPIC: topic.event_id}])


def test_power_levels_of_another_room_lend_no_power() -> None:
    room = started(V10)
    elsewhere = event(
        "$elsewhere", "m.room.power_levels", "@bob:b", {"users": {"@bob:b": 100}}, room_id="!x:b"
    )
    room.join("$bob", "@bob:b")
    auth = ["$create", "$elsewhere", "$bob"]
    topic = event("$topic", "m.room.topic", "@bob:b", {}, auth=auth)
    room.events |= {elsewhere.event_id: elsewhere, topic.event_id: topic}
    current = {key: name for key, name in room.current().items() if key != LEVELS}

    assert TOPIC not in room.resolve([current, {**current, TOPIC: topic.event_id}])


def test_message_among_auth_events_is_not_taken_for_state() -> None:
    room = started(V10)
    room.join("$bob", "@bob:b")
    content: dict[str, JsonValue] = {"users": {"@bob:b": 100}}
    fake = event("$fake", "m.room.power_levels", "@bob:b", content, state_key=None)
    auth = ["$create", "$fake", "$bob"]
    topic = event("$topic", "m.room.topic", "@bob:b", {}, auth=auth)
    room.events |= {fake.event_id: fake, topic.event_id: topic}
    current = {key: name for key, name in room.current().items() if key != LEVELS}

    assert TOPIC not in room.resolve([current, {**current, TOPIC: topic.event_id}])


def crowd(version: RoomVersion, count: int) -> tuple[Replay, list[StateIds]]:
    """Two states that differ in the members who were banned, so many in each."""
    room = started(version)
    states = [room.current(), room.current()]
    auth = ["$levels", "$ann"] if version.room_id_is_create_hash else ["$create", "$levels", "$ann"]
    for number in range(2 * count):
        user = f"@u{number}:b"
        banned = event(
            f"$b{number}",
            "m.room.member",
            "@ann:a",
            {"membership": "ban"},
            state_key=user,
            auth=auth,
            at=number,
            room_id=room.events[EventId("$create")].room_id,
            version=version,
        )
        room.events[banned.event_id] = banned
        states[number % 2][member(user)] = banned.event_id
    return room, states


@both
def test_a_thousand_conflicts_are_resolved_within_a_hundredth_of_the_budget(
    version: RoomVersion,
) -> None:
    room, states = crowd(version, 500)
    budget = StepBudget(100_000)
    room.asked = 0

    state = run_plan(resolve(states, version, budget), room.answer)

    assert len(state) == 5 + 1000
    assert budget.spent < 70_000
    assert room.asked <= 6


@both
def test_resolution_ends_when_the_budget_is_spent(version: RoomVersion) -> None:
    room, states = crowd(version, 500)

    with pytest.raises(StepBudgetError):
        run_plan(resolve(states, version, StepBudget(20_000)), room.answer)


def test_power_levels_are_dearer_the_more_they_name() -> None:
    def spent(count: int) -> int:
        room = started(V10)
        many: dict[str, JsonValue] = {f"@u{n}:b": 1 for n in range(count)}
        content: dict[str, JsonValue] = {"users": {"@ann:a": 100, **many}}
        room.send("$many", "m.room.power_levels", "@ann:a", content)
        budget = StepBudget(100_000)
        run_plan(resolve([room.after("$mod"), room.after("$many")], V10, budget), room.answer)
        return budget.spent

    assert spent(2000) - spent(0) >= 2000


def test_third_party_invites_are_dear_since_their_signatures_are_tried() -> None:
    def spent(content: Mapping[str, JsonValue]) -> int:
        room = started(V10)
        invite: dict[str, JsonValue] = {"membership": "invite", **content}
        auth = ["$create", "$levels", "$rules", "$ann"]
        sent = event("$i", "m.room.member", "@ann:a", invite, state_key="@eve:c", auth=auth)
        room.events[sent.event_id] = sent
        budget = StepBudget(100_000)
        states = [room.current(), {**room.current(), member("@eve:c"): sent.event_id}]
        run_plan(resolve(states, V10, budget), room.answer)
        return budget.spent

    assert spent({"third_party_invite": {}}) - spent({}) > 10_000


def test_missing_events_are_named_and_the_plan_runs_once_they_are_there() -> None:
    room, states = crowd(V11, 2)
    kept = dict(room.events)
    del room.events[EventId("$ann")]

    def answer(need: StateNeed[EventId]) -> StateAnswer[EventId]:
        return StateAnswer(
            auth_events={
                i: room.events[i].auth_events for i in need.auth_events if i in room.events
            },
            events={i: room.events[i] for i in need.events if i in room.events},
        )

    with pytest.raises(EventsMissingError) as failure:
        run_plan(resolve(states, V11), answer)
    assert failure.value.ids == {"$ann"}

    room.events = kept
    assert len(run_plan(resolve(states, V11), answer)) == 5 + 4


def test_states_without_the_create_event_are_our_fault_in_version_12() -> None:
    room, states = crowd(V12, 1)
    without = [{key: name for key, name in state.items() if key != CREATE} for state in states]

    with pytest.raises(LocalProtocolError):
        room.resolve(without)
    nothing: list[StateIds] = []
    with pytest.raises(LocalProtocolError):
        run_plan(resolve(nothing, V12), room.answer)


def test_version_decides_the_algorithm_and_not_its_name() -> None:
    room, states = crowd(replace(V11, state_resolution="v2.1"), 3)

    assert len(room.resolve(states)) == 5 + 6
