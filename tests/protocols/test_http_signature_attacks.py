"""Attacks on draft-cavage signatures: each must end in a 401 with the reason that is named here."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hmac import HMAC

from protocols import http_signatures
from protocols.errors import RemoteProtocolError, SignatureRefused
from protocols.http_signatures import RequestParts
from protocols.key_formats import load_private_pem, parse_public_pem, sign_bytes
from protocols.signed_request import render_http_date
from tests.support import spec_keys

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BODY = b'{"type":"Delete"}'
KEY = load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True)
PUBLIC = parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC)
OTHER_PUBLIC = parse_public_pem(spec_keys.RFC9421_RSA_PSS_PUBLIC)
ALL = ("(request-target)", "host", "date", "digest")


def attack(
    *,
    covered: Sequence[str] = ALL,
    sent: dict[str, str | None] | None = None,
    signed_target: str = "/inbox",
    signed_method: str = "POST",
    parameters: str = 'algorithm="rsa-sha256",',
    signature: str | None = None,
) -> RequestParts:
    """A POST to /inbox with the given faults; without faults it would be accepted."""
    headers: dict[str, str] = {
        "host": "node.example",
        "date": render_http_date(NOW),
        "digest": http_signatures.digest_header(BODY),
    }
    for name, value in (sent or {}).items():
        if value is None:
            del headers[name]
        else:
            headers[name] = value
    if signature is None:
        data = http_signatures.signing_string(
            covered, headers, method=signed_method, target=signed_target, created=1772366400
        )
        signature = base64.b64encode(sign_bytes(KEY, data)).decode()
    headers["signature"] = (
        f'keyId="k",{parameters}headers="{" ".join(covered)}",signature="{signature}"'
    )
    return RequestParts(method="POST", target="/inbox", headers=headers, body=BODY)


def accept(request: RequestParts, *, past: timedelta = timedelta(hours=1)) -> None:
    signature = http_signatures.parse(request.headers.get("signature", ""))
    http_signatures.check_request(
        signature, request, now=NOW, past=past, body_required=True, hosts={"node.example"}
    )
    http_signatures.verify(signature, request, PUBLIC)


def reason(request: RequestParts) -> str:
    with pytest.raises(SignatureRefused) as refused:
        accept(request)
    assert refused.value.status_hint == 401
    return refused.value.reason


def test_request_without_a_fault_is_accepted() -> None:
    accept(attack())


def test_sig_01_post_without_a_signature_is_unsigned() -> None:
    request = attack()
    bare = {name: value for name, value in request.headers.items() if name != "signature"}

    assert reason(RequestParts(method="POST", target="/inbox", headers=bare, body=BODY)) == (
        "unsigned"
    )


@pytest.mark.parametrize(
    "header",
    [
        "garbage",
        '"',
        ",,,",
        'keyId="k"',
        'signature="eA=="',
        'keyId="",signature="eA=="',
        'keyId="k",signature=""',
        'keyId="k",signature="eA==',
        'keyId="k",signature="not base64!"',
        'keyId="k",signature="eA=="x',
        'keyId="a",keyId="b",signature="eA=="',
        'keyId="k",headers="",signature="eA=="',
        'keyId="k",headers="date date",signature="eA=="',
        'keyId="k",created=now,signature="eA=="',
        'keyId="k",created=1.5,signature="eA=="',
        'keyId="k",expires="-1",signature="eA=="',
        'keyId="k\\"",signature="eA=="',
        'keyId="k\r\nX: y",signature="eA=="',
        'keyId="k\t",signature="eA=="',
        'keyId="ключ",signature="eA=="',
        'keyId="' + "k" * 5_000 + '",signature="eA=="',
        'keyId="k",headers="' + " ".join(f"h{n}" for n in range(40)) + '",signature="eA=="',
    ],
)
def test_sig_01_unparsable_header_is_malformed(header: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        http_signatures.parse(header)

    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("length", [1, 255, 256, 257, 512, 2_048])
def test_sig_02_random_signature_bytes_are_refused(length: int) -> None:
    forged = base64.b64encode(hashlib.shake_128(b"seed").digest(length)).decode()

    assert reason(attack(signature=forged)) == "bad-signature"


def test_sig_03_signature_of_another_key_is_refused() -> None:
    request = attack()
    signature = http_signatures.parse(request.headers["signature"])

    with pytest.raises(SignatureRefused, match="bad-signature"):
        http_signatures.verify(signature, request, OTHER_PUBLIC)


def test_sig_04_body_changed_by_one_byte_is_refused() -> None:
    request = attack()
    changed = RequestParts(
        method="POST", target="/inbox", headers=request.headers, body=BODY[:-1] + b"]"
    )

    assert reason(changed) == "digest"


@pytest.mark.parametrize(
    "digest",
    [
        pytest.param(http_signatures.digest_header(b"{}"), id="of other bytes"),
        pytest.param("SHA-512=" + "A" * 86 + "==", id="only SHA-512"),
        pytest.param("SHA-256=", id="empty"),
        pytest.param("SHA-256=eA==", id="too short"),
        pytest.param("SHA-256", id="no value"),
        pytest.param("SHA-256=%%%", id="not base64"),
        pytest.param("MD5=eA==", id="MD5"),
        pytest.param(
            f"{http_signatures.digest_header(BODY)},{http_signatures.digest_header(b'{}')}",
            id="two that differ",
        ),
    ],
)
def test_sig_04_digest_that_does_not_prove_the_body_is_refused(digest: str) -> None:
    assert reason(attack(sent={"digest": digest})) == "digest"


def test_sig_05_digest_sent_but_not_signed_is_refused() -> None:
    assert reason(attack(covered=("(request-target)", "host", "date"))) == "coverage"


def test_sig_05_digest_neither_signed_nor_sent_is_refused() -> None:
    request = attack(covered=("(request-target)", "host", "date"), sent={"digest": None})

    assert reason(request) == "coverage"


def test_sig_05_post_without_body_still_needs_its_digest() -> None:
    full = attack(covered=("(request-target)", "host", "date"), sent={"digest": None})
    empty = RequestParts(method="POST", target="/inbox", headers=full.headers, body=b"")

    assert reason(empty) == "coverage"


def test_sig_05_digest_signed_but_not_sent_is_refused() -> None:
    request = attack()
    headers = {name: value for name, value in request.headers.items() if name != "digest"}

    assert (
        reason(RequestParts(method="POST", target="/inbox", headers=headers, body=BODY)) == "digest"
    )


def test_sig_07_host_not_signed_is_refused() -> None:
    assert reason(attack(covered=("(request-target)", "date", "digest"))) == "coverage"


def test_sig_07_request_signed_for_another_server_is_refused() -> None:
    assert reason(attack(sent={"host": "elsewhere.example"})) == "host"


def test_sig_07_host_changed_after_signing_is_refused() -> None:
    request = attack(sent={"host": "elsewhere.example"})
    moved = RequestParts(
        method="POST",
        target="/inbox",
        headers={**request.headers, "host": "node.example"},
        body=BODY,
    )

    assert reason(moved) == "bad-signature"


@pytest.mark.parametrize(
    ("age", "accepted"),
    [
        (timedelta(hours=26), False),
        (timedelta(hours=13), False),
        (timedelta(hours=1, seconds=1), False),
        (timedelta(minutes=59), True),
        (timedelta(0), True),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5, seconds=1), False),
        (-timedelta(days=365), False),
    ],
)
def test_sig_08_date_must_lie_in_the_window(age: timedelta, accepted: bool) -> None:
    request = attack(sent={"date": render_http_date(NOW - age)})

    if accepted:
        accept(request)
    else:
        assert reason(request) == "clock"


def test_sig_08_window_of_twelve_hours_can_be_set() -> None:
    accept(
        attack(sent={"date": render_http_date(NOW - timedelta(hours=11))}), past=timedelta(hours=12)
    )


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "Sun, 99 Mar 2026 12:00:00 GMT", "Sun, 01 Xxx 2026 12:00:00 GMT", "0" * 100],
)
def test_sig_08_unreadable_date_is_refused(date: str) -> None:
    assert reason(attack(sent={"date": date})) == "clock"


@pytest.mark.parametrize("created", [1772366400 - 3601, 1772366400 + 301, 0, 999_999_999_999])
def test_sig_08_created_must_lie_in_the_window(created: int) -> None:
    request = attack(
        covered=("(request-target)", "host", "(created)", "digest"),
        parameters=f'algorithm="hs2019",created={created},',
        signature="eA==",
    )

    assert reason(request) in {"clock", "malformed"}


def test_sig_08_signature_past_its_own_end_is_expired() -> None:
    assert reason(attack(parameters="expires=1772366399,")) == "expired"


def test_sig_10_signature_for_another_path_is_refused() -> None:
    assert reason(attack(signed_target="/somewhere/else")) == "bad-signature"


def test_sig_10_signature_for_another_method_is_refused() -> None:
    assert reason(attack(signed_method="GET")) == "bad-signature"


def test_sig_10_request_target_not_signed_is_refused() -> None:
    assert reason(attack(covered=("host", "date", "digest"))) == "coverage"


def test_sig_12_public_key_is_never_the_secret_of_an_hmac() -> None:
    data = http_signatures.signing_string(ALL, attack().headers, method="POST", target="/inbox")
    for secret in (spec_keys.RFC9421_RSA_PUBLIC, spec_keys.RFC9421_RSA_PUBLIC.strip()):
        mac = HMAC(secret.encode(), hashes.SHA256())
        mac.update(data)
        forged = base64.b64encode(mac.finalize()).decode()
        for stated, expected in (
            ('algorithm="hmac-sha256",', "algorithm"),
            ('algorithm="HS2019",', "bad-signature"),
            ("", "bad-signature"),
        ):
            assert reason(attack(parameters=stated, signature=forged)) == expected


@pytest.mark.parametrize(
    "algorithm", ["none", "NONE", "rsa-sha1", "rsa-sha512", "hmac-sha256", "ecdsa-sha256", "", "x"]
)
def test_sig_12_algorithm_off_the_list_is_refused(algorithm: str) -> None:
    assert reason(attack(parameters=f'algorithm="{algorithm}",')) == "algorithm"


@pytest.mark.parametrize("stated", ["rsa-sha256", "hs2019", "ed25519", "RSA-SHA256"])
def test_sig_12_type_of_the_key_decides_whatever_the_header_says(stated: str) -> None:
    accept(attack(parameters=f'algorithm="{stated}",'))


def test_sig_12_sha1_behind_the_name_of_sha256_is_refused() -> None:
    assert isinstance(KEY.key, RSAPrivateKey)
    data = http_signatures.signing_string(ALL, attack().headers, method="POST", target="/inbox")
    weak = KEY.key.sign(data, padding.PKCS1v15(), hashes.SHA1())

    assert reason(attack(signature=base64.b64encode(weak).decode())) == "bad-signature"


def test_sig_14_neither_date_nor_created_is_refused() -> None:
    assert reason(attack(covered=("(request-target)", "host", "digest"))) == "coverage"


def test_sig_14_date_sent_but_not_signed_is_refused() -> None:
    request = attack(
        covered=("(request-target)", "host", "digest"), parameters="created=1772366400,"
    )

    assert reason(request) == "coverage"


def test_sig_14_created_covered_but_not_given_is_refused() -> None:
    request = attack(covered=("(request-target)", "host", "(created)", "digest"), parameters="")

    assert reason(request) == "coverage"


def test_sig_14_created_with_an_algorithm_older_than_it_is_refused() -> None:
    request = attack(
        covered=("(request-target)", "host", "(created)", "digest"),
        parameters='algorithm="rsa-sha256",created=1772366400,',
    )

    assert reason(request) == "coverage"


def test_sig_14_covered_header_that_was_not_sent_is_refused() -> None:
    request = attack(covered=(*ALL, "x-absent"), sent={"x-absent": "1"})
    headers = {name: value for name, value in request.headers.items() if name != "x-absent"}

    assert (
        reason(RequestParts(method="POST", target="/inbox", headers=headers, body=BODY))
        == "coverage"
    )


def test_sig_21_weak_or_foreign_keys_are_refused() -> None:
    for pem in (
        spec_keys.DRAFT_CAVAGE_PUBLIC,
        spec_keys.RFC9421_P256_PUBLIC,
        spec_keys.RFC9421_RSA_PRIVATE,
        spec_keys.RFC9421_ED25519_PRIVATE,
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 10_000_000 + "\n-----END PUBLIC KEY-----\n",
    ):
        with pytest.raises(RemoteProtocolError):
            parse_public_pem(pem)


def test_covered_header_that_is_no_text_is_malformed() -> None:
    request = attack(covered=(*ALL, "x"), sent={"x": "\udce9"})
    broken = RequestParts(
        method="POST", target="/inbox", headers={**request.headers, "x": "\ud800"}, body=BODY
    )

    accept(request)  # a byte that is not UTF-8, as the HTTP server hands it on
    assert reason(broken) == "malformed"
