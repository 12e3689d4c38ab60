"""The Ed25519 keys of servers: their ids, ours to sign with, theirs to check with.

Spec: matrix/v1.19 appendices "Signing Details"; server-server API "Retrieving server keys".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NewType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocols.errors import LocalProtocolError, RemoteProtocolError
from protocols.key_formats import (
    PrivateKey,
    PublicKey,
    parse_ed25519,
    parse_unpadded_base64,
    public_half,
    render_unpadded_base64,
)
from protocols.matrix.identifiers import ServerName

KeyId = NewType("KeyId", str)
"""Algorithm and name: "ed25519:a_LaXa"."""

MAX_KEY_ID_CHARACTERS: Final = 255
POLICY_SERVER_KEY_ID: Final = KeyId("ed25519:policy_server")

_ED25519: Final = "ed25519:"
# Beyond the specification's [a-zA-Z0-9_]: servers with other names of keys are out there.
_THEIR_KEY_ID: Final = re.compile(r"ed25519:[!-~]+")
_OUR_KEY_ID: Final = re.compile(r"ed25519:[a-zA-Z0-9_]+")

PUBLISHED_KEYS: Final = frozenset(
    {
        # The seed of the specification's own test vectors.
        "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI",
        # CVE-2026-24044: set-ups that all began with one key (GHSA-qwcj-h6m8-vp6q).
        "l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og",
    }
)
"""Public keys, in unpadded base64, whose private halves everybody can look up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key that we sign with, in the name of a server. Its repr shows no secret."""

    server: ServerName
    key_id: KeyId
    key: PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyKey:
    """A key of a server.

    Attributes:
        key: the public key.
        valid_until_ts: milliseconds since 1970 after which nothing new can be signed by it; of
            a key that is no longer used, the moment at which that came about.
    """

    key: PublicKey
    valid_until_ts: int


ServerVerifyKeys = Mapping[KeyId, VerifyKey]
"""The keys of one server."""


def is_key_id(text: object) -> bool:
    """Tell whether the text names a key that signatures of ours could be checked with."""
    return (
        isinstance(text, str)
        and len(text) <= MAX_KEY_ID_CHARACTERS
        and _THEIR_KEY_ID.fullmatch(text) is not None
    )


def signing_key(server: ServerName, name: str, key: PrivateKey) -> SigningKey:
    """Give the key that a server of ours signs with; `name` is what follows "ed25519:".

    Spec: matrix/v1.19 server-server API "Publishing keys".

    Raises:
        LocalProtocolError: another algorithm, a name out of grammar, or a published key.
    """
    if key.algorithm != "ed25519" or _OUR_KEY_ID.fullmatch(_ED25519 + name) is None:
        raise LocalProtocolError("a Matrix server signs by an Ed25519 key with a plain name")
    if render_key(public_half(key)) in PUBLISHED_KEYS:
        raise LocalProtocolError("this signing key is published: everybody can sign with it")
    return SigningKey(server=server, key_id=KeyId(_ED25519 + name), key=key)


def parse_key(text: object) -> PublicKey:
    """Give the public key that a server published, or refuse one that proves nothing.

    Spec: matrix/v1.19 server-server API "Publishing keys".

    Raises:
        RemoteProtocolError: no Ed25519 key, or one whose private half is published.
    """
    if not isinstance(text, str):
        raise RemoteProtocolError("key is no text", errcode="M_BAD_JSON")
    key = parse_ed25519(parse_unpadded_base64(text))
    if render_key(key) in PUBLISHED_KEYS:
        raise RemoteProtocolError("key is published: everybody can sign with it")
    return key


def render_key(key: PublicKey) -> str:
    """Give the unpadded base64 of a public Ed25519 key.

    Raises:
        LocalProtocolError: a key of another algorithm.
    """
    if not isinstance(key.key, Ed25519PublicKey):
        raise LocalProtocolError("Matrix knows Ed25519 keys only")
    return render_unpadded_base64(key.key.public_bytes_raw())
