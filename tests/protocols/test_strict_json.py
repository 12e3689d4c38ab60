"""JSON from peers: what two programs could read differently is refused, whatever it is."""

import json
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError, RemoteProtocolError
from protocols.strict_json import (
    MAX_BYTES,
    MAX_INTEGER,
    MAX_KEY_CHARACTERS,
    MAX_VALUES,
    JsonValue,
    dumps,
    load_object,
    loads_strict,
)

FIXTURES = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures" / "activitypub"

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":[1,-2,2.5,"x",true,false,null]}', {"a": [1, -2, 2.5, "x", True, False, None]}),
        (b' \n\t{"a" : {} }\r\n', {"a": {}}),
        ('"nabuur €😀"'.encode(), "nabuur €😀"),
        (rb'"\ud83d\ude00"', "😀"),
        (b"9007199254740991", MAX_INTEGER),
        (b"-9007199254740991", -MAX_INTEGER),
        (b"1e300", 1e300),
        (b"-0", 0),
    ],
)
def test_correct_json_is_read(raw: bytes, value: JsonValue) -> None:
    assert loads_strict(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"   ", id="only space"),
        pytest.param(b"{} {}", id="two values"),
        pytest.param(b"{'a':1}", id="single quotes"),
        pytest.param(b'{"a":1,}', id="trailing comma"),
        pytest.param(b"[01]", id="leading zero"),
        pytest.param(b"[+1]", id="plus sign"),
        pytest.param(b"[.5]", id="no digit before the point"),
        pytest.param(b'"a\nb"', id="raw line break in a string"),
        pytest.param(b'"\x00"', id="raw NUL"),
        pytest.param(rb'"a\u0000b"', id="escaped NUL"),
        pytest.param(rb'{"a\u0000b":1}', id="escaped NUL in a key"),
        pytest.param(rb'"\ud800"', id="high surrogate alone"),
        pytest.param(rb'"\udc00\ud800"', id="surrogates the wrong way round"),
        pytest.param(rb'{"\uDFFF":1}', id="low surrogate in a key"),
        pytest.param(b'"\xed\xa0\x80"', id="surrogate as UTF-8"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b'"\xc0\x80"', id="overlong NUL"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), id="UTF-16 without mark"),
        pytest.param('{"a":1}'.encode("utf-32"), id="UTF-32"),
        pytest.param(b"[NaN]", id="NaN"),
        pytest.param(b"[Infinity]", id="Infinity"),
        pytest.param(b"[-Infinity]", id="minus Infinity"),
        pytest.param(b"[1e400]", id="number beyond a double"),
        pytest.param(b"[-1e400]", id="negative number beyond a double"),
        pytest.param(b"[9007199254740992]", id="2^53"),
        pytest.param(b"[-9007199254740992]", id="minus 2^53"),
        pytest.param(b"[18446744073709551616]", id="2^64"),
        pytest.param(b"[" + b"9" * 5_000 + b"]", id="5,000 digits"),
        pytest.param(b"[0." + b"1" * 5_000 + b"]", id="5,000 decimals"),
        pytest.param(b'{"actor":"a","actor":"b"}', id="key twice"),
        pytest.param(rb'{"actor":"a","\u0061ctor":"b"}', id="key twice, once escaped"),
        pytest.param(b'{"o":{"x":[{"k":1,"k":1}]}}', id="key twice, deep"),
        pytest.param(b'{"' + b"k" * (MAX_KEY_CHARACTERS + 1) + b'":1}', id="long key"),
        pytest.param(b"[" * 100_000, id="100,000 brackets"),
        pytest.param(b'{"object":' * 5_000 + b"1" + b"}" * 5_000, id="5,000 objects deep"),
        pytest.param(b"[" * 41 + b"]" * 41, id="41 deep"),
        pytest.param(b"[" + b"0," * MAX_VALUES + b"0]", id="too many values"),
    ],
)
def test_json_that_readers_disagree_on_is_refused_with_400(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        loads_strict(raw)

    assert refused.value.status_hint == 400
    assert refused.value.errcode == "M_NOT_JSON"


def test_depth_is_counted_and_not_the_number_of_brackets() -> None:
    wide = b"[" + b",".join([b'{"a":[]}'] * 100) + b"]"

    assert loads_strict(wide) == [{"a": []}] * 100
    assert loads_strict(b"[" * 40 + b"]" * 40)
    assert loads_strict(b"[[]]", max_depth=2) == [[]]
    with pytest.raises(RemoteProtocolError, match="too deep"):
        loads_strict(b"[[[]]]", max_depth=2)


def test_brackets_and_commas_inside_strings_count_for_nothing() -> None:
    text = "[{," * MAX_VALUES

    assert loads_strict(json.dumps([text]).encode()) == [text]


def test_body_over_the_limit_is_refused_with_413_before_it_is_read() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        loads_strict(b'"' + b"a" * MAX_BYTES)

    assert (refused.value.status_hint, refused.value.errcode) == (413, "M_TOO_LARGE")


def test_limit_in_bytes_can_be_smaller() -> None:
    assert loads_strict(b"[1]", max_bytes=3) == [1]
    with pytest.raises(RemoteProtocolError, match="too large"):
        loads_strict(b"[12]", max_bytes=3)


def test_deep_json_is_refused_also_with_a_high_recursion_limit() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        with pytest.raises(RemoteProtocolError):
            loads_strict(b"[" * 5_000 + b"]" * 5_000)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("raw", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_object_is_required_where_one_is_asked_for(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        load_object(raw)

    assert refused.value.errcode == "M_BAD_JSON"


def test_refusal_says_nothing_of_what_the_peer_sent() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        loads_strict(b'{"secret" "hunter2"}')

    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


@given(json_values)
def test_what_is_written_is_read_back_the_same(value: JsonValue) -> None:
    assert loads_strict(dumps(value)) == value


@given(json_values)
def test_strict_reader_agrees_with_another_reader_on_correct_json(value: JsonValue) -> None:
    raw = json.dumps(value).encode()

    assert loads_strict(raw) == msgspec.json.decode(raw)


@given(
    st.binary() | st.text(st.sampled_from('{}[]",:\\ud8dc0019eE+-.NaInftrulse \0')).map(str.encode)
)
def test_any_bytes_give_a_value_or_a_protocol_error(raw: bytes) -> None:
    try:
        value = loads_strict(raw)
    except ProtocolError:
        return
    assert loads_strict(dumps(value)) == value


def test_every_recorded_document_of_other_software_is_read() -> None:
    if not FIXTURES.is_dir():
        pytest.skip(f"no recorded documents in {FIXTURES}")
    documents = sorted(FIXTURES.rglob("*.json"))

    refused = [
        path.name
        for path in documents
        if json.loads(path.read_bytes()) != loads_strict(path.read_bytes())
    ]

    assert len(documents) > 100
    assert refused == []
