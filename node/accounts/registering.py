"""Making an account: for who fills in the page, and for apps."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from communities.events import PersonRegistered
from communities.limits import MAX_LANGUAGE
from communities.people import ActorKey, Person
from communities.registration import (
    AccountState,
    RegistrationRefused,
    RegistrationRules,
    SignUp,
    asks_approval,
    check_open,
    faults_of,
    taken_faults,
)
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.accounts.admitting import keep_waiting
from node.accounts.attempts import Attempts, Patience, network_of
from node.accounts.letters import LetterKind, ask_for_letter
from node.accounts.passwords import Passwords
from node.founding import Newcomer, found_person, make_keys
from node.welcoming import digest_of
from storage.accounts import Account
from storage.invitations import Invitation
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """Makes accounts by the rules of the settings.

    Attributes:
        writes_mail: whether the node can write e-mail, and so has addresses confirmed.
        per_address: how many accounts an address may ask for in an hour.
    """

    storage: Storage
    uris: Uris
    snowflakes: Snowflakes
    passwords: Passwords
    attempts: Attempts
    rules: RegistrationRules
    writes_mail: bool
    per_address: int
    now: Callable[[], datetime]

    async def register(self, form: SignUp, *, address: str) -> Person:
        """Make an account; `address` is where the request comes from.

        The account may wait for its e-mail address to be confirmed, or for approval:
        `uow.accounts.get(person.id).state` says so.

        Raises:
            RegistrationClosed: nobody, or nobody without an invitation, may.
            RegistrationRefused: something is wrong with the form, told by field.
            TooManyAttempts: too many accounts were asked for from this address.
        """
        form = _tidied(form)
        await self.storage.read(self._check, form, self.now())
        patience = Patience(free=self.per_address, first=HOUR, longest=HOUR, kept=HOUR)
        self.attempts.begin((("sign-up", network_of(address)), patience))
        hashed = None if form.password is None else await self.passwords.hash(form.password)
        at = self.now()
        newcomer = Newcomer(
            key=ActorKey(self.snowflakes.mint()),
            localpart=form.username,
            name=form.name or form.username,
            at=at,
            keys=await asyncio.to_thread(make_keys),
        )
        return await self.storage.write(self._found, form, newcomer, hashed)

    def _check(self, uow: UnitOfWork, form: SignUp, at: datetime) -> Invitation | None:
        """The invitation, if there is one that holds. Raises as `register`."""
        digest = digest_of(form.invitation)
        invitation = None if digest is None else uow.invitations.find(digest, at)
        invited = invitation is not None
        check_open(self.rules, invited=invited, tried=bool(form.invitation))
        faults = faults_of(form, self.rules, at.date(), invited=invited)
        wrong = {fault.field for fault in faults}
        faults += taken_faults(
            form,
            lambda name: "username" not in wrong and uow.names.find(name) is not None,
            lambda key: "email" not in wrong and uow.accounts.by_email(key) is not None,
        )
        if faults:
            raise RegistrationRefused(faults)
        return invitation

    def _found(
        self, uow: UnitOfWork, form: SignUp, newcomer: Newcomer, hashed: str | None
    ) -> Person:
        """Make everything of the account, or nothing: names and invitations may be gone by now."""
        at = newcomer.at
        uow.at_ms = to_ms(at)
        invitation = self._check(uow, form, at)
        digest = digest_of(form.invitation)
        if invitation is not None and digest is not None:
            uow.invitations.use(digest, at)
        account = self._account(form, newcomer, invitation)
        found_person(uow, self.uris, newcomer, account)
        keep_waiting(uow, account)
        uow.credentials.set_password(newcomer.key, hashed)
        if self.writes_mail and account.email is not None:
            ask_for_letter(uow, LetterKind.CONFIRM, newcomer.key, at)
        uow.record(PersonRegistered(person_id=newcomer.key, state=account.state.value))
        person = uow.people.get(newcomer.key)
        assert person is not None  # noqa: S101 - for mypy: it was made right now
        return person

    def _account(self, form: SignUp, newcomer: Newcomer, invitation: Invitation | None) -> Account:
        waits = asks_approval(self.rules, invited=invitation is not None)
        if self.writes_mail and form.email:
            state = AccountState.UNCONFIRMED
        else:
            state = AccountState.PENDING if waits else AccountState.ACTIVE
        return Account(
            person_id=newcomer.key,
            created_at=newcomer.at,
            state=state,
            email=form.email or None,
            approved_at=None if waits else newcomer.at,
            rules_at=newcomer.at,
            locale=_language(form.locale),
            reason=form.reason.strip(),
            inviter_id=None if invitation is None else invitation.person_id,
        )

    async def invitation(self, token: str) -> Invitation | None:
        """The invitation of a token; None when it does not hold."""
        digest = digest_of(token)
        if digest is None:
            return None
        return await self.storage.read(_invitation, digest, self.now())


def _tidied(form: SignUp) -> SignUp:
    return replace(
        form,
        username=form.username.strip().removeprefix("@").lower(),
        email=form.email.strip(),
        name=" ".join(form.name.split()),
        reason=form.reason.replace("\r\n", "\n"),
        invitation=form.invitation.strip(),
    )


def _language(stated: str | None) -> str | None:
    """The language that apps state, where it can be one."""
    if stated is None or len(stated) > MAX_LANGUAGE or not stated.isprintable():
        return None
    return stated


def _invitation(uow: UnitOfWork, digest: bytes, now: datetime) -> Invitation | None:
    return uow.invitations.find(digest, now)
