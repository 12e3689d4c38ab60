"""Power levels: how values are read, who has which, and who may change them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.matrix.auth_rules import check_against_state, may_redact
from protocols.matrix.auth_rules_state import Denied, Verdict
from protocols.matrix.identifiers import UserId
from protocols.matrix.power_levels import (
    CREATOR_LEVEL,
    PowerLevelError,
    PowerLevels,
    power_levels,
    read_level,
    room_creators,
)
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.strict_json import JsonValue
from tests.support.matrix_rooms import V10, V11, V12, event, room_id, small_room

V3 = ROOM_VERSIONS["3"]
V5 = ROOM_VERSIONS["5"]
V6 = ROOM_VERSIONS["6"]
V9 = ROOM_VERSIONS["9"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def step(verdict: Verdict) -> str:
    return verdict.step if isinstance(verdict, Denied) else "allowed"


def levels_of(content: Mapping[str, JsonValue] | None, version: RoomVersion = V10) -> PowerLevels:
    return PowerLevels(
        version=version,
        content=None if content is None else dict(content),
        creators=frozenset(["@ann:a"]),
    )


@pytest.mark.parametrize(
    ("value", "version", "level"),
    [
        (50, V10, 50),
        (-1, V10, -1),
        ("50", V9, 50),
        (" 0050 ", V9, 50),
        ("+100", V3, 100),
        ("-100", V3, -100),
        (" -5\t", V3, -5),
        (50.57, V5, 50),
        (-50.57, V5, -50),
        (5.114698e4, V5, 51146),
        (2**60, V5, 2**60),
    ],
)
def test_level_is_read_as_its_version_allows(
    value: JsonValue, version: RoomVersion, level: int
) -> None:
    assert read_level(value, version) == level


@pytest.mark.parametrize(
    ("value", "version"),
    [
        ("50", V10),
        (50.0, V10),
        (50.0, V6),
        (True, V10),
        (True, V3),
        (None, V3),
        ("", V3),
        ("5 0", V3),
        ("5_0", V3),
        ("0x10", V3),
        ("1e2", V3),
        ("5.0", V3),
        ("+-5", V3),
        ("\u0665", V3),
        ("9" * 5000, V3),
        (float("inf"), V5),
        (float("nan"), V5),
        ([50], V3),
        ({}, V3),
    ],
)
def test_what_is_no_level_is_refused(value: JsonValue, version: RoomVersion) -> None:
    with pytest.raises(PowerLevelError):
        read_level(value, version)


@given(json_values, st.sampled_from(list(ROOM_VERSIONS.values())))
def test_any_value_is_read_or_refused(value: JsonValue, version: RoomVersion) -> None:
    try:
        level = read_level(value, version)
    except PowerLevelError:
        return
    assert type(level) is int


def test_levels_have_defaults() -> None:
    levels = levels_of({})

    assert (levels.of("@ann:a"), levels.of("@bob:b")) == (0, 0)
    assert levels.required("m.room.name", is_state=True) == 50
    assert levels.required("m.room.message", is_state=False) == 0
    assert [levels.single(name) for name in ("invite", "kick", "ban", "redact")] == [0, 50, 50, 50]
    assert levels.notification("room") == 50


def test_levels_are_those_of_the_event() -> None:
    levels = levels_of(
        {
            "users": {"@bob:b": 7},
            "users_default": 3,
            "events": {"m.room.name": 9},
            "state_default": 4,
            "events_default": 2,
            "ban": 60,
            "notifications": {"room": 20},
        }
    )

    assert (levels.of("@bob:b"), levels.of("@eve:c")) == (7, 3)
    assert levels.required("m.room.name", is_state=True) == 9
    assert levels.required("m.room.topic", is_state=True) == 4
    assert levels.required("m.room.message", is_state=False) == 2
    assert levels.single("ban") == 60
    assert levels.notification("room") == 20


def test_creator_has_100_only_while_there_are_no_power_levels() -> None:
    assert levels_of(None).of("@ann:a") == 100
    assert levels_of(None).of("@bob:b") == 0
    assert levels_of({"users": {}}).of("@ann:a") == 0


@pytest.mark.parametrize("content", [None, {}, {"users": {"@ann:a": -5}, "users_default": 100}])
def test_creator_stands_above_all_in_version_12(content: Mapping[str, JsonValue] | None) -> None:
    assert levels_of(content, V12).of("@ann:a") == CREATOR_LEVEL


def test_creators_are_named_as_the_version_says() -> None:
    content: dict[str, JsonValue] = {"creator": "@bob:b", "additional_creators": ["@eve:c"]}

    def creators(version: RoomVersion) -> set[str]:
        created = event("$c", "m.room.create", "@ann:a", content, version=version)
        return set(room_creators(created, version))

    assert creators(V10) == {"@bob:b"}
    assert creators(V11) == {"@ann:a"}
    assert creators(V12) == {"@ann:a", "@eve:c"}


def test_old_room_without_a_creator_has_none() -> None:
    created = event("$c", "m.room.create", "@ann:a", {"creator": 7})

    assert room_creators(created, V10) == frozenset()
    assert power_levels(created, None, V10).of("@ann:a") == 0


def change(
    new: Mapping[str, JsonValue],
    *,
    by: str = "@mod:a",
    old: Mapping[str, JsonValue] | None = None,
    version: RoomVersion = V10,
    key: str | None = "",
) -> str:
    """The step that refuses this change; the old levels let @mod:a send power levels."""
    held = {**MODERATED, **(old or {})}
    if version.privileged_creators:
        held = {**held, "users": {"@mod:a": 50, "@bob:b": 10}}
    state = small_room(version, levels=held)
    sent = event(
        "$n",
        "m.room.power_levels",
        by,
        {**held, **new},
        state_key=key,
        room_id=room_id(state),
        version=version,
    )
    return step(check_against_state(sent, state, version))


MODERATED: dict[str, JsonValue] = {
    "users": {"@ann:a": 100, "@mod:a": 50, "@bob:b": 10},
    "events": {"m.room.power_levels": 50, "m.locked": 60, "m.open": 10},
    "notifications": {"room": 60},
    "ban": 60,
    "kick": 50,
}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({}, "allowed"),
        ({"kick": 20}, "allowed"),
        ({"kick": 51}, "10.6"),
        ({"ban": 50}, "10.6"),
        ({"invite": 50}, "allowed"),
        ({"invite": 51}, "10.6"),
        ({"users_default": 51}, "10.6"),
        ({"events_default": 51}, "10.6"),
        ({"state_default": 51}, "10.6"),
        ({"redact": 51}, "10.6"),
        ({"events": {"m.room.power_levels": 50, "m.locked": 60}}, "allowed"),
        ({"events": {"m.room.power_levels": 50, "m.open": 10}}, "10.7"),
        ({"events": {"m.room.power_levels": 50, "m.locked": 50, "m.open": 10}}, "10.7"),
        ({"events": {"m.room.power_levels": 51, "m.locked": 60, "m.open": 10}}, "10.7"),
        ({"notifications": {"room": 50}}, "10.7"),
        ({"notifications": {"room": 60, "other": 51}}, "10.7"),
        ({"notifications": {"room": 60, "other": 50}}, "allowed"),
        ({"users": {"@ann:a": 100, "@mod:a": 50, "@bob:b": 50}}, "allowed"),
        ({"users": {"@ann:a": 100, "@mod:a": 50, "@bob:b": 51}}, "10.10"),
        ({"users": {"@ann:a": 100, "@mod:a": 51, "@bob:b": 10}}, "10.10"),
        ({"users": {"@ann:a": 100, "@mod:a": 0, "@bob:b": 10}}, "allowed"),
        ({"users": {"@ann:a": 100, "@bob:b": 10}}, "allowed"),
        ({"users": {"@ann:a": 100, "@mod:a": 50}}, "allowed"),
        ({"users": {"@mod:a": 50, "@bob:b": 10}}, "10.9"),
        ({"users": {"@ann:a": 99, "@mod:a": 50, "@bob:b": 10}}, "10.9"),
        ({"users": {"@ann:a": 100, "@mod:a": 50, "@bob:b": 10, "@eve:c": 51}}, "10.10"),
        ({"users": {"eve": 1}}, "10.3"),
        ({"users": {"@eve": 1}}, "10.3"),
        ({"users": {"@eve:c": "1"}}, "10.3"),
        ({"users": None}, "10.3"),
        ({"users": []}, "10.3"),
        ({"events": []}, "10.2"),
        ({"events": {"m.open": "10"}}, "10.2"),
        ({"notifications": {"room": True}}, "10.2"),
        ({"notifications": None}, "10.2"),
        ({"ban": "60"}, "10.1"),
        ({"ban": None}, "10.1"),
        ({"ban": 60.0}, "10.1"),
        ({"kick": True}, "10.1"),
    ],
)
def test_moderator_changes_what_is_not_above_them(
    new: Mapping[str, JsonValue], expected: str
) -> None:
    assert change(new) == expected


def test_moderator_cannot_touch_an_equal() -> None:
    old: dict[str, JsonValue] = {"users": {"@ann:a": 100, "@mod:a": 50, "@bob:b": 50}}

    assert change({"users": {"@ann:a": 100, "@mod:a": 50}}, old=old) == "10.9"
    assert change({"users": {"@ann:a": 100, "@mod:a": 50, "@bob:b": 49}}, old=old) == "10.9"


@pytest.mark.parametrize(("version", "expected"), [(V5, "allowed"), (V6, "10.7")])
def test_levels_of_notifications_are_guarded_from_version_6(
    version: RoomVersion, expected: str
) -> None:
    assert change({"notifications": {"room": 0}}, version=version) == expected


def test_equal_levels_written_otherwise_are_no_change() -> None:
    assert change({"ban": "060"}, version=V9) == "allowed"
    assert change({"ban": "061"}, version=V9) == "10.6"


def test_creators_are_not_given_a_level_in_version_12() -> None:
    create: dict[str, JsonValue] = {"additional_creators": ["@eve:c"]}
    state = small_room(V12, create=create)

    def by_ann(users: Mapping[str, JsonValue]) -> str:
        sent = event(
            "$n",
            "m.room.power_levels",
            "@ann:a",
            {"users": dict(users)},
            room_id=room_id(state),
            version=V12,
        )
        return step(check_against_state(sent, state, V12))

    assert by_ann({"@mod:a": 2**53 - 1}) == "allowed"
    assert by_ann({"@ann:a": 100}) == "10.4"
    assert by_ann({"@eve:c": 0}) == "10.4"


def test_nobody_but_creators_sets_what_is_above_them_in_version_12() -> None:
    assert change({"users": {"@mod:a": 50, "@bob:b": 50}}, version=V12) == "allowed"
    assert change({"users": {"@mod:a": 2**53 - 1, "@bob:b": 10}}, version=V12) == "10.10"


def test_power_levels_with_a_key_of_their_own_have_no_predecessor() -> None:
    assert change({"kick": 99}, key="elsewhere") == "allowed"
    assert change({"kick": "99"}, key="elsewhere") == "10.1"


def test_power_levels_that_are_no_state_obey_the_same_rules() -> None:
    old: dict[str, JsonValue] = {"events": {"m.room.power_levels": 0}}

    assert change({"kick": 51}, old=old, key=None) == "10.6"


@pytest.mark.parametrize("broken", ["abc", [], {}, 1.5, "\u0665"])
def test_level_in_the_state_that_cannot_be_read_allows_nothing_by_it(broken: JsonValue) -> None:
    levels: dict[str, JsonValue] = {"users": {"@ann:a": 100}, "ban": broken}
    state = small_room(V9, levels=levels)
    ban = event(
        "$b", "m.room.member", "@ann:a", {"membership": "ban"}, state_key="@bob:b", version=V9
    )
    topic = event("$t", "m.room.topic", "@ann:a", {}, version=V9)

    assert step(check_against_state(ban, state, V9)) == "8"
    assert step(check_against_state(topic, state, V9)) == "allowed"


def test_levels_that_are_null_in_an_old_room_are_defaults() -> None:
    levels = levels_of({"ban": None, "events": {"m.room.name": None}, "users_default": None}, V9)

    assert levels.single("ban") == 50
    assert levels.required("m.room.name", is_state=True) == 50
    assert levels.of("@bob:b") == 0


def test_table_in_the_state_that_is_none_cannot_be_read() -> None:
    with pytest.raises(PowerLevelError):
        levels_of({"events": "all"}, V9).required("m.room.name", is_state=True)


@pytest.mark.parametrize(
    ("sender", "applied"),
    [("@eve:b", True), ("@mod:a", True), ("@ann:a", True), ("@eve:a", False), ("@eve:c", False)],
)
def test_redaction_needs_the_server_of_the_event_or_power(sender: str, applied: bool) -> None:
    redacted = event("$m", "m.room.message", "@bob:b", {}, state_key=None)
    levels = levels_of({"users": {"@ann:a": 100, "@mod:a": 50}})

    assert may_redact(UserId(sender), redacted, levels) is applied


def test_redaction_by_power_that_cannot_be_read_is_not_applied() -> None:
    redacted = event("$m", "m.room.message", "@bob:b", {}, state_key=None)

    assert not may_redact(UserId("@ann:a"), redacted, levels_of({"redact": "much"}, V9))
