"""One-time links: made for an account by the operator, opened once by its owner.

The token is the whole proof. It is told once and never stored or logged: storage knows its SHA-256.
"""

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from communities.people import ActorKey
from federation.uris import Uris
from storage.unit_of_work import UnitOfWork

KEPT = timedelta(days=7)
TOKEN_BYTES = 16

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


def new_token() -> str:
    """A random token for a link: 128 bits, as it stands in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> bytes | None:
    """What storage knows a token by; None for what cannot be one."""
    return sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None


def offer(uow: UnitOfWork, uris: Uris, person_id: ActorKey, token: str, at: datetime) -> str:
    """Keep a new link of an account, whose older one ends; the link."""
    digest = digest_of(token)
    if digest is None:
        raise ValueError("that is no token")
    uow.welcomes.put(person_id, digest, until=at + KEPT)
    return uris.welcome(token)
