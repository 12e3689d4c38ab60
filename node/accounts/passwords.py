"""Passwords: hashed with argon2id beside the loop, two at a time.

Spec: OWASP Password Storage (argon2id with 19 MiB, 2 passes, 1 lane); RFC 9106.
"""

import asyncio
import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

AT_ONCE = 2
"""Each takes 19 MiB and some 30 ms of a core: more at once would only keep the node busy."""
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_CHEAP_KIB = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is the right one; `renewed` is a hash to keep instead of the old one."""

    matches: bool
    renewed: str | None = None


class Passwords:
    """Makes and compares hashes."""

    def __init__(self, *, cheap: bool = False) -> None:
        """Take the measure of OWASP; `cheap` is for tests, whose hashes need no effort."""
        self._hasher = (
            PasswordHasher(time_cost=1, memory_cost=_CHEAP_KIB, parallelism=1)
            if cheap
            else PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        )
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The hash of a new password."""
        async with self._slots:
            return await asyncio.to_thread(self.hash_now, password)

    def hash_now(self, password: str) -> str:
        """The same at once, for commands and threads of their own."""
        return self._hasher.hash(_bytes_of(password))

    async def verify(self, hashed: str | None, password: str) -> Verdict:
        """Compare; an account without a password takes as long as one with the wrong one."""
        async with self._slots:
            return await asyncio.to_thread(self._verify, hashed, password)

    def _verify(self, hashed: str | None, password: str) -> Verdict:
        matches = self._matches(hashed or self._of_nobody(), password)
        if not matches or hashed is None:
            return Verdict(matches=False)
        renew = self._hasher.check_needs_rehash(hashed)
        return Verdict(matches=True, renewed=self.hash_now(password) if renew else None)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _bytes_of(password))
        except (Argon2Error, InvalidHashError):
            return False

    def _of_nobody(self) -> str:
        """A hash that no password has."""
        if self._nobodys is None:
            self._nobodys = self.hash_now(secrets.token_urlsafe())
        return self._nobodys


def _bytes_of(password: str) -> bytes:
    """The password as it is hashed: keyboards differ in how they put accents on letters.

    Spec: RFC 8265 4.2.1 (OpaqueString).
    """
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
