"""Documents in which servers publish their keys, and those of notaries."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError, SignatureRefused
from protocols.key_formats import public_half
from protocols.matrix.identifiers import ServerName
from protocols.matrix.keys import KeyId, render_key
from protocols.matrix.server_keys import (
    LONGEST_VALIDITY,
    MAX_KEYS,
    MAX_QUERIED_SERVERS,
    OldKey,
    build_notary_answer,
    build_server_keys,
    parse_key_query,
    parse_notary_answer,
    parse_server_keys,
)
from protocols.matrix.signing import sign_json, verify_event
from protocols.strict_json import JsonObject, JsonValue
from tests.protocols.matrix.vectors import (
    NOW,
    event_of,
    key_of,
    key_of_seed,
    needs_vectors,
    vectors,
    verify_keys,
)

A, B, NOTARY = ServerName("a.example"), ServerName("b.example"), ServerName("notary.example")
KEY, FORMER = key_of(A, 1, "new"), key_of(A, 2, "former")
WEEK_MS = int(LONGEST_VALIDITY.total_seconds()) * 1000
NEW, OLD = KeyId("ed25519:new"), KeyId("ed25519:former")


def published(**changes: Any) -> JsonObject:
    """The document of a.example, changed before it is signed."""
    document = build_server_keys(
        KEY, old_keys=[OldKey(key=FORMER, expired_ts=NOW - 5)], valid_until_ts=NOW + 1_000
    )
    return sign_json({**document, "signatures": {}, **changes}, KEY)


def test_keys_are_read_as_they_are_published() -> None:
    keys = parse_server_keys(published(), A, now_ms=NOW)

    assert keys.verify_keys == {NEW: replace(verify_keys(KEY)[A][NEW], valid_until_ts=NOW + 1_000)}
    assert keys.old_verify_keys[OLD].valid_until_ts == NOW - 5
    assert set(keys.event_keys) == {NEW, OLD}


def test_keys_recorded_from_another_server_are_read() -> None:
    needs_vectors()

    for server, document in vectors("real_rooms.json")["server_keys"].items():
        assert len(parse_server_keys(document, server, now_ms=NOW).verify_keys) == 1


def test_no_key_is_good_for_more_than_seven_days() -> None:
    keys = parse_server_keys(published(valid_until_ts=2**53 - 1), A, now_ms=NOW)

    assert keys.valid_until_ts == NOW + WEEK_MS
    assert keys.verify_keys[NEW].valid_until_ts == NOW + WEEK_MS


def test_document_past_its_end_is_good_for_what_came_before() -> None:
    keys = parse_server_keys(published(valid_until_ts=NOW), A, now_ms=NOW + 10 * WEEK_MS)
    event = event_of(origin_server_ts=NOW + 1)

    with pytest.raises(SignatureRefused):
        verify_event(event, {A: keys.event_keys})


def test_old_key_checks_events_from_before_its_end() -> None:
    former = key_of(A, 1, "1")
    public = render_key(public_half(former.key))
    old: JsonObject = {former.key_id: {"key": public, "expired_ts": NOW}}
    keys = parse_server_keys(published(old_verify_keys=old), A, now_ms=NOW + WEEK_MS)
    before, after = event_of(origin_server_ts=NOW), event_of(origin_server_ts=NOW + 1)

    assert verify_event(before, {A: keys.event_keys}) is before
    with pytest.raises(SignatureRefused):
        verify_event(after, {A: keys.event_keys})
    with pytest.raises(SignatureRefused):
        verify_event(before, {A: keys.verify_keys})


@pytest.mark.parametrize(
    "changes",
    [
        {"server_name": "b.example"},
        {"server_name": None},
        {"valid_until_ts": None},
        {"valid_until_ts": -1},
        {"valid_until_ts": True},
        {"valid_until_ts": "1"},
        {"verify_keys": None},
        {"verify_keys": []},
        {"verify_keys": {}},
        {"verify_keys": {"ed25519:new": {"key": "AA"}}},
        {"verify_keys": {"ed25519:new": "AA"}},
        {"verify_keys": {f"ed25519:{n}": {} for n in range(MAX_KEYS + 1)}},
        {"old_verify_keys": []},
        {"old_verify_keys": {f"ed25519:{n}": {} for n in range(MAX_KEYS + 1)}},
    ],
)
def test_malformed_document_of_keys_is_refused(changes: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_server_keys(published(**changes), A, now_ms=NOW)


def test_document_that_its_server_did_not_sign_is_refused() -> None:
    by_another = build_server_keys(key_of(A, 9, "new"), valid_until_ts=NOW)
    good = published()

    for document in (
        {**good, "signatures": {}},
        {**good, "valid_until_ts": NOW},
        {**good, "verify_keys": by_another["verify_keys"]},
        {**good, "signatures": by_another["signatures"]},
    ):
        with pytest.raises(SignatureRefused):
            parse_server_keys(document, A, now_ms=NOW)


def test_keys_that_cannot_be_used_are_left_out() -> None:
    verify = published()["verify_keys"]
    assert isinstance(verify, dict)
    more: JsonObject = {
        **verify,
        "rsa:1": {"key": "AA"},
        "ed25519:broken": {"key": "x"},
        "ed25519:none": {},
    }

    keys = parse_server_keys(published(verify_keys=more), A, now_ms=NOW)

    assert set(keys.verify_keys) == {NEW}


def test_server_with_a_published_key_is_refused() -> None:
    needs_vectors()
    known_to_all = key_of_seed("a.example", "ed25519:1", vectors("spec_signing.json")["seed"])
    document = build_server_keys(known_to_all, valid_until_ts=NOW)

    with pytest.raises(RemoteProtocolError, match="usable"):
        parse_server_keys(document, A, now_ms=NOW)


# Notaries.


def test_notary_vouches_for_what_servers_signed() -> None:
    notary = key_of(NOTARY, 3)
    found = parse_server_keys(published(), A, now_ms=NOW)

    answer = build_notary_answer([found], notary)
    read = parse_notary_answer(answer, NOTARY, verify_keys(notary)[NOTARY], now_ms=NOW)

    assert read[A].verify_keys == found.verify_keys


def test_document_that_the_notary_or_the_server_did_not_sign_is_left_out() -> None:
    notary = key_of(NOTARY, 3)
    keys = verify_keys(notary)[NOTARY]
    unvouched = published()
    forged = sign_json({**build_server_keys(key_of(B, 4), valid_until_ts=NOW), "x": 1}, notary)
    good = sign_json(published(), notary)
    documents: list[JsonValue] = [unvouched, forged, 5, {}, good]

    read = parse_notary_answer({"server_keys": documents}, NOTARY, keys, now_ms=NOW)

    assert set(read) == {A}


def test_of_two_documents_the_longer_valid_counts_and_the_other_is_old() -> None:
    notary = key_of(NOTARY, 3)
    earlier = build_server_keys(key_of(A, 5, "earlier"), valid_until_ts=NOW - 9)
    documents: list[JsonValue] = [sign_json(each, notary) for each in (published(), earlier)]
    keys = verify_keys(notary)[NOTARY]

    for order in (documents, documents[::-1]):
        read = parse_notary_answer({"server_keys": order}, NOTARY, keys, now_ms=NOW)[A]

        assert set(read.verify_keys) == {NEW}
        assert read.old_verify_keys[KeyId("ed25519:earlier")].valid_until_ts == NOW - 9


@pytest.mark.parametrize("answer", [{}, {"server_keys": {}}, {"server_keys": [{}] * 101}])
def test_answer_of_a_notary_that_is_no_list_is_refused(answer: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_notary_answer(answer, NOTARY, {}, now_ms=NOW)


def test_query_to_a_notary_is_read() -> None:
    query: JsonObject = {
        "a.example": {"ed25519:1": {"minimum_valid_until_ts": 7}, "x": {}},
        "b.example": {},
    }

    assert parse_key_query({"server_keys": query}) == {A: {"ed25519:1": 7, "x": 0}, B: {}}


@pytest.mark.parametrize(
    "query",
    [
        *(None, [], {"a b": {}}, {"a.example": None}, {"a.example": {"x": 5}}),
        {"a.example": {"x": {"minimum_valid_until_ts": "1"}}},
        {"a.example": {f"k{n}": {} for n in range(65)}},
        {f"{n}.example": {} for n in range(MAX_QUERIED_SERVERS + 1)},
    ],
)
def test_malformed_query_to_a_notary_is_refused(query: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_key_query({"server_keys": query})


any_json: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=60)
@given(
    changes=st.dictionaries(
        st.sampled_from([*build_server_keys(KEY, valid_until_ts=NOW), "x"]), any_json, max_size=3
    )
)
def test_any_document_of_keys_is_read_or_refused(changes: JsonObject) -> None:
    document = {**published(), **changes}

    try:
        parse_server_keys(document, A, now_ms=NOW)
    except RemoteProtocolError:
        return
    assert not changes.keys() - {"unsigned"} or all(
        published().get(name) == value for name, value in changes.items()
    )
