"""Keys as one value type, and the texts that carry them: PEM, Multikey, unpadded base64.

`PublicKey` and `PrivateKey` hold the parsed key of the `cryptography` library, so that a key is
read once and used often: reading a PEM costs 4 us (private: 12 us when trusted), a check of a
foreign private key 34 ms. Nothing here makes a key: randomness is no part of a wire format.
"""

import base64
from dataclasses import dataclass
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from protocols.errors import LocalProtocolError, RemoteProtocolError

KeyAlgorithm = Literal["rsa", "ed25519"]

MAX_PEM_CHARACTERS: Final = 16_384
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MIN_RSA_EXPONENT: Final = 65_537
# A longer exponent only makes verification slow, for us.
MAX_RSA_EXPONENT_BITS: Final = 33
MAX_MULTIKEY_CHARACTERS: Final = 2_048

_PKCS1: Final = padding.PKCS1v15()
_SHA256: Final = hashes.SHA256()
_ED25519_PREFIX: Final = b"\xed\x01"  # multicodec 0xed, as a varint
_RSA_PREFIX: Final = b"\x85\x24"  # multicodec 0x1205, as a varint
_FROM_URLSAFE: Final = str.maketrans("-_+/", "+/!!")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES: Final = {character: value for value, character in enumerate(_BASE58)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key, parsed and found strong enough."""

    algorithm: KeyAlgorithm
    key: RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """A private key, parsed. Its repr shows no secret."""

    algorithm: KeyAlgorithm
    key: RSAPrivateKey | Ed25519PrivateKey


def parse_public_pem(pem: str) -> PublicKey:
    """Give the key in a PEM text: SubjectPublicKeyInfo, or PKCS#1 ("RSA PUBLIC KEY").

    Spec: RFC 7468 section 13; RFC 8017 appendix A.1.1.

    Raises:
        RemoteProtocolError: not such a PEM, a private key, another kind of key, RSA of less than
            2048 or more than 8192 bits or with an exponent outside [65537, 2^33).
    """
    if len(pem) > MAX_PEM_CHARACTERS:
        raise RemoteProtocolError("public key PEM too long")
    if "PRIVATE KEY" in pem:
        raise RemoteProtocolError("private key where a public key belongs")
    try:
        key = serialization.load_pem_public_key(pem.strip().encode("ascii"))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RemoteProtocolError("unreadable public key PEM") from None
    return _checked(key)


def public_pem(key: PublicKey) -> str:
    """Give the PEM (SubjectPublicKeyInfo) that every fediverse server reads."""
    return key.key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode("ascii")


def load_private_pem(pem: str, *, trusted: bool) -> PrivateKey:
    """Give the unencrypted private key in a PEM text.

    Args:
        pem: PKCS#8 or PKCS#1.
        trusted: true only for keys that we made ourselves; leaves out the check of the primes.

    Raises:
        LocalProtocolError: not such a PEM or another kind of key.
    """
    try:
        key = serialization.load_pem_private_key(
            pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=trusted
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LocalProtocolError("unreadable private key PEM") from None
    if isinstance(key, RSAPrivateKey):
        return PrivateKey(algorithm="rsa", key=key)
    if isinstance(key, Ed25519PrivateKey):
        return PrivateKey(algorithm="ed25519", key=key)
    raise LocalProtocolError("private key is neither RSA nor Ed25519")


def public_half(key: PrivateKey) -> PublicKey:
    """Give the public key that belongs to a private one."""
    return PublicKey(algorithm=key.algorithm, key=key.key.public_key())


def parse_ed25519(raw: bytes) -> PublicKey:
    """Give the Ed25519 key of 32 raw bytes.

    Spec: RFC 8032 section 5.1.5.

    Raises:
        RemoteProtocolError: not 32 bytes.
    """
    try:
        return PublicKey(algorithm="ed25519", key=Ed25519PublicKey.from_public_bytes(raw))
    except ValueError:
        raise RemoteProtocolError("an Ed25519 key has 32 bytes") from None


def parse_multikey(text: str) -> PublicKey:
    """Give the key of a `publicKeyMultibase`: "z6Mk..." (Ed25519) or "z4MX..." (RSA).

    Spec: FEP-521a; W3C Controlled Identifiers section 2.2.2 (Multikey).

    Raises:
        RemoteProtocolError: not base58btc, another kind of key, or an RSA key that is too weak.
    """
    raw = parse_multibase(text, max_characters=MAX_MULTIKEY_CHARACTERS)
    if raw.startswith(_ED25519_PREFIX):
        return parse_ed25519(raw[2:])
    if not raw.startswith(_RSA_PREFIX):
        raise RemoteProtocolError("multikey is neither RSA nor Ed25519")
    try:
        key = serialization.load_der_public_key(raw[2:])
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RemoteProtocolError("unreadable RSA multikey") from None
    return _checked(key)


def render_multikey(key: PublicKey) -> str:
    """Give the `publicKeyMultibase` of a key."""
    if isinstance(key.key, Ed25519PublicKey):
        return render_multibase(_ED25519_PREFIX + key.key.public_bytes_raw())
    der = key.key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return render_multibase(_RSA_PREFIX + der)


def parse_multibase(text: str, *, max_characters: int = 128) -> bytes:
    """Give the bytes of a multibase text in base58btc, the only base that the suites allow.

    The default bound fits a 64-byte signature (at most 89 characters) and an Ed25519 key (48).

    Spec: W3C Controlled Identifiers section 2.4 (Multibase).

    Raises:
        RemoteProtocolError: another base, a strange character, or too long.
    """
    if len(text) > max_characters or not text.startswith("z"):
        raise RemoteProtocolError("not base58btc multibase")
    number = 0
    try:
        for character in text[1:]:
            number = number * 58 + _BASE58_VALUES[character]
    except KeyError:
        raise RemoteProtocolError("not base58btc multibase") from None
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def render_multibase(raw: bytes) -> str:
    """Give the base58btc multibase text of some bytes."""
    number = int.from_bytes(raw, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_BASE58[digit])
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "z" + "1" * zeros + "".join(reversed(digits))


def parse_unpadded_base64(text: str, *, urlsafe: bool = False) -> bytes:
    """Give the bytes of a Matrix base64 text; padding may be there or not.

    Spec: matrix/v1.19 appendices "Unpadded Base64".

    Raises:
        RemoteProtocolError: a character of another alphabet or an impossible length.
    """
    bare = text.rstrip("=")
    if urlsafe:
        # b64decode(altchars=...) would go on taking the two standard characters as well.
        bare = bare.translate(_FROM_URLSAFE)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise RemoteProtocolError("not base64", errcode="M_INVALID_PARAM") from None


def render_unpadded_base64(raw: bytes, *, urlsafe: bool = False) -> str:
    """Give the base64 text without padding that Matrix uses.

    Spec: matrix/v1.19 appendices "Unpadded Base64".
    """
    encoded = base64.urlsafe_b64encode(raw) if urlsafe else base64.b64encode(raw)
    return encoded.rstrip(b"=").decode("ascii")


def sign_bytes(key: PrivateKey, data: bytes) -> bytes:
    """Give the signature of the data: RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519.

    RSA takes some 300 us and lets go of the interpreter lock, so it may run in a thread.
    """
    if isinstance(key.key, RSAPrivateKey):
        return key.key.sign(data, _PKCS1, _SHA256)
    return key.key.sign(data)


def is_signed_by(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Tell whether the key made the signature. The type of the key alone decides how."""
    try:
        if isinstance(key.key, RSAPublicKey):
            key.key.verify(signature, data, _PKCS1, _SHA256)
        else:
            key.key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _checked(key: object) -> PublicKey:
    if isinstance(key, Ed25519PublicKey):
        return PublicKey(algorithm="ed25519", key=key)
    if not isinstance(key, RSAPublicKey):
        raise RemoteProtocolError("public key is neither RSA nor Ed25519")
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise RemoteProtocolError("RSA key must have 2048 to 8192 bits")
    exponent = key.public_numbers().e
    if exponent < MIN_RSA_EXPONENT or exponent.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise RemoteProtocolError("RSA key has an unsuitable exponent")
    return PublicKey(algorithm="rsa", key=key)
