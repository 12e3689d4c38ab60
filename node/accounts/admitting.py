"""Letting newcomers in: an account is open once its address is confirmed and staff has agreed.

Until then the person is kept out of sight as somebody suspended is: who only wants a page with
their advertisement on it does not get one.
"""

from datetime import datetime

from communities.errors import Conflict, Invalid, NotFound
from communities.people import ActorKey, ActorState
from communities.registration import AccountRole, AccountState
from node.accounts.leaving import delete_account
from node.accounts.letters import LetterKind, ask_for_letter
from storage.accounts import Account
from storage.unit_of_work import UnitOfWork


def keep_waiting(uow: UnitOfWork, account: Account) -> None:
    """Keep somebody out of sight while the account waits."""
    if account.state in (AccountState.UNCONFIRMED, AccountState.PENDING):
        uow.people.set_state(account.person_id, ActorState.SUSPENDED)


def account_of(uow: UnitOfWork, person_id: ActorKey) -> Account:
    """The account of a person of this node.

    Raises:
        NotFound: there is none.
    """
    account = uow.accounts.get(person_id)
    if account is None:
        raise NotFound("No such account")
    return account


def confirm(uow: UnitOfWork, person_id: ActorKey, email: str | None, at: datetime) -> Account:
    """Take note that somebody reads mail at an address, be it a new one; how the account stands.

    Raises:
        NotFound: there is no such account, or it does not want that address any more.
        Conflict: somebody else has the address by now.
    """
    account = account_of(uow, person_id)
    address = email or account.pending_email or account.email
    if address is None or address not in (account.email, account.pending_email):
        raise NotFound("This address is not asked for any more")
    owner = uow.accounts.by_email(address.lower())
    if owner not in (None, person_id):
        raise Conflict("Another account has this address")
    left = account.email if account.confirmed_at and account.email != address else None
    uow.accounts.set_email(person_id, address, confirmed_at=at)
    if left is not None:
        ask_for_letter(uow, LetterKind.EMAIL_CHANGED, person_id, at, to=left)
    if account.state is AccountState.UNCONFIRMED:
        _open_if(uow, account, let_in=account.approved_at is not None)
    return account_of(uow, person_id)


def approve(uow: UnitOfWork, person_id: ActorKey, at: datetime, *, writes_mail: bool) -> Account:
    """Let somebody in; an address that is to be confirmed still must be.

    Raises:
        NotFound: there is no such account.
        Conflict: it does not wait for anybody.
    """
    account = account_of(uow, person_id)
    if account.approved_at is not None:
        raise Conflict("This account does not wait for approval")
    uow.accounts.approve(person_id, at)
    if account.state is AccountState.PENDING:
        _open_if(uow, account, let_in=True)
        if writes_mail and account.email is not None:
            ask_for_letter(uow, LetterKind.OPENED, person_id, at)
    return account_of(uow, person_id)


def _open_if(uow: UnitOfWork, account: Account, *, let_in: bool) -> None:
    state = AccountState.ACTIVE if let_in else AccountState.PENDING
    _set_state(uow, account.person_id, state)
    person = uow.people.get(account.person_id)
    if let_in and person is not None and person.state is ActorState.SUSPENDED:
        uow.people.set_state(account.person_id, ActorState.ACTIVE)


def reject(uow: UnitOfWork, person_id: ActorKey, at: datetime) -> None:
    """Turn somebody down who waits; the account goes, and its name with it.

    Raises:
        NotFound: there is no such account.
        Conflict: it does not wait for anybody.
    """
    account = account_of(uow, person_id)
    if account.state not in (AccountState.PENDING, AccountState.UNCONFIRMED):
        raise Conflict("This account is in use; it can be suspended or deleted")
    delete_account(uow, person_id, at)


def set_role(uow: UnitOfWork, person_id: ActorKey, role: AccountRole) -> bool:
    """Say what somebody may do with the node; False when it stood so.

    Raises:
        NotFound: there is no such account.
        Conflict: nobody would be left who may do everything.
    """
    account = account_of(uow, person_id)
    if account.role is role:
        return False
    require_another_admin(uow, person_id)
    uow.accounts.set_role(person_id, role)
    return True


def require_another_admin(uow: UnitOfWork, person_id: ActorKey) -> None:
    """Let the last one who may do everything not go.

    Raises:
        Conflict: it is them.
    """
    account = uow.accounts.get(person_id)
    if account is None or account.role is not AccountRole.ADMIN:
        return
    others = (uow.accounts.get(key) for key in uow.accounts.staff() if key != person_id)
    if not any(other is not None and other.role is AccountRole.ADMIN for other in others):
        raise Conflict("This is the last account that may do everything")


def set_disabled(uow: UnitOfWork, person_id: ActorKey, *, disabled: bool) -> bool:
    """Let nobody sign in to an account, or let them again; False when it stood so.

    Raises:
        NotFound: there is no such account.
        Invalid: it waits to be confirmed or approved.
    """
    account = account_of(uow, person_id)
    if account.state in (AccountState.PENDING, AccountState.UNCONFIRMED):
        raise Invalid("state", "This account is not open yet")
    state = AccountState.DISABLED if disabled else AccountState.ACTIVE
    if account.state is state:
        return False
    _set_state(uow, person_id, state)
    if disabled:
        uow.sessions.end_all(person_id)
    return True


def _set_state(uow: UnitOfWork, person_id: ActorKey, state: AccountState) -> None:
    uow.accounts.set_state(person_id, state)
    # Who keeps tokens of apps in mind looks again at what they are worth.
    uow.app_tokens.ended = True
