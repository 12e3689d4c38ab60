"""Whatever a peer writes into an event, the rules come to a verdict."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.matrix.auth_rules import check, check_against_state
from protocols.matrix.auth_rules_selection import auth_events_for
from protocols.matrix.auth_rules_state import Allowed, Denied
from protocols.matrix.event import Event
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.matrix.state_resolution_order import is_power_event
from protocols.strict_json import JsonValue
from tests.support.matrix_rooms import event, room_id, small_room, state_of

TYPES = (
    "m.room.create",
    "m.room.member",
    "m.room.power_levels",
    "m.room.join_rules",
    "m.room.third_party_invite",
    "m.room.aliases",
    "m.room.redaction",
    "m.room.topic",
)
WORDS = (
    "join",
    "invite",
    "knock",
    "ban",
    "leave",
    "public",
    "restricted",
    "knock_restricted",
    "@ann:a",
    "@bob:b",
    "@eve:c",
    "token",
    "50",
    "",
)
KEYS = (
    "membership",
    "join_rule",
    "join_authorised_via_users_server",
    "third_party_invite",
    "signed",
    "mxid",
    "token",
    "signatures",
    "public_key",
    "public_keys",
    "users",
    "events",
    "notifications",
    "users_default",
    "ban",
    "invite",
    "creator",
    "additional_creators",
    "room_version",
    "m.federate",
    "@ann:a",
    "@bob:b",
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
contents = st.dictionaries(st.sampled_from(KEYS), values, max_size=5)
versions = st.sampled_from(list(ROOM_VERSIONS.values()))
users = st.sampled_from(("@ann:a", "@mod:a", "@bob:b", "@eve:c"))
keys = st.none() | st.sampled_from(("", "@ann:a", "@bob:b", "@eve:c", "token", "a"))


def made(
    kind: str, sender: str, key: str | None, content: Mapping[str, JsonValue], version: RoomVersion
) -> Event:
    room = room_id(small_room(version))
    return event("$n", kind, sender, content, state_key=key, room_id=room, version=version)


@given(st.sampled_from(TYPES), users, keys, contents, versions)
def test_event_of_any_content_gets_a_verdict(
    kind: str,
    sender: str,
    key: str | None,
    content: Mapping[str, JsonValue],
    version: RoomVersion,
) -> None:
    sent = made(kind, sender, key, content, version)
    state = small_room(version)

    by_itself = check(sent, {}, version, create=state["m.room.create", ""])

    assert isinstance(by_itself, Allowed | Denied)
    assert isinstance(check_against_state(sent, state, version), Allowed | Denied)
    assert is_power_event(sent) in {True, False}


@settings(max_examples=30)
@given(st.sampled_from(TYPES), users, st.lists(contents, min_size=6, max_size=6), versions)
def test_state_of_any_content_gives_a_verdict(
    kind: str, sender: str, held: list[dict[str, JsonValue]], version: RoomVersion
) -> None:
    state = small_room(version)
    broken = [
        made(found.type, found.sender, found.state_key, content, version)
        for found, content in zip(state.values(), held, strict=True)
        if found.type != "m.room.create"
    ]
    offer = made("m.room.third_party_invite", "@bob:b", "token", held[0], version)
    around = {**state, **state_of([*broken, offer])}
    sent = made(kind, sender, "@bob:b", held[0], version)

    assert isinstance(check_against_state(sent, around, version), Allowed | Denied)


@given(keys, contents, versions)
def test_selection_of_auth_events_takes_any_content(
    key: str | None, content: Mapping[str, JsonValue], version: RoomVersion
) -> None:
    selected = auth_events_for(made("m.room.member", "@bob:b", key, content, version), version)

    assert len(set(selected)) == len(selected) <= 6
