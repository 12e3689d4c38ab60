"""What proves that somebody is the owner of an account: password, second factor, recovery codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update

from communities.people import ActorKey
from storage.connection import Connection
from storage.statements import Statement
from storage.tables.accounts import accounts, recovery_codes
from storage.times import from_ms_or_none, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The secrets of an account.

    Attributes:
        password: its hash; None where there is none, and nobody signs in with one.
        totp_secret: the key of the second factor; it counts from `totp_since` on, and until then
            it was offered and not tried.
        totp_step: the last time step whose code was used.
    """

    password: str | None
    totp_secret: bytes | None = None
    totp_since: datetime | None = None
    totp_step: int = 0

    @property
    def has_second_factor(self) -> bool:
        """Whether a password alone does not do."""
        return self.totp_secret is not None and self.totp_since is not None


_PERSON = accounts.c.person_id == bindparam("person")
_GET = Statement(
    select(
        accounts.c.password,
        accounts.c.totp_secret,
        accounts.c.totp_since_ms,
        accounts.c.totp_step,
    ).where(_PERSON)
)
_SET_PASSWORD = Statement(update(accounts).where(_PERSON).values(password=bindparam("new_hash")))
_OFFER_TOTP = Statement(
    update(accounts)
    .where(_PERSON)
    .values(totp_secret=bindparam("new_secret"), totp_since_ms=None, totp_step=0)
)
_BEGIN_TOTP = Statement(
    update(accounts)
    .where(_PERSON, accounts.c.totp_secret.is_not(None))
    .values(totp_since_ms=bindparam("new_since_ms"))
)
_USE_STEP = Statement(
    update(accounts)
    .where(_PERSON, accounts.c.totp_step < bindparam("step"))
    .values(totp_step=bindparam("step"))
)
_OF_PERSON = recovery_codes.c.person_id == bindparam("person")
_DROP_CODES = Statement(delete(recovery_codes).where(_OF_PERSON))
_ADD_CODE = Statement(
    insert(recovery_codes).values({name: bindparam(name) for name in ("person_id", "digest")})
)
_USE_CODE = Statement(
    delete(recovery_codes).where(_OF_PERSON, recovery_codes.c.digest == bindparam("code"))
)
_COUNT_CODES = Statement(select(func.count()).select_from(recovery_codes).where(_OF_PERSON))


class CredentialStore:
    """The secrets of accounts, each use of which happens at most once."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, person_id: ActorKey) -> Credentials | None:
        """The secrets of an account; None when there is no account."""
        row = self._db.row(_GET, person=person_id)
        if row is None:
            return None
        return Credentials(
            password=row[0],
            totp_secret=None if row[1] is None else bytes(row[1]),
            totp_since=from_ms_or_none(row[2]),
            totp_step=int(row[3]),
        )

    def set_password(self, person_id: ActorKey, hashed: str | None) -> None:
        """Replace the hash of the password; None lets nobody in by one."""
        self._db.run(_SET_PASSWORD, person=person_id, new_hash=hashed)

    def offer_totp(self, person_id: ActorKey, secret: bytes | None) -> None:
        """Keep a secret that does not count yet; None takes the second factor away."""
        self._db.run(_OFFER_TOTP, person=person_id, new_secret=secret)

    def begin_totp(self, person_id: ActorKey, at: datetime) -> None:
        """Let the offered secret count from now on."""
        self._db.run(_BEGIN_TOTP, person=person_id, new_since_ms=to_ms(at))

    def use_step(self, person_id: ActorKey, step: int) -> bool:
        """Use up a time step and those before it; False when that was done: a code works once.

        Spec: RFC 6238 5.2.
        """
        return self._db.run(_USE_STEP, person=person_id, step=step) > 0

    def set_recovery_codes(self, person_id: ActorKey, digests: Iterable[bytes]) -> None:
        """Replace all recovery codes."""
        self._db.run(_DROP_CODES, person=person_id)
        for digest in digests:
            self._db.run(_ADD_CODE, person_id=person_id, digest=digest)

    def use_recovery_code(self, person_id: ActorKey, digest: bytes) -> bool:
        """Use a recovery code up; False when it is none, or was used."""
        return self._db.run(_USE_CODE, person=person_id, code=digest) > 0

    def recovery_codes_left(self, person_id: ActorKey) -> int:
        """How many recovery codes were not used."""
        row = self._db.row(_COUNT_CODES, person=person_id)
        return 0 if row is None else int(row[0])
