"""Attacks on RFC 9421 signatures: each must end in a 401 with the reason that is named here."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from protocols import message_signatures
from protocols.errors import SignatureRefused
from protocols.key_formats import PublicKey, load_private_pem, parse_public_pem, sign_bytes
from protocols.message_signatures import RequestParts
from tests.support import spec_keys

RSA_PRIVATE = load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True)
RSA_PUBLIC = parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC)
ED_PUBLIC = parse_public_pem(spec_keys.RFC9421_ED25519_PUBLIC)
CREATED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECONDS = int(CREATED.timestamp())
BODY = b'{"type":"Like"}'


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


def forged(
    components: Sequence[str] = ("@method", "@target-uri", "content-digest"),
    parameters: str = f';created={SECONDS};keyid="k"',
    headers: dict[str, str] | None = None,
    signature: bytes | None = None,
) -> RequestParts:
    """A request that really is signed over these components and parameters."""
    values = {"content-digest": message_signatures.content_digest(BODY), **(headers or {})}
    listed = " ".join(name if name.startswith('"') else f'"{name}"' for name in components)
    values["signature-input"] = f"s=({listed}){parameters}"
    values["signature"] = "s=:eA==:"
    request = received(values)
    if signature is None:
        parsed = message_signatures.parse(values["signature-input"], values["signature"])
        base = message_signatures.signature_base(parsed, request, scheme="https")
        signature = sign_bytes(RSA_PRIVATE, base)
    values["signature"] = f"s=:{base64.b64encode(signature).decode()}:"
    return received(values)


def test_request_without_a_fault_is_accepted() -> None:
    accept(forged())


@pytest.mark.parametrize("missing", ["signature", "signature-input"])
def test_sig_01_one_header_without_the_other_is_unsigned(missing: str) -> None:
    request = forged()
    headers = {name: value for name, value in request.headers.items() if name != missing}

    assert reason(received(headers)) == "unsigned"


@pytest.mark.parametrize(
    ("signature_input", "signature"),
    [
        ("garbage(", "s=:eA==:"),
        ('s=("@method")', "s=:eA==:"),
        ('s=("@method");keyid=""', "s=:eA==:"),
        ('s=("@method");keyid=token', "s=:eA==:"),
        ('s=("@method");keyid=:eA==:', "s=:eA==:"),
        ('s=("@method");keyid="k";created="1"', "s=:eA==:"),
        ('s=("@method");keyid="k";created=1.5', "s=:eA==:"),
        ('s=("@method");keyid="k";expires', "s=:eA==:"),
        ('s=("@method");keyid="k";keyid="l"', "s=:eA==:"),
        ('s=("@method");keyid="k"', "t=:eA==:"),
        ('s=("@method");keyid="k"', 's="eA=="'),
        ('s=("@method");keyid="k"', "s=::"),
        ('s=("@method");keyid="k"', "s=:e:"),
        ('s=("@method");keyid="k"', 'keyId="k",signature="eA=="'),
        ('s="@method";keyid="k"', "s=:eA==:"),
        ('s=("@method" "@method");keyid="k"', "s=:eA==:"),
        ('s=("@Method");keyid="k"', "s=:eA==:"),
        ('s=("Date");keyid="k"', "s=:eA==:"),
        ('s=(date);keyid="k"', "s=:eA==:"),
        ('s=("");keyid="k"', "s=:eA==:"),
        ("s=(" + " ".join(f'"h{n}"' for n in range(40)) + ');keyid="k"', "s=:eA==:"),
        ('s=("@method");keyid="' + "k" * 9_000 + '"', "s=:eA==:"),
        ('s=("@method");keyid="k", s=("date");keyid="k"', "s=:eA==:"),
    ],
)
def test_sig_01_headers_that_do_not_fit_are_malformed(signature_input: str, signature: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        message_signatures.parse(signature_input, signature)

    assert refused.value.reason == "malformed"


@pytest.mark.parametrize(
    "component",
    [
        '"@status"',
        '"@signature-params"',
        '"@unknown"',
        '"@query-param"',
        '"@query-param";name="x";req',
        '"@method";req',
        '"date";sf',
        '"date";bs',
        '"date";tr',
        '"example-dict";key="a"',
    ],
)
def test_component_that_we_cannot_rebuild_is_unsupported(component: str) -> None:
    with pytest.raises(SignatureRefused) as refused:
        message_signatures.parse(f's=({component});keyid="k"', "s=:eA==:")

    assert refused.value.reason == "unsupported"


def test_first_usable_of_three_signatures_is_taken() -> None:
    parsed = message_signatures.parse(
        'a=("@status");keyid="1", b=("date");keyid="2";alg="hmac-sha256", c=("@method");keyid="3"',
        "c=:eA==:, b=:eQ==:, a=:eg==:",
    )

    assert (parsed.label, parsed.key_id, parsed.signature) == ("c", "3", b"x")


def test_fourth_signature_is_not_looked_at() -> None:
    unusable = ", ".join(f'{label}=("@status");keyid="k"' for label in "abc")

    with pytest.raises(SignatureRefused, match="unsupported"):
        message_signatures.parse(
            f'{unusable}, d=("@method");keyid="k"', ", ".join(f"{label}=:eA==:" for label in "abcd")
        )


@pytest.mark.parametrize("length", [1, 64, 255, 256, 2_048])
def test_sig_02_random_signature_bytes_are_refused(length: int) -> None:
    noise = hashlib.shake_128(b"seed").digest(length)

    assert reason(forged(signature=noise)) == "bad-signature"
    assert reason(forged(signature=noise), ED_PUBLIC) == "bad-signature"


def test_sig_03_signature_of_another_key_is_refused() -> None:
    assert reason(forged(), parse_public_pem(spec_keys.RFC9421_RSA_PSS_PUBLIC)) == "bad-signature"


@pytest.mark.parametrize(
    "digest",
    [
        message_signatures.content_digest(b"{}"),
        "sha-256=:eA==:",
        "sha-256=abc",
        "sha-256",
        "sha-1=:eA==:",
        "garbage garbage",
        "",
        f"{message_signatures.content_digest(BODY)}, sha-512=:eA==:",
    ],
)
def test_sig_04_digest_that_does_not_prove_the_body_is_refused(digest: str) -> None:
    assert reason(forged(headers={"content-digest": digest})) == "digest"


def test_sig_04_body_changed_by_one_byte_is_refused() -> None:
    request = forged()

    assert (
        reason(
            RequestParts(
                method="POST", target=request.target, headers=request.headers, body=BODY + b" "
            )
        )
        == "digest"
    )


def test_sig_05_digest_that_is_not_signed_is_refused() -> None:
    assert reason(forged(["@method", "@target-uri"])) == "coverage"


@pytest.mark.parametrize(
    "components",
    [
        ["@target-uri", "content-digest"],
        ["@method", "content-digest"],
        ["@method", "@path", "@query", "content-digest"],
        ["@method", "@authority", "content-digest"],
        ["@method", "@authority", "@path", "content-digest"],
        ["@method", "@authority", "@path", '"@query-param";name="x"', "content-digest"],
        ["content-digest"],
        [],
    ],
)
def test_sig_07_and_10_coverage_that_could_be_replayed_elsewhere_is_refused(
    components: list[str],
) -> None:
    assert reason(forged(components)) == "coverage"


@pytest.mark.parametrize(
    "components",
    [
        ["@method", "@target-uri", "content-digest"],
        ["@method", "@authority", "@request-target", "content-digest"],
        ["@authority", "@method", "content-digest", "@query", "@path"],
    ],
)
def test_coverage_of_the_whole_target_is_enough(components: list[str]) -> None:
    accept(forged(components))


def test_sig_07_request_signed_for_another_server_is_refused() -> None:
    assert reason(forged(headers={"host": "elsewhere.example"})) == "host"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (f';created={SECONDS - 3_601};keyid="k"', "clock"),
        (f';created={SECONDS + 301};keyid="k"', "clock"),
        (';created=-1;keyid="k"', "clock"),
        (';created=999999999999999;keyid="k"', "malformed"),
        (f';created={SECONDS};expires={SECONDS - 1};keyid="k"', "expired"),
        (f';created={SECONDS};expires=999999999999999;keyid="k"', "malformed"),
        (';keyid="k"', "coverage"),
    ],
)
def test_sig_08_and_14_time_must_be_signed_and_in_the_window(
    parameters: str, expected: str
) -> None:
    assert reason(forged(parameters=parameters)) == expected


def test_sig_10_method_or_target_changed_after_signing_is_refused() -> None:
    headers = forged().headers
    for method, target in (("PUT", "/inbox?x=a%20b"), ("POST", "/other"), ("POST", "/inbox?x=a+b")):
        request = RequestParts(method=method, target=target, headers=headers, body=BODY)
        assert reason(request) == "bad-signature"


@pytest.mark.parametrize(
    "algorithm", ["hmac-sha256", "rsa-pss-sha512", "ecdsa-p256-sha256", "none", "", "rsa-sha256"]
)
def test_sig_12_algorithm_off_the_list_is_refused(algorithm: str) -> None:
    with pytest.raises(SignatureRefused, match="algorithm"):
        message_signatures.parse(f's=();keyid="k";alg="{algorithm}"', "s=:eA==:")


def test_sig_12_stated_algorithm_must_be_that_of_the_key() -> None:
    request = forged(parameters=f';created={SECONDS};keyid="k";alg="rsa-v1_5-sha256"')

    accept(request)
    assert reason(request, ED_PUBLIC) == "algorithm"


def test_sig_12_public_key_is_never_the_secret_of_an_hmac() -> None:
    mac = HMAC(spec_keys.RFC9421_RSA_PUBLIC.encode(), hashes.SHA256())
    request = forged()
    parsed = message_signatures.parse(
        request.headers["signature-input"], request.headers["signature"]
    )
    mac.update(message_signatures.signature_base(parsed, request, scheme="https"))

    assert reason(forged(signature=mac.finalize())) == "bad-signature"


def test_covered_header_that_was_not_sent_or_is_not_ascii_is_refused() -> None:
    request = forged(["@method", "@target-uri", "content-digest", "x"], headers={"x": "1"})
    without = {name: value for name, value in request.headers.items() if name != "x"}

    accept(request)
    assert reason(received(without)) == "coverage"
    for value in ("é", "a\nb", "\udce9"):
        assert reason(received({**request.headers, "x": value})) == "malformed"


def test_query_parameter_that_is_there_twice_or_not_at_all_is_refused() -> None:
    signature = message_signatures.parse('s=("@query-param";name="x");keyid="k"', "s=:eA==:")
    for target in ("/?x=1&x=2", "/?y=1", "/", "/?" + "&".join(f"x{n}=" for n in range(200))):
        request = RequestParts(method="GET", target=target, headers={}, body=b"")
        with pytest.raises(SignatureRefused):
            message_signatures.verify(signature, request, RSA_PUBLIC)
