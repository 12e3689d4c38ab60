"""Multipart forms in memory: fields are read, whatever else is refused at once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.multipart_form import parse_fields

TYPE = "multipart/form-data; boundary=x1"


def part(name: str, text: str, more: str = "") -> str:
    return f'--x1\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'


def body(*parts: str) -> bytes:
    return ("".join(parts) + "--x1--\r\n").encode()


def test_fields_are_read_in_their_order() -> None:
    sent = body(part("a[]", "Moin,\r\nWörld"), part("a[]", ""), part("ü", "--x"))

    assert parse_fields(TYPE, sent, most=3) == [
        ("a[]", "Moin,\r\nWörld"),
        ("a[]", ""),
        ("ü", "--x"),
    ]


def test_files_and_parts_without_a_name_are_left_out() -> None:
    sent = body(part("f", "\0", '; filename="a.png"'), "--x1\r\nA: b\r\n\r\nc\r\n", part("t", "u"))

    assert parse_fields(TYPE, sent, most=3) == [("t", "u")]


def test_what_stands_before_and_behind_is_passed_over() -> None:
    sent = b"before\r\n" + body(part("t", "u")) + b"behind"

    assert parse_fields('multipart/form-data; boundary="x1"', sent, most=1) == [("t", "u")]


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("multipart/form-data", body(part("t", "u"))),
        ("multipart/form-data; boundary=", body(part("t", "u"))),
        ("multipart/form-data; boundary=ü", body(part("t", "u"))),
        ("multipart/form-data; boundary=other", body(part("t", "u"))),
        (TYPE, b"t=u"),
        (TYPE, part("t", "u").encode()),
        (TYPE, body(part("t", "u"), part("t", "u"), part("t", "u"), part("t", "u"))),
        (TYPE, body(part("t", "u")).replace(b"u", b"\xff")),
        (TYPE, body(part("n" * 9000, "u"))),
    ],
)
def test_what_is_no_such_form_is_refused(kind: str, sent: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_fields(kind, sent, most=3)


@pytest.mark.parametrize(
    "sent",
    [
        b"--a\r\n\r\n\r\n" * 116_000,
        b"--a\r\n" + b"X: y\r\n" * 174_000 + b"\r\n\r\n--a--",
        b"\n" * 1_000_000,
        b"\r\n--" * 260_000,
    ],
)
def test_a_body_of_a_mebibyte_takes_no_time(sent: bytes) -> None:
    started = time.process_time()

    with pytest.raises(RemoteProtocolError):
        parse_fields("multipart/form-data; boundary=a", sent, most=500)

    assert time.process_time() - started < 0.25


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_are_read_or_refused(sent: bytes, kind: str) -> None:
    for content_type in (TYPE, kind):
        for form in (sent, b"--x1\r\n" + sent + b"\r\n--x1--"):
            try:
                parse_fields(content_type, form, most=5)
            except RemoteProtocolError:
                continue
