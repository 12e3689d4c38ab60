"""The node's own key towards push services: made at the first start, kept ever after.

Apps are told its public half when they subscribe, and push services take messages only from who
has the private one. It also seals the tokens that are kept for what is pushed.
"""

import asyncio
import base64
import binascii
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocols.web_push import PrivateKey, server_key
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

NONCE_BYTES = 12

_NAME = "push_key"
_SCALAR_BYTES = 32
_PURPOSE = b"noaber: tokens in push subscriptions"


class PushKey:
    """The key; `public` is what apps are told (VAPID, `server_key`)."""

    def __init__(self, private: PrivateKey) -> None:
        """Use this key."""
        self.private = private
        self.public = server_key(private)

    @cached_property
    def _sealing(self) -> AESGCM:
        scalar = self.private.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
        derived = HKDF(hashes.SHA256(), _SCALAR_BYTES, salt=None, info=_PURPOSE)
        return AESGCM(derived.derive(scalar))

    def seal(self, token: str, nonce: bytes) -> bytes:
        """The token, readable with this key alone; the nonce is used for nothing else."""
        return nonce + self._sealing.encrypt(nonce, token.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """The token again; an empty text when another key sealed it."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._sealing.decrypt(nonce, text, None).decode()
        except (InvalidTag, ValueError):
            return ""


async def node_push_key(storage: Storage) -> PushKey:
    """The node's key, which is made at the first start."""
    stored = await storage.read(_stored)
    if stored is None:
        fresh = await asyncio.to_thread(ec.generate_private_key, ec.SECP256R1())
        stored = await storage.write(_keep, _write(fresh))
    return PushKey(_read(stored))


def _stored(uow: UnitOfWork) -> str | None:
    return uow.instance.get(_NAME)


def _keep(uow: UnitOfWork, fresh: str) -> str:
    """Keep a new key, unless there is one by now; the one that counts."""
    known = uow.instance.get(_NAME)
    if known is None:
        uow.instance.put(_NAME, fresh)
    return known or fresh


def _write(key: PrivateKey) -> str:
    scalar = key.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
    return base64.urlsafe_b64encode(scalar).decode()


def _read(text: str) -> PrivateKey:
    try:
        scalar = base64.urlsafe_b64decode(text)
    except binascii.Error as error:
        raise ValueError("the node's push key cannot be read") from error
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
