"""Signing in: a name or address, a password, and the second factor where there is one.

Whether an account exists is never told apart from a wrong password, neither by words nor by time;
what else stands in the way is told to who has the right password alone.

Spec: security WEB-11.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from communities.people import ActorKey, ActorState
from communities.registration import MAX_PASSWORD, AccountState, email_key
from federation.uris import Uris
from node.accounts.attempts import Attempts, Patience, network_of
from node.accounts.passwords import Passwords
from node.accounts.totp import matching_step, recovery_digest
from node.errors import Refusal
from storage.accounts import Account
from storage.credentials import Credentials
from storage.names import NameKind
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

OF_ACCOUNT = Patience(free=10)
OF_ADDRESS = Patience(free=30)
TICKET_KEPT = timedelta(minutes=5)
MOST_TICKETS = 1_000
_LONGEST_LOGIN = 320
_UNUSABLE = (ActorState.SUSPENDED, ActorState.DELETED)


class SignInFault(StrEnum):
    """Why somebody is not signed in."""

    WRONG = "wrong"
    CODE_NEEDED = "code-needed"
    WRONG_CODE = "wrong-code"
    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    DISABLED = "disabled"
    PASSKEY = "passkey"


_SENTENCES = {
    SignInFault.WRONG: "Name or password are wrong",
    SignInFault.CODE_NEEDED: "A code of the second factor is needed",
    SignInFault.WRONG_CODE: "The code is wrong, or was used before",
    SignInFault.UNCONFIRMED: "The e-mail address of this account has not been confirmed yet",
    SignInFault.PENDING: "This account waits for the approval of those who run this server",
    SignInFault.DISABLED: "This account cannot be used",
    SignInFault.PASSKEY: "This passkey is not known here, or did not prove who you are",
}
_LATER = (SignInFault.UNCONFIRMED, SignInFault.PENDING, SignInFault.DISABLED)


class SignInRefused(Refusal):
    """Somebody is not signed in; too many attempts are `attempts.TooManyAttempts`.

    Attributes:
        ticket: where a code is needed, stands for the password that was right
            (`SignIns.finish`).
    """

    def __init__(self, fault: SignInFault, *, ticket: str = "") -> None:
        """Keep why, and the ticket."""
        status = HTTPStatus.FORBIDDEN if fault in _LATER else HTTPStatus.UNAUTHORIZED
        super().__init__(status, _SENTENCES[fault])
        self.fault = fault
        self.ticket = ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    account: Account
    credentials: Credentials
    actor_state: ActorState


@dataclass(frozen=True, slots=True)
class _Ticket:
    """Stands for the password with this hash, and for no other that is set meanwhile."""

    person_id: ActorKey
    hashed: str | None
    until: datetime


Counted = tuple[tuple[str, object], tuple[str, object]]
"""What an attempt is counted under: the account, and the address."""


class SignIns:
    """Finds out whether somebody is who they say; a session or token is made by who asked."""

    def __init__(
        self,
        *,
        storage: Storage,
        uris: Uris,
        passwords: Passwords,
        attempts: Attempts,
        now: Callable[[], datetime],
    ) -> None:
        """Work on this storage; `attempts` is shared by everything that is tried by outsiders."""
        self._storage = storage
        self._uris = uris
        self._passwords = passwords
        self._attempts = attempts
        self._now = now
        self._tickets: OrderedDict[str, _Ticket] = OrderedDict()

    async def verify(
        self, login: str, password: str, code: str | None = None, *, address: str
    ) -> ActorKey:
        """Who it is, by name or e-mail address; `address` is where the request comes from.

        Raises:
            SignInRefused: it is not them, a code is needed, or the account cannot be used.
            TooManyAttempts: too much was tried for this account, or from this address.
        """
        person_id = await self._storage.read(find_login, login, self._uris.domain)
        keys = self.begin(person_id or email_key(login)[:_LONGEST_LOGIN], address)
        owner = None if person_id is None else await self._storage.read(_owner, person_id)
        hashed = None if owner is None else owner.credentials.password
        # Longer ones are nobody's; hashing them would cost more than they are worth.
        verdict = await self._passwords.verify(hashed, password[: MAX_PASSWORD + 1])
        if owner is None or not verdict.matches:
            raise SignInRefused(SignInFault.WRONG)
        _refuse_unusable(owner)
        key = owner.account.person_id
        if verdict.renewed is not None:
            await self._storage.write(_renew_password, key, hashed, verdict.renewed)
            hashed = verdict.renewed
        if owner.credentials.has_second_factor:
            if code is None:
                for counted in keys:
                    self._attempts.forgive(counted)
                raise SignInRefused(SignInFault.CODE_NEEDED, ticket=self._new_ticket(key, hashed))
            await self._use_code(key, code)
        return await self._done(key, hashed, keys)

    async def finish(self, ticket: str, code: str, *, address: str) -> ActorKey:
        """Who it is, by a code after the right password; the ticket holds for five minutes.

        Raises:
            SignInRefused: the code or the ticket is wrong; a wrong code leaves the ticket.
            TooManyAttempts: too much was tried.
        """
        found = self._tickets.get(ticket)
        if found is None or found.until <= self._now():
            raise SignInRefused(SignInFault.WRONG)
        keys = self.begin(found.person_id, address)
        owner = await self._storage.read(_owner, found.person_id)
        if owner is None or not owner.credentials.has_second_factor:
            raise SignInRefused(SignInFault.WRONG)
        _refuse_unusable(owner)
        try:
            await self._use_code(found.person_id, code)
        except SignInRefused as refused:
            raise SignInRefused(refused.fault, ticket=ticket) from None
        self._tickets.pop(ticket, None)
        return await self._done(found.person_id, found.hashed, keys)

    async def is_password(self, person_id: ActorKey, password: str, *, address: str) -> bool:
        """Whether somebody who is signed in knows the password, too; counted like signing in.

        Raises:
            TooManyAttempts: too much was tried.
        """
        keys = self.begin(person_id, address)
        owner = await self._storage.read(_owner, person_id)
        hashed = None if owner is None else owner.credentials.password
        verdict = await self._passwords.verify(hashed, password[: MAX_PASSWORD + 1])
        if verdict.matches:
            for key in keys:
                self._attempts.forgive(key)
        return verdict.matches

    def begin(self, account: object, address: str) -> Counted:
        """Count an attempt at an account, from an address; for `succeeded` once it was right.

        Raises:
            TooManyAttempts: too much was tried.
        """
        of_account, of_address = ("sign-in", account), ("sign-in from", network_of(address))
        self._attempts.begin((of_account, OF_ACCOUNT), (of_address, OF_ADDRESS))
        return of_account, of_address

    def succeeded(self, counted: Counted) -> None:
        """Begin anew with the account; at the address the attempt was none."""
        of_account, of_address = counted
        self._attempts.forget(of_account)
        self._attempts.forgive(of_address)

    def _new_ticket(self, person_id: ActorKey, hashed: str | None) -> str:
        ticket = secrets.token_urlsafe()
        self._tickets[ticket] = _Ticket(person_id, hashed, self._now() + TICKET_KEPT)
        while len(self._tickets) > MOST_TICKETS:
            self._tickets.popitem(last=False)
        return ticket

    async def _use_code(self, person_id: ActorKey, code: str) -> None:
        if not await self._storage.write(use_code, person_id, code, self._now()):
            raise SignInRefused(SignInFault.WRONG_CODE)

    async def _done(self, person_id: ActorKey, hashed: str | None, keys: Counted) -> ActorKey:
        """Sign in, unless the password was changed while it was compared or a code was asked for.

        Raises:
            SignInRefused: it was.
        """
        if not await self._storage.write(_enter, person_id, hashed, self._now()):
            raise SignInRefused(SignInFault.WRONG)
        self.succeeded(keys)
        return person_id


def find_login(uow: UnitOfWork, login: str, domain: str) -> ActorKey | None:
    """Whose name, handle or e-mail address it is; None when it is nobody's here."""
    words = email_key(login)
    if len(words) > _LONGEST_LOGIN or not words.isprintable():
        return None
    bare = words.removeprefix("@")
    name, at, host = bare.partition("@")
    if at and (host != domain or not words.startswith("@")):
        found = uow.accounts.by_email(words)
        if found is not None or host != domain:
            return found
    owner = uow.names.find(name)
    if owner is None or owner.kind is not NameKind.PERSON or owner.retired_at is not None:
        return None
    return owner.owner_id


def use_code(uow: UnitOfWork, person_id: ActorKey, code: str, now: datetime) -> bool:
    """Use up a code of the second factor, or a recovery code; False when it is neither."""
    credentials = uow.credentials.get(person_id)
    secret = None if credentials is None else credentials.totp_secret
    step = None if secret is None else matching_step(secret, code, now)
    if step is not None:
        return uow.credentials.use_step(person_id, step)
    digest = recovery_digest(code)
    return digest is not None and uow.credentials.use_recovery_code(person_id, digest)


def _owner(uow: UnitOfWork, person_id: ActorKey) -> _Owner | None:
    account = uow.accounts.get(person_id)
    credentials = uow.credentials.get(person_id)
    person = uow.people.get(person_id)
    if account is None or credentials is None or person is None:
        return None
    return _Owner(account=account, credentials=credentials, actor_state=person.state)


def require_usable(uow: UnitOfWork, person_id: ActorKey) -> None:
    """Refuse whose account cannot be used; only for who has proven that it is theirs.

    Raises:
        SignInRefused: it cannot.
    """
    owner = _owner(uow, person_id)
    if owner is None:
        raise SignInRefused(SignInFault.WRONG)
    _refuse_unusable(owner)


def _refuse_unusable(owner: _Owner) -> None:
    match owner.account.state:
        case AccountState.UNCONFIRMED:
            raise SignInRefused(SignInFault.UNCONFIRMED)
        case AccountState.PENDING:
            raise SignInRefused(SignInFault.PENDING)
        case AccountState.DISABLED:
            raise SignInRefused(SignInFault.DISABLED)
        case AccountState.ACTIVE:
            if owner.actor_state in _UNUSABLE:
                raise SignInRefused(SignInFault.DISABLED)


def _renew_password(uow: UnitOfWork, person_id: ActorKey, hashed: str | None, renewed: str) -> None:
    """Keep a stronger hash of the same password, unless there is another password by now."""
    if _has_hash(uow, person_id, hashed):
        uow.credentials.set_password(person_id, renewed)


def _enter(uow: UnitOfWork, person_id: ActorKey, hashed: str | None, at: datetime) -> bool:
    """Note that somebody signs in; False when the password is not the one they gave any more."""
    if not _has_hash(uow, person_id, hashed):
        return False
    uow.accounts.touch(person_id, at)
    return True


def _has_hash(uow: UnitOfWork, person_id: ActorKey, hashed: str | None) -> bool:
    credentials = uow.credentials.get(person_id)
    return credentials is not None and credentials.password == hashed
