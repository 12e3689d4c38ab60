"""draft-cavage signatures: the values of the draft, and of other programs, both ways."""

import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from protocols import http_signatures
from protocols.errors import SignatureRefused
from protocols.http_signatures import RequestParts
from protocols.key_formats import PublicKey, load_private_pem, parse_public_pem
from tests.support import spec_keys

VECTORS = (
    Path(__file__).resolve().parents[2].parent
    / "shared/fixtures/activitypub/piefed/signature-vectors"
)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
BODY = b'{"type":"Like"}'
KEY_ID = "https://peer.example/u/ann#main-key"


def signed_post(target: str = "/inbox") -> dict[str, str]:
    return http_signatures.sign(
        method="POST",
        target=target,
        host="node.example",
        date=DATE,
        body=BODY,
        content_type="application/activity+json",
        key_id=KEY_ID,
        key=load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True),
    )


# The draft's own values: appendix C, "Test Values".

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

DRAFT_KEY = PublicKey(
    algorithm="rsa",
    key=key
    if isinstance(key := load_pem_public_key(spec_keys.DRAFT_CAVAGE_PUBLIC.encode()), RSAPublicKey)
    else pytest.fail("not RSA"),
)
DRAFT_REQUEST = RequestParts(
    method="POST",
    target="/foo?param=value&pet=dog",
    headers={
        "host": "example.com",
        "date": "Sun, 05 Jan 2014 21:31:40 GMT",
        "content-type": "application/json",
        "digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
        "content-length": "18",
    },
    body=b'{"hello": "world"}',
)
DRAFT_NOW = datetime(2014, 1, 5, 21, 31, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "signing_string", "signature"),
    [
        pytest.param(
            "date",
            "date: Sun, 05 Jan 2014 21:31:40 GMT",
            "SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLE"
            "EaDV5lp7q25WqS+lavg7T8hc0GppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD0k/5OxEPXe5Woz"
            "sbM=",
            id="C.1",
        ),
        pytest.param(
            "(request-target) host date",
            "(request-target): post /foo?param=value&pet=dog\n"
            "host: example.com\n"
            "date: Sun, 05 Jan 2014 21:31:40 GMT",
            "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2i"
            "icw3HMbe8VfEdKFYRqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2"
            "Os0=",
            id="C.2",
        ),
        pytest.param(
            "(request-target) host date content-type digest content-length",
            "(request-target): post /foo?param=value&pet=dog\n"
            "host: example.com\n"
            "date: Sun, 05 Jan 2014 21:31:40 GMT\n"
            "content-type: application/json\n"
            "digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\n"
            "content-length: 18",
            "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB"
            "1q52LaEUHFv120V01IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s"
            "1dE=",
            id="C.3",
        ),
    ],
)
def test_values_of_the_draft_verify(headers: str, signing_string: str, signature: str) -> None:
    header = f'keyId="Test",algorithm="rsa-sha256",headers="{headers}",signature="{signature}"'

    parsed = http_signatures.parse(header)

    built = http_signatures.signing_string(
        parsed.headers, DRAFT_REQUEST.headers, method="POST", target=DRAFT_REQUEST.target
    )
    assert built == signing_string.encode()
    http_signatures.verify(parsed, DRAFT_REQUEST, DRAFT_KEY)


def test_only_full_coverage_of_the_drafts_examples_is_enough_for_us() -> None:
    enough = "(request-target) host date content-type digest content-length"
    outcomes = {}
    for headers in ("date", "(request-target) host date", enough):
        signature = http_signatures.parse(f'keyId="Test",headers="{headers}",signature="eA=="')
        try:
            http_signatures.check_request(
                signature, DRAFT_REQUEST, now=DRAFT_NOW, body_required=True
            )
            outcomes[headers] = "accepted"
        except SignatureRefused as refused:
            outcomes[headers] = refused.reason

    assert outcomes == {
        "date": "coverage",
        "(request-target) host date": "coverage",
        enough: "accepted",
    }


# Signatures of other software.


@pytest.mark.parametrize(
    ("name", "key_id", "algorithm", "covered", "length"),
    [
        (
            "signature_1",
            "https://lemmy.ml/c/memes#main-key",
            "hs2019",
            ("(request-target)", "content-type", "date", "digest", "host"),
            256,
        ),
        (
            "signature_2",
            "https://kbin.social/u/Infiltrated_ad8271#main-key",
            "rsa-sha256",
            ("(request-target)", "date", "host", "digest"),
            512,
        ),
    ],
)
def test_recorded_headers_of_lemmy_and_kbin_are_parsed(
    name: str, key_id: str, algorithm: str, covered: tuple[str, ...], length: int
) -> None:
    if not VECTORS.is_dir():
        pytest.skip(f"no recorded signatures in {VECTORS}")

    parsed = http_signatures.parse((VECTORS / name).read_text().strip())

    assert (parsed.key_id, parsed.algorithm, parsed.headers) == (key_id, algorithm, covered)
    assert len(parsed.signature) == length
    assert (parsed.created, parsed.expires) == (None, None)


def httpsig() -> ModuleType:
    """The old reference library; it imports pkg_resources, which warns that it will go away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("httpsig", reason="pip install httpsig==1.3.0 'setuptools<82'")
    assert isinstance(module, ModuleType)
    return module


def test_httpsig_verifies_what_we_sign() -> None:
    headers = signed_post(target="/inbox?page=2")

    verifier = httpsig().HeaderVerifier(
        headers,
        spec_keys.RFC9421_RSA_PUBLIC,
        required_headers=["(request-target)", "host", "date", "digest", "content-type"],
        method="POST",
        path="/inbox?page=2",
        sign_header="signature",
    )

    assert verifier.verify() is True


def test_httpsig_refuses_what_we_sign_for_another_path() -> None:
    verifier = httpsig().HeaderVerifier(
        signed_post(),
        spec_keys.RFC9421_RSA_PUBLIC,
        method="POST",
        path="/other",
        sign_header="signature",
    )

    assert verifier.verify() is False


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "rsa-sha512", "rsa-sha1"])
def test_what_httpsig_signs_verifies_when_it_is_sha256(algorithm: str) -> None:
    names = ["(request-target)", "host", "date", "digest"]
    signer = httpsig().HeaderSigner(
        KEY_ID, spec_keys.RFC9421_RSA_PRIVATE, algorithm, headers=names, sign_header="signature"
    )
    unsigned = {
        "Host": "node.example",
        "Date": DATE,
        "Digest": http_signatures.digest_header(BODY),
    }
    signed = {
        name.lower(): value
        for name, value in signer.sign(unsigned, method="POST", path="/inbox").items()
    }
    request = RequestParts(method="POST", target="/inbox", headers=signed, body=BODY)
    signature = http_signatures.parse(signed["signature"])

    if algorithm == "rsa-sha256":
        http_signatures.check_request(signature, request, now=NOW, body_required=True)
        http_signatures.verify(signature, request, parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC))
    else:
        with pytest.raises(SignatureRefused, match="algorithm"):
            http_signatures.check_request(signature, request, now=NOW, body_required=True)
