"""A device that makes passkeys and signs with them, as WebAuthn says: ES256, no attestation.

It does what a browser and its device do together, and everything that they would not do.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, MADE = 0x01, 0x04, 0x40
_AAGUID = b"\0" * 16


@dataclass(slots=True)
class Key:
    """One passkey on the device."""

    handle: bytes
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def cose(self) -> bytes:
        """The public half."""
        point = self.private.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (point.x, point.y))
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})


@dataclass(slots=True)
class Authenticator:
    """A device and the browser before it; `count` is how often it has signed."""

    origin: str = "https://noaber.example"
    rp_id: str = "noaber.example"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    counts: bool = True
    cross_origin: bool = False
    keys: list[Key] = field(default_factory=list)

    def make(self, options: Mapping[str, Any], id: bytes = b"", **changes: object) -> str:  # noqa: A002
        """Make a passkey, with an id of its own unless told; what the page's script sends."""
        known = {one["id"] for one in options["excludeCredentials"]}
        assert known.isdisjoint(bytes_to_base64url(key.id) for key in self.keys)
        key = Key(base64url_to_bytes(options["user"]["id"]))
        key.id = id or key.id
        self.keys.append(key)
        length = len(key.id).to_bytes(2, "big")
        attested = _AAGUID + length + key.id + key.cose()
        statement = {"fmt": "none", "attStmt": {}, "authData": self._data(MADE) + attested}
        told = {
            "clientDataJSON": self._client_data("webauthn.create", options, changes),
            "attestationObject": bytes_to_base64url(encode_cbor({**statement, **changes})),
            "transports": ["internal", "hybrid", "carrier pigeon"],
        }
        return self._answer(key, told)

    def sign(self, options: Mapping[str, Any], key: Key | None = None, **changes: object) -> str:
        """Sign in with the passkey that was made last, or another; what the script sends."""
        chosen = key or self.keys[-1]
        client_data = self._client_data("webauthn.get", options, changes)
        data = self._data()
        digest = hashlib.sha256(base64url_to_bytes(client_data)).digest()
        signature = chosen.private.sign(data + digest, ec.ECDSA(hashes.SHA256()))
        told: dict[str, object] = {
            "clientDataJSON": client_data,
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
            "userHandle": bytes_to_base64url(chosen.handle),
        }
        return self._answer(chosen, {**told, **changes})

    def _data(self, more: int = 0) -> bytes:
        self.count += 1
        count = self.count if self.counts else 0
        host = hashlib.sha256(self.rp_id.encode()).digest()
        return host + bytes([self.flags | more]) + count.to_bytes(4, "big")

    def _client_data(
        self, kind: str, options: Mapping[str, Any], changes: Mapping[str, object]
    ) -> str:
        told = {
            "type": changes.get("kind", kind),
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return bytes_to_base64url(json.dumps(told).encode())

    def _answer(self, key: Key, response: Mapping[str, object]) -> str:
        name = bytes_to_base64url(key.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
