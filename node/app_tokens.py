"""Which tokens of apps hold, and for whom: looked up once, and in mind for a few seconds.

What ends a token here (a revocation, the end of an account) is known at once: the commit says so.
What ends it elsewhere, by a command beside the running node, is known after those seconds.

Spec: RFC 6750; security PRV-11, WEB-08, WEB-09.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from communities.identities import may_act_as
from communities.people import ActorState
from communities.registration import AccountState
from node.auth import Caller
from storage.app_tokens import AppToken
from storage.store import Storage
from storage.unit_of_work import TOKENS, UnitOfWork

IN_MIND = timedelta(seconds=5)
MOST_IN_MIND = 20_000
TOUCHED_EVERY = timedelta(hours=1)
WATCH_SECONDS = 0.5
"""How long an open stream outlives a token that was ended without a word to this process."""

_AT_ONCE = 250
_LONGEST_TOKEN = 200


class Hindrance(StrEnum):
    """Why a token that was given is of no use now; the words are Mastodon's."""

    REVOKED = "The access token was revoked"
    DISABLED = "Your login is currently disabled"
    UNCONFIRMED = "Your login is missing a confirmed e-mail address"
    PENDING = "Your login is currently pending approval"


_OF_ACCOUNT = {
    AccountState.DISABLED: Hindrance.DISABLED,
    AccountState.UNCONFIRMED: Hindrance.UNCONFIRMED,
    AccountState.PENDING: Hindrance.PENDING,
}


@dataclass(frozen=True, slots=True)
class Known:
    """A token that was given: whom it stands for, and what hinders it now, if anything."""

    caller: Caller
    hindrance: Hindrance | None
    until: datetime


@dataclass(frozen=True, slots=True, eq=False)
class _Watch:
    """Somebody who wants to hear of the end of a token."""

    call: Callable[[], None]


def digest_of_token(token: str) -> bytes | None:
    """What storage knows a token by; None for what cannot be one."""
    if not token.isascii() or len(token) > _LONGEST_TOKEN:
        return None
    return sha256(token.encode()).digest()


def hindrance_of(uow: UnitOfWork, token: AppToken, now: datetime) -> Hindrance | None:
    """Why a token is of no use now; None when it holds.

    One that acts as a community is of no use to who moderates it no longer.
    """
    if token.revoked_at is not None or token.person_state is ActorState.DELETED:
        return Hindrance.REVOKED
    if token.person_id is None:
        return None
    # First of all: an account that waits is suspended, too, so that nobody sees it meanwhile.
    if token.account is not None and token.account in _OF_ACCOUNT:
        return _OF_ACCOUNT[token.account]
    if token.person_state is ActorState.SUSPENDED:
        return Hindrance.DISABLED
    if token.actor_id is None or not may_act_as(uow, token.person_id, token.actor_id, now):
        return Hindrance.REVOKED
    return None


class Tokens:
    """Tokens by their digest, as they stand now."""

    def __init__(self, storage: Storage, *, now: Callable[[], datetime]) -> None:
        """Have nothing in mind; forget all of it whenever tokens may have ended."""
        self._storage = storage
        self._now = now
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._used: dict[int, tuple[int, datetime]] = {}
        self._watched: dict[int, set[_Watch]] = {}
        self._forgotten = 0
        self._woken = asyncio.Event()
        storage.on_commit(TOKENS, self.forget)

    async def find(self, token: str) -> Known | None:
        """A token that was given, whether it holds or not; None for one that never was."""
        digest = digest_of_token(token)
        if digest is None:
            return None
        now = self._now()
        known = self._known.get(digest)
        if known is not None and known.until > now:
            return known
        # What was read before a revocation must not be put in mind after it.
        forgotten = self._forgotten
        found = await self._storage.read(_look_up, digest, now)
        if found is None:
            return None
        stored, hindrance = found
        known = Known(_caller(stored), hindrance, now + IN_MIND)
        if forgotten == self._forgotten:
            self._keep(digest, known)
        if hindrance is None and now - stored.used_at >= TOUCHED_EVERY:
            self._used[stored.id] = (stored.app_id, now)
        return known

    def _keep(self, digest: bytes, known: Known) -> None:
        self._known[digest] = known
        self._known.move_to_end(digest)
        if len(self._known) > MOST_IN_MIND:
            self._known.popitem(last=False)

    async def identify(self, token: str) -> Caller | None:
        """Whom a token stands for; None when it does not hold, for whatever reason."""
        known = await self.find(token)
        return None if known is None or known.hindrance is not None else known.caller

    def forget(self) -> None:
        """Look everything up anew: tokens may have ended."""
        self._forgotten += 1
        self._known.clear()
        self._woken.set()

    def on_end(self, caller: Caller, call: Callable[[], None]) -> Callable[[], None]:
        """Call once when this caller's token ends, from the event loop.

        Returns what takes the wish back; to be called when a stream ends by itself.
        """
        watch = _Watch(call)
        self._watched.setdefault(caller.token_id, set()).add(watch)

        def stop() -> None:
            watches = self._watched.get(caller.token_id)
            if watches is not None:
                watches.discard(watch)
                if not watches:
                    del self._watched[caller.token_id]

        return stop

    async def run(self) -> None:
        """Tell of tokens that ended, and note which were used, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            await self.step()

    async def step(self) -> None:
        """Do both once."""
        ids = list(self._watched)
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            for token_id in await self._storage.read(_ended, part, self._now()):
                for watch in self._watched.pop(token_id, ()):
                    watch.call()
        while self._used:
            used = dict(islice(self._used.items(), _AT_ONCE))
            for token_id in used:
                del self._used[token_id]
            await self._storage.write(_touch, used)


def _caller(token: AppToken) -> Caller:
    return Caller(
        token_id=token.id,
        app_id=token.app_id,
        scopes=token.scopes,
        actor_id=token.actor_id,
        person_id=token.person_id,
    )


def _look_up(
    uow: UnitOfWork, digest: bytes, now: datetime
) -> tuple[AppToken, Hindrance | None] | None:
    token = uow.app_tokens.find(digest)
    return None if token is None else (token, hindrance_of(uow, token, now))


def _ended(uow: UnitOfWork, ids: Sequence[int], now: datetime) -> list[int]:
    """Those of some tokens that hold no longer."""
    standing = {
        token.id for token in uow.app_tokens.among(ids) if hindrance_of(uow, token, now) is None
    }
    return [token_id for token_id in ids if token_id not in standing]


def _touch(uow: UnitOfWork, used: dict[int, tuple[int, datetime]]) -> None:
    uow.app_tokens.touch(used)
