"""Both canonical forms: the vectors of their specifications, other programs, and each other."""

import json
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocols import canonical_json
from protocols.canonical_json import jcs, matrix_canonical
from protocols.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from protocols.key_formats import parse_unpadded_base64, render_unpadded_base64
from protocols.strict_json import MAX_INTEGER, JsonValue, loads_strict

MATRIX = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures" / "matrix"

Canonical = Callable[[JsonValue], bytes]

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
whole = st.integers(-MAX_INTEGER, MAX_INTEGER)


def values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[JsonValue]:
    return st.recursive(
        st.none() | st.booleans() | numbers | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=15,
    )


# Not above 2^53: JCS prints such a double without its point, and as an integer it is refused.
any_number = whole | st.floats(-(2.0**53) + 1, 2.0**53 - 1)


# RFC 8785.


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        pytest.param(
            rb"""{
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }""",
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
            id="section 3.2.2",
        ),
        pytest.param(
            rb"""{"\u20ac": "Euro Sign", "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"}""",
            '{"\\r":"Carriage Return","1":"One","\x80":"Control",'
            '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",'
            '"😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
            id="section 3.2.3",
        ),
        pytest.param(
            b'{"1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0}, "10": { }, "": "empty", "a": { },'
            b' "111": [ { } ], "A": { }}',
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}',
            id="structures",
        ),
        pytest.param(
            '{"peach":1,"péché":2,"pêche":3,"sin":4}'.encode(),
            '{"peach":1,"péché":2,"pêche":3,"sin":4}',
            id="no locale",
        ),
        pytest.param(rb'"\u1e0d\u0307\u007f\u2028"', '"\u1e0d\u0307\x7f\u2028"', id="as it is"),
    ],
)
def test_jcs_is_that_of_the_rfc(raw: bytes, canonical: str) -> None:
    assert jcs(loads_strict(raw)) == canonical.encode()


@pytest.mark.parametrize(
    ("ieee", "printed"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_of_rfc_8785_appendix_b_are_printed_alike(ieee: str, printed: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(ieee))

    assert jcs(number) == printed.encode()


def test_numbers_are_printed_as_node_prints_them() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js: apt-get install nodejs")
    chance = random.Random(8785)
    doubles = [
        double
        for _ in range(20_000)
        for (double,) in [struct.unpack(">d", chance.randbytes(8))]
        if double - double == 0.0
    ]
    doubles += [
        float(f"{chance.randint(1, 10**6)}e{chance.randint(-30, 30)}") for _ in range(5_000)
    ]

    printed = subprocess.run(
        [
            node,
            "-e",
            "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0))))",
        ],
        input=json.dumps(doubles).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=30,
    ).stdout

    assert jcs(list(doubles)) == printed


@given(values(any_number))
def test_canonical_form_of_the_canonical_form_is_itself(value: JsonValue) -> None:
    canonical = jcs(value)

    assert jcs(loads_strict(canonical)) == canonical
    assert loads_strict(canonical) == value


# Matrix.


def test_canonical_json_is_that_of_the_matrix_specification() -> None:
    if not MATRIX.is_dir():
        pytest.skip(f"no Matrix vectors in {MATRIX}")
    pairs = json.loads((MATRIX / "canonical_json.json").read_bytes())

    for pair in pairs:
        assert matrix_canonical(json.loads(pair["input"])) == pair["canonical"].encode()

    assert len(pairs) == 10


def test_signatures_of_the_matrix_specification_are_over_this_form() -> None:
    if not MATRIX.is_dir():
        pytest.skip(f"no Matrix vectors in {MATRIX}")
    spec = json.loads((MATRIX / "spec_signing.json").read_bytes())
    key = Ed25519PrivateKey.from_private_bytes(parse_unpadded_base64(spec["seed"]))

    for case in spec["json_signing"]:
        signature = key.sign(matrix_canonical(case["input"]))
        expected = case["signed"]["signatures"][spec["server_name"]][spec["key_id"]]
        assert render_unpadded_base64(signature) == expected

    assert spec["json_signing"]


@pytest.mark.parametrize("value", [0.5, -1.5, 1e-7, 2.0**53, -(2.0**60), 1e300])
def test_matrix_refuses_fractions_and_large_numbers(value: float) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        matrix_canonical({"content": [value]})

    assert refused.value.errcode == "M_BAD_JSON"


@pytest.mark.parametrize(
    ("value", "canonical"), [(1e10, b"10000000000"), (-0.0, b"0"), (-2.0, b"-2")]
)
def test_whole_numbers_written_as_fractions_are_integers_to_matrix(
    value: float, canonical: bytes
) -> None:
    assert matrix_canonical(value) == canonical


@given(values(whole))
def test_matrix_form_agrees_with_pythons_sorted_json(value: JsonValue) -> None:
    expected = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    assert matrix_canonical(value) == expected.encode()


# Both.


def test_the_two_forms_differ_in_the_order_of_astral_keys() -> None:
    value: JsonValue = {"\ufb33": 1, "😂": 2}

    assert jcs(value) == '{"😂":2,"\ufb33":1}'.encode()
    assert matrix_canonical(value) == '{"\ufb33":1,"😂":2}'.encode()


@given(values(whole))
def test_the_quick_way_and_the_writer_agree(value: JsonValue) -> None:
    parts: list[str] = []
    canonical_json._write(value, parts, canonical_json._code_points, canonical_json._whole)

    assert matrix_canonical(value) == "".join(parts).encode()


@pytest.mark.parametrize("canonical", [jcs, matrix_canonical])
@pytest.mark.parametrize("number", [MAX_INTEGER + 1, -MAX_INTEGER - 1, 10**30])
def test_integer_that_a_double_does_not_hold_is_refused(canonical: Canonical, number: int) -> None:
    with pytest.raises(RemoteProtocolError):
        canonical({"n": number})


@pytest.mark.parametrize("canonical", [jcs, matrix_canonical])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param({"\udc00": 1}, id="half a surrogate pair in a key"),
        pytest.param([1.0, "\ud800"], id="half a surrogate pair beside a fraction"),
        pytest.param({1: 2}, id="a number as key"),
        pytest.param([b"bytes"], id="bytes"),
        pytest.param([object()], id="an object"),
    ],
)
def test_what_is_not_json_has_no_canonical_form(canonical: Canonical, value: object) -> None:
    with pytest.raises(LocalProtocolError):
        canonical(cast(JsonValue, value))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_number_that_is_none_has_no_canonical_form(number: float) -> None:
    for canonical in (jcs, matrix_canonical):
        with pytest.raises(ProtocolError):
            canonical([number])


def test_document_too_deep_to_walk_has_no_canonical_form() -> None:
    value: JsonValue = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(LocalProtocolError):
        jcs(value)
