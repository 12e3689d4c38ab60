"""Structured fields: values, their canonical text, and what is refused."""

import http_sf
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.structured_fields import (
    InnerList,
    Item,
    Token,
    parse_dictionary,
    render_bytes,
    render_string,
)


def test_members_keep_their_order_values_and_parameters() -> None:
    members = parse_dictionary('b=1, a="x y";p, c=:eA==:;q=tok, d=?0, e, f=("x" 2);r="s"')

    assert list(members) == ["b", "a", "c", "d", "e", "f"]
    values = [member.value for member in members.values() if isinstance(member, Item)]
    assert values == [1, "x y", b"x", False, True]
    assert members["a"].parameters == {"p": True}
    assert members["c"].parameters == {"q": Token("tok")}
    assert isinstance(members["c"].parameters["q"], Token)
    inner = members["f"]
    assert isinstance(inner, InnerList)
    assert [item.value for item in inner.items] == ["x", 2]
    assert inner.parameters == {"r": "s"}


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ('a=(  "x"   "y" )', '("x" "y")'),
        ("a=()", "()"),
        ("a=(   )", "()"),
        ('a=("x";p;q=1  "y");  created=007', '("x";p;q=1 "y");created=7'),
        ("a=1;p=?1", "1;p"),
        ("a=1;p=?0", "1;p=?0"),
        ("a=-0", "0"),
        (r'a="q\"b\\"', r'"q\"b\\"'),
        ("a=:eA:", ":eA==:"),
        ("a=tok/en*", "tok/en*"),
        ("a;p=1", "?1;p=1"),
    ],
)
def test_text_of_a_member_is_canonical(sent: str, canonical: str) -> None:
    assert parse_dictionary(sent)["a"].text == canonical


@pytest.mark.parametrize("sent", ["", "   "])
def test_nothing_is_an_empty_dictionary(sent: str) -> None:
    assert parse_dictionary(sent) == {}


@pytest.mark.parametrize(
    "sent",
    [
        "a=1,",
        ",a=1",
        "a=1,,b=2",
        "a=1 b=2",
        "a= 1",
        "a =1",
        "A=1",
        "1=1",
        "a=",
        "a=1;",
        "a=1;P",
        "a=1;p;p",
        "a=1, a=2",
        'a="x',
        'a="\\x"',
        'a="\x7f"',
        "a='x'",
        "a=:e:",
        "a=:eA==",
        "a=:e A=:",
        "a=?2",
        "a=1.5",
        "a=1234567890123456",
        "a=@1659578233",
        'a=("x""y")',
        'a=("x" "y"',
        'a=("x" ("y"))',
        "a=1\n",
        "é=1",
        "a=(" + "1 " * 65 + ")",
        "a=1" + ";p" * 65,
        'a="' + "x" * 9_000 + '"',
    ],
)
def test_field_that_is_not_of_the_form_is_refused(sent: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_dictionary(sent)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)), st.binary())
def test_strings_and_bytes_are_read_back_the_same(text: str, raw: bytes) -> None:
    members = parse_dictionary(f"s={render_string(text)},b={render_bytes(raw)}")

    assert [member.value for member in members.values() if isinstance(member, Item)] == [text, raw]
    assert members["s"].text == render_string(text)
    assert members["b"].text == render_bytes(raw)


@given(st.text(st.sampled_from('abt1=;,()":?*-_.A/ \\')))
def test_another_library_reads_the_same_canonical_text(text: str) -> None:
    try:
        members = parse_dictionary(text)
    except RemoteProtocolError:
        return
    assume(members)
    ours = ", ".join(
        key + member.text.removeprefix("?1")
        if member.text.startswith("?1")
        else f"{key}={member.text}"
        for key, member in members.items()
    )

    assert ours == http_sf.ser(http_sf.parse(text.encode(), tltype="dictionary"))


@given(st.text())
def test_any_text_is_a_dictionary_or_refused(text: str) -> None:
    try:
        members = parse_dictionary(text)
    except RemoteProtocolError:
        return
    assert all(member.text for member in members.values())
