"""One-time links that confirm an address or let a password be set anew."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, delete, insert, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.statements import Statement
from storage.tables.accounts import account_links
from storage.times import to_ms


class LinkPurpose(StrEnum):
    """What a link does."""

    CONFIRM = "confirm"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class AccountLink:
    """Whose link it is; `email` is the address that it confirms."""

    person_id: ActorKey
    email: str | None


_NAMES = ("digest", "purpose", "person_id", "email", "until_ms")
_PUT = Statement(insert(account_links).values({name: bindparam(name) for name in _NAMES}))
_FIND = Statement(
    select(account_links.c.person_id, account_links.c.email).where(
        account_links.c.digest == bindparam("digest"),
        account_links.c.purpose == bindparam("purpose"),
        account_links.c.until_ms > bindparam("now_ms"),
    )
)
_END = Statement(
    delete(account_links).where(
        account_links.c.person_id == bindparam("person"),
        account_links.c.purpose == bindparam("purpose"),
    )
)


class AccountLinks:
    """At most one link of each purpose for an account, known by the SHA-256 of its token."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def put(
        self, purpose: LinkPurpose, digest: bytes, link: AccountLink, *, until: datetime
    ) -> None:
        """Keep a link until a time; one that the account had before works no more."""
        self.end(link.person_id, purpose)
        self._db.run(
            _PUT,
            digest=digest,
            purpose=purpose.value,
            person_id=link.person_id,
            email=link.email,
            until_ms=to_ms(until),
        )

    def find(self, purpose: LinkPurpose, digest: bytes, now: datetime) -> AccountLink | None:
        """What a link is for; None when it was used, has expired, or never was one."""
        row = self._db.row(_FIND, digest=digest, purpose=purpose.value, now_ms=to_ms(now))
        return None if row is None else AccountLink(ActorKey(row[0]), row[1])

    def use(self, purpose: LinkPurpose, digest: bytes, now: datetime) -> AccountLink | None:
        """Use a link up; None as in `find`. What it allows belongs in the same unit."""
        found = self.find(purpose, digest, now)
        if found is None or not self.end(found.person_id, purpose):
            return None
        return found

    def end(self, person_id: ActorKey, purpose: LinkPurpose) -> bool:
        """Let the link of an account work no more; False when there was none."""
        return self._db.run(_END, person=person_id, purpose=purpose.value) > 0
