"""RFC 9421 signatures: another library both ways, ours, and any text at all."""

from dataclasses import dataclass
from datetime import UTC, datetime

import http_message_signatures
import pytest
from http_message_signatures import HTTPSignatureAlgorithm, algorithms
from hypothesis import given
from hypothesis import strategies as st

from protocols import message_signatures
from protocols.errors import LocalProtocolError, SignatureRefused
from protocols.key_formats import (
    PrivateKey,
    PublicKey,
    load_private_pem,
    parse_public_pem,
)
from protocols.message_signatures import RequestParts
from tests.support import spec_keys

RSA_PRIVATE = load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True)
RSA_PUBLIC = parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC)
ED_PRIVATE = load_private_pem(spec_keys.RFC9421_ED25519_PRIVATE, trusted=True)
ED_PUBLIC = parse_public_pem(spec_keys.RFC9421_ED25519_PUBLIC)
CREATED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECONDS = int(CREATED.timestamp())


@dataclass(slots=True, kw_only=True)
class Message:
    method: str
    url: str
    headers: dict[str, str]


KEYS = http_message_signatures.MappingKeyResolver(
    public_keys={
        "rsa": spec_keys.RFC9421_RSA_PUBLIC.encode(),
        "ed25519": spec_keys.RFC9421_ED25519_PUBLIC.encode(),
    },
    private_keys={
        "rsa": spec_keys.RFC9421_RSA_PRIVATE.encode(),
        "ed25519": spec_keys.RFC9421_ED25519_PRIVATE.encode(),
    },
)
PAIRS = [
    pytest.param("rsa", algorithms.RSA_V1_5_SHA256, id="rsa-v1_5-sha256"),
    pytest.param("ed25519", algorithms.ED25519, id="ed25519"),
]
OURS = {"rsa": (RSA_PRIVATE, RSA_PUBLIC), "ed25519": (ED_PRIVATE, ED_PUBLIC)}
URL = "https://node.example/inbox?x=a%20b"
BODY = b'{"type":"Like"}'


@pytest.mark.parametrize(("key_id", "algorithm"), PAIRS)
def test_http_message_signatures_verifies_what_we_sign(
    key_id: str, algorithm: type[HTTPSignatureAlgorithm]
) -> None:
    now = datetime.now(UTC)
    headers = message_signatures.sign(
        method="POST",
        target_uri=URL,
        body=BODY,
        created=int(now.timestamp()),
        key_id=key_id,
        key=OURS[key_id][0],
    )
    verifier = http_message_signatures.HTTPMessageVerifier(
        signature_algorithm=algorithm, key_resolver=KEYS
    )

    results = verifier.verify(
        Message(method="POST", url=URL, headers=headers),
        body=BODY,
        require_components=("@method", "@target-uri", "content-digest"),
    )

    assert [result.parameters["keyid"] for result in results] == [key_id]


@pytest.mark.parametrize(
    "covered",
    [
        ("@method", "@target-uri"),
        ("@method", "@authority", "@request-target", "@scheme"),
        ("@path", "@method", "@query", "@authority", "content-type"),
        ("@method", "@authority", "@path", "@query", '"@query-param";name="x"'),
    ],
)
@pytest.mark.parametrize(("key_id", "algorithm"), PAIRS)
def test_what_http_message_signatures_signs_verifies(
    key_id: str, algorithm: type[HTTPSignatureAlgorithm], covered: tuple[str, ...]
) -> None:
    message = Message(
        method="POST",
        url=URL,
        headers={"Host": "node.example", "Content-Type": "application/activity+json"},
    )
    signer = http_message_signatures.HTTPMessageSigner(
        signature_algorithm=algorithm, key_resolver=KEYS
    )
    signer.sign(message, key_id=key_id, created=CREATED, body=BODY, covered_component_ids=covered)
    headers = {name.lower(): value for name, value in message.headers.items()}
    request = RequestParts(method="POST", target="/inbox?x=a%20b", headers=headers, body=BODY)

    signature = message_signatures.parse(headers["signature-input"], headers["signature"])
    message_signatures.check_request(signature, request, now=CREATED, body_required=True)
    message_signatures.verify(signature, request, OURS[key_id][1])

    assert signature.key_id == key_id


# Ours.


def received(headers: dict[str, str], *, host: str = "node.example") -> RequestParts:
    lower = {"host": host, **{name.lower(): value for name, value in headers.items()}}
    return RequestParts(method="POST", target="/inbox?x=a%20b", headers=lower, body=BODY)


def accept(request: RequestParts, key: PublicKey = RSA_PUBLIC) -> None:
    signature = message_signatures.parse(
        request.headers.get("signature-input", ""), request.headers.get("signature", "")
    )
    message_signatures.check_request(
        signature, request, now=CREATED, body_required=True, hosts={"node.example"}
    )
    message_signatures.verify(signature, request, key)


def reason(request: RequestParts, key: PublicKey = RSA_PUBLIC) -> str:
    with pytest.raises(SignatureRefused) as refused:
        accept(request, key)
    assert refused.value.status_hint == 401
    return refused.value.reason


def signed(key: PrivateKey = RSA_PRIVATE, body: bytes | None = BODY) -> dict[str, str]:
    return message_signatures.sign(
        method="POST", target_uri=URL, body=body, created=SECONDS, key_id="k", key=key
    )


def test_headers_to_send_are_those_that_mastodon_takes() -> None:
    headers = signed()

    assert list(headers) == ["Content-Digest", "Signature-Input", "Signature"]
    assert headers["Content-Digest"] == "sha-256=:fQLcyuiC5b53id2wfhThCI+LFjFoCGXZfRwgMiR7Fp0=:"
    assert headers["Signature-Input"] == (
        f'sig1=("@method" "@target-uri" "content-digest");created={SECONDS};keyid="k"'
    )
    assert headers["Signature"].startswith("sig1=:")


@pytest.mark.parametrize(
    ("private", "public"), [(RSA_PRIVATE, RSA_PUBLIC), (ED_PRIVATE, ED_PUBLIC)]
)
def test_request_that_we_sign_is_accepted(private: PrivateKey, public: PublicKey) -> None:
    accept(received(signed(private)), public)


def test_get_is_signed_without_a_digest() -> None:
    headers = message_signatures.sign(
        method="GET", target_uri=URL, body=None, created=SECONDS, key_id="k", key=RSA_PRIVATE
    )
    lower = {"host": "node.example", **{name.lower(): value for name, value in headers.items()}}
    request = RequestParts(method="GET", target="/inbox?x=a%20b", headers=lower, body=b"")
    signature = message_signatures.parse(lower["signature-input"], lower["signature"])

    message_signatures.check_request(signature, request, now=CREATED, body_required=False)
    message_signatures.verify(signature, request, RSA_PUBLIC)

    assert set(headers) == {"Signature-Input", "Signature"}


def test_scheme_and_port_of_a_node_on_loopback_are_part_of_the_target() -> None:
    headers = message_signatures.sign(
        method="POST",
        target_uri="http://127.0.0.1:8101/inbox",
        body=BODY,
        created=SECONDS,
        key_id="k",
        key=ED_PRIVATE,
    )
    lower = {name.lower(): value for name, value in headers.items()}
    lower["host"] = "127.0.0.1:8101"
    request = RequestParts(method="POST", target="/inbox", headers=lower, body=BODY)
    signature = message_signatures.parse(lower["signature-input"], lower["signature"])

    message_signatures.verify(signature, request, ED_PUBLIC, scheme="http")
    with pytest.raises(SignatureRefused, match="bad-signature"):
        message_signatures.verify(signature, request, ED_PUBLIC)


@pytest.mark.parametrize("fault", ["https://node.example/\n", "https://nöde.example/"])
def test_request_that_would_smuggle_in_a_line_is_not_signed(fault: str) -> None:
    with pytest.raises(LocalProtocolError):
        message_signatures.prepare(
            method="POST", target_uri=fault, body=None, created=1, key_id="k"
        )


def test_quote_in_a_key_id_is_escaped() -> None:
    headers = message_signatures.sign(
        method="POST", target_uri=URL, body=BODY, created=SECONDS, key_id='a"b\\c', key=ED_PRIVATE
    )

    parsed = message_signatures.parse(headers["Signature-Input"], headers["Signature"])

    assert parsed.key_id == 'a"b\\c'
    accept(received(headers), ED_PUBLIC)


# Any text at all.

words = (
    's=(" "@method" "@query-param";name="x" "date" ) ( ; keyid= = "k" created= 1772366400 , alg='
)
fragments = st.lists(
    st.sampled_from([" ", ":eA==:", "?1", "t", "*", "-", "s=", "\\", *words.split()])
    | st.text(max_size=3),
    max_size=20,
).map("".join)


@given(fragments, fragments | st.just("s=:eA==:"), st.text(max_size=30))
def test_any_headers_are_refused_with_401_when_nobody_signed(
    signature_input: str, signature: str, text: str
) -> None:
    request = RequestParts(
        method="POST",
        target=text,
        headers={
            "host": text,
            "content-digest": text,
            "date": text,
            "signature-input": signature_input,
            "signature": signature,
        },
        body=BODY,
    )

    assert reason(request) != "bad-signature" or "@method" in signature_input


@given(st.text(max_size=60))
def test_any_content_digest_is_read_or_refused(value: str) -> None:
    with pytest.raises(SignatureRefused, match="digest"):
        message_signatures.parse_content_digest(value)


@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)),
    st.binary(),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1),
)
def test_whatever_we_sign_verifies(query: str, body: bytes, key_id: str) -> None:
    headers = message_signatures.sign(
        method="POST",
        target_uri=f"https://node.example/inbox?{query}",
        body=body,
        created=SECONDS,
        key_id=key_id,
        key=ED_PRIVATE,
    )
    lower = {"host": "node.example", **{name.lower(): value for name, value in headers.items()}}
    request = RequestParts(method="POST", target=f"/inbox?{query}", headers=lower, body=body)

    accept(request, ED_PUBLIC)
