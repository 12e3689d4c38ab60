"""The X-Matrix header and the envelope of transactions."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import LocalProtocolError, RemoteProtocolError, SignatureRefused
from protocols.matrix.event import parse_event
from protocols.matrix.identifiers import EventId, ServerName
from protocols.matrix.request_auth import (
    FederationRequest,
    build_authorization,
    parse_authorization,
    verify_request,
)
from protocols.matrix.room_versions import ROOM_VERSIONS
from protocols.matrix.signing import sign_json
from protocols.matrix.transactions import (
    build_transaction,
    build_transaction_answer,
    parse_transaction,
)
from protocols.strict_json import JsonObject, JsonValue
from tests.protocols.matrix.vectors import NOW, event_of, key_of, verify_keys

A, B = ServerName("a.example:8448"), ServerName("b.example")
KEY = key_of(A)
KEYS = verify_keys(KEY)[A]
REQUEST = FederationRequest(
    method="PUT", uri="/_matrix/federation/v1/send/1?x=%20", content={"pdus": [], "edus": []}
)


def verify(header: str, request: FederationRequest = REQUEST, **changes: Any) -> None:
    """Check a request that reached b.example."""
    options: dict[str, Any] = {"keys": KEYS, "our_names": [B], "now_ms": NOW, **changes}
    verify_request(parse_authorization(header), request, **options)


def reason(header: str, request: FederationRequest = REQUEST, **changes: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        verify(header, request, **changes)
    assert refused.value.status_hint == 401
    return refused.value.reason


def header(**changes: str) -> str:
    """A good header with some of its parameters changed."""
    auth = parse_authorization(build_authorization(REQUEST, B, KEY))
    parameters = {"origin": A, "destination": B, "key": auth.key_id, "sig": auth.signature}
    parameters |= changes
    return "X-Matrix " + ",".join(f'{name}="{value}"' for name, value in parameters.items())


def test_request_of_ours_is_one_that_we_take() -> None:
    verify(build_authorization(REQUEST, B, KEY))


def test_what_is_signed_is_what_the_specification_says() -> None:
    document: JsonObject = {
        "method": "PUT",
        "uri": "/_matrix/federation/v1/send/1?x=%20",
        "origin": A,
        "destination": B,
        "content": {"pdus": [], "edus": []},
    }
    signatures: Any = sign_json(document, KEY)["signatures"]

    assert build_authorization(REQUEST, B, KEY) == (
        'X-Matrix origin="a.example:8448",destination="b.example",key="ed25519:1",'
        f'sig="{signatures[A]["ed25519:1"]}"'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"method": "POST"},
        {"uri": "/_matrix/federation/v1/send/2?x=%20"},
        {"uri": "/_matrix/federation/v1/send/1?x= "},
        {"content": {"pdus": [], "edus": [], "x": 1}},
        {"content": {}},
        {"content": None},
    ],
)
def test_request_other_than_the_signed_one_is_refused(change: Any) -> None:
    assert reason(header(), replace(REQUEST, **change)) == "bad-signature"


def test_no_body_and_an_empty_body_are_two_things() -> None:
    bare = replace(REQUEST, method="GET", content=None)
    signed = build_authorization(bare, B, KEY)

    verify(signed, bare)
    assert reason(signed, replace(bare, content={})) == "bad-signature"


def test_request_for_another_server_is_refused() -> None:
    other = ServerName("c.example")

    assert reason(build_authorization(REQUEST, other, KEY)) == "host"
    assert reason(header(destination="B.example")) == "host"
    verify(build_authorization(REQUEST, other, KEY), our_names=[B, other])


def test_request_of_an_old_server_without_destination_is_taken() -> None:
    auth = parse_authorization(header())

    verify(f'X-Matrix origin="{A}",key="{auth.key_id}",sig="{auth.signature}"')
    assert parse_authorization('X-Matrix origin=a,key="ed25519:1",sig=x').destination is None


def test_request_by_a_key_past_its_end_or_unknown_is_refused() -> None:
    ended = verify_keys(KEY, until=NOW - 1)[A]

    assert reason(header(), keys=ended) == "expired"
    assert reason(header(), keys={}) == "unsupported"
    assert reason(header(key="ed25519:2")) == "unsupported"
    verify(header(), keys=verify_keys(KEY, until=NOW)[A])


def test_request_in_the_name_of_another_server_is_refused() -> None:
    assert reason(header(origin="c.example")) == "bad-signature"
    assert reason(header(sig="A" * 86)) == "bad-signature"
    assert reason(header(sig="ä")) == "malformed"


@pytest.mark.parametrize(
    "form",
    [
        'X-Matrix origin="{a}",destination="{b}",key="{k}",sig="{s}"',
        "X-Matrix origin={a},destination={b},key={k},sig={s}",
        'x-matrix   SIG="{s}" ,\t Key={k} , origin="{a}", future=1,Destination={b}',
        'X-Matrix origin="{a}",, ,destination="{b}",key="{k}",sig="{s}",',
        'X-Matrix origin="a\\.example:8448",destination="{b}",key="ed\\25519:1",sig="{s}"',
        'X-Matrix  origin = "{a}", destination ="{b}", key= {k}, sig={s}, note="a,b=\\"c"',
    ],
)
def test_header_is_read_in_every_form_that_servers_send(form: str) -> None:
    signature = parse_authorization(header()).signature

    verify(form.format(a=A, b=B, k="ed25519:1", s=signature))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "unsigned"),
        ("Bearer abc", "unsigned"),
        ("X-Matrix", "unsigned"),
        ("X-MatrixY origin=a", "unsigned"),
        ("X-Matrix ", "malformed"),
        ("X-Matrix origin", "malformed"),
        ('X-Matrix origin="a', "malformed"),
        ('X-Matrix origin="a"x,key="ed25519:1",sig="x"', "malformed"),
        ("X-Matrix origin=a b,key=ed25519:1,sig=x", "malformed"),
        ("X-Matrix origin=a,key=ed25519:1", "malformed"),
        ("X-Matrix origin=a,sig=x", "malformed"),
        ("X-Matrix key=ed25519:1,sig=x", "malformed"),
        ("X-Matrix origin=a/b,key=ed25519:1,sig=x", "malformed"),
        ('X-Matrix origin=a,destination="",key=ed25519:1,sig=x', "malformed"),
        ("X-Matrix origin=a,origin=b,key=ed25519:1,sig=x", "malformed"),
        ("X-Matrix origin=a,ORIGIN=b,key=ed25519:1,sig=x", "malformed"),
        ("X-Matrix origin=a,key=rsa:1,sig=x", "unsupported"),
        ("X-Matrix origin=a,key=ed25519:1,sig=" + "x" * 5_000, "malformed"),
        ("X-Matrix " + " " * 4_000 + "!", "malformed"),
        ('X-Matrix origin="' + "\\" * 4_000, "malformed"),
    ],
)
def test_header_that_cannot_be_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        parse_authorization(text)

    assert refused.value.reason == why


@settings(max_examples=80)
@given(text=st.text(max_size=60), parts=st.lists(st.sampled_from('",=\\ aorigin:'), max_size=30))
def test_any_header_is_read_or_refused(text: str, parts: list[str]) -> None:
    for candidate in (text, f"X-Matrix {text}", "X-Matrix " + "".join(parts)):
        with pytest.raises(SignatureRefused):
            parse_authorization(candidate)


# Transactions.


def test_transaction_of_ours_is_one_that_we_take() -> None:
    event = event_of()
    edu: JsonObject = {"edu_type": "x", "content": {}}

    body = build_transaction(A, pdus=[event] * 50, edus=[edu] * 100, sent_ts=NOW)
    read = parse_transaction(body, A)

    assert read.pdus == (event.document,) * 50
    assert read.edus == (edu,) * 100


@pytest.mark.parametrize(
    "body",
    [
        {"pdus": [{}] * 51},
        {"pdus": [], "edus": [{}] * 101},
        {"pdus": {}},
        {"pdus": [], "edus": "x"},
        {"pdus": [], "origin": "c.example"},
        {"pdus": [], "origin": None},
    ],
)
def test_transaction_that_is_too_full_or_none_is_refused_whole(body: JsonObject) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        parse_transaction(body, A)

    assert refused.value.status_hint == 400


def test_broken_event_in_a_transaction_does_not_touch_the_others() -> None:
    event = event_of()
    body: JsonObject = {"pdus": [5, {"depth": 2**70}, event.document, None], "edus": None}

    read = parse_transaction(body, A)

    assert read.pdus == ({"depth": 2**70}, event.document)
    assert read.edus == ()


def test_deep_event_is_refused_alone_not_with_its_transaction() -> None:
    deep: JsonValue = 1
    for _ in range(400):
        deep = [deep]
    hostile: JsonObject = {**event_of().document, "content": {"a": deep}}
    body: JsonObject = {"pdus": [hostile, event_of().document]}
    request = replace(REQUEST, content=body)

    verify(build_authorization(request, B, KEY), request)
    bad, good = parse_transaction(body, A).pdus

    with pytest.raises(RemoteProtocolError):
        parse_event(bad, ROOM_VERSIONS["11"])
    assert parse_event(good, ROOM_VERSIONS["11"]).event_id == event_of().event_id


def test_transaction_of_ours_is_never_too_full() -> None:
    with pytest.raises(LocalProtocolError):
        build_transaction(A, pdus=[event_of()] * 51, edus=[], sent_ts=NOW)
    with pytest.raises(LocalProtocolError):
        build_transaction(A, pdus=[], edus=[{}] * 101, sent_ts=NOW)
    assert "edus" not in build_transaction(A, pdus=[], edus=[], sent_ts=NOW)


def test_answer_names_every_event() -> None:
    answer = build_transaction_answer(
        taken=[EventId("$a")], refused=[(EventId("$b"), "not signed")]
    )

    assert answer == {"pdus": {"$a": {}, "$b": {"error": "not signed"}}}
