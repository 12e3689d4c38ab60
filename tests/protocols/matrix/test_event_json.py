"""Canonical JSON of events, strict and as old rooms need it, and bodies with broken numbers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.canonical_json import matrix_canonical
from protocols.errors import RemoteProtocolError
from protocols.matrix.event_json import MAX_DEPTH, canonical, load_body
from protocols.strict_json import MAX_INTEGER, JsonObject, JsonValue
from tests.protocols.matrix.vectors import needs_vectors, vectors

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
whole: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)


def nested(depth: int) -> JsonObject:
    """An object in which lists go down to a depth."""
    value: JsonValue = 1
    for _ in range(depth - 1):
        value = [value]
    return {"a": value}


def test_vectors_of_the_specification_are_canonical() -> None:
    needs_vectors()
    pairs = vectors("canonical_json.json")

    for pair in pairs[:-1]:
        value = load_body(pair["input"].encode(), max_bytes=1_000)
        assert canonical(value, strict=True) == pair["canonical"].encode()
        assert canonical(value, strict=False) == pair["canonical"].encode()
    # The last has 1e10, which canonical JSON writes as an integer and events may not have.
    last = load_body(pairs[-1]["input"].encode(), max_bytes=1_000)
    assert matrix_canonical(last) == pairs[-1]["canonical"].encode()
    with pytest.raises(RemoteProtocolError):
        canonical(last, strict=True)
    assert len(pairs) == 10


def test_minus_zero_is_zero() -> None:
    assert canonical(load_body(b'{"a":-0}', max_bytes=20), strict=True) == b'{"a":0}'


@settings(max_examples=50)
@given(value=st.dictionaries(text, whole, max_size=4))
def test_both_writers_of_canonical_json_agree_on_whole_numbers(value: JsonObject) -> None:
    assert canonical(value, strict=True) == matrix_canonical(value)
    assert canonical(value, strict=False) == matrix_canonical(value)


def test_keys_are_sorted_by_code_point() -> None:
    written = canonical({"\U0001f602": 1, "\ufb33": 2}, strict=True)

    assert written == '{"\ufb33":2,"\U0001f602":1}'.encode()


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**100, 0.5, 1e10, -0.0])
def test_number_that_is_not_canonical_is_written_for_old_rooms_only(number: float) -> None:
    assert canonical({"a": number}, strict=False) == json.dumps({"a": number}).encode().replace(
        b" ", b""
    )
    with pytest.raises(RemoteProtocolError) as refused:
        canonical({"a": [number]}, strict=True)
    assert refused.value.errcode == "M_BAD_JSON"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_no_number_is_never_written(number: float, strict: bool) -> None:
    with pytest.raises(RemoteProtocolError):
        canonical({"a": number}, strict=strict)


@pytest.mark.parametrize("value", ["\ud800", 1.5])
def test_half_a_surrogate_pair_is_never_written(value: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError):
        canonical({"a": value, "b": "\udfff"}, strict=False)


def test_nesting_is_taken_to_a_depth() -> None:
    assert canonical(nested(MAX_DEPTH), strict=True).count(b"[") == MAX_DEPTH - 1
    with pytest.raises(RemoteProtocolError, match="deep"):
        canonical(nested(MAX_DEPTH + 1), strict=True)


def test_body_keeps_numbers_that_one_event_may_not_have() -> None:
    body = load_body(b'{"pdus":[{"depth":9223372036854775808,"a":1e400},{}]}', max_bytes=100)

    assert body == {"pdus": [{"depth": 2**63, "a": float("inf")}, {}]}


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"nul", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1,"a":1}', b'{"a":"\\ud800"}'),
        *(b'{"\\udc00":1}', b"\xff", b"\xef\xbb\xbf{}", b"[]", b"5", b'{"a":1}x', b"[" * 100_000),
        b'{"a":' + b"1" * 5_000 + b"}",
    ],
)
def test_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        load_body(raw, max_bytes=200_000)

    assert refused.value.errcode in ("M_NOT_JSON", "M_BAD_JSON")


def test_body_with_a_whole_surrogate_pair_is_taken() -> None:
    body = b'{"a":"\\ud83d\\ude02","b":99999999999999999999999}'

    assert load_body(body, max_bytes=100)["a"] == "😂"


def test_body_beyond_the_limit_is_too_large() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        load_body(b'{"a":1}', max_bytes=6)

    assert refused.value.status_hint == 413
