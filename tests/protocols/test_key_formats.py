"""Keys: which texts are read, which keys are too weak, and that all of them come back the same."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import LocalProtocolError, RemoteProtocolError
from protocols.key_formats import (
    is_signed_by,
    load_private_pem,
    parse_ed25519,
    parse_multibase,
    parse_multikey,
    parse_public_pem,
    parse_unpadded_base64,
    public_half,
    public_pem,
    render_multibase,
    render_multikey,
    render_unpadded_base64,
    sign_bytes,
)
from tests.support import spec_keys

FIXTURES = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures" / "activitypub"

PUBLIC_PEMS = [
    pytest.param(spec_keys.RFC9421_RSA_PUBLIC, "rsa", id="PKCS#1"),
    pytest.param(spec_keys.RFC9421_RSA_PSS_PUBLIC, "rsa", id="SubjectPublicKeyInfo"),
    pytest.param(spec_keys.RFC9421_ED25519_PUBLIC, "ed25519", id="Ed25519"),
]


def rsa_pem(bits: int, exponent: int = 65_537) -> str:
    """The PEM of a number of that many bits; nothing was signed with it, so it need be no key."""
    numbers = RSAPublicNumbers(e=exponent, n=(1 << (bits - 1)) | 1)
    return (
        numbers.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.mark.parametrize(("pem", "algorithm"), PUBLIC_PEMS)
def test_public_pem_is_read_and_written_as_the_same_key(pem: str, algorithm: str) -> None:
    key = parse_public_pem(pem)

    assert key.algorithm == algorithm
    assert public_pem(key).startswith("-----BEGIN PUBLIC KEY-----\n")
    assert parse_public_pem(public_pem(key)) == key


@pytest.mark.parametrize(
    "sent",
    [
        "\n\n" + spec_keys.RFC9421_RSA_PSS_PUBLIC + "\n",
        spec_keys.RFC9421_RSA_PSS_PUBLIC.replace("\n", "\r\n"),
        spec_keys.RFC9421_RSA_PSS_PUBLIC.rstrip(),
    ],
)
def test_pem_is_read_with_other_line_ends(sent: str) -> None:
    assert parse_public_pem(sent) == parse_public_pem(spec_keys.RFC9421_RSA_PSS_PUBLIC)


def test_public_keys_in_recorded_actors_are_read() -> None:
    if not FIXTURES.is_dir():
        pytest.skip(f"no recorded documents in {FIXTURES}")
    pems = set()
    for path in FIXTURES.rglob("*.json"):
        document = json.loads(path.read_bytes())
        key = document.get("publicKey") if isinstance(document, dict) else None
        if (
            isinstance(key, dict)
            and "BEGIN" in key.get("publicKeyPem", "")
            and "..." not in str(key)
        ):
            pems.add(key["publicKeyPem"])

    algorithms = {parse_public_pem(pem).algorithm for pem in pems if "SCRUBBED" not in pem}

    assert len(pems) > 10
    assert algorithms == {"rsa"}


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param("", id="nothing"),
        pytest.param("ssh-rsa AAAA", id="SSH"),
        pytest.param("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", id="no DER"),
        pytest.param("-----BEGIN PUBLIC KEY-----\nключ\n-----END PUBLIC KEY-----\n", id="no ASCII"),
        pytest.param("-----BEGIN PUBLIC KEY-----\n" + "A" * 20_000, id="over 16 kB"),
        pytest.param(spec_keys.RFC9421_RSA_PRIVATE, id="private RSA key"),
        pytest.param(spec_keys.RFC9421_ED25519_PRIVATE, id="private Ed25519 key"),
        pytest.param(spec_keys.RFC9421_P256_PUBLIC, id="P-256"),
        pytest.param(spec_keys.DRAFT_CAVAGE_PUBLIC, id="1024 bits"),
        pytest.param(rsa_pem(2047), id="2047 bits"),
        pytest.param(rsa_pem(8193), id="8193 bits"),
        pytest.param(rsa_pem(2048, exponent=3), id="exponent 3"),
        pytest.param(rsa_pem(2048, exponent=65_535), id="exponent below 65537"),
        pytest.param(rsa_pem(2048, exponent=2**33 + 1), id="exponent that costs us time"),
    ],
)
def test_sig_21_unfit_public_key_is_refused(pem: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_public_pem(pem)


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_usual_rsa_sizes_are_accepted(bits: int) -> None:
    assert parse_public_pem(rsa_pem(bits)).algorithm == "rsa"


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(
    ("private", "public"),
    [
        (spec_keys.RFC9421_RSA_PRIVATE, spec_keys.RFC9421_RSA_PUBLIC),
        (spec_keys.RFC9421_ED25519_PRIVATE, spec_keys.RFC9421_ED25519_PUBLIC),
    ],
)
def test_private_pem_is_read_and_fits_its_public_half(
    private: str, public: str, trusted: bool
) -> None:
    key = load_private_pem(private, trusted=trusted)

    assert public_half(key) == parse_public_pem(public)
    assert is_signed_by(public_half(key), sign_bytes(key, b"data"), b"data")
    assert not is_signed_by(public_half(key), sign_bytes(key, b"data"), b"date")
    assert "PRIVATE" not in repr(key)


def test_private_key_of_another_kind_or_none_is_our_own_fault() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    for pem in (other.decode(), "", spec_keys.RFC9421_RSA_PUBLIC):
        with pytest.raises(LocalProtocolError):
            load_private_pem(pem, trusted=True)


# Multikey and multibase.


def test_multikey_of_fep_521a_is_read_and_written() -> None:
    text = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"

    key = parse_multikey(text)

    assert key.algorithm == "ed25519"
    assert render_multikey(key) == text


def test_rsa_multikey_is_read_and_written() -> None:
    key = parse_public_pem(spec_keys.RFC9421_RSA_PUBLIC)

    text = render_multikey(key)

    assert text.startswith("z4MX")
    assert parse_multikey(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "u7QGvlCxZ",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ0",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbT",
        "z" + "2" * 100_000,
        render_multibase(b"\xed\x01" + bytes(31)),
        render_multibase(b"\x80\x24" + bytes(33)),
        render_multibase(b"\x85\x24" + b"not DER"),
        render_multibase(b"\x85\x24" + base64.b64decode("".join(rsa_pem(1024).splitlines()[1:-1]))),
    ],
)
def test_multikey_that_is_none_or_unfit_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_multikey(text)


def test_base58_keeps_leading_zeros() -> None:
    assert render_multibase(b"\0\0\1") == "z112"
    assert parse_multibase("z112") == b"\0\0\1"
    assert render_multibase(b"Hello World!") == "z2NEpo7TZRRrLZSi2U"


@given(st.binary(max_size=80))
def test_multibase_gives_back_the_same_bytes(raw: bytes) -> None:
    assert parse_multibase(render_multibase(raw)) == raw


@given(st.binary(min_size=32, max_size=32))
def test_any_32_bytes_make_an_ed25519_multikey(raw: bytes) -> None:
    key = parse_ed25519(raw)

    assert parse_multikey(render_multikey(key)) == key


@pytest.mark.parametrize("raw", [b"", bytes(31), bytes(33)])
def test_ed25519_key_of_another_length_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_ed25519(raw)


# Unpadded base64.


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg")],
)
def test_base64_without_padding_is_that_of_the_matrix_specification(raw: bytes, text: str) -> None:
    assert render_unpadded_base64(raw) == text
    assert parse_unpadded_base64(text) == raw
    assert parse_unpadded_base64(base64.b64encode(raw).decode()) == raw


def test_the_two_alphabets_of_base64_are_not_mixed() -> None:
    assert render_unpadded_base64(b"\xfb\xff") == "+/8"
    assert render_unpadded_base64(b"\xfb\xff", urlsafe=True) == "-_8"
    with pytest.raises(RemoteProtocolError):
        parse_unpadded_base64("-_8")
    with pytest.raises(RemoteProtocolError):
        parse_unpadded_base64("+/8", urlsafe=True)


@given(st.binary(), st.booleans())
def test_base64_gives_back_the_same_bytes(raw: bytes, urlsafe: bool) -> None:
    text = render_unpadded_base64(raw, urlsafe=urlsafe)

    assert "=" not in text
    assert parse_unpadded_base64(text, urlsafe=urlsafe) == raw


@given(st.text())
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for parse in (parse_public_pem, parse_multikey, parse_unpadded_base64):
        try:
            parse(text)
        except RemoteProtocolError as refused:
            assert refused.status_hint == 400  # noqa: PT017 - most texts are refused, not all
