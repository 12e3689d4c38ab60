"""Names before the @: one space for people, communities and the node itself, never used twice."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, select, update

from communities.errors import Invalid
from communities.people import ActorKey
from communities.registration import NAME_GRAMMAR
from storage.connection import Connection
from storage.statements import Statement
from storage.tables.social import names
from storage.times import from_ms_or_none, to_ms

_OF_THE_NODE = re.compile(r"_[a-z0-9_]{1,29}")


class NameKind(StrEnum):
    """Whose name it is."""

    PERSON = "person"
    COMMUNITY = "community"
    NODE = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name with its owner; `retired_at` when the owner is gone, and the name with it."""

    localpart: str
    kind: NameKind
    owner_id: ActorKey
    retired_at: datetime | None


_CLAIM = Statement(
    lambda tools: (
        tools.insert(names)
        .values({name: bindparam(name) for name in ("localpart", "owner_kind", "owner_id")})
        .on_conflict_do_nothing()
    )
)
_GET = Statement(
    select(names.c.owner_kind, names.c.owner_id, names.c.retired_ms).where(
        names.c.localpart == bindparam("localpart")
    )
)
_RETIRE = Statement(
    update(names)
    .where(names.c.localpart == bindparam("word"), names.c.retired_ms.is_(None))
    .values(retired_ms=bindparam("new_retired_ms"))
)


def is_name(localpart: str, kind: NameKind) -> bool:
    """Whether the grammar allows the name: 1 to 30 of a-z, 0-9 and _; only the node's begin with _.

    Spec: house 2.10.
    """
    grammar = _OF_THE_NODE if kind is NameKind.NODE else NAME_GRAMMAR
    return grammar.fullmatch(localpart) is not None


class Names:
    """Who owns, or owned, which name."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def claim(self, localpart: str, kind: NameKind, owner_id: ActorKey) -> bool:
        """Take a name for ever; False when it is, or ever was, anybody's.

        Raises:
            Invalid: the grammar does not allow it.
        """
        if not is_name(localpart, kind):
            raise Invalid(
                "localpart", "a name has 1 to 30 letters a-z, digits and _, and no _ at its start"
            )
        claimed = self._db.run(
            _CLAIM, localpart=localpart, owner_kind=kind.value, owner_id=owner_id
        )
        return claimed == 1

    def find(self, localpart: str) -> Name | None:
        """The name with its owner; None when it is free."""
        row = self._db.row(_GET, localpart=localpart)
        if row is None:
            return None
        return Name(
            localpart=localpart,
            kind=NameKind(row[0]),
            owner_id=ActorKey(row[1]),
            retired_at=from_ms_or_none(row[2]),
        )

    def retire(self, localpart: str, *, at: datetime) -> bool:
        """Note that its owner is gone; nobody gets the name again. False when it was noted."""
        return self._db.run(_RETIRE, word=localpart, new_retired_ms=to_ms(at)) == 1
