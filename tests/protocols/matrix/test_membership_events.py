"""Joins, leaves, knocks and invites that two servers make together, and how one may be fooled."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.matrix.event import Event, parse_event
from protocols.matrix.event_building import build_event
from protocols.matrix.identifiers import RoomId, ServerName, UserId
from protocols.matrix.membership_events import (
    MembershipWish,
    OwnMembership,
    build_template,
    check_invite,
    check_sent_membership,
    draft_from_template,
)
from protocols.matrix.room_previews import (
    MAX_EVENTS,
    parse_state_of_room,
    parse_stripped_state,
    render_state_of_room,
    render_stripped,
    strip,
)
from protocols.matrix.room_versions import ROOM_VERSIONS
from protocols.matrix.signing import verify_event
from protocols.strict_json import JsonObject, JsonValue
from tests.protocols.matrix.vectors import NOW, draft, event_of, key_of, verify_keys

A, B = ServerName("a.example"), ServerName("b.example")
ROOM, ALICE = RoomId("!room:b.example"), UserId("@alice:a.example")
V11, V12 = ROOM_VERSIONS["11"], ROOM_VERSIONS["12"]
WISH = MembershipWish(
    room_id=ROOM, user_id=ALICE, membership="join", content={"displayname": "Alice"}
)


def template(version: str = "11", content: JsonObject | None = None, **changes: Any) -> JsonObject:
    """What b.example answers to make_join."""
    event: JsonObject = {
        "room_id": ROOM,
        "type": "m.room.member",
        "sender": ALICE,
        "state_key": ALICE,
        "content": {"membership": "join", "displayname": "Mallory", **(content or {})},
        "prev_events": ["$last"],
        "auth_events": ["$create", "$rules"],
        "depth": 12,
        "origin_server_ts": 5,
        "hashes": {"sha256": "x"},
        "redacts": "$victim",
        **changes,
    }
    return {"room_version": version, "event": event}


# CVE-2026-24471: a server was made to sign whatever the template held.


def test_join_is_made_of_our_own_words_and_the_place_in_the_graph() -> None:
    made, version = draft_from_template(template(), WISH, now_ms=NOW)
    event = build_event(made, version, key_of(A))

    assert verify_event(event, verify_keys(key_of(A))) is event
    assert event.content == {"displayname": "Alice", "membership": "join"}
    assert (event.prev_events, event.auth_events) == (("$last",), ("$create", "$rules"))
    assert (event.depth, event.origin_server_ts) == (12, NOW)
    assert "redacts" not in event.document
    assert "origin" not in event.document


@pytest.mark.parametrize(
    "answer",
    [
        template(type="m.room.power_levels"),
        template(sender="@bob:a.example"),
        template(state_key="@bob:a.example"),
        template(state_key=""),
        template(room_id="!other:b.example"),
        template(content={"membership": "leave"}),
        template(content={"membership": None}),
        template(prev_events=[["$a", {}]]),
        template(prev_events=["$x"] * 21),
        template(auth_events=["$x"] * 11),
        template(auth_events=None),
        template(depth="1"),
        template(depth=2**53),
        template(depth=-1),
        {**template(), "event": None},
        {"room_version": "11", "event": {}},
    ],
)
def test_template_of_another_event_is_refused(answer: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        draft_from_template(answer, WISH, now_ms=NOW)

    assert refused.value.errcode == "M_BAD_JSON"


@pytest.mark.parametrize("version", ["1", "2", "13", None, 11])
def test_template_of_a_room_version_that_we_do_not_know_is_refused(version: Any) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        draft_from_template({**template(), "room_version": version}, WISH, now_ms=NOW)

    assert refused.value.errcode == "M_UNSUPPORTED_ROOM_VERSION"


def test_room_without_a_version_is_of_version_1_and_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        draft_from_template({"event": template()["event"]}, WISH, now_ms=NOW)


def test_voucher_of_a_restricted_join_is_kept_and_of_nothing_else() -> None:
    vouched: JsonObject = {"join_authorised_via_users_server": "@mod:b.example"}
    leave = MembershipWish(room_id=ROOM, user_id=ALICE, membership="leave", content={})

    join, _ = draft_from_template(template("8", vouched), WISH, now_ms=NOW)
    early, _ = draft_from_template(template("7", vouched), WISH, now_ms=NOW)
    left, _ = draft_from_template(
        template("8", {**vouched, "membership": "leave"}), leave, now_ms=NOW
    )

    assert join.content["join_authorised_via_users_server"] == "@mod:b.example"
    assert "join_authorised_via_users_server" not in early.content
    assert left.content == {"membership": "leave"}
    with pytest.raises(RemoteProtocolError):
        draft_from_template(
            template("8", {"join_authorised_via_users_server": 5}), WISH, now_ms=NOW
        )


def test_our_own_words_cannot_change_the_membership() -> None:
    wish = MembershipWish(
        room_id=ROOM, user_id=ALICE, membership="join", content={"membership": "ban"}
    )

    assert draft_from_template(template(), wish, now_ms=NOW)[0].content["membership"] == "join"


def test_template_of_ours_is_one_that_we_take() -> None:
    offered = draft(
        room_id=ROOM, type="m.room.member", state_key=ALICE, content={"membership": "join"}
    )

    made, version = draft_from_template(build_template(offered, V11), WISH, now_ms=NOW)

    assert version is V11
    assert made.prev_events == offered.prev_events


any_json: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["$a", ALICE, ROOM, "join"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["membership", "type", "a"]), inner)
    ),
    max_leaves=4,
)


@settings(max_examples=60)
@given(
    changes=st.dictionaries(
        st.sampled_from(["type", "content", "prev_events", "auth_events", "depth", "sender"]),
        any_json,
        max_size=2,
    )
)
def test_any_template_gives_our_own_join_or_is_refused(changes: dict[str, Any]) -> None:
    answer = template()
    event = answer["event"]
    assert isinstance(event, dict)
    event.update(changes)

    try:
        made, _ = draft_from_template(answer, WISH, now_ms=NOW)
    except RemoteProtocolError:
        return
    assert made.content == {"displayname": "Alice", "membership": "join"}
    assert (made.type, made.sender, made.state_key) == ("m.room.member", ALICE, ALICE)


# What comes back to be taken in, or to be signed.


def member(membership: str = "join", **changes: Any) -> Event:
    fields = {"room_id": ROOM, "type": "m.room.member", "state_key": ALICE, **changes}
    return event_of(**{"content": {"membership": membership}, **fields})


@pytest.mark.parametrize("membership", ["join", "leave", "knock"])
def test_membership_that_a_server_sends_of_its_own_user_is_taken(
    membership: OwnMembership,
) -> None:
    check_sent_membership(member(membership), A, ROOM, membership)


@pytest.mark.parametrize(
    "event",
    [
        member(type="m.room.power_levels"),
        member("leave"),
        member("ban"),
        member(state_key="@bob:a.example"),
        member(state_key=None),
        member(sender="@alice:b.example", state_key="@alice:b.example"),
        member(room_id=RoomId("!other:b.example")),
        member(content={}),
    ],
)
def test_anything_else_sent_as_a_join_is_refused(event: Event) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        check_sent_membership(event, A, ROOM, "join")

    assert refused.value.errcode == "M_INVALID_PARAM"


def test_invite_of_a_user_of_ours_is_taken() -> None:
    invite = member("invite", state_key="@bob:b.example")

    assert check_invite(invite, A, ROOM, B) == "@bob:b.example"


@pytest.mark.parametrize(
    "event",
    [
        member("invite", type="m.room.power_levels", state_key="@bob:b.example"),
        member("join", state_key="@bob:b.example"),
        member("invite", state_key="@bob:c.example"),
        member("invite", state_key="bob"),
        member("invite", state_key=None),
        member("invite", state_key="@bob:b.example", sender="@eve:c.example"),
        member("invite", state_key="@bob:b.example", room_id=RoomId("!other:b.example")),
    ],
)
def test_what_is_no_invite_of_a_user_of_ours_is_not_signed(event: Event) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        check_invite(event, A, ROOM, B)

    assert refused.value.errcode == "M_INVALID_PARAM"


# The state that comes with an invite.

CREATE = event_of("12", room_id=None, type="m.room.create", state_key="", prev_events=())
NAME = event_of(
    "12", room_id=CREATE.room_id, type="m.room.name", state_key="", content={"name": "Bees"}
)


def test_state_of_a_room_of_version_12_comes_whole_with_the_create_event() -> None:
    state = render_state_of_room([NAME, CREATE, event_of()], V12)

    read = parse_state_of_room(state, CREATE.room_id, V12)

    assert [event.event_id for event in read] == [NAME.event_id, CREATE.event_id]


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        [NAME.document],
        [CREATE.document, 5],
        [CREATE.document, {"type": "m.room.name"}],
        [CREATE.document, {**NAME.document, "room_id": "!" + "A" * 43}],
        [{**CREATE.document, "depth": 9}],
        [CREATE.document] * (MAX_EVENTS + 1),
    ],
)
def test_state_that_is_not_of_the_room_of_the_invite_is_refused(state: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse_state_of_room(state, CREATE.room_id, V12)

    assert refused.value.errcode == "M_INVALID_PARAM"


def test_state_of_an_older_room_comes_stripped() -> None:
    name = event_of(type="m.room.name", state_key="", content={"name": "Bees"})
    state = render_state_of_room([name, event_of()], V11)

    assert state == [render_stripped(strip(name))]
    assert parse_stripped_state(state) == (strip(name),)
    assert parse_state_of_room(state, name.room_id, V11) == ()


@pytest.mark.parametrize(
    "garbage",
    [
        *(None, 5, [5, None, "x", [], {}]),
        [{"type": 5, "state_key": "", "sender": ALICE, "content": {}}],
        [{"type": "x", "sender": ALICE, "content": {}}],
        [{"type": "x", "state_key": "", "sender": "alice", "content": {}}],
        [{"type": "x", "state_key": "", "sender": ALICE, "content": None}],
        [{"type": "x", "state_key": "", "sender": ALICE, "content": {"a": 1.5}}],
        [{"type": "x", "state_key": "", "sender": ALICE, "content": {"a": "\ud800"}}],
        [{"type": "x" * 256, "state_key": "", "sender": ALICE, "content": {}}],
    ],
)
def test_garbage_in_the_state_of_an_invite_is_left_out(garbage: JsonValue) -> None:
    assert parse_stripped_state(garbage) == ()


def test_state_of_an_invite_does_not_grow_without_end() -> None:
    entry: JsonObject = {"type": "x", "state_key": "", "sender": ALICE, "content": {}}
    large: JsonObject = {**entry, "content": {"a": "a" * 50_000}}

    assert len(parse_stripped_state([entry] * 1_000)) == MAX_EVENTS
    assert len(parse_stripped_state([large] * 10)) == 2


def test_whole_event_of_a_peer_is_stripped_for_clients() -> None:
    read = parse_event(NAME.document, V12)

    assert parse_stripped_state([NAME.document]) == (strip(read),)
