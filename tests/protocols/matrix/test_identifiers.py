"""Names of users, rooms, aliases, events and servers."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import LocalProtocolError, RemoteProtocolError
from protocols.matrix.identifiers import (
    RoomAlias,
    ServerName,
    UserId,
    fits_in_bytes,
    is_event_id,
    is_hash_room_id,
    is_shown_to_clients,
    is_user_id,
    localpart_of,
    parse_event_id,
    parse_room_alias,
    parse_room_id,
    parse_server_name,
    parse_user_id,
    server_of,
    split_server_name,
    user_id,
)

HASH = "Nhl-9_kAbc" + "x" * 33


@pytest.mark.parametrize(
    ("name", "host", "port", "is_literal"),
    [
        ("matrix.org", "matrix.org", None, False),
        ("matrix.org:8888", "matrix.org", 8888, False),
        ("1.2.3.4", "1.2.3.4", None, True),
        ("1.2.3.4:1234", "1.2.3.4", 1234, True),
        ("[1234:5678::abcd]", "1234:5678::abcd", None, True),
        ("[1234:5678::abcd]:5678", "1234:5678::abcd", 5678, True),
        ("localhost:1", "localhost", 1, False),
        ("1.2.3.999", "1.2.3.999", None, False),
    ],
)
def test_server_name_is_read_and_split(
    name: str, host: str, port: int | None, is_literal: bool
) -> None:
    address = split_server_name(parse_server_name(name))

    assert (address.host, address.port, address.is_literal) == (host, port, is_literal)


@pytest.mark.parametrize(
    "name",
    [
        *("", ":1", "a b", "a_b", "a/b", "user@a", "a:b", "a:123456", "a:", "a:1:2", "ä.example"),
        *("[::1", "::1", "[g::1]", "a\n", "a.example\0", "a" * 256, "a:\u0661", "https://a"),
        *(None, 5, ["a"]),
    ],
)
def test_what_is_no_server_name_is_refused(name: object) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse_server_name(name)

    assert refused.value.errcode == "M_INVALID_PARAM"


@pytest.mark.parametrize("name", ["a:0", "a:65536", "[::::]", "[1.2.3.4]x"])
def test_server_name_that_nothing_can_be_reached_by_is_not_split(name: str) -> None:
    with pytest.raises(RemoteProtocolError):
        split_server_name(ServerName(name))


@pytest.mark.parametrize(
    "text",
    [
        *("@alice:a.example", "@a:b:1", "@a:[::1]:2", "@:a.example", "@Alice!:a", "@ü/=:a"),
        "@" + "a" * 252 + ":b",
    ],
)
def test_user_id_is_read_even_a_historical_one(text: str) -> None:
    assert parse_user_id(text) == text
    assert is_user_id(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "alice:a", "@alice", "@alice:", "@al\0ice:a", "@alice:a b", "#alice:a"),
        *("@" + "a" * 253 + ":b", "@" + "é" * 127 + ":b", "@\ud800:a", "@alice:a\n", None, 5),
    ],
)
def test_what_is_no_user_id_is_refused(text: object) -> None:
    assert not is_user_id(text)
    with pytest.raises(RemoteProtocolError):
        parse_user_id(text)


def test_user_of_ours_has_todays_grammar() -> None:
    server = ServerName("a.example")

    assert user_id("alice_2", server) == "@alice_2:a.example"
    for localpart in ("", "Alice", "al ice", "é", "a:b", "a" * 250):
        with pytest.raises(LocalProtocolError):
            user_id(localpart, server)


def test_ids_outside_visible_ascii_are_not_told_to_clients() -> None:
    assert is_shown_to_clients(UserId("@Alice!:a"))
    for hidden in ("@:a", "@a b:a", "@é:a", "@a\x7f:a"):
        assert not is_shown_to_clients(UserId(hidden))


@pytest.mark.parametrize("text", ["!abc:a.example", "!ü:a", f"!{HASH}", "!a:b:1"])
def test_room_id_is_read_with_and_without_a_server(text: str) -> None:
    assert parse_room_id(text) == text
    assert is_hash_room_id(text) is (":" not in text)


@pytest.mark.parametrize(
    "text",
    [
        *("!", "!abc", "!:a", "abc:a", f"!{HASH}x", f"!{HASH[1:]}+", f"!{HASH}\n", "!a\0:b"),
        *("!" + "a" * 253 + ":b", None),
    ],
)
def test_what_is_no_room_id_is_refused(text: object) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_room_id(text)


def test_room_alias_is_read() -> None:
    assert parse_room_alias("#bees.chat:a.example") == "#bees.chat:a.example"
    for text in ("#:a", "#bees", "bees:a", "#bees:", "#be\0es:a", "#" + "a" * 253 + ":b", None):
        with pytest.raises(RemoteProtocolError):
            parse_room_alias(text)


def test_event_id_is_read() -> None:
    assert parse_event_id(f"${HASH}") == f"${HASH}"
    for text in ("$", "abc", "$a\0", "$" + "a" * 255, "$" + "é" * 128, "$\ud800", None, 5):
        assert not is_event_id(text)
        with pytest.raises(RemoteProtocolError):
            parse_event_id(text)


def test_names_are_taken_apart_at_the_first_colon() -> None:
    assert server_of(UserId("@a:b.example:8448")) == "b.example:8448"
    assert localpart_of(UserId("@a:b.example:8448")) == "a"
    assert localpart_of(RoomAlias("#a.chat:b")) == "a.chat"


def test_names_that_differ_in_case_are_two_names() -> None:
    assert parse_user_id("@a:B.example") != parse_user_id("@a:b.example")


def test_bytes_are_counted_not_characters() -> None:
    assert fits_in_bytes("é" * 127, 255)
    assert not fits_in_bytes("é" * 128, 255)
    assert not fits_in_bytes("\ud800", 255)


@pytest.mark.parametrize(
    "parse",
    [parse_server_name, parse_user_id, parse_room_id, parse_room_alias, parse_event_id],
)
@settings(max_examples=50)
@given(text=st.text(st.characters(), max_size=40) | st.from_regex(r"[@!#$]?[a:.\[\]0-9]{0,20}"))
def test_any_text_is_a_name_or_refused(parse: Callable[[object], str], text: str) -> None:
    try:
        assert parse(text) == text
    except RemoteProtocolError:
        return
    assert len(text.encode()) <= 255
