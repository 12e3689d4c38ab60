"""Web Push: what is sent to a push service so that only one app can read it.

Two forms are spoken: the standard (aes128gcm, VAPID) and the draft before it (aesgcm, WebPush),
which apps ask for that were written against Mastodon before 4.4. Nothing here is random or tells
the time: the sender's one-time key, the salt and the expiry are arguments.

Spec: RFC 8188, RFC 8291, RFC 8292; draft-ietf-webpush-encryption-04 and
draft-ietf-webpush-vapid-01 for the older form.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocols.errors import RemoteProtocolError

PrivateKey = ec.EllipticCurvePrivateKey

SALT_BYTES: Final = 16
MAX_PLAINTEXT_BYTES: Final = 3993
"""What fits into one record of 4,096 bytes beside header, delimiter and tag."""
LONGEST_TOKEN: Final = timedelta(hours=24)

_RECORD_BYTES: Final = 4096
_POINT_BYTES: Final = 65
_AUTH_BYTES: Final = 16
_COORDINATE_BYTES: Final = 32
_KEY_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_LAST_RECORD: Final = b"\x02"
_NO_PADDING: Final = b"\x00\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What an app gave to be written to: its public key (an uncompressed point) and a secret."""

    p256dh: bytes
    auth: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """Who vouches for a message at the push service: this server, until a time.

    Attributes:
        key: the server's own key, which the app was told when it subscribed.
        subject: where the operator can be reached: an https: or mailto: URI.
        expires_at: at most 24 hours ahead.
    """

    key: PrivateKey
    subject: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PushMessage:
    """A body, and the headers that go with it."""

    body: bytes
    headers: Mapping[str, str]


def parse_receiver(p256dh: str, auth: str) -> Receiver:
    """The receiver that an app named, in base64 of either alphabet, padded or not.

    Raises:
        RemoteProtocolError: the key is no point of P-256, or the secret has not 16 bytes.
    """
    point, secret = _decode(p256dh), _decode(auth)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise RemoteProtocolError("p256dh is no public key on the curve P-256") from None
    if len(point) != _POINT_BYTES:
        raise RemoteProtocolError("p256dh is no uncompressed point")
    if len(secret) != _AUTH_BYTES:
        raise RemoteProtocolError("auth must have 16 bytes")
    return Receiver(p256dh=point, auth=secret)


def _decode(text: str) -> bytes:
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise RemoteProtocolError("a key of the subscription is not base64") from None


def build_message(
    plaintext: bytes,
    endpoint: str,
    receiver: Receiver,
    *,
    voucher: Voucher,
    once: PrivateKey,
    salt: bytes,
) -> PushMessage:
    """A message in the standard form.

    Args:
        plaintext: at most `MAX_PLAINTEXT_BYTES`.
        endpoint: where it will be sent.
        receiver: who can read it.
        voucher: who vouches for it.
        once: a key made for this message alone.
        salt: 16 random bytes.

    Spec: RFC 8291 section 4; RFC 8292 section 3.
    """
    token = build_token(endpoint, voucher)
    return PushMessage(
        body=encrypt(plaintext, receiver, once, salt),
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "Authorization": f"vapid t={token},k={_encode(public_point(voucher.key))}",
        },
    )


def build_legacy_message(
    plaintext: bytes,
    endpoint: str,
    receiver: Receiver,
    *,
    voucher: Voucher,
    once: PrivateKey,
    salt: bytes,
) -> PushMessage:
    """A message in the form before the standard; see `build_message`.

    Spec: draft-ietf-webpush-encryption-04 section 4; draft-ietf-webpush-vapid-01 section 3.
    """
    token = build_token(endpoint, voucher)
    keys = f"dh={_encode(public_point(once))};p256ecdsa={_encode(public_point(voucher.key))}"
    return PushMessage(
        body=encrypt_legacy(plaintext, receiver, once, salt),
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aesgcm",
            "Encryption": f"salt={_encode(salt)}",
            "Crypto-Key": keys,
            "Authorization": f"WebPush {token}",
        },
    )


def encrypt(plaintext: bytes, receiver: Receiver, once: PrivateKey, salt: bytes) -> bytes:
    """The body of a message: header and one record.

    Spec: RFC 8291 section 3.4; RFC 8188 sections 2.1 and 2.2.
    """
    own = public_point(once)
    info = b"WebPush: info\x00" + receiver.p256dh + own
    secret = _derive(receiver.auth, _shared(once, receiver), info, 32)
    key = _derive(salt, secret, b"Content-Encoding: aes128gcm\x00", _KEY_BYTES)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\x00", _NONCE_BYTES)
    record = AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)
    return salt + _RECORD_BYTES.to_bytes(4, "big") + bytes((len(own),)) + own + record


def encrypt_legacy(plaintext: bytes, receiver: Receiver, once: PrivateKey, salt: bytes) -> bytes:
    """The body of a message in the older form: one record, salt and key go in headers.

    Spec: draft-ietf-webpush-encryption-04 section 4; draft-ietf-httpbis-encryption-encoding-03.
    """
    own = public_point(once)
    secret = _derive(receiver.auth, _shared(once, receiver), b"Content-Encoding: auth\x00", 32)
    context = b"P-256\x00" + _with_length(receiver.p256dh) + _with_length(own)
    key = _derive(salt, secret, b"Content-Encoding: aesgcm\x00" + context, _KEY_BYTES)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\x00" + context, _NONCE_BYTES)
    return AESGCM(key).encrypt(nonce, _NO_PADDING + plaintext, None)


def build_token(endpoint: str, voucher: Voucher) -> str:
    """The JWT by which a push service knows who sends, good for the origin of the endpoint.

    Spec: RFC 8292 section 2.
    """
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(voucher.expires_at.timestamp()),
        "sub": voucher.subject,
    }
    head = _encode(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
    signed = f"{head}.{_encode(msgspec.json.encode(claims))}"
    # Deterministic (RFC 6979), so that nothing here asks for randomness.
    scheme = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(voucher.key.sign(signed.encode(), scheme))
    signature = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
    return f"{signed}.{_encode(signature)}"


def public_point(key: PrivateKey) -> bytes:
    """The uncompressed point of a key's public half: 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def server_key(key: PrivateKey) -> str:
    """The public half as apps are told it: base64url, padded as Mastodon pads it."""
    return base64.urlsafe_b64encode(public_point(key)).decode()


def _shared(once: PrivateKey, receiver: Receiver) -> bytes:
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), receiver.p256dh)
    return once.exchange(ec.ECDH(), theirs)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 for up to 32 bytes. Spec: RFC 5869."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)[:length]


def _with_length(point: bytes) -> bytes:
    return len(point).to_bytes(2, "big") + point


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
