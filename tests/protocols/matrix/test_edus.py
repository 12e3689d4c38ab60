"""EDUs: what servers tell in passing of their own users, and try to tell of others."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.matrix.edus import (
    DeviceListUpdate,
    Edu,
    Presence,
    PresenceUpdate,
    Receipt,
    Receipts,
    SigningKeyUpdate,
    ToDeviceMessages,
    Typing,
    render_edu,
)
from protocols.matrix.identifiers import EventId, RoomId, ServerName, UserId
from protocols.matrix.parsing_edus import MAX_EDU_BYTES, MAX_RECEIPTS, parse_edu
from protocols.strict_json import JsonObject, JsonValue

A = ServerName("a.example")
ALICE, BOB = UserId("@alice:a.example"), UserId("@bob:b.example")
ROOM, EVENT = RoomId("!room:b.example"), EventId("$event")

EDUS: list[Edu] = [
    Typing(room_id=ROOM, user_id=ALICE, typing=True),
    Receipts(
        receipts=(
            Receipt(room_id=ROOM, user_id=ALICE, event_id=EVENT, thread_id="main", read_ts=5),
            Receipt(
                room_id=ROOM,
                user_id=UserId("@al:a.example"),
                event_id=EVENT,
                thread_id=None,
                read_ts=6,
            ),
        )
    ),
    Presence(
        updates=(
            PresenceUpdate(
                user_id=ALICE,
                presence="unavailable",
                last_active_ago_ms=60_000,
                currently_active=False,
                status_message="away",
            ),
        )
    ),
    DeviceListUpdate(
        user_id=ALICE,
        device_id="PHONE",
        stream_id=6,
        prev_ids=(4, 5),
        deleted=False,
        display_name="Phone",
        keys={"keys": {}},
    ),
    DeviceListUpdate(
        user_id=ALICE,
        device_id="PHONE",
        stream_id=7,
        prev_ids=(),
        deleted=True,
        display_name=None,
        keys=None,
    ),
    SigningKeyUpdate(user_id=ALICE, master_key={"usage": ["master"]}, self_signing_key=None),
    SigningKeyUpdate(user_id=ALICE, master_key=None, self_signing_key={"usage": []}),
    ToDeviceMessages(
        sender=ALICE,
        type="m.room.encrypted",
        message_id="m1",
        messages={BOB: {"*": {"ciphertext": "x"}, "LAPTOP": {}}},
    ),
]


def edu(kind: str, **content: Any) -> JsonObject:
    return {"edu_type": kind, "content": content}


@pytest.mark.parametrize("value", EDUS, ids=lambda value: type(value).__name__)
def test_edu_of_ours_is_one_that_we_take(value: Edu) -> None:
    assert parse_edu(render_edu(value), A) == value


def test_edu_of_an_unknown_kind_is_passed_over() -> None:
    assert parse_edu(edu("org.example.new"), A) is None
    assert parse_edu({"edu_type": 5}, A) is None
    assert parse_edu({}, A) is None


@pytest.mark.parametrize(
    "forged",
    [
        edu("m.typing", room_id=ROOM, user_id=BOB, typing=True),
        edu("m.device_list_update", user_id=BOB, device_id="X", stream_id=1),
        edu("m.signing_key_update", user_id=BOB, master_key={}),
        edu("m.direct_to_device", sender=BOB, type="x", message_id="1", messages={}),
    ],
)
def test_edu_about_a_user_of_another_server_is_refused(forged: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse_edu(forged, A)

    assert refused.value.errcode == "M_FORBIDDEN"


def test_receipts_and_presence_of_users_of_other_servers_are_left_out() -> None:
    entry = {"event_ids": [EVENT], "data": {"ts": 1}}
    receipts = parse_edu(
        edu("m.receipt", **{ROOM: {"m.read": {BOB: entry, "bob": entry, ALICE: entry}}}), A
    )
    presence = parse_edu(
        edu(
            "m.presence",
            push=[
                {"user_id": BOB, "presence": "online"},
                {"user_id": ALICE, "presence": "online", "status_msg": "x" * 2_000},
                {"user_id": ALICE, "presence": "asleep"},
                5,
            ],
        ),
        A,
    )

    assert isinstance(receipts, Receipts)
    assert [receipt.user_id for receipt in receipts.receipts] == [ALICE]
    assert isinstance(presence, Presence)
    assert [(one.user_id, one.status_message) for one in presence.updates] == [(ALICE, None)]


@pytest.mark.parametrize(
    "entry",
    [
        *(5, {}, {"event_ids": [], "data": {"ts": 1}}, {"event_ids": ["x"], "data": {"ts": 1}}),
        *({"event_ids": [EVENT]}, {"event_ids": [EVENT], "data": {"ts": "1"}}),
        {"event_ids": [EVENT], "data": {"ts": 1, "thread_id": 5}},
    ],
)
def test_malformed_receipt_is_left_out(entry: JsonValue) -> None:
    found = parse_edu(edu("m.receipt", **{ROOM: {"m.read": {ALICE: entry}}, "!x": 5}), A)

    assert found == Receipts(receipts=())


@pytest.mark.parametrize(
    "broken",
    [
        {"edu_type": "m.typing"},
        {"edu_type": "m.typing", "content": []},
        edu("m.typing", room_id=ROOM, user_id=ALICE, typing="yes"),
        edu("m.typing", room_id="room", user_id=ALICE, typing=True),
        edu("m.typing", room_id=ROOM, user_id=5, typing=True),
        edu("m.presence", push={}),
        edu("m.presence", push=[{}] * 101),
        edu("m.device_list_update", user_id=ALICE, device_id=5, stream_id=1),
        edu("m.device_list_update", user_id=ALICE, device_id="X", stream_id="1"),
        edu("m.device_list_update", user_id=ALICE, device_id="X", stream_id=-1),
        edu("m.device_list_update", user_id=ALICE, device_id="X", stream_id=2**63),
        edu("m.device_list_update", user_id=ALICE, device_id="X", stream_id=1, prev_id=5),
        edu("m.device_list_update", user_id=ALICE, device_id="X", stream_id=1, prev_id=["1"]),
        edu("m.device_list_update", user_id=ALICE, device_id="X", stream_id=1, keys=[]),
        edu("m.device_list_update", user_id=ALICE, device_id="a\0", stream_id=1),
        edu("m.signing_key_update", user_id=ALICE, master_key="x"),
        edu("m.direct_to_device", sender=ALICE, type="x", message_id="1"),
        edu("m.direct_to_device", sender=ALICE, type="x", message_id="1" * 33, messages={}),
        edu("m.direct_to_device", sender=ALICE, type=5, message_id="1", messages={}),
        edu("m.direct_to_device", sender=ALICE, type="x", message_id="1", messages={BOB: 5}),
        edu("m.direct_to_device", sender=ALICE, type="x", message_id="1", messages={BOB: {"*": 5}}),
    ],
)
def test_malformed_edu_is_refused(broken: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_edu(broken, A)


def test_edu_of_more_than_64_kib_is_refused() -> None:
    messages = {BOB: {"*": {"body": "a" * MAX_EDU_BYTES}}}

    with pytest.raises(RemoteProtocolError) as refused:
        parse_edu(edu("m.direct_to_device", sender=ALICE, messages=messages), A)

    assert refused.value.errcode == "M_TOO_LARGE"


def test_flood_of_receipts_in_one_edu_is_refused() -> None:
    entry = {"event_ids": ["$e"], "data": {"ts": 1}}
    users = {f"@{number}:a.example": entry for number in range(MAX_RECEIPTS + 1)}

    with pytest.raises(RemoteProtocolError):
        parse_edu(edu("m.receipt", **{"!r:a.example": {"m.read": users}}), A)


def test_messages_to_no_user_are_left_out() -> None:
    found = parse_edu(
        edu(
            "m.direct_to_device",
            sender=ALICE,
            type="x",
            message_id="1",
            messages={"bob": {"*": {}}, BOB: {"*": {}}},
        ),
        A,
    )

    assert isinstance(found, ToDeviceMessages)
    assert found.messages == {BOB: {"*": {}}}


any_json: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.sampled_from([ALICE, BOB, ROOM, EVENT])
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([ALICE, ROOM, "m.read", "data", "ts", "*"]), inner)
    ),
    max_leaves=4,
)


@settings(max_examples=40)
@given(value=st.sampled_from(EDUS), changes=st.lists(any_json, max_size=3))
def test_any_edu_is_read_passed_over_or_refused(value: Edu, changes: list[JsonValue]) -> None:
    rendered = render_edu(value)
    content = rendered["content"]
    assert isinstance(content, dict)
    for position, found in enumerate(changes):
        content[list(content)[position % len(content)]] = found

    try:
        parse_edu(rendered, A)
    except RemoteProtocolError as refused:
        assert refused.status_hint in (400, 403, 413)  # noqa: PT017 - either outcome is right
