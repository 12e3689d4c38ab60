"""The end of an account: everything goes that its owner kept for themselves.

The actor stays as the tombstone of its name and id, so rows that hang on it do not go by
themselves. What others have a part in is not for this place: posts and reactions are out of sight
with their author, memberships end as the domain ends them.
"""

from functools import cache

from sqlalchemy import Table, bindparam, delete

from communities.people import ActorKey
from storage.statements import Statement
from storage.tables import metadata
from storage.unit_of_work import UnitOfWork

OWNER = "person_id"
"""The column by which a table says whose its rows are."""
SHARED = frozenset({"memberships", "post_recipients", "favourites"})
"""Tables of what others have a part in."""


def erase_own_rows(uow: UnitOfWork, person_id: ActorKey) -> int:
    """Drop the rows that a person kept for themselves, of the account too; how many there were."""
    return sum(uow.connection.run(statement, person=person_id) for statement in _statements())


def own_tables() -> list[Table]:
    """The tables whose rows belong to one person alone; those that others refer to come last."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if OWNER in table.columns and table.name not in SHARED
    ]


@cache
def _statements() -> tuple[Statement, ...]:
    return tuple(
        Statement(delete(table).where(table.c[OWNER] == bindparam("person")))
        for table in own_tables()
    )
