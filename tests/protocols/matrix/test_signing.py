"""Signatures on JSON and events: whose are asked for, and what a false one does."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import LocalProtocolError, RemoteProtocolError, SignatureRefused
from protocols.key_formats import PrivateKey
from protocols.matrix.event import Event, parse_event, stored_event
from protocols.matrix.event_building import build_event, next_depth
from protocols.matrix.identifiers import ServerName
from protocols.matrix.keys import (
    KeyId,
    ServerVerifyKeys,
    is_key_id,
    parse_key,
    render_key,
    signing_key,
)
from protocols.matrix.room_versions import ROOM_VERSIONS
from protocols.matrix.signing import (
    MAX_SIGNATURES,
    countersign,
    has_valid_hash,
    is_event_signed_by,
    key_ids,
    required_signers,
    sign_json,
    verify_event,
    verify_json,
)
from protocols.strict_json import JsonObject, JsonValue
from tests.protocols.matrix.vectors import (
    NOW,
    document_of,
    draft,
    event_of,
    key_of,
    key_of_seed,
    needs_vectors,
    vectors,
    verify_keys,
)

A, B = ServerName("a.example"), ServerName("b.example")
KEY = key_of(A)
KEYS = verify_keys(KEY)
V11 = ROOM_VERSIONS["11"]
VOUCHED: JsonObject = {"membership": "join", "join_authorised_via_users_server": "@mod:b.example"}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
documents = st.dictionaries(
    text, st.recursive(numbers | text | st.none(), lambda inner: st.lists(inner, max_size=3))
)


def reason(call: Any, *arguments: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        call(*arguments)
    return refused.value.reason


def member(content: JsonObject, version: str = "11") -> Event:
    return event_of(version, type="m.room.member", state_key="@alice:a.example", content=content)


# JSON.


@settings(max_examples=50)
@given(document=documents)
def test_what_we_sign_we_verify(document: JsonObject) -> None:
    signed = sign_json(document, KEY)

    verify_json(signed, A, KEYS[A])
    verify_json({**signed, "unsigned": {"age": 1}}, A, KEYS[A])
    with pytest.raises(SignatureRefused):
        verify_json({**signed, "another": 1}, A, KEYS[A])
    assert {name: signed[name] for name in signed if name != "signatures"} == {
        name: value for name, value in document.items() if name != "signatures"
    }


def test_signatures_of_others_stay_and_the_document_is_not_changed() -> None:
    document: JsonObject = {"a": 1}

    once = sign_json(document, KEY)
    twice = sign_json(once, key_of(B, 2))
    again = sign_json(twice, key_of(A, 3, "2"))

    for key in (KEY, key_of(B, 2), key_of(A, 3, "2")):
        verify_json(again, key.server, verify_keys(key)[key.server])
    assert document == {"a": 1}
    assert key_ids(again["signatures"], A) == ("ed25519:1", "ed25519:2")


def test_what_is_not_json_is_not_signed() -> None:
    with pytest.raises(RemoteProtocolError):
        sign_json({"a": 1.5}, KEY)


@pytest.mark.parametrize(
    ("signatures", "why"),
    [
        (None, "unsigned"),
        ([], "unsigned"),
        ({}, "unsigned"),
        ({"b.example": {"ed25519:1": "AA"}}, "unsigned"),
        ({"a.example": "AA"}, "unsigned"),
        ({"a.example": {"rsa:1": "AA", "ed25519": "AA"}}, "unsigned"),
        ({"a.example": {"ed25519:2": "AA"}}, "unsupported"),
        ({"a.example": {"ed25519:1": 5}}, "malformed"),
        ({"a.example": {"ed25519:1": "ä"}}, "malformed"),
        ({"a.example": {"ed25519:1": ""}}, "bad-signature"),
        ({"a.example": {"ed25519:1": "A" * 86}}, "bad-signature"),
    ],
)
def test_document_without_a_good_signature_is_refused(signatures: JsonValue, why: str) -> None:
    assert reason(verify_json, {"signatures": signatures}, A, KEYS[A]) == why


def test_one_false_signature_by_a_known_key_spoils_a_good_one() -> None:
    other = key_of(A, 2, "2")
    signed = sign_json({}, KEY)
    signatures: Any = signed["signatures"]
    signatures[A]["ed25519:2"] = "A" * 86

    verify_json(signed, A, KEYS[A])
    assert reason(verify_json, signed, A, verify_keys(KEY, other)[A]) == "bad-signature"


def test_hundreds_of_signatures_are_not_tried() -> None:
    many = [key_of(A, 1, str(number)) for number in range(MAX_SIGNATURES + 1)]
    signed: JsonObject = {}
    for key in many:
        signed = sign_json(signed, key)

    assert reason(verify_json, signed, A, verify_keys(*many)[A]) == "unsupported"


# Keys.


def test_key_that_everybody_knows_signs_nothing() -> None:
    needs_vectors()
    spec = vectors("spec_signing.json")
    published = key_of_seed("a.example", "ed25519:1", spec["seed"])

    with pytest.raises(LocalProtocolError, match="published"):
        signing_key(A, "1", published.key)
    for text_of_key in (
        "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI",
        "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI=",
        "l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og",
    ):
        with pytest.raises(RemoteProtocolError, match="published"):
            parse_key(text_of_key)


def test_key_of_ours_has_a_plain_name_and_is_ed25519() -> None:
    made = signing_key(A, "a_1", KEY.key)

    assert made.key_id == "ed25519:a_1"
    assert parse_key(render_key(KEYS[A][KeyId("ed25519:1")].key)) == KEYS[A][KeyId("ed25519:1")].key
    for name in ("", "a b", "a:b", "ä"):
        with pytest.raises(LocalProtocolError):
            signing_key(A, name, KEY.key)
    rsa = PrivateKey(algorithm="rsa", key=generate_private_key(65_537, 1024))
    with pytest.raises(LocalProtocolError):
        signing_key(A, "1", rsa)


@pytest.mark.parametrize("key", [None, 5, "", "AA", "A" * 42, "ä" * 43])
def test_broken_key_is_refused(key: object) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_key(key)


def test_key_ids_are_those_of_ed25519() -> None:
    assert is_key_id("ed25519:a-1.x")
    for name in ("ed25519:", "ed25519", "rsa:1", "ed25519:a b", "ed25519:" + "a" * 250, None):
        assert not is_key_id(name)


# Events.


@pytest.mark.parametrize("version", sorted(ROOM_VERSIONS))
def test_event_that_we_build_is_one_that_we_take(version: str) -> None:
    room_id = "!" + "A" * 43 if version == "12" else "!r:a.example"
    event = event_of(version, room_id=room_id)

    read = parse_event(event.document, ROOM_VERSIONS[version])

    assert read.event_id == event.event_id
    assert read.forms == event.forms
    assert verify_event(read, KEYS) is read


def test_event_with_other_content_is_taken_redacted() -> None:
    document: JsonObject = {**document_of(content={"body": "moin"}), "content": {"body": "rude"}}
    event = parse_event(document, V11)

    verified = verify_event(event, KEYS)

    assert not has_valid_hash(event)
    assert verified.content == {}
    assert verified.event_id == event_of(content={"body": "moin"}).event_id


def test_padded_hash_is_a_hash() -> None:
    document = document_of()
    hashes: Any = document["hashes"]
    padded: JsonObject = {**document, "hashes": {"sha256": hashes["sha256"] + "="}}
    broken: JsonObject = {**document, "hashes": {"sha256": "x"}}

    assert has_valid_hash(parse_event(padded, V11))
    assert not has_valid_hash(parse_event(broken, V11))


@pytest.mark.parametrize("field", ["depth", "origin_server_ts", "prev_events", "type", "room_id"])
def test_event_whose_essence_was_changed_is_dropped(field: str) -> None:
    other: JsonObject = {
        **document_of(),
        field: document_of(
            depth=8,
            type="x",
            prev_events=["$y"],
            origin_server_ts=NOW + 1,
            room_id="!other:a.example",
        )[field],
    }

    assert reason(verify_event, parse_event(other, V11), KEYS) == "bad-signature"


def test_event_of_a_sender_whose_server_did_not_sign_is_dropped() -> None:
    forged = build_event(draft(sender="@bob:b.example"), V11, KEY)

    assert required_signers(forged) == (B,)
    assert reason(verify_event, forged, KEYS) == "unsigned"
    assert reason(verify_event, event_of(), {}) == "unsupported"


def test_signature_after_the_end_of_its_key_counts_before_version_5_only() -> None:
    ended: dict[ServerName, ServerVerifyKeys] = verify_keys(KEY, until=NOW - 1)
    until_then = verify_keys(KEY, until=NOW)

    assert reason(verify_event, event_of("5"), ended) == "expired"
    for event, keys in ((event_of("5"), until_then), (event_of("4"), ended)):
        assert verify_event(event, keys) is event


def test_join_vouched_for_needs_the_signature_of_the_voucher_too() -> None:
    event = member(VOUCHED)
    both = {**KEYS, **verify_keys(key_of(B, 2))}

    assert required_signers(event) == (A, B)
    assert reason(verify_event, event, both) == "unsigned"
    signed = countersign(event, key_of(B, 2))
    assert verify_event(signed, both) is signed
    assert parse_event(signed.document, V11).event_id == event.event_id
    assert verify_event(event, KEYS, still_to_sign=B) is event
    assert is_event_signed_by(signed, B, both[B])
    assert not is_event_signed_by(event, B, both[B])


def test_voucher_matters_for_joins_of_restricted_rooms_only() -> None:
    own: JsonObject = {**VOUCHED, "join_authorised_via_users_server": "@mod:a.example"}

    assert required_signers(member(VOUCHED, "7")) == (A,)
    assert required_signers(member({**VOUCHED, "membership": "leave"})) == (A,)
    assert required_signers(member(own)) == (A,)
    assert required_signers(event_of(content=VOUCHED)) == (A,)


@pytest.mark.parametrize("voucher", [None, 5, "mod", "@mod", ["@mod:b.example"]])
def test_join_vouched_for_by_no_user_is_dropped(voucher: JsonValue) -> None:
    event = member({**VOUCHED, "join_authorised_via_users_server": voucher})

    with pytest.raises(RemoteProtocolError):
        verify_event(event, KEYS)


def test_invite_of_a_third_party_may_come_unsigned() -> None:
    """The server of the sender need not be the one that redeems it; the auth rules look inside."""
    invite = member({"membership": "invite", "third_party_invite": {"signed": {}}})
    unsigned = parse_event({**invite.document, "signatures": {}}, V11)

    assert required_signers(unsigned) == ()
    assert verify_event(unsigned, {}) is unsigned


def test_event_out_of_storage_is_countersigned_and_verified_as_well() -> None:
    event = event_of(content={"body": "moin"})
    stored = stored_event(event.event_id, event.document, V11)

    signed = countersign(stored, key_of(B, 2))

    assert verify_event(signed, KEYS) is signed
    assert is_event_signed_by(signed, B, verify_keys(key_of(B, 2))[B])
    assert event.document["signatures"] == stored.signatures


# Building.


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"content": {"a": 1.5}}, "M_BAD_JSON"),
        ({"content": {"a": "\ud800"}}, "M_BAD_JSON"),
        ({"content": {"body": "a" * 65_536}}, "M_TOO_LARGE"),
        ({"type": "a" * 256}, "M_BAD_JSON"),
        ({"state_key": "é" * 128}, "M_BAD_JSON"),
        ({"prev_events": [f"${n}" for n in range(21)]}, "M_BAD_JSON"),
        ({"sender": "alice"}, "M_INVALID_PARAM"),
        ({"room_id": "!" + "A" * 43}, "M_BAD_JSON"),
    ],
)
def test_what_cannot_be_an_event_is_not_built(changes: Any, errcode: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        event_of(**changes)

    assert refused.value.errcode == errcode


def test_depth_stays_at_the_limit() -> None:
    assert next_depth([]) == 1
    assert next_depth([4, 9]) == 10
    assert next_depth([2**53 - 1]) == 2**53 - 1


def test_redaction_is_built_where_the_version_has_its_target() -> None:
    kind = "m.room.redaction"

    old = event_of("10", type=kind, redacts="$x", content={"reason": "spam"})
    new = event_of("11", type=kind, redacts="$x", content={"reason": "spam"})

    assert (old.document["redacts"], old.content) == ("$x", {"reason": "spam"})
    assert "redacts" not in new.document
    assert new.content == {"reason": "spam", "redacts": "$x"}
