"""Passkeys: adding one, signing in with one, and taking one away.

A passkey stands for the password and the second factor together: the device has made sure who
holds it. Without the extra `passkeys`, or where browsers allow none, there is no `Passkeys`.

Spec: WebAuthn Level 2 7.1 and 7.2.
"""

import ipaddress
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from communities.people import ActorKey
from federation.uris import Uris
from node.accounts.attempts import Attempts, Patience, network_of
from node.accounts.challenges import Challenges
from node.accounts.owning import WrongPassword
from node.accounts.signing_in import SignInFault, SignInRefused, SignIns, require_usable
from node.auth import SignedIn
from node.errors import Refusal
from protocols.errors import RemoteProtocolError
from protocols.webauthn import (
    Holder,
    Known,
    Options,
    RelyingParty,
    creation_options,
    request_options,
)
from storage.passkeys import NewPasskey, Passkey
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from node.accounts.passkey_proofs import Verifier

log = logging.getLogger(__name__)

ANSWERED_WITHIN = timedelta(minutes=5)
FRESH = timedelta(minutes=10)
"""For so long after signing in nobody is asked for the password once more."""
MOST_PASSKEYS = 20
LONGEST_NAME = 60
OF_ASKER = Patience(free=60)
_CHALLENGE_BYTES = 32
_HANDLE_BYTES = 64


class PasskeyFault(StrEnum):
    """Why a passkey is not added."""

    NAME = "name"
    NOT_PROVEN = "not-proven"
    TAKEN = "taken"
    TOO_MANY = "too-many"


_SENTENCES = {
    PasskeyFault.NAME: "A passkey needs a name that can be seen, of 60 characters at most",
    PasskeyFault.NOT_PROVEN: "The passkey could not be checked, or it took too long",
    PasskeyFault.TAKEN: "This passkey is here already",
    PasskeyFault.TOO_MANY: "There are as many passkeys as an account may have",
}


class PasskeyRefused(Refusal):
    """A passkey is not added, or not called so."""

    def __init__(self, fault: PasskeyFault) -> None:
        """Say why."""
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, _SENTENCES[fault])
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Adding:
    """What somebody was asked who adds a passkey."""

    person_id: ActorKey
    challenge: bytes
    user_handle: bytes
    name: str


@dataclass(frozen=True, kw_only=True)
class Passkeys:
    """What is done with passkeys; `adding` and `entering` are the open challenges."""

    storage: Storage
    uris: Uris
    party: RelyingParty
    sign_ins: SignIns
    attempts: Attempts
    adding: Challenges[int, _Adding]
    entering: Challenges[str, bytes]
    now: Callable[[], datetime]

    @cached_property
    def _verifier(self) -> "Verifier":
        # The library takes 0.2 seconds to import, which is paid on a reader's thread at first use.
        from node.accounts.passkey_proofs import Verifier  # noqa: PLC0415

        return Verifier(rp_id=self.party.id, origin=self.uris.base)

    async def offer(
        self, signed_in: SignedIn, name: str, password: str, *, address: str
    ) -> Options:
        """What the browser is given to make a passkey; it holds for this session alone.

        Raises:
            PasskeyRefused: the name is none, or there are too many.
            WrongPassword: the password is wrong, and they have not just signed in.
            TooManyAttempts: too much was tried.
        """
        wanted = _name(name)
        await self.prove(signed_in, password, address=address)
        challenge, handle = (
            secrets.token_bytes(_CHALLENGE_BYTES),
            secrets.token_bytes(_HANDLE_BYTES),
        )
        holder, known = await self.storage.read(self._holder, signed_in.person_id, handle)
        asked = _Adding(
            person_id=signed_in.person_id,
            challenge=challenge,
            user_handle=holder.handle,
            name=wanted,
        )
        self.adding.put(signed_in.session_id, asked)
        return creation_options(self.party, holder, challenge, known, timeout=ANSWERED_WITHIN)

    def _holder(
        self, uow: UnitOfWork, person_id: ActorKey, new_handle: bytes
    ) -> tuple[Holder, list[Known]]:
        kept = uow.passkeys.of_person(person_id)
        if len(kept) >= MOST_PASSKEYS:
            raise PasskeyRefused(PasskeyFault.TOO_MANY)
        profile = uow.actors.get(person_id)
        name = "" if profile is None else f"@{profile.localpart}@{self.uris.domain}"
        holder = Holder(
            handle=kept[0].user_handle if kept else new_handle,
            name=name,
            display_name=(profile.name if profile is not None else "") or name,
        )
        known = [Known(credential_id=one.credential_id, transports=one.transports) for one in kept]
        return holder, known

    async def add(self, signed_in: SignedIn, answer: str) -> None:
        """Keep the passkey that a device has made for what `offer` gave to this session.

        Raises:
            PasskeyRefused: it proves nothing, was asked for too long ago, or is here already.
        """
        asked = self.adding.take(signed_in.session_id)
        if asked is None or asked.person_id != signed_in.person_id:
            raise PasskeyRefused(PasskeyFault.NOT_PROVEN)
        made = await self.storage.read(self._made, answer, asked)
        await self.storage.write(_add, asked, made, self.now())

    def _made(self, _uow: UnitOfWork, answer: str, asked: _Adding) -> NewPasskey:
        try:
            return self._verifier.registration(answer, asked.challenge, asked.user_handle)
        except RemoteProtocolError as error:
            log.info("a passkey was not added: %r", str(error))
            raise PasskeyRefused(PasskeyFault.NOT_PROVEN) from None

    def ask(self, *, address: str) -> tuple[str, Options]:
        """What a browser is given to sign in, and the ticket that `enter` takes with the answer.

        Raises:
            TooManyAttempts: it was asked for too often from this address.
        """
        self.attempts.begin((("passkeys asked from", network_of(address)), OF_ASKER))
        ticket, challenge = secrets.token_urlsafe(), secrets.token_bytes(_CHALLENGE_BYTES)
        self.entering.put(ticket, challenge)
        return ticket, request_options(self.party, challenge, timeout=ANSWERED_WITHIN)

    async def enter(self, ticket: str, answer: str, *, address: str) -> ActorKey:
        """Who signs in; a ticket holds for one answer, right or wrong.

        Raises:
            SignInRefused: the answer proves nothing, or the account cannot be used.
            TooManyAttempts: too much was tried for this account, or from this address.
        """
        challenge = self.entering.take(ticket)
        passkey = await self.storage.read(self._claimed, answer)
        # A passkey of nobody is counted by where it comes from: nothing else is sure about it.
        account = network_of(address) if passkey is None else passkey.person_id
        counted = self.sign_ins.begin(account, address)
        if challenge is None or passkey is None:
            raise SignInRefused(SignInFault.PASSKEY)
        sign_count = await self.storage.read(self._proven, answer, challenge, passkey)
        await self.storage.write(_enter, passkey, sign_count, self.now())
        self.sign_ins.succeeded(counted)
        return passkey.person_id

    def _claimed(self, uow: UnitOfWork, answer: str) -> Passkey | None:
        try:
            return uow.passkeys.find(self._verifier.credential_id(answer))
        except RemoteProtocolError:
            return None

    def _proven(self, _uow: UnitOfWork, answer: str, challenge: bytes, passkey: Passkey) -> int:
        try:
            return self._verifier.assertion(answer, challenge, passkey)
        except RemoteProtocolError as error:
            log.info("a passkey proved nothing: %r", str(error))
            raise SignInRefused(SignInFault.PASSKEY) from None

    async def rename(self, person_id: ActorKey, passkey_id: int, name: str) -> None:
        """Call a passkey something else.

        Raises:
            PasskeyRefused: the name is none.
        """
        wanted = _name(name)
        await self.storage.write(lambda uow: uow.passkeys.rename(person_id, passkey_id, wanted))

    async def remove(
        self, signed_in: SignedIn, passkey_id: int, password: str, *, address: str
    ) -> None:
        """Take a passkey away; one that is gone stays gone.

        Raises:
            WrongPassword, TooManyAttempts: as in `offer`.
        """
        await self.prove(signed_in, password, address=address)
        person_id = signed_in.person_id
        await self.storage.write(lambda uow: uow.passkeys.remove(person_id, passkey_id))

    async def prove(self, signed_in: SignedIn, password: str, *, address: str) -> None:
        """Make sure that it is still the owner who sits there, unless they have just signed in.

        Raises:
            WrongPassword, TooManyAttempts: as in `offer`.
        """
        if await self.storage.read(is_fresh, signed_in, self.now()):
            return
        if not await self.sign_ins.is_password(signed_in.person_id, password, address=address):
            raise WrongPassword


def passkeys_over(
    *,
    storage: Storage,
    uris: Uris,
    title: str,
    sign_ins: SignIns,
    attempts: Attempts,
    now: Callable[[], datetime],
) -> Passkeys | None:
    """The passkeys of a node; None without the extra, or where browsers allow none."""
    host = passkey_host(uris.base)
    if host is None or find_spec("webauthn") is None:
        return None
    return Passkeys(
        storage=storage,
        uris=uris,
        party=RelyingParty(id=host, name=title),
        sign_ins=sign_ins,
        attempts=attempts,
        adding=Challenges(now, kept=ANSWERED_WITHIN),
        entering=Challenges(now, kept=ANSWERED_WITHIN),
        now=now,
    )


def passkey_host(base: str) -> str | None:
    """The host under which devices keep the keys; None where browsers make none.

    They make none for addresses, nor over plain http but for trials on the own machine.

    Spec: WebAuthn Level 2 5.1.3 step 7 (effective domain); Secure Contexts 3.1.
    """
    parts = urlsplit(base)
    host = parts.hostname or ""
    is_here = host == "localhost" or host.endswith(".localhost")
    if not host or _is_address(host) or (parts.scheme != "https" and not is_here):
        return None
    return host


def is_fresh(uow: UnitOfWork, signed_in: SignedIn, now: datetime) -> bool:
    """Whether somebody has signed in with this browser a moment ago."""
    began = uow.sessions.started_at(signed_in.person_id, signed_in.session_id)
    return began is not None and now - began < FRESH


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise PasskeyRefused(PasskeyFault.NAME)
    return name


def _add(uow: UnitOfWork, asked: _Adding, made: NewPasskey, at: datetime) -> None:
    if uow.passkeys.find(made.credential_id) is not None:
        raise PasskeyRefused(PasskeyFault.TAKEN)
    if len(uow.passkeys.of_person(asked.person_id)) >= MOST_PASSKEYS:
        raise PasskeyRefused(PasskeyFault.TOO_MANY)
    uow.passkeys.add(asked.person_id, made, name=asked.name, at=at)


def _enter(uow: UnitOfWork, passkey: Passkey, sign_count: int, at: datetime) -> None:
    """Note that somebody signs in, unless the passkey was used or taken away meanwhile."""
    require_usable(uow, passkey.person_id)
    if not uow.passkeys.use(passkey.id, sign_count=sign_count, at=at):
        raise SignInRefused(SignInFault.PASSKEY)
    uow.accounts.touch(passkey.person_id, at)
