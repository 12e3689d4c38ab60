"""Events as hostile peers write them: what is refused, what is left out, what is kept."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.matrix.event import (
    MAX_EVENT_BYTES,
    parse_event,
    redacted_event,
    stored_event,
)
from protocols.matrix.event_json import load_body
from protocols.matrix.redaction import redact
from protocols.matrix.room_versions import ROOM_VERSIONS, room_version
from protocols.strict_json import JsonObject, JsonValue
from tests.protocols.matrix.vectors import document_of, event_of

V3, V6, V10, V11, V12 = (ROOM_VERSIONS[name] for name in ("3", "6", "10", "11", "12"))
HASH = "A" * 43

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
any_json: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=6,
)
FIELDS = sorted(document_of(state_key=""))


def test_event_of_a_peer_is_read() -> None:
    document = document_of(state_key="", type="m.room.topic")
    document["unsigned"] = {"age": 5}

    event = parse_event(document, V11)

    assert event.sender == "@alice:a.example"
    assert event.origin == "a.example"
    assert event.is_state
    assert event.prev_events == ("$before",)
    assert event.unsigned == {"age": 5}
    assert "unsigned" not in event.document
    assert "unsigned" in document


def test_event_out_of_storage_is_the_one_that_was_read() -> None:
    for version in ROOM_VERSIONS.values():
        room_id = f"!{HASH}" if version.room_id_is_create_hash else "!r:a.example"
        document = document_of(
            version.identifier, type="m.room.redaction", redacts="$target", room_id=room_id
        )
        read = parse_event(document, version)

        stored = stored_event(read.event_id, read.document, version)

        for name in ("room_id", "sender", "state_key", "prev_events", "depth", "redacts", "hashes"):
            assert getattr(stored, name) == getattr(read, name)
        assert stored.redacts == "$target"


def test_create_event_of_version_12_names_the_room() -> None:
    event = event_of("12", room_id=None, type="m.room.create", state_key="", prev_events=())

    assert event.room_id == "!" + event.event_id[1:]
    assert stored_event(event.event_id, event.document, V12).room_id == event.room_id


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "state_key"])
def test_event_without_a_required_field_is_refused(field: str) -> None:
    document = document_of(state_key="")
    del document[field]

    with pytest.raises(RemoteProtocolError):
        parse_event(document, V11)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("depth", -1, id="depth below zero"),
        pytest.param("depth", "1", id="depth as text"),
        pytest.param("depth", True, id="depth true"),
        pytest.param("depth", 1.0, id="depth as a fraction"),
        pytest.param("depth", 2**53, id="depth beyond canonical JSON"),
        pytest.param("depth", 2**63, id="depth beyond 64 bits"),
        pytest.param("origin_server_ts", 2**53 + 1, id="time beyond canonical JSON"),
        pytest.param("origin_server_ts", None, id="no time"),
        pytest.param("prev_events", [f"${n}" for n in range(21)], id="21 previous events"),
        pytest.param("auth_events", [f"${n}" for n in range(11)], id="11 auth events"),
        pytest.param("prev_events", {}, id="previous events as an object"),
        pytest.param("prev_events", "$abc", id="previous events as text"),
        pytest.param("prev_events", [["$a:b", {"sha256": "x"}]], id="references of version 1"),
        pytest.param("auth_events", [5], id="auth event as a number"),
        pytest.param("auth_events", ["a"], id="auth event without sigil"),
        pytest.param("auth_events", ["$" + "a" * 255], id="auth event of 256 bytes"),
        pytest.param("content", [], id="content as a list"),
        pytest.param("content", None, id="no content"),
        pytest.param("content", {"a": 2**53}, id="long integer"),
        pytest.param("content", {"a": [1.5]}, id="fraction"),
        pytest.param("content", {"a": 1e10}, id="whole fraction"),
        pytest.param("content", {"a": float("nan")}, id="NaN"),
        pytest.param("content", {"a": "\ud800"}, id="half a surrogate pair"),
        pytest.param("type", "a" * 256, id="type of 256 bytes"),
        pytest.param("type", "é" * 128, id="type of 256 bytes in 128 characters"),
        pytest.param("type", "a\0", id="type with NUL"),
        pytest.param("type", {}, id="type as an object"),
        pytest.param("state_key", "a" * 256, id="state key of 256 bytes"),
        pytest.param("state_key", None, id="state key null"),
        pytest.param("state_key", "\0", id="state key with NUL"),
        pytest.param("sender", "alice", id="sender without sigil"),
        pytest.param("sender", "@alice", id="sender without server"),
        pytest.param("sender", "@alice:a/b", id="sender of no server name"),
        pytest.param("sender", "@" + "a" * 250 + ":a.example", id="sender too long"),
        pytest.param("room_id", "!room", id="room id without server"),
        pytest.param("room_id", "!" + "a" * 250 + ":a.example", id="room id too long"),
        pytest.param("room_id", None, id="room id null"),
        pytest.param("hashes", {}, id="no hash"),
        pytest.param("hashes", {"sha256": 5}, id="hash as a number"),
        pytest.param("hashes", {"sha256": "x", "md5": 5}, id="another hash as a number"),
        pytest.param("signatures", [], id="signatures as a list"),
        pytest.param("event_id", "$mine", id="event that names itself"),
    ],
)
def test_malformed_event_is_refused(field: str, value: Any) -> None:
    document = {**document_of(state_key=""), field: value}

    with pytest.raises(RemoteProtocolError) as refused:
        parse_event(document, V11)

    assert refused.value.status_hint in (400, 413)


def test_limits_themselves_are_kept() -> None:
    document = document_of(
        depth=2**53 - 1,
        prev_events=[f"${n}" for n in range(20)],
        auth_events=[f"${n}" for n in range(10)],
        type="a" * 255,
        state_key="é" * 127,
    )

    assert parse_event(document, V11).depth == 2**53 - 1


def test_event_of_65536_bytes_is_taken_and_one_more_is_not() -> None:
    empty = event_of(content={"body": ""})
    assert empty.forms is not None
    room = MAX_EVENT_BYTES - empty.forms.size

    parse_event(document_of(content={"body": "a" * room}), V11)
    with pytest.raises(RemoteProtocolError) as refused:
        parse_event({**document_of(), "content": {"body": "a" * (room + 1)}}, V11)

    assert refused.value.errcode == "M_TOO_LARGE"


def test_event_is_measured_in_bytes_with_its_signatures() -> None:
    crowded: JsonObject = {f"s{n}.example": {"ed25519:1": "A" * 86} for n in range(700)}

    with pytest.raises(RemoteProtocolError, match="too large"):
        parse_event({**document_of(), "signatures": crowded}, V11)
    with pytest.raises(RemoteProtocolError, match="too large"):
        parse_event({**document_of(), "content": {"body": "€" * 22_000}}, V11)


def test_unsigned_of_a_peer_cannot_make_an_event_too_large_or_malformed() -> None:
    unsigned: JsonObject = {"age": 1.5, "junk": "a" * MAX_EVENT_BYTES}

    event = parse_event({**document_of(), "unsigned": unsigned}, V11)

    assert "unsigned" not in event.document


def test_garbage_among_signatures_is_left_out_and_the_event_taken() -> None:
    """Other servers keep it and pass it on: refusing it would tear a hole into the room."""
    document = document_of()
    signatures = document["signatures"]
    assert isinstance(signatures, dict)
    garbage: JsonObject = {"x": 5, "y": {"ed25519:1": 1.5, "ed25519:2": "AA"}}

    event = parse_event({**document, "signatures": {**signatures, **garbage}}, V11)

    assert event.signatures == {**signatures, "y": {"ed25519:2": "AA"}}
    assert event.event_id == parse_event(document, V11).event_id


def test_content_with_nul_is_taken() -> None:
    document = load_body(b'{"body":"a\\u0000b"}', max_bytes=100)

    assert event_of(content=document).content == {"body": "a\0b"}


def test_deeply_nested_content_is_refused_without_recursion() -> None:
    nested: JsonValue = {}
    for _ in range(100_000):
        nested = [nested]

    with pytest.raises(RemoteProtocolError, match="deep"):
        parse_event({**document_of(), "content": {"a": nested}}, V11)

    while isinstance(nested, list):  # taken apart by hand: freeing it would recurse
        nested = nested.pop()


def test_nesting_is_taken_as_far_as_others_take_it() -> None:
    """Synapse takes 125 lists inside of an event's content, and refuses one more."""
    value: JsonValue = 1
    for _ in range(125):
        value = [value]

    assert event_of(content={"a": value}).content == {"a": value}
    with pytest.raises(RemoteProtocolError):
        event_of(content={"a": [value]})


def test_long_integers_and_fractions_are_taken_before_version_6_only() -> None:
    content: JsonObject = {"a": 2**60, "b": 1.5, "c": 1e10}
    document = document_of("3", content=content, origin_server_ts=2**60)

    assert parse_event(document, V3).content == content
    with pytest.raises(RemoteProtocolError, match="canonical"):
        parse_event(document, V6)


def test_depth_that_would_cut_us_off_from_others_is_refused_in_old_rooms_too() -> None:
    """2^63 - 1 is allowed on paper; after it, no event of ours would be taken by Synapse."""
    document: JsonObject = {**document_of("3"), "depth": 2**53}

    with pytest.raises(RemoteProtocolError):
        parse_event(document, V3)


def test_room_id_of_version_12_is_a_hash() -> None:
    document = document_of("12", room_id=f"!{HASH}")

    assert parse_event(document, V12).room_id == f"!{HASH}"
    for room_id in ("!room:a.example", "!short", f"!{HASH}:a.example", f"!{HASH[1:]}+"):
        with pytest.raises(RemoteProtocolError):
            parse_event({**document, "room_id": room_id}, V12)
    with pytest.raises(RemoteProtocolError):
        parse_event({**document, "room_id": f"!{HASH}"}, V11)


def test_create_event_of_version_12_with_a_room_id_is_left_to_the_rules() -> None:
    document = {**document_of("12", room_id=f"!{HASH}"), "type": "m.room.create", "state_key": ""}

    assert parse_event(document, V12).room_id == f"!{HASH}"


def test_target_of_a_redaction_stands_where_the_version_has_it() -> None:
    top = {**document_of("10", type="m.room.redaction"), "redacts": "$top"}
    inner: JsonObject = {**top, "content": {"redacts": "$inner"}}

    assert parse_event(inner, V10).redacts == "$top"
    assert parse_event(inner, V11).redacts == "$inner"
    assert parse_event(top, V11).redacts is None
    assert parse_event({**top, "type": "m.room.message"}, V10).redacts is None
    assert parse_event({**top, "redacts": ["$x"]}, V10).redacts is None


def test_historical_sender_is_taken() -> None:
    document = {**document_of(), "sender": "@Ünï côdé!:a.example"}

    assert parse_event(document, V11).sender == "@Ünï côdé!:a.example"


def test_redacted_event_has_the_same_id_and_signatures() -> None:
    event = event_of(content={"body": "rude", "msgtype": "m.text"})

    redacted = redacted_event(event)

    assert redacted.content == {}
    assert redacted.event_id == event.event_id
    assert redacted.signatures == event.signatures
    again = parse_event(redacted.document, V11)
    assert again.event_id == event.event_id


@pytest.mark.parametrize("identifier", ["1", "2", "13", "", "org.example.x", 12, None, ["12"]])
def test_unknown_room_version_is_refused(identifier: object) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        room_version(identifier)

    assert refused.value.errcode == "M_UNSUPPORTED_ROOM_VERSION"


# Redaction: what the fixtures do not show.


def test_only_the_signed_part_of_a_third_party_invite_outlives_redaction() -> None:
    content: JsonObject = {
        "membership": "invite",
        "third_party_invite": {"display_name": "A.", "signed": {"token": "t"}},
    }
    document: JsonObject = {"type": "m.room.member", "content": content}

    assert redact(document, V11)["content"] == {
        "membership": "invite",
        "third_party_invite": {"signed": {"token": "t"}},
    }
    assert redact(document, V10)["content"] == {"membership": "invite"}
    content["third_party_invite"] = {"display_name": "A."}
    assert redact(document, V11)["content"] == {"membership": "invite", "third_party_invite": {}}
    content["third_party_invite"] = "none"
    assert redact(document, V11)["content"] == {"membership": "invite"}


@pytest.mark.parametrize("content", [None, [], "text", 5])
def test_content_that_is_no_object_is_redacted_to_nothing(content: JsonValue) -> None:
    assert redact({"type": "m.room.create", "content": content}, V12)["content"] == {}


# Properties.


@settings(max_examples=60)
@given(
    kind=st.sampled_from(
        [
            *("m.room.member", "m.room.create", "m.room.power_levels", "m.room.join_rules"),
            *("m.room.aliases", "m.room.redaction", "m.room.history_visibility", "x"),
        ]
    ),
    content=st.dictionaries(
        st.sampled_from(["membership", "creator", "allow", "third_party_invite", "redacts", "ban"])
        | text,
        any_json,
        max_size=5,
    ),
    extra=st.dictionaries(text, any_json, max_size=3),
    version=st.sampled_from(sorted(ROOM_VERSIONS)),
)
def test_redacting_twice_is_redacting_once(
    kind: str, content: JsonObject, extra: JsonObject, version: str
) -> None:
    rules = ROOM_VERSIONS[version]
    document = {**extra, "type": kind, "content": content}

    once = redact(document, rules)

    assert repr(redact(once, rules)) == repr(once)
    assert set(once) <= {*rules.redaction.keys, "content"}


@settings(max_examples=60)
@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), any_json, max_size=3)
    | st.dictionaries(text, any_json, max_size=3),
    removed=st.sets(st.sampled_from(FIELDS), max_size=2),
    version=st.sampled_from(sorted(ROOM_VERSIONS)),
)
def test_whatever_a_peer_sends_is_read_or_refused(
    changes: JsonObject, removed: set[str], version: str
) -> None:
    document = {**document_of(state_key=""), **changes}
    for name in removed:
        document.pop(name, None)

    try:
        event = parse_event(document, ROOM_VERSIONS[version])
    except RemoteProtocolError:
        return
    assert event.event_id.startswith("$")
    assert 0 <= event.depth < 2**63


@settings(max_examples=40)
@given(document=st.dictionaries(text, any_json, max_size=4))
def test_any_object_is_read_or_refused(document: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_event(document, V12)


@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(lambda found: found.encode()))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(RemoteProtocolError):
        assert isinstance(load_body(raw, max_bytes=1_000), dict)
