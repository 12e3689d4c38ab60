"""What the owner of an account does with it: password, address, language, second factor, its end.

What could take an account away from its owner needs the password once more, although somebody is
signed in: a browser that was left open is not enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from communities.errors import Conflict, NotFound
from communities.people import ActorKey
from communities.registration import (
    AccountState,
    Fault,
    FieldError,
    RegistrationRefused,
    check_password,
    email_key,
    is_email,
)
from federation.uris import Uris
from node.accounts import admitting
from node.accounts.attempts import Attempts, Patience, network_of
from node.accounts.leaving import delete_account
from node.accounts.letters import LetterKind, ask_for_letter
from node.accounts.passwords import Passwords
from node.accounts.signing_in import SignIns, find_login
from node.accounts.totp import (
    matching_step,
    new_recovery_codes,
    new_secret,
    recovery_digest,
)
from node.auth import SignedIn
from node.errors import Refusal
from node.welcoming import digest_of
from storage.account_links import LinkPurpose
from storage.accounts import Account
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

HOUR = timedelta(hours=1)
OF_READER = Patience(free=3, first=timedelta(minutes=10), longest=HOUR, kept=HOUR)
"""How many letters somebody is sent because others ask for them."""
OF_ASKER = Patience(free=10, first=timedelta(minutes=1), longest=HOUR, kept=HOUR)


class WrongPassword(Refusal):
    """Who is signed in does not know the password."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(HTTPStatus.FORBIDDEN, "The password is wrong")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owning:
    """The acts of owners; `writes_mail` says whether the node can write to them."""

    storage: Storage
    uris: Uris
    passwords: Passwords
    attempts: Attempts
    sign_ins: SignIns
    writes_mail: bool
    now: Callable[[], datetime]

    async def change_password(
        self, signed_in: SignedIn, current: str, new: str, *, address: str
    ) -> None:
        """Take another password; other browsers and all apps must sign in again.

        Raises:
            RegistrationRefused: the new one is too short or too long.
            WrongPassword: the current one is wrong; an account without one asks for none.
            TooManyAttempts: too much was tried.
        """
        check_password(new)
        if await self.storage.read(_has_password, signed_in.person_id):
            await self._prove(signed_in.person_id, current, address)
        hashed = await self.passwords.hash(new)
        await self.storage.write(self._keep_password, signed_in, hashed, self.now())

    async def _prove(self, person_id: ActorKey, password: str, address: str) -> None:
        if not await self.sign_ins.is_password(person_id, password, address=address):
            raise WrongPassword

    def _keep_password(
        self, uow: UnitOfWork, signed_in: SignedIn, hashed: str, at: datetime
    ) -> None:
        replace_password(uow, signed_in.person_id, hashed, at, kept_session=signed_in.session_id)
        self._tell_of_password(uow, signed_in.person_id, at)

    def _tell_of_password(self, uow: UnitOfWork, person_id: ActorKey, at: datetime) -> None:
        account = uow.accounts.get(person_id)
        if self.writes_mail and account is not None and account.confirmed_at is not None:
            ask_for_letter(uow, LetterKind.PASSWORD_CHANGED, person_id, at)

    async def change_email(
        self, person_id: ActorKey, email: str, password: str, *, address: str
    ) -> None:
        """Ask for another address, which counts once it is confirmed; at once without mail.

        Raises:
            RegistrationRefused: it is none, or somebody else's.
            WrongPassword: the password is wrong.
            TooManyAttempts: too much was tried.
        """
        wanted = email.strip()
        if not is_email(wanted):
            raise RegistrationRefused([_EMAIL_INVALID])
        await self._prove(person_id, password, address)
        self.attempts.begin((("letters of", person_id), OF_READER))
        await self.storage.write(self._ask_for_email, person_id, wanted, self.now())

    def _ask_for_email(
        self, uow: UnitOfWork, person_id: ActorKey, email: str, at: datetime
    ) -> None:
        if uow.accounts.by_email(email_key(email)) not in (None, person_id):
            raise RegistrationRefused([_EMAIL_TAKEN])
        if not self.writes_mail:
            uow.accounts.set_email(person_id, email, confirmed_at=None)
            return
        uow.accounts.set_pending_email(person_id, email)
        ask_for_letter(uow, LetterKind.CONFIRM, person_id, at)

    async def ask_for_link(self, kind: LetterKind, login: str, *, address: str) -> None:
        """Have a link sent to whom a name or address belongs; nobody is told whether there is one.

        Raises:
            TooManyAttempts: too many were asked for, for this account or from this address.
        """
        person_id = await self.storage.read(find_login, login, self.uris.domain)
        self.attempts.begin(
            (("letters of", person_id or email_key(login)[:320]), OF_READER),
            (("letters for", network_of(address)), OF_ASKER),
        )
        await self.storage.write(self._ask_for_link, kind, person_id, self.now())

    def _ask_for_link(
        self, uow: UnitOfWork, kind: LetterKind, person_id: ActorKey | None, at: datetime
    ) -> None:
        account = None if person_id is None else uow.accounts.get(person_id)
        if account is None or account.email is None or not self.writes_mail:
            return
        waits = account.state is AccountState.UNCONFIRMED or account.pending_email is not None
        if account.state is AccountState.DISABLED or (kind is LetterKind.CONFIRM and not waits):
            return
        ask_for_letter(uow, kind, account.person_id, at)

    async def reset_password(self, token: str, new: str) -> None:
        """Set a password by a link; every session and app must sign in again.

        A link that came by mail shows that its address is read, too.

        Raises:
            NotFound: the link was used, has expired, or never was one.
            RegistrationRefused: the password is too short or too long; the link stays.
        """
        check_password(new)
        digest = digest_of(token)
        if digest is None or not await self.is_link(LinkPurpose.RESET, token):
            raise NotFound("No such link")
        hashed = await self.passwords.hash(new)
        await self.storage.write(self._reset, digest, hashed, self.now())

    def _reset(self, uow: UnitOfWork, digest: bytes, hashed: str, at: datetime) -> None:
        link = uow.account_links.use(LinkPurpose.RESET, digest, at)
        account = None if link is None else uow.accounts.get(link.person_id)
        if link is None or account is None:
            raise NotFound("No such link")
        replace_password(uow, link.person_id, hashed, at)
        if link.email == account.email and account.state is AccountState.UNCONFIRMED:
            admitting.confirm(uow, link.person_id, link.email, at)
        self._tell_of_password(uow, link.person_id, at)

    async def confirm(self, token: str) -> Account:
        """Confirm an address by a link; how the account stands then.

        Raises:
            NotFound: the link was used, has expired, or never was one.
            Conflict: somebody else has the address by now.
        """
        digest = digest_of(token)
        if digest is None:
            raise NotFound("No such link")
        return await self.storage.write(_confirm, digest, self.now())

    async def is_link(self, purpose: LinkPurpose, token: str) -> bool:
        """Whether a link still works; looking uses nothing up."""
        digest = digest_of(token)
        if digest is None:
            return False
        return await self.storage.read(_is_link, purpose, digest, self.now())

    async def offer_second_factor(self, person_id: ActorKey) -> bytes:
        """A new secret for an authenticator app, which counts once a code of it was given.

        Raises:
            Conflict: there is a second factor already.
        """
        secret = new_secret()
        await self.storage.write(_offer, person_id, secret)
        return secret

    async def begin_second_factor(self, person_id: ActorKey, code: str) -> Sequence[str]:
        """Let the offered secret count, by one of its codes; the recovery codes, told once.

        Raises:
            RegistrationRefused: the code is wrong.
            TooManyAttempts: too much was tried.
        """
        self.attempts.begin((("second factor", person_id), Patience(free=10)))
        codes = new_recovery_codes()
        await self.storage.write(_begin, person_id, code, _digests(codes), self.now())
        return codes

    async def end_second_factor(self, person_id: ActorKey, password: str, *, address: str) -> None:
        """Let the password alone do again.

        Raises:
            WrongPassword, TooManyAttempts: as in `change_email`.
        """
        await self._prove(person_id, password, address)
        await self.storage.write(_end_second_factor, person_id)

    async def renew_recovery_codes(
        self, person_id: ActorKey, password: str, *, address: str
    ) -> Sequence[str]:
        """New recovery codes, told once; those before work no more.

        Raises:
            WrongPassword, TooManyAttempts: as in `change_email`.
        """
        await self._prove(person_id, password, address)
        codes = new_recovery_codes()
        await self.storage.write(_keep_codes, person_id, _digests(codes))
        return codes

    async def delete(self, person_id: ActorKey, password: str, *, address: str) -> None:
        """Delete the account for good.

        Raises:
            WrongPassword, TooManyAttempts: as in `change_email`.
            Conflict: it is the last one that may do everything on this node.
        """
        await self._prove(person_id, password, address)
        await self.storage.write(_delete, person_id, self.now())


_EMAIL_INVALID = FieldError("email", Fault.INVALID, "is not an e-mail address")
_EMAIL_TAKEN = FieldError("email", Fault.TAKEN, "has already been taken")
_CODE_INVALID = FieldError("code", Fault.INVALID, "is wrong")


def replace_password(
    uow: UnitOfWork, person_id: ActorKey, hashed: str, at: datetime, *, kept_session: int = 0
) -> None:
    """Keep another hash; sessions but for one, apps and links of the one before end.

    Who had to ask for it anew (no session is kept) may have lost the account to somebody: that
    one's passkeys would still let them in, so they all go.

    Spec: security WEB-09.
    """
    uow.credentials.set_password(person_id, hashed)
    uow.sessions.end_all(person_id, but=kept_session)
    uow.app_tokens.end_all(person_id, at)
    uow.account_links.end(person_id, LinkPurpose.RESET)
    if not kept_session:
        uow.passkeys.remove_all(person_id)


def set_password(uow: UnitOfWork, person_id: ActorKey, hashed: str) -> None:
    """Keep the hash of a password, and change nothing else: for accounts that are made."""
    uow.credentials.set_password(person_id, hashed)


def _has_password(uow: UnitOfWork, person_id: ActorKey) -> bool:
    credentials = uow.credentials.get(person_id)
    return credentials is not None and credentials.password is not None


def _is_link(uow: UnitOfWork, purpose: LinkPurpose, digest: bytes, now: datetime) -> bool:
    return uow.account_links.find(purpose, digest, now) is not None


def _confirm(uow: UnitOfWork, digest: bytes, at: datetime) -> Account:
    link = uow.account_links.use(LinkPurpose.CONFIRM, digest, at)
    if link is None:
        raise NotFound("No such link")
    return admitting.confirm(uow, link.person_id, link.email, at)


def _offer(uow: UnitOfWork, person_id: ActorKey, secret: bytes) -> None:
    credentials = uow.credentials.get(person_id)
    if credentials is not None and credentials.has_second_factor:
        raise Conflict("There is a second factor already")
    uow.credentials.offer_totp(person_id, secret)


def _begin(
    uow: UnitOfWork, person_id: ActorKey, code: str, digests: Sequence[bytes], at: datetime
) -> None:
    credentials = uow.credentials.get(person_id)
    secret = None if credentials is None else credentials.totp_secret
    step = None if secret is None else matching_step(secret, code, at)
    if step is None or (credentials is not None and credentials.has_second_factor):
        raise RegistrationRefused([_CODE_INVALID])
    uow.credentials.use_step(person_id, step)
    uow.credentials.begin_totp(person_id, at)
    uow.credentials.set_recovery_codes(person_id, digests)


def _end_second_factor(uow: UnitOfWork, person_id: ActorKey) -> None:
    uow.credentials.offer_totp(person_id, None)
    uow.credentials.set_recovery_codes(person_id, ())


def _keep_codes(uow: UnitOfWork, person_id: ActorKey, digests: Sequence[bytes]) -> None:
    uow.credentials.set_recovery_codes(person_id, digests)


def _digests(codes: Sequence[str]) -> list[bytes]:
    return [digest for code in codes if (digest := recovery_digest(code)) is not None]


def _delete(uow: UnitOfWork, person_id: ActorKey, at: datetime) -> None:
    uow.at_ms = to_ms(at)
    admitting.require_another_admin(uow, person_id)
    delete_account(uow, person_id, at)
