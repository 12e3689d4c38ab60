"""The two orders: power by the sender's level, the rest by the mainline of power levels."""

from collections.abc import Mapping, Sequence

import pytest

from protocols.matrix.event import Event
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import ROOM_VERSIONS
from protocols.matrix.state_resolution_known import Known, StateAnswer, StateNeed
from protocols.matrix.state_resolution_order import (
    is_power_event,
    mainline_order,
    power_events_and_chains,
    reverse_topological_power_order,
)
from protocols.plan import StepBudget, StepBudgetError, run_plan
from protocols.strict_json import JsonValue
from tests.support.matrix_rooms import V10, V12, event

V9 = ROOM_VERSIONS["9"]
CREATE = event("$create", "m.room.create", "@ann:a", {"creator": "@ann:a"}, prev=())


def levels(
    name: str, auth: Sequence[str] = ("$create",), *, at: int = 0, **users: JsonValue
) -> Event:
    """Power levels of @ann:a (100), @mod:a (50) and others."""
    table: dict[str, JsonValue] = {"@ann:a": 100, "@mod:a": 50}
    table |= {f"@{user}:a": level for user, level in users.items()}
    return event(name, "m.room.power_levels", "@ann:a", {"users": table}, auth=auth, at=at)


def rule(name: str, sender: str, auth: Sequence[str], *, at: int = 0) -> Event:
    return event(
        name, "m.room.join_rules", sender, {"join_rule": "public"}, auth=["$create", *auth], at=at
    )


def known_of(*events: Event) -> Known[EventId]:
    known: Known[EventId] = Known()
    known.events = {found.event_id: found for found in (CREATE, *events)}
    known.auth_events = {name: found.auth_events for name, found in known.events.items()}
    return known


def by_power(*events: Event, among: Sequence[str] = (), steps: int = 1000) -> list[EventId]:
    """The order of the power events among the named ones; of all but power levels if none."""
    known = known_of(*events)
    named = {EventId(name) for name in among} or {
        found.event_id for found in events if found.type != "m.room.power_levels"
    }
    budget = StepBudget(steps)
    graph = power_events_and_chains(named, known, budget)
    return reverse_topological_power_order(graph, known, V10, None, budget)


def by_mainline(
    names: Sequence[str], power_event: str | None, *events: Event, steps: int = 1000
) -> list[EventId]:
    known = known_of(*events)

    def answer(need: StateNeed[EventId]) -> StateAnswer[EventId]:
        raise AssertionError(f"all is known, yet it asks for {need}")

    power = None if power_event is None else EventId(power_event)
    plan = mainline_order(map(EventId, names), power, known, StepBudget(steps))
    return run_plan(plan, answer)


def test_more_power_comes_before_less_whatever_the_time() -> None:
    order = by_power(
        levels("$p"),
        rule("$mod", "@mod:a", ["$p"], at=1),
        rule("$ann", "@ann:a", ["$p"], at=2),
        rule("$bob", "@bob:a", ["$p"], at=0),
    )

    assert order == ["$ann", "$mod", "$bob"]


def test_equal_power_is_ordered_by_time_and_then_by_id() -> None:
    order = by_power(
        levels("$p"),
        rule("$c", "@mod:a", ["$p"], at=2),
        rule("$b", "@mod:a", ["$p"], at=1),
        rule("$a", "@mod:a", ["$p"], at=2),
    )

    assert order == ["$b", "$a", "$c"]


def test_power_is_that_of_the_events_own_auth_events() -> None:
    order = by_power(
        levels("$p"),
        levels("$q", ["$create", "$p"], bob=90),
        rule("$before", "@bob:a", ["$p"], at=1),
        rule("$mod", "@mod:a", ["$q"], at=2),
        rule("$after", "@bob:a", ["$q"], at=3),
    )

    assert order == ["$after", "$mod", "$before"]


def test_creator_has_power_before_there_are_power_levels() -> None:
    order = by_power(rule("$bob", "@bob:a", [], at=1), rule("$ann", "@ann:a", [], at=2))

    assert order == ["$ann", "$bob"]


def test_creators_of_version_12_come_before_all() -> None:
    create = event("$create", "m.room.create", "@ann:a", {}, prev=(), room_id=None, version=V12)
    users: dict[str, JsonValue] = {"@mod:a": 2**53 - 1}
    content: dict[str, JsonValue] = {"users": users}
    known = known_of(
        event("$p", "m.room.power_levels", "@ann:a", content, version=V12),
        event("$mod", "m.room.join_rules", "@mod:a", {}, auth=["$p"], at=1, version=V12),
        event("$ann", "m.room.join_rules", "@ann:a", {}, auth=["$p"], at=2, version=V12),
    )
    graph: Mapping[EventId, list[EventId]] = {EventId("$mod"): [], EventId("$ann"): []}

    order = reverse_topological_power_order(graph, known, V12, create, StepBudget(100))

    assert order == ["$ann", "$mod"]


def test_auth_events_come_before_the_events_that_cite_them() -> None:
    order = by_power(
        levels("$p", at=9),
        levels("$q", ["$create", "$p"], at=5),
        rule("$ann", "@ann:a", ["$q"], at=0),
        among=["$p", "$q", "$ann"],
    )

    assert order == ["$p", "$q", "$ann"]


def test_what_power_rests_on_is_ordered_with_it_and_the_rest_is_not() -> None:
    join = event("$join", "m.room.member", "@mod:a", {"membership": "join"}, state_key="@mod:a")
    other = event("$other", "m.room.member", "@bob:a", {"membership": "join"}, state_key="@bob:a")

    order = by_power(
        join, other, rule("$mod", "@mod:a", ["$join"]), among=["$join", "$other", "$mod"]
    )

    assert order == ["$join", "$mod"]


def test_power_levels_that_cannot_be_read_give_none() -> None:
    broken = event("$p", "m.room.power_levels", "@ann:a", {"users_default": "all"}, version=V9)
    known = known_of(
        broken,
        levels("$q"),
        rule("$a", "@eve:a", ["$p"], at=1),
        rule("$b", "@mod:a", ["$q"], at=2),
        rule("$c", "@eve:a", ["$q"], at=3),
    )
    graph: Mapping[EventId, list[EventId]] = {EventId(f"${name}"): [] for name in "abc"}

    order = reverse_topological_power_order(graph, known, V9, None, StepBudget(100))

    assert order == ["$b", "$a", "$c"]


@pytest.mark.parametrize(
    ("kind", "key", "sender", "content", "expected"),
    [
        ("m.room.power_levels", "", "@ann:a", {}, True),
        ("m.room.power_levels", "x", "@ann:a", {}, False),
        ("m.room.power_levels", None, "@ann:a", {}, False),
        ("m.room.join_rules", "", "@ann:a", {}, True),
        ("m.room.create", "", "@ann:a", {}, True),
        ("m.room.topic", "", "@ann:a", {}, False),
        ("m.room.member", "@bob:b", "@ann:a", {"membership": "ban"}, True),
        ("m.room.member", "@bob:b", "@ann:a", {"membership": "leave"}, True),
        ("m.room.member", "@bob:b", "@bob:b", {"membership": "leave"}, False),
        ("m.room.member", "@bob:b", "@ann:a", {"membership": "invite"}, False),
        ("m.room.member", "@bob:b", "@ann:a", {"membership": ["ban"]}, False),
        ("m.room.member", None, "@ann:a", {"membership": "ban"}, False),
    ],
)
def test_power_events_are_those_that_take_something_away(
    kind: str, key: str | None, sender: str, content: Mapping[str, JsonValue], expected: bool
) -> None:
    assert is_power_event(event("$e", kind, sender, content, state_key=key)) is expected


def topic(name: str, auth: Sequence[str], *, at: int) -> Event:
    return event(name, "m.room.topic", "@ann:a", {}, auth=["$create", *auth], at=at)


def test_mainline_orders_by_the_power_levels_an_event_was_made_under() -> None:
    events = [
        levels("$p1"),
        levels("$p2", ["$create", "$p1"]),
        levels("$p3", ["$create", "$p2"]),
        topic("$new", ["$p3"], at=1),
        topic("$old", ["$p1"], at=3),
        topic("$middle", ["$p2"], at=2),
        topic("$none", [], at=9),
    ]

    order = by_mainline(["$new", "$old", "$middle", "$none"], "$p3", *events)

    assert order == ["$none", "$old", "$middle", "$new"]


def test_power_levels_beside_the_mainline_count_as_what_they_grew_from() -> None:
    events = [
        levels("$p1"),
        levels("$p2", ["$create", "$p1"]),
        levels("$side", ["$create", "$p1"]),
        levels("$further", ["$create", "$side"]),
        topic("$a", ["$further"], at=2),
        topic("$b", ["$p1"], at=1),
        topic("$c", ["$p2"], at=0),
    ]

    assert by_mainline(["$c", "$a", "$b"], "$p2", *events) == ["$b", "$a", "$c"]


def test_equal_places_in_the_mainline_are_ordered_by_time_and_then_by_id() -> None:
    events = [topic("$c", [], at=1), topic("$a", [], at=1), topic("$b", [], at=0)]

    assert by_mainline(["$c", "$a", "$b"], None, *events) == ["$b", "$a", "$c"]


def test_long_side_chain_is_walked_once_for_all_events_on_it() -> None:
    length = 300
    side = [levels("$s0")]
    side += [levels(f"$s{n}", ["$create", f"$s{n - 1}"]) for n in range(1, length)]
    topics = [topic(f"$t{n:03}", [f"$s{length - 1}"], at=n) for n in range(length)]
    names = [found.event_id for found in topics]

    order = by_mainline(names[::-1], "$p", levels("$p"), *side, *topics, steps=7 * length)

    assert order == names


def test_circle_of_power_levels_ends() -> None:
    events = [
        levels("$p1", ["$create", "$p2"]),
        levels("$p2", ["$create", "$p1"]),
        levels("$q", ["$create", "$q"]),
        topic("$a", ["$p1"], at=1),
        topic("$b", ["$q"], at=2),
    ]

    assert by_mainline(["$a", "$b"], "$p2", *events) == ["$b", "$a"]
    assert by_power(*events, among=["$p1", "$p2"]) == []


def test_orders_keep_to_their_budget() -> None:
    events = [levels("$p"), *(rule(f"$r{n}", "@ann:a", ["$p"]) for n in range(20))]

    with pytest.raises(StepBudgetError):
        by_power(*events, steps=30)
    with pytest.raises(StepBudgetError):
        by_mainline([f"$r{n}" for n in range(20)], "$p", *events, steps=30)
