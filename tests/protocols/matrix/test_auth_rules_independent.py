"""Rules that look at the create event and at the choice of auth events."""

from collections.abc import Iterable, Mapping

import pytest

from protocols.errors import LocalProtocolError
from protocols.matrix.auth_rules import check, check_against_state
from protocols.matrix.auth_rules_selection import auth_events_for, select_auth_events
from protocols.matrix.auth_rules_state import ALLOWED, Denied, StateKey, Verdict
from protocols.matrix.event import Event
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.strict_json import JsonValue
from tests.support.matrix_rooms import V10, V11, V12, event, room_id, small_room, state_of

V5 = ROOM_VERSIONS["5"]
V7 = ROOM_VERSIONS["7"]
V9 = ROOM_VERSIONS["9"]

CREATE: StateKey = ("m.room.create", "")
LEVELS: StateKey = ("m.room.power_levels", "")
RULES: StateKey = ("m.room.join_rules", "")


def member(user: str) -> StateKey:
    return ("m.room.member", user)


def step(verdict: Verdict) -> str:
    return verdict.step if isinstance(verdict, Denied) else "allowed"


def create(
    version: RoomVersion,
    content: Mapping[str, JsonValue],
    *,
    room: str | None = "!room:a",
    prev: Iterable[str] = (),
) -> Event:
    return event("$c", "m.room.create", "@ann:a", content, prev=prev, room_id=room, version=version)


# (version, content, room id, step)
CREATES = [
    (V10, {"creator": "@ann:a", "room_version": "10"}, "!room:a", "allowed"),
    (V10, {"creator": "@ann:a"}, "!room:a", "allowed"),
    (V10, {"creator": "@ann:a"}, "!room:b", "1.2"),
    (V10, {"creator": "@ann:a"}, "!room:a:8448", "1.2"),
    (V10, {"creator": "@ann:a", "room_version": "nobody's"}, "!room:a", "1.3"),
    (V10, {"creator": "@ann:a", "room_version": ["10"]}, "!room:a", "1.3"),
    (V10, {"room_version": "10"}, "!room:a", "1.4"),
    (V11, {"room_version": "11"}, "!room:a", "allowed"),
    (V12, {"room_version": "12"}, None, "allowed"),
    (V12, {"room_version": "12"}, "!room:a", "1.2"),
    (V12, {"room_version": "12"}, "!c", "1.2"),
    (V12, {"additional_creators": ["@bob:b"]}, None, "allowed"),
    (V12, {"additional_creators": []}, None, "allowed"),
    (V12, {"additional_creators": ["bob"]}, None, "1.4"),
    (V12, {"additional_creators": [1]}, None, "1.4"),
    (V12, {"additional_creators": "@bob:b"}, None, "1.4"),
    (V12, {"additional_creators": None}, None, "1.4"),
    (V11, {"additional_creators": "@bob:b"}, "!room:a", "allowed"),
]


@pytest.mark.parametrize(("version", "content", "room", "expected"), CREATES)
def test_create_event_is_judged_by_its_version(
    version: RoomVersion, content: Mapping[str, JsonValue], room: str | None, expected: str
) -> None:
    assert step(check(create(version, content, room=room), {}, version)) == expected


def test_create_event_is_the_first_of_its_room() -> None:
    late = create(V10, {"creator": "@ann:a"}, prev=["$before"])

    assert step(check(late, {}, V10)) == "1.1"


def message(state: Mapping[StateKey, Event], auth: Iterable[StateKey]) -> Event:
    first = state[CREATE]
    return event(
        "$m",
        "m.room.message",
        "@bob:b",
        {},
        state_key=None,
        auth=[state[key].event_id for key in auth],
        room_id=first.room_id,
        version=first.version,
    )


def by_id(state: Mapping[StateKey, Event]) -> dict[EventId, Event]:
    return {found.event_id: found for found in state.values()}


def test_event_with_the_selected_auth_events_is_allowed() -> None:
    state = small_room(V10)
    sent = message(state, [CREATE, LEVELS, member("@bob:b")])

    assert check(sent, by_id(state), V10) == ALLOWED


def test_event_is_judged_by_its_auth_events_alone() -> None:
    state = small_room(V10)

    assert step(check(message(state, [CREATE, LEVELS]), by_id(state), V10)) == "6"


def test_auth_events_that_name_a_place_twice_are_refused() -> None:
    state = small_room(V10)
    other = event("$other", "m.room.power_levels", "@ann:a", {})
    sent = message(state, [CREATE, LEVELS, member("@bob:b")])
    twice = message({**state, ("twice", ""): other}, [CREATE, LEVELS, ("twice", "")])
    again = message(state, [CREATE, LEVELS, LEVELS])
    known = {**by_id(state), other.event_id: other}

    assert check(sent, known, V10) == ALLOWED
    assert step(check(twice, known, V10)) == "3.1"
    assert step(check(again, known, V10)) == "3.1"


@pytest.mark.parametrize("key", [RULES, member("@ann:a")])
def test_auth_events_beside_the_selected_ones_are_refused(key: StateKey) -> None:
    state = small_room(V10)
    sent = message(state, [CREATE, LEVELS, member("@bob:b"), key])

    assert step(check(sent, by_id(state), V10)) == "3.2"


def test_message_that_calls_itself_power_levels_is_no_auth_event() -> None:
    state = small_room(V10)
    fake = event(
        "$fake", "m.room.power_levels", "@bob:b", {"users": {"@bob:b": 100}}, state_key=None
    )
    sent = message({**state, LEVELS: fake}, [CREATE, LEVELS, member("@bob:b")])

    assert step(check(sent, {**by_id(state), fake.event_id: fake}, V10)) == "3.2"


def test_rejected_auth_events_are_refused() -> None:
    state = small_room(V10)
    sent = message(state, [CREATE, LEVELS, member("@bob:b")])

    verdict = check(sent, by_id(state), V10, rejected={state[LEVELS].event_id})

    assert step(verdict) == "3.3"


def test_auth_events_without_the_create_event_are_refused_until_version_11() -> None:
    state = small_room(V11)

    assert step(check(message(state, [LEVELS, member("@bob:b")]), by_id(state), V11)) == "3.4"


def test_power_from_another_room_does_not_count() -> None:
    state = small_room(V10)
    elsewhere = event(
        "$elsewhere", "m.room.power_levels", "@bob:b", {"users": {"@bob:b": 100}}, room_id="!x:b"
    )
    sent = message({**state, LEVELS: elsewhere}, [CREATE, LEVELS, member("@bob:b")])

    assert step(check(sent, {**by_id(state), elsewhere.event_id: elsewhere}, V10)) == "3.5"


def test_auth_event_that_was_not_fetched_is_our_fault() -> None:
    state = small_room(V10)
    known = by_id(state)
    del known[state[LEVELS].event_id]

    with pytest.raises(LocalProtocolError):
        check(message(state, [CREATE, LEVELS, member("@bob:b")]), known, V10)


def test_room_id_of_version_12_stands_for_the_create_event() -> None:
    state = small_room(V12)
    known, first = by_id(state), state[CREATE]
    sent = message(state, [LEVELS, member("@bob:b")])

    assert check(sent, known, V12, create=first) == ALLOWED
    assert step(check(sent, known, V12)) == "2"
    assert step(check(sent, known, V12, create=first, rejected={first.event_id})) == "2"


def test_create_event_of_another_room_does_not_count_in_version_12() -> None:
    state = small_room(V12)
    other = event("$other", "m.room.create", "@bob:b", {}, prev=(), room_id=None, version=V12)
    sent = message(state, [LEVELS, member("@bob:b")])

    assert step(check(sent, by_id(state), V12, create=other)) == "2"
    assert step(check_against_state(sent, {**state, CREATE: other}, V12)) == "2"


def test_create_event_among_auth_events_is_refused_in_version_12() -> None:
    state = small_room(V12)
    sent = message(state, [CREATE, LEVELS, member("@bob:b")])

    assert step(check(sent, by_id(state), V12, create=state[CREATE])) == "3.2"


@pytest.mark.parametrize(("federates", "expected"), [(False, "4"), (True, "allowed")])
def test_room_that_does_not_federate_refuses_other_servers(federates: bool, expected: str) -> None:
    state = small_room(V10, create={"m.federate": federates})
    sent = message(state, [])
    of_ann = event("$n", "m.room.message", "@ann:a", {}, state_key=None)

    assert step(check_against_state(sent, state, V10)) == expected
    assert check_against_state(of_ann, state, V10) == ALLOWED


@pytest.mark.parametrize(
    ("version", "key", "expected"),
    [
        (V5, "b", "allowed"),
        (V5, "a", "aliases"),
        (V5, None, "aliases"),
        (V5, "", "aliases"),
        (V10, "b", "8"),
    ],
)
def test_aliases_belong_to_their_server_until_version_5(
    version: RoomVersion, key: str | None, expected: str
) -> None:
    sent = event("$a", "m.room.aliases", "@bob:b", {}, state_key=key, version=version)

    assert step(check_against_state(sent, small_room(version), version)) == expected


def test_aliases_of_who_is_not_in_the_room_are_allowed_until_version_5() -> None:
    sent = event("$a", "m.room.aliases", "@eve:c", {}, state_key="c", version=V5)

    assert check_against_state(sent, small_room(V5), V5) == ALLOWED


def test_state_without_a_create_event_allows_nothing() -> None:
    state = small_room(V10)
    del state[CREATE]

    assert step(check_against_state(message(small_room(V10), []), state, V10)) == "2"


# (type, state key, content, version, places beside create, levels and the sender's membership)
SELECTIONS: list[tuple[str, str | None, Mapping[str, JsonValue], RoomVersion, set[StateKey]]] = [
    ("m.room.message", None, {}, V10, set()),
    ("m.room.name", "", {}, V10, set()),
    ("m.room.member", "@bob:b", {"membership": "join"}, V10, {RULES}),
    ("m.room.member", "@bob:b", {"membership": "leave"}, V10, set()),
    ("m.room.member", "@eve:c", {"membership": "ban"}, V10, {member("@eve:c")}),
    ("m.room.member", "@eve:c", {"membership": "invite"}, V10, {RULES, member("@eve:c")}),
    ("m.room.member", "@bob:b", {"membership": "knock"}, V10, {RULES}),
    ("m.room.member", "@bob:b", {}, V10, set()),
    ("m.room.member", "@bob:b", {"membership": ["join"]}, V10, set()),
    ("m.room.member", None, {"membership": "join"}, V10, {RULES}),
    (
        "m.room.member",
        "@bob:b",
        {"membership": "join", "join_authorised_via_users_server": "@mod:a"},
        V9,
        {RULES, member("@mod:a")},
    ),
    (
        "m.room.member",
        "@bob:b",
        {"membership": "join", "join_authorised_via_users_server": "@mod:a"},
        V7,
        {RULES},
    ),
    (
        "m.room.member",
        "@bob:b",
        {"membership": "leave", "join_authorised_via_users_server": "@mod:a"},
        V9,
        set(),
    ),
    (
        "m.room.member",
        "@eve:c",
        {"membership": "invite", "third_party_invite": {"signed": {"token": "t"}}},
        V10,
        {RULES, member("@eve:c"), ("m.room.third_party_invite", "t")},
    ),
    (
        "m.room.member",
        "@eve:c",
        {"membership": "invite", "third_party_invite": {"signed": {"token": 7}}},
        V10,
        {RULES, member("@eve:c")},
    ),
]


@pytest.mark.parametrize(("kind", "key", "content", "version", "places"), SELECTIONS)
def test_auth_events_are_selected_by_type_and_membership(
    kind: str,
    key: str | None,
    content: Mapping[str, JsonValue],
    version: RoomVersion,
    places: set[StateKey],
) -> None:
    selected = select_auth_events(kind, key, "@bob:b", dict(content), version=version)

    assert set(selected) == {CREATE, LEVELS, member("@bob:b")} | places
    assert len(selected) == len(set(selected))


def test_create_event_is_not_selected_in_version_12() -> None:
    selected = select_auth_events("m.room.name", "", "@bob:b", {}, version=V12)

    assert selected == (LEVELS, member("@bob:b"))


def test_create_event_has_no_auth_events() -> None:
    assert auth_events_for(create(V10, {}), V10) == ()


def test_first_join_is_for_the_creator_alone() -> None:
    first = small_room(V10)[CREATE]

    def join(user: str, prev: str) -> Verdict:
        sent = event(
            "$j", "m.room.member", user, {"membership": "join"}, state_key=user, prev=[prev]
        )
        return check_against_state(sent, state_of([first]), V10)

    assert join("@ann:a", "$create") == ALLOWED
    assert step(join("@ann:a", "$elsewhere")) == "5.3.4"
    assert step(join("@bob:b", "$create")) == "5.3.4"


def test_additional_creators_do_not_join_first() -> None:
    state = small_room(V12, create={"additional_creators": ["@bob:b"]})
    sent = event(
        "$j",
        "m.room.member",
        "@bob:b",
        {"membership": "join"},
        state_key="@bob:b",
        prev=["$create"],
        room_id=room_id(state),
        version=V12,
    )

    assert step(check_against_state(sent, state_of([state[CREATE]]), V12)) == "5.3.4"
