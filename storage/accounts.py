"""Accounts: what the node knows of its own people besides how they appear."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from communities.people import ActorKey
from communities.registration import AccountRole, AccountState
from storage.connection import Connection, Row
from storage.statements import Statement
from storage.tables.accounts import accounts
from storage.times import from_ms, from_ms_or_none, to_ms, to_ms_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account; its secrets are apart (`Credentials`).

    Attributes:
        email: where it is written to; `confirmed_at` when it has shown that it reads there.
        pending_email: an address that was asked for and not confirmed yet.
        used_at: about when it was last signed in to or used.
        approved_at: when staff, an invitation or the mode of registration let it in.
        rules_at: when it agreed to the rules.
        reason: why they wanted an account.
    """

    person_id: ActorKey
    created_at: datetime
    role: AccountRole = AccountRole.USER
    state: AccountState = AccountState.ACTIVE
    email: str | None = None
    pending_email: str | None = None
    confirmed_at: datetime | None = None
    used_at: datetime | None = None
    approved_at: datetime | None = None
    rules_at: datetime | None = None
    locale: str | None = None
    reason: str = ""
    inviter_id: ActorKey | None = None

    @property
    def is_staff(self) -> bool:
        """Whether it helps to run the node."""
        return self.role is not AccountRole.USER

    @property
    def is_open(self) -> bool:
        """Whether it can be signed in to."""
        return self.state is AccountState.ACTIVE


_COLUMNS = (
    accounts.c.person_id,
    accounts.c.role,
    accounts.c.state,
    accounts.c.email,
    accounts.c.pending_email,
    accounts.c.confirmed_ms,
    accounts.c.created_ms,
    accounts.c.used_ms,
    accounts.c.approved_ms,
    accounts.c.rules_ms,
    accounts.c.locale,
    accounts.c.reason,
    accounts.c.inviter_id,
)
_ADDED = (*(column.name for column in _COLUMNS), "email_key")
_PERSON = accounts.c.person_id == bindparam("person")
_ADD = Statement(insert(accounts).values({name: bindparam(name) for name in _ADDED}))
_GET = Statement(select(*_COLUMNS).where(_PERSON))
_BY_EMAIL = Statement(
    select(accounts.c.person_id).where(accounts.c.email_key == bindparam("email"))
)
_REMOVE = Statement(delete(accounts).where(_PERSON))
_SET_ROLE = Statement(update(accounts).where(_PERSON).values(role=bindparam("new_role")))
_SET_LOCALE = Statement(update(accounts).where(_PERSON).values(locale=bindparam("new_locale")))
_SET_STATE = Statement(update(accounts).where(_PERSON).values(state=bindparam("new_state")))
_SET_PENDING_EMAIL = Statement(
    update(accounts).where(_PERSON).values(pending_email=bindparam("new_email"))
)
_SET_EMAIL = Statement(
    update(accounts)
    .where(_PERSON)
    .values(
        email=bindparam("new_email"),
        email_key=bindparam("new_key"),
        confirmed_ms=bindparam("new_confirmed_ms"),
        pending_email=None,
    )
)
_APPROVE = Statement(
    update(accounts).where(_PERSON).values(approved_ms=bindparam("new_approved_ms"))
)
_TOUCH = Statement(update(accounts).where(_PERSON).values(used_ms=bindparam("new_used_ms")))
# A literal, for both databases to see that the partial index holds what is asked for.
_STAFF = Statement(
    # In the order of the index: by person, all accounts would be read for the few.
    select(accounts.c.person_id)
    .where(accounts.c.role != literal_column("'user'"))
    .order_by(accounts.c.role, accounts.c.person_id)
)
_WAITING = Statement(
    select(*_COLUMNS)
    .where(
        accounts.c.state != literal_column("'active'"),
        accounts.c.state == bindparam("state"),
        accounts.c.created_ms < bindparam("before_ms"),
    )
    .order_by(accounts.c.created_ms, accounts.c.person_id)
    .limit(bindparam("most"))
)
_COUNT = Statement(select(func.count()).select_from(accounts))
_END_OF_TIME = (1 << 63) - 1


def _account(row: Row) -> Account:
    return Account(
        person_id=ActorKey(row[0]),
        role=AccountRole(row[1]),
        state=AccountState(row[2]),
        email=row[3],
        pending_email=row[4],
        confirmed_at=from_ms_or_none(row[5]),
        created_at=from_ms(row[6]),
        used_at=from_ms_or_none(row[7]),
        approved_at=from_ms_or_none(row[8]),
        rules_at=from_ms_or_none(row[9]),
        locale=row[10],
        reason=row[11],
        inviter_id=None if row[12] is None else ActorKey(row[12]),
    )


class Accounts:
    """One row for each local person; sessions, links and codes go with it."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, account: Account) -> None:
        """Store a new account; its actor must be there. The e-mail address must be free."""
        self._db.run(
            _ADD,
            person_id=account.person_id,
            role=account.role.value,
            state=account.state.value,
            email=account.email,
            email_key=None if account.email is None else account.email.lower(),
            pending_email=account.pending_email,
            confirmed_ms=to_ms_or_none(account.confirmed_at),
            created_ms=to_ms(account.created_at),
            used_ms=to_ms_or_none(account.used_at),
            approved_ms=to_ms_or_none(account.approved_at),
            rules_ms=to_ms_or_none(account.rules_at),
            locale=account.locale,
            reason=account.reason,
            inviter_id=account.inviter_id,
        )

    def get(self, person_id: ActorKey) -> Account | None:
        """The account of a person; None for those of other servers, and the deleted."""
        row = self._db.row(_GET, person=person_id)
        return None if row is None else _account(row)

    def by_email(self, key: str) -> ActorKey | None:
        """Whose address it is, by its `email_key`; confirmed or not."""
        row = self._db.row(_BY_EMAIL, email=key)
        return None if row is None else ActorKey(row[0])

    def remove(self, person_id: ActorKey) -> bool:
        """Drop an account with its secrets, sessions and links; False when there was none."""
        return self._db.run(_REMOVE, person=person_id) > 0

    def set_role(self, person_id: ActorKey, role: AccountRole) -> None:
        """Say what somebody may do with the node."""
        self._db.run(_SET_ROLE, person=person_id, new_role=role.value)

    def set_state(self, person_id: ActorKey, state: AccountState) -> None:
        """Say whether it can be signed in to."""
        self._db.run(_SET_STATE, person=person_id, new_state=state.value)

    def set_locale(self, person_id: ActorKey, locale: str | None) -> None:
        """Keep the language that somebody reads; None is what their browser asks for."""
        self._db.run(_SET_LOCALE, person=person_id, new_locale=locale)

    def set_pending_email(self, person_id: ActorKey, email: str | None) -> None:
        """Keep an address until it is confirmed."""
        self._db.run(_SET_PENDING_EMAIL, person=person_id, new_email=email)

    def set_email(
        self, person_id: ActorKey, email: str | None, *, confirmed_at: datetime | None
    ) -> None:
        """Take an address over; one that was asked for before is forgotten. It must be free."""
        self._db.run(
            _SET_EMAIL,
            person=person_id,
            new_email=email,
            new_key=None if email is None else email.lower(),
            new_confirmed_ms=to_ms_or_none(confirmed_at),
        )

    def approve(self, person_id: ActorKey, at: datetime) -> None:
        """Note that somebody is let in."""
        self._db.run(_APPROVE, person=person_id, new_approved_ms=to_ms(at))

    def touch(self, person_id: ActorKey, at: datetime) -> None:
        """Note that it is used."""
        self._db.run(_TOUCH, person=person_id, new_used_ms=to_ms(at))

    def staff(self) -> Sequence[ActorKey]:
        """Who helps to run the node."""
        return sorted(ActorKey(row[0]) for row in self._db.rows(_STAFF))

    def waiting(
        self, state: AccountState, *, before: datetime | None = None, most: int = 200
    ) -> Sequence[Account]:
        """Accounts in a state other than active, oldest first; `before` are made before a time."""
        limit = _END_OF_TIME if before is None else to_ms(before)
        rows = self._db.rows(_WAITING, state=state.value, before_ms=limit, most=most)
        return [_account(row) for row in rows]

    def count(self) -> int:
        """How many accounts there are."""
        row = self._db.row(_COUNT)
        return 0 if row is None else int(row[0])
