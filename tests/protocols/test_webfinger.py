"""WebFinger: what people and servers write as an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.webfinger import (
    Acct,
    Preference,
    parse_handle,
    parse_host,
    parse_resource,
    webfinger_url,
)


@pytest.mark.parametrize(
    ("text", "name", "host", "prefer"),
    [
        ("ann@node.example", "ann", "node.example", None),
        ("@ann@node.example", "ann", "node.example", "Person"),
        ("!bees@node.example", "bees", "node.example", "Group"),
        (" @Ann.B-c_d@NODE.Example\n", "Ann.B-c_d", "node.example", "Person"),
        ("ann@127.0.0.1:8101", "ann", "127.0.0.1:8101", None),
        ("ann@localhost:8101", "ann", "localhost:8101", None),
        ("@ann@bücher.example", "ann", "xn--bcher-kva.example", "Person"),
        ("@ann@straße.example", "ann", "xn--strae-oqa.example", "Person"),
        ("ann@BÜCHER。example:8443", "ann", "xn--bcher-kva.example:8443", None),
        ("~news@piefed.example", "~news", "piefed.example", None),
        ("müller@forum.example", "müller", "forum.example", None),
        ("127.0.0.1:8101@127.0.0.1:8101", "127.0.0.1:8101", "127.0.0.1:8101", None),
        ("@LOCALHOST:1@localhost:1", "localhost:1", "localhost:1", "Person"),
    ],
)
def test_handle_that_a_person_types_is_understood(
    text: str, name: str, host: str, prefer: Preference
) -> None:
    found = parse_handle(text)

    assert (found.name, found.host, found.prefer) == (name, host, prefer)
    assert str(found) == f"{name}@{host}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@ann",
        "@",
        "@@",
        ":@:",
        "ann:x@node.example",
        "ann@",
        "@node.example",
        "!@node.example",
        "ann@node.example@evil.example",
        "@!ann@node.example@x",
        "ann b@node.example",
        "ann/../x@node.example",
        "ann?x@node.example",
        "ann#x@node.example",
        "<b>@node.example",
        "ann\0@node.example",
        "ann\r\nX: y@node.example",
        "a" * 129 + "@node.example",
        "ann@node..example",
        "ann@-node.example",
        "ann@node.example.",
        "ann@.example",
        "ann@node_x.example",
        "ann@node.example/path",
        "ann@node.example:",
        "ann@node.example:0",
        "ann@node.example:65536",
        "ann@node.example:80:80",
        "ann@node.example:8o",
        "ann@node.example:٨",
        "ann@node.example#x",
        "ann@[::1]",
        "ann@" + "a" * 64 + ".example",
        "ann@" + "a." * 200 + "example",
        "ann@" + "ü" * 100_000,
        "ann@\u200b.example",
    ],
)
def test_text_that_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse_handle(text)

    assert refused.value.status_hint == 400


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        ("acct:ann@node.example", "ann@node.example"),
        ("ACCT:ann@Node.Example", "ann@node.example"),
        ("acct:@ann@node.example", "ann@node.example"),
        ("acct:m%C3%BCller@node.example", "müller@node.example"),
        ("acct:~news@piefed.example", "~news@piefed.example"),
        ("group:bees@node.example", "bees@node.example"),
        ("!bees@node.example", "bees@node.example"),
        ("ann@127.0.0.1:8101", "ann@127.0.0.1:8101"),
        ("acct:127.0.0.1:8101@127.0.0.1:8101", "127.0.0.1:8101@127.0.0.1:8101"),
        ("https://node.example/g/1", "https://node.example/g/1"),
        ("http://127.0.0.1:8101/", "http://127.0.0.1:8101/"),
    ],
)
def test_resource_of_a_query_is_an_address_or_a_url(resource: str, found: str) -> None:
    assert str(parse_resource(resource)) == found


def test_group_scheme_of_old_lemmy_prefers_a_group() -> None:
    found = parse_resource("group:bees@node.example")

    assert isinstance(found, Acct)
    assert found.prefer == "Group"


def test_address_without_a_host_is_of_the_host_that_was_asked() -> None:
    assert parse_resource("acct:ann", host="node.example") == Acct(name="ann", host="node.example")
    with pytest.raises(RemoteProtocolError):
        parse_resource("acct:ann")


@pytest.mark.parametrize(
    "resource",
    [
        "",
        "acct:",
        "acct:ann@node.example@evil.example",
        "acct:a%40b@node.example",
        "acct:a%0d%0ab@node.example",
        "mailto:ann@node.example",
        "ftp://node.example/ann",
        "javascript:alert(1)",
        "https://",
        "https:///ann",
        "http://[::1/x",
        "https://node.example:999999/",
        "https://ann:secret@node.example/",
        "https://node.example/a b",
        "https://node.example/\n",
        "https://node.example/" + "a" * 3_000,
    ],
)
def test_resource_that_is_neither_is_refused_with_400(resource: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse_resource(resource)

    assert refused.value.status_hint == 400


def test_accts_are_equal_whatever_sign_was_typed() -> None:
    assert parse_handle("!bees@node.example") == parse_handle("@bees@node.example")
    assert len({parse_handle("!bees@node.example"), parse_handle("bees@node.example")}) == 1


def test_query_url_escapes_the_address() -> None:
    acct = parse_handle("müller+x@127.0.0.1:8101")

    assert webfinger_url(acct, scheme="http") == (
        "http://127.0.0.1:8101/.well-known/webfinger"
        "?resource=acct%3Am%25C3%25BCller%2Bx%40127.0.0.1%3A8101"
    )
    assert parse_resource(acct.uri) == acct


# Any text at all.


@given(st.text() | st.text(st.sampled_from("acgrout:@!%40.exmpl-~[]/0189 ü")))
def test_any_text_is_an_address_a_url_or_refused(text: str) -> None:
    for parse in (parse_resource, parse_handle):
        try:
            found = parse(text)
        except RemoteProtocolError:
            continue
        if isinstance(found, Acct):
            assert parse_resource(found.uri) == found
            assert parse_host(found.host) == found.host
