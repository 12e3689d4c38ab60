"""draft-cavage signatures: the draft's own values, those of other programs, and ours to them."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import http_signatures
from protocols.errors import LocalProtocolError, ProtocolError
from protocols.http_signatures import RequestParts, SignatureRefused
from protocols.key_formats import (
    PrivateKey,
    PublicKey,
    load_private_pem,
    parse_public_pem,
    sign_bytes,
)
from tests.support import spec_keys

VECTORS = (
    Path(__file__).resolve().parents[2].parent
    / "shared/fixtures/activitypub/piefed/signature-vectors"
)
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
BODY = b'{"type":"Like"}'
KEY_ID = "https://peer.example/u/ann#main-key"
RSA_PRIVATE = load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True)
RSA_PUBLIC = parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC)
ED_PRIVATE = load_private_pem(spec_keys.RFC9421_ED25519_PRIVATE, trusted=True)
ED_PUBLIC = parse_public_pem(spec_keys.RFC9421_ED25519_PUBLIC)


def signed_post(key: PrivateKey = RSA_PRIVATE, target: str = "/inbox") -> dict[str, str]:
    return http_signatures.sign(
        method="POST",
        target=target,
        host="node.example",
        date=DATE,
        body=BODY,
        content_type="application/activity+json",
        key_id=KEY_ID,
        key=key,
    )


def signed_get(target: str, key: PrivateKey = RSA_PRIVATE) -> dict[str, str]:
    return http_signatures.sign(
        method="GET",
        target=target,
        host="node.example",
        date=DATE,
        body=None,
        content_type=None,
        key_id=KEY_ID,
        key=key,
    )


def received(
    headers: Mapping[str, str], method: str = "POST", target: str = "/inbox", body: bytes = BODY
) -> RequestParts:
    lower = {name.lower(): value for name, value in headers.items()}
    return RequestParts(method=method, target=target, headers=lower, body=body)


def accept(request: RequestParts, key: PublicKey, now: datetime = NOW) -> None:
    signature = http_signatures.parse(request.headers["signature"])
    http_signatures.check_request(
        signature, request, now=now, body_required=request.method == "POST"
    )
    http_signatures.verify(signature, request, key)


@pytest.mark.parametrize(
    ("private", "public"), [(RSA_PRIVATE, RSA_PUBLIC), (ED_PRIVATE, ED_PUBLIC)]
)
def test_post_that_we_sign_is_accepted(private: PrivateKey, public: PublicKey) -> None:
    accept(received(signed_post(private)), public)


def test_get_that_we_sign_is_accepted_without_a_digest() -> None:
    headers = signed_get("/g/1")

    assert set(headers) == {"Host", "Date", "Signature"}
    accept(received(headers, method="GET", target="/g/1", body=b""), RSA_PUBLIC)


def test_headers_to_send_are_named_as_mastodon_expects() -> None:
    headers = signed_post()

    assert headers["Host"] == "node.example"
    assert headers["Date"] == DATE
    assert headers["Digest"] == "SHA-256=fQLcyuiC5b53id2wfhThCI+LFjFoCGXZfRwgMiR7Fp0="
    assert headers["Content-Type"] == "application/activity+json"
    assert headers["Signature"].startswith(
        f'keyId="{KEY_ID}",algorithm="rsa-sha256",'
        'headers="(request-target) host date digest content-type",signature="'
    )


def test_signature_made_apart_is_the_same_as_one_made_at_once() -> None:
    prepared = http_signatures.prepare(
        method="POST",
        target="/inbox",
        host="node.example",
        date=DATE,
        body=BODY,
        content_type="application/activity+json",
        key_id=KEY_ID,
    )

    apart = http_signatures.finish(prepared, sign_bytes(RSA_PRIVATE, prepared.data))

    assert apart == signed_post()


@pytest.mark.parametrize(
    "fault",
    [
        {"host": "node.example\nx: y"},
        {"target": "/inbox\r\nx: y"},
        {"target": "/inbox?\ud800"},
        {"date": DATE + "\r"},
        {"content_type": "a\nb"},
        {"key_id": 'https://peer.example/"u'},
        {"key_id": "https://peer.example/\n"},
    ],
)
def test_request_that_would_smuggle_in_a_line_is_not_signed(fault: dict[str, str]) -> None:
    request = {"host": "node.example", "target": "/inbox", "date": DATE, "key_id": KEY_ID}
    request["content_type"] = "application/activity+json"
    request |= fault

    with pytest.raises(LocalProtocolError):
        http_signatures.prepare(
            method="POST",
            target=request["target"],
            host=request["host"],
            date=request["date"],
            body=BODY,
            content_type=request["content_type"],
            key_id=request["key_id"],
        )


def test_get_signed_without_its_query_string_is_accepted_from_gotosocial() -> None:
    headers = signed_get("/g/1/outbox")

    accept(received(headers, "GET", "/g/1/outbox?page=true", b""), RSA_PUBLIC)


def test_post_signed_without_its_query_string_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="bad-signature"):
        accept(received(signed_post(target="/inbox"), target="/inbox?x=1"), RSA_PUBLIC)


def test_get_signed_with_another_query_string_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="bad-signature"):
        accept(received(signed_get("/o?page=1"), "GET", "/o?page=2", b""), RSA_PUBLIC)


def test_time_may_come_from_created_with_hs2019() -> None:
    created = int(NOW.timestamp())
    covered = ("(request-target)", "host", "(created)", "(expires)", "digest")
    headers = {"host": "node.example", "digest": http_signatures.digest_header(BODY)}
    data = http_signatures.signing_string(
        covered,
        headers,
        method="POST",
        target="/inbox",
        created=created,
        expires=created + 60,
    )
    signature = base64.b64encode(sign_bytes(RSA_PRIVATE, data)).decode()
    headers["signature"] = (
        f'keyId="{KEY_ID}",algorithm="hs2019",created={created},expires={created + 60},'
        f'headers="{" ".join(covered)}",signature="{signature}"'
    )

    accept(received(headers), RSA_PUBLIC)
    with pytest.raises(SignatureRefused, match="expired"):
        accept(received(headers), RSA_PUBLIC, now=NOW + timedelta(seconds=61))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Sun, 01 Mar 2026 12:00:00 GMT", id="as everyone sends it"),
        pytest.param("Sun, 1 Mar 2026 12:00:00 GMT", id="day without zero"),
        pytest.param("Sun, 01 Mar 2026 13:00:00 +0100", id="with an offset"),
        pytest.param("Sunday, 01-Mar-26 12:00:00 GMT", id="RFC 850"),
        pytest.param("Sun Mar  1 12:00:00 2026", id="asctime"),
    ],
)
def test_date_is_read_in_every_form_that_http_allows(value: str) -> None:
    covered = ("(request-target)", "host", "date")
    headers = {"host": "node.example", "date": value}
    data = http_signatures.signing_string(covered, headers, method="GET", target="/")
    signature = base64.b64encode(sign_bytes(RSA_PRIVATE, data)).decode()
    headers["signature"] = f'keyId="k",headers="{" ".join(covered)}",signature="{signature}"'

    accept(received(headers, "GET", "/", b""), RSA_PUBLIC)


def test_digest_is_found_in_any_case_and_beside_others() -> None:
    digest = http_signatures.digest_header(BODY).removeprefix("SHA-256=")

    raw = http_signatures.parse_digest(f"sha-256={digest}")

    assert len(raw) == 32
    assert http_signatures.parse_digest(f"SHA-512=abcd, SHA-256={digest}") == raw
    assert http_signatures.parse_digest(f"Sha-256={digest},sha-256={digest}") == raw


def test_unknown_parameters_and_spaces_are_ignored_when_parsing() -> None:
    parsed = http_signatures.parse(
        'keyId = "k" , version="1.0",opaque=17, headers="Host  (Request-Target)",'
        'Signature="ignored",signature="eA=="'
    )

    assert parsed.headers == ("host", "(request-target)")
    assert (parsed.key_id, parsed.signature, parsed.algorithm) == ("k", b"x", None)


@given(st.text(st.characters(codec="ascii")) | st.text())
def test_any_header_is_parsed_or_refused(value: str) -> None:
    try:
        parsed = http_signatures.parse(value)
    except SignatureRefused:
        return
    assert parsed.key_id
    assert parsed.headers


parameters = st.sampled_from(
    ["keyId", "headers", "signature", "algorithm", "created", "expires", "x", "KEYID"]
)
values = (
    st.text(max_size=20)
    | st.sampled_from(["(request-target) host date digest", "eA==", "hs2019", "99999999999", "-1"])
    | st.integers().map(str)
)


@given(
    st.lists(st.tuples(parameters, values, st.booleans()), max_size=8),
    st.text(max_size=40),
    st.dictionaries(st.sampled_from(["host", "date", "digest"]), st.text(max_size=40)),
)
def test_any_signed_request_is_accepted_or_refused_with_401(
    parts: list[tuple[str, str, bool]], target: str, headers: dict[str, str]
) -> None:
    header = ",".join(
        f'{name}="{value}"' if quoted else f"{name}={value}" for name, value, quoted in parts
    )
    request = received({**headers, "signature": header}, target=target)

    with pytest.raises(ProtocolError) as refused:
        accept(request, RSA_PUBLIC)

    assert refused.value.status_hint == 401


@given(st.text(max_size=70))
def test_any_digest_and_date_are_read_or_refused(value: str) -> None:
    request = received({"host": "h", "date": value, "digest": value})
    signature = http_signatures.parse(
        'keyId="k",headers="(request-target) host date digest",signature="eA=="'
    )
    with pytest.raises(SignatureRefused):
        http_signatures.check_request(signature, request, now=NOW, body_required=True)
    with pytest.raises(SignatureRefused):
        http_signatures.parse_digest(value)


@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)),
    st.binary(),
    st.sampled_from([(RSA_PRIVATE, RSA_PUBLIC), (ED_PRIVATE, ED_PUBLIC)]),
)
def test_whatever_we_sign_verifies(
    query: str, body: bytes, pair: tuple[PrivateKey, PublicKey]
) -> None:
    headers = http_signatures.sign(
        method="POST",
        target=f"/inbox?{query}",
        host="node.example",
        date=DATE,
        body=body,
        content_type=None,
        key_id=KEY_ID,
        key=pair[0],
    )

    accept(received(headers, target=f"/inbox?{query}", body=body), pair[1])
