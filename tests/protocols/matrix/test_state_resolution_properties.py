"""What holds of state resolution in any room: small random ones, with forks and bans."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import ROOM_VERSIONS
from protocols.matrix.state_resolution import resolve
from protocols.matrix.state_resolution_known import StateAnswer, StateNeed
from protocols.plan import run_plan
from protocols.strict_json import JsonValue
from tests.support.matrix_rooms import Replay, StateIds, started

FEW = settings(max_examples=30)

USERS = ("@ann:a", "@mod:a", "@bob:b", "@eve:c")
VERSIONS = [ROOM_VERSIONS[name] for name in ("3", "6", "9", "10", "11", "12")]

ACTS: list[tuple[str, Mapping[str, JsonValue]]] = [
    ("m.room.member", {"membership": "join"}),
    ("m.room.member", {"membership": "join", "displayname": "b"}),
    ("m.room.member", {"membership": "leave"}),
    ("m.room.member", {"membership": "ban"}),
    ("m.room.member", {"membership": "invite"}),
    ("m.room.join_rules", {"join_rule": "public"}),
    ("m.room.join_rules", {"join_rule": "invite"}),
    ("m.room.power_levels", {"users": {"@mod:a": 50}}),
    ("m.room.power_levels", {"users": {"@mod:a": 50, "@bob:b": 50}}),
    ("m.room.power_levels", {"users": {"@bob:b": 100}, "state_default": 0}),
    ("m.room.topic", {"topic": "x"}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that somebody does: who, what, to whom, where in the room, when."""

    sender: str
    target: str
    kind: str
    content: Mapping[str, JsonValue]
    parents: tuple[int, ...]
    at: int


acts = st.builds(
    lambda sender, target, act, parents, at: Act(
        sender=sender, target=target, kind=act[0], content=act[1], parents=tuple(parents), at=at
    ),
    st.sampled_from(USERS),
    st.sampled_from(USERS),
    st.sampled_from(ACTS),
    st.lists(st.integers(0, 4), min_size=1, max_size=2),
    st.integers(0, 5),
)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[Replay, list[StateIds]]:
    """A room, and the states after each of its events."""
    room = started(draw(st.sampled_from(VERSIONS)))
    names = ["$mod"]
    for number, act in enumerate(draw(st.lists(acts, min_size=2, max_size=14))):
        key = act.target if act.kind == "m.room.member" else ""
        prev = list(dict.fromkeys(names[-1 - min(p, len(names) - 1)] for p in act.parents))
        name = f"$1{number:02}"
        room.send(name, act.kind, act.sender, act.content, key=key, after=prev, at=act.at)
        if EventId(name) not in room.rejected:
            names.append(name)
    return room, [room.after(name) for name in names]


@st.composite
def forks(draw: st.DrawFn) -> tuple[Replay, list[StateIds]]:
    """A room, and two to four of its states."""
    room, states = draw(rooms())
    picked = draw(st.lists(st.sampled_from(states), min_size=2, max_size=4))
    return room, picked


def frozen(state: StateIds) -> frozenset[Any]:
    return frozenset(state.items())


@FEW
@given(forks())
def test_order_of_states_does_not_matter(fork: tuple[Replay, list[StateIds]]) -> None:
    room, states = fork

    assert (
        room.resolve(states) == room.resolve(states[::-1]) == room.resolve(states[1:] + states[:1])
    )


@FEW
@given(forks())
def test_state_that_is_named_twice_counts_once(fork: tuple[Replay, list[StateIds]]) -> None:
    room, states = fork

    assert room.resolve([*states, states[0]]) == room.resolve(states)


@FEW
@given(rooms())
def test_one_state_resolves_to_itself_without_a_question(
    made: tuple[Replay, list[StateIds]],
) -> None:
    room, states = made
    room.asked = 0

    assert room.resolve(states[-1:]) == states[-1]
    assert room.resolve([states[-1], dict(states[-1])]) == states[-1]
    assert room.asked == 0


@FEW
@given(forks())
def test_what_all_states_hold_stays(fork: tuple[Replay, list[StateIds]]) -> None:
    room, states = fork
    shared = frozenset.intersection(*map(frozen, states))

    assert shared <= frozen(room.resolve(states))


@FEW
@given(forks())
def test_nothing_is_made_up(fork: tuple[Replay, list[StateIds]]) -> None:
    room, states = fork

    for (kind, key), name in room.resolve(states).items():
        found = room.events[name]
        assert (found.type, found.state_key) == (kind, key)
        assert name not in room.rejected


@FEW
@given(forks())
def test_ids_may_be_integers(fork: tuple[Replay, list[StateIds]]) -> None:
    room, states = fork
    numbers = {name: number for number, name in enumerate(reversed(room.events))}
    names = {number: name for name, number in numbers.items()}

    def answer(need: StateNeed[int]) -> StateAnswer[int]:
        return StateAnswer(
            auth_events={
                number: [numbers[name] for name in room.events[names[number]].auth_events]
                for number in need.auth_events
            },
            events={number: room.events[names[number]] for number in need.events},
            rejected={numbers[name] for name in room.rejected},
        )

    numbered = [{key: numbers[name] for key, name in state.items()} for state in states]
    resolved = run_plan(resolve(numbered, room.version), answer)

    assert {key: names[number] for key, number in resolved.items()} == room.resolve(states)


@FEW
@given(forks())
def test_answers_may_hold_more_than_was_asked(fork: tuple[Replay, list[StateIds]]) -> None:
    room, states = fork
    everything: StateAnswer[EventId] = StateAnswer(
        auth_events={name: found.auth_events for name, found in room.events.items()},
        events=room.events,
        rejected=room.rejected,
    )
    asked: list[StateNeed[EventId]] = []

    def answer(need: StateNeed[EventId]) -> StateAnswer[EventId]:
        asked.append(need)
        return everything

    assert run_plan(resolve(states, room.version), answer) == room.resolve(states)
    assert len(asked) <= 1


@FEW
@given(rooms())
def test_servers_that_hear_of_events_in_another_order_agree(
    made: tuple[Replay, list[StateIds]],
) -> None:
    room, _ = made
    other = Replay(room.version)
    waiting = dict(reversed(room.events.items()))

    while waiting:
        name = next(n for n, e in waiting.items() if all(p in other.events for p in e.prev_events))
        other.receive(waiting.pop(name))

    assert other.rejected == room.rejected
    for name in room.events:
        assert other.after(name) == room.after(name)
