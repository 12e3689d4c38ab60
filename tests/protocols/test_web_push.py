"""Web Push messages: the vectors of the RFCs, and what an independent reader makes of them."""

import base64
from datetime import UTC, datetime
from types import ModuleType

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError, RemoteProtocolError
from protocols.web_push import (
    MAX_PLAINTEXT_BYTES,
    PrivateKey,
    Receiver,
    Voucher,
    build_legacy_message,
    build_message,
    build_token,
    encrypt,
    encrypt_legacy,
    parse_receiver,
    public_point,
    server_key,
)

ENDPOINT = "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"


def read(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(scalar: str) -> PrivateKey:
    return ec.derive_private_key(int.from_bytes(read(scalar), "big"), ec.SECP256R1())


def voucher() -> Voucher:
    return Voucher(
        key=ec.derive_private_key(7, ec.SECP256R1()),
        subject="mailto:push@example.com",
        expires_at=datetime.fromtimestamp(1453523768, UTC),
    )


def test_the_example_of_the_standard_comes_out_to_the_letter() -> None:
    """Spec: RFC 8291 section 5 and appendix A."""
    receiver = parse_receiver(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    once = key_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")

    body = encrypt(
        b"When I grow up, I want to be a watermelon", receiver, once, read("DGv6ra1nlYgDCS1FRnbzlw")
    )

    assert body == read(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWA"
        "mS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxs"
        "j_Qulcy4a-fN"
    )


def test_the_example_of_the_older_form_comes_out_to_the_letter() -> None:
    """Spec: draft-ietf-webpush-encryption-04 section 5."""
    receiver = parse_receiver(
        "BCEkBjzL8Z3C-oi2Q7oE5t2Np-p7osjGLg93qUP0wvqRT21EEWyf0cQDQcakQMqz4hQKYOQ3il2nNZct4HgAUQU",
        "R29vIGdvbyBnJyBqb29iIQ",
    )
    once = key_of("nCScek-QpEjmOOlT-rQ38nZzvdPlqa00Zy0i6m2OJvY")

    body = encrypt_legacy(b"I am the walrus", receiver, once, read("lngarbyKfMoi9Z75xYXmkg"))

    assert body == read("6nqAQUME8hNqw5J3kl8cpVVJylXKYqZOeseZG8UueKpA")


def test_a_token_says_for_whom_from_whom_and_until_when() -> None:
    """Spec: RFC 8292 section 2.4."""
    token = build_token(ENDPOINT, voucher())

    signed, _, signature = token.rpartition(".")
    assert signed == (
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAi"
        "OjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0"
    )
    raw = read(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    voucher().key.public_key().verify(
        encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256())
    )


def test_a_message_names_its_keys_in_the_headers_of_its_form() -> None:
    once, salt = ec.derive_private_key(11, ec.SECP256R1()), bytes(16)
    app = ec.derive_private_key(13, ec.SECP256R1())
    receiver = Receiver(p256dh=public_point(app), auth=bytes(16))

    standard = build_message(b"Moin", ENDPOINT, receiver, voucher=voucher(), once=once, salt=salt)
    legacy = build_legacy_message(
        b"Moin", ENDPOINT, receiver, voucher=voucher(), once=once, salt=salt
    )

    key = server_key(voucher().key).rstrip("=")
    token = build_token(ENDPOINT, voucher())
    assert standard.headers["Content-Encoding"] == "aes128gcm"
    assert standard.headers["Authorization"] == f"vapid t={token},k={key}"
    assert legacy.headers["Content-Encoding"] == "aesgcm"
    assert legacy.headers["Authorization"] == f"WebPush {token}"
    assert legacy.headers["Encryption"] == "salt=AAAAAAAAAAAAAAAAAAAAAA"
    own = server_key(once).rstrip("=")
    assert legacy.headers["Crypto-Key"] == f"dh={own};p256ecdsa={key}"


@pytest.fixture
def http_ece() -> ModuleType:
    """An independent implementation, of those who wrote the drafts."""
    found: ModuleType = pytest.importorskip("http_ece", reason="pip install http-ece")
    return found


@pytest.mark.parametrize("plaintext", [b"", b"Moin", b"x" * MAX_PLAINTEXT_BYTES])
def test_another_implementation_reads_what_we_write(http_ece: ModuleType, plaintext: bytes) -> None:
    once, salt = ec.derive_private_key(11, ec.SECP256R1()), bytes(range(16))
    app = ec.derive_private_key(13, ec.SECP256R1())
    receiver = Receiver(p256dh=public_point(app), auth=b"sixteen bytes ok")

    body = encrypt(plaintext, receiver, once, salt)

    assert len(body) <= 4096
    found = http_ece.decrypt(body, private_key=app, auth_secret=receiver.auth, version="aes128gcm")
    assert found == plaintext


def test_another_implementation_reads_the_older_form(http_ece: ModuleType) -> None:
    once, salt = ec.derive_private_key(11, ec.SECP256R1()), bytes(range(16))
    app = ec.derive_private_key(13, ec.SECP256R1())
    receiver = Receiver(p256dh=public_point(app), auth=b"sixteen bytes ok")

    body = encrypt_legacy(b"Moin", receiver, once, salt)

    found = http_ece.decrypt(
        body,
        salt=salt,
        private_key=app,
        dh=public_point(once),
        auth_secret=receiver.auth,
        version="aesgcm",
    )
    assert found == b"Moin"


@pytest.mark.parametrize("decorate", [str, lambda text: text + "==", lambda text: f" {text}\n"])
def test_keys_are_read_however_they_are_padded(decorate: type[str]) -> None:
    app = ec.derive_private_key(13, ec.SECP256R1())
    urlsafe = server_key(app).rstrip("=")
    standard = base64.b64encode(public_point(app)).decode()
    secret = "BTBZMqHH6r4Tts7J_aSIgg"

    read_receivers = {
        parse_receiver(decorate(urlsafe), secret),
        parse_receiver(standard, secret.replace("_", "/")),
    }

    assert read_receivers == {Receiver(p256dh=public_point(app), auth=read(secret))}


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", "BTBZMqHH6r4Tts7J_aSIgg"),
        ("AAAA", "BTBZMqHH6r4Tts7J_aSIgg"),
        (base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode(), "BTBZMqHH6r4Tts7J_aSIgg"),
        (server_key(ec.derive_private_key(13, ec.SECP256R1())), "short"),
        (server_key(ec.derive_private_key(13, ec.SECP256R1())), "not base64!"),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_receiver(p256dh, auth)


@given(st.text(max_size=100), st.text(max_size=40))
def test_no_text_of_an_app_does_harm(p256dh: str, auth: str) -> None:
    try:
        parse_receiver(p256dh, auth)
    except ProtocolError:
        return
    pytest.fail("a random text was taken for a point of the curve")


def test_tokens_are_the_same_at_each_call() -> None:
    assert build_token(ENDPOINT, voucher()) == build_token(ENDPOINT, voucher())
    claims = msgspec.json.decode(read(build_token(ENDPOINT, voucher()).split(".")[1]))
    assert claims["aud"] == "https://push.example.net"
