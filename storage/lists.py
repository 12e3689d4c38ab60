"""Lists of accounts, and who is in them; those that come with communities are not stored."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from communities.lists import AccountList, RepliesPolicy
from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.statements import Statement, Tools
from storage.tables.reading import list_members, lists

NEWEST = (1 << 63) - 1

_COLUMNS = (
    lists.c.id,
    lists.c.person_id,
    lists.c.title,
    lists.c.replies_policy,
    lists.c.exclusive,
)
_OF_PERSON = lists.c.person_id == bindparam("person")
_GET = Statement(select(*_COLUMNS).where(lists.c.id == bindparam("id"), _OF_PERSON))
_ALL = Statement(select(*_COLUMNS).where(_OF_PERSON).order_by(lists.c.id))
_COUNT = Statement(select(func.count()).where(_OF_PERSON))
_ADD = Statement(
    insert(lists).values(
        {
            name: bindparam(name)
            for name in ("id", "person_id", "title", "replies_policy", "exclusive")
        }
    )
)
_UPDATE = Statement(
    update(lists)
    .where(lists.c.id == bindparam("list"))
    .values(
        title=bindparam("new_title"),
        replies_policy=bindparam("new_replies_policy"),
        exclusive=bindparam("new_exclusive"),
    )
)
_REMOVE = Statement(delete(lists).where(lists.c.id == bindparam("list")))


def _add_member(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(list_members)
        .values(list_id=bindparam("list_id"), account_id=bindparam("account_id"))
        .on_conflict_do_nothing()
    )


_ADD_MEMBER = Statement(_add_member)
_REMOVE_MEMBER = Statement(
    delete(list_members).where(
        list_members.c.list_id == bindparam("list"),
        list_members.c.account_id == bindparam("account"),
    )
)
_MEMBERS = (
    select(list_members.c.account_id)
    .where(
        list_members.c.list_id == bindparam("list"),
        list_members.c.account_id < bindparam("before"),
        list_members.c.account_id > bindparam("after"),
    )
    .limit(bindparam("most"))
)
_NEWEST_MEMBERS = Statement(_MEMBERS.order_by(list_members.c.account_id.desc()))
_OLDEST_MEMBERS = Statement(_MEMBERS.order_by(list_members.c.account_id))
_MEMBER_COUNT = Statement(select(func.count()).where(list_members.c.list_id == bindparam("list")))
_HOLDING = Statement(
    select(*_COLUMNS)
    .join_from(lists, list_members, list_members.c.list_id == lists.c.id)
    .where(_OF_PERSON, list_members.c.account_id == bindparam("account"))
    .order_by(lists.c.id)
)
_LEAVE_ALL = Statement(
    delete(list_members).where(
        list_members.c.account_id == bindparam("account"),
        list_members.c.list_id.in_(select(lists.c.id).where(_OF_PERSON)),
    )
)


def _list(row: Row) -> AccountList:
    return AccountList(
        id=row[0],
        person_id=ActorKey(row[1]),
        title=row[2],
        replies_policy=RepliesPolicy(row[3]),
        exclusive=bool(row[4]),
    )


class Lists:
    """A person's lists; everything asks whose they are."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, person_id: ActorKey, list_id: int) -> AccountList | None:
        """The list, when it is this person's."""
        row = self._db.row(_GET, id=list_id, person=person_id)
        return None if row is None else _list(row)

    def of_person(self, person_id: ActorKey) -> list[AccountList]:
        """All lists of a person, oldest first."""
        return [_list(row) for row in self._db.rows(_ALL, person=person_id)]

    def count(self, person_id: ActorKey) -> int:
        """How many lists a person has."""
        row = self._db.row(_COUNT, person=person_id)
        return 0 if row is None else int(row[0])

    def add(self, new: AccountList) -> None:
        """Store a new list."""
        self._db.run(
            _ADD,
            id=new.id,
            person_id=new.person_id,
            title=new.title,
            replies_policy=new.replies_policy.value,
            exclusive=new.exclusive,
        )

    def update(self, changed: AccountList) -> None:
        """Store what changed about a list."""
        self._db.run(
            _UPDATE,
            list=changed.id,
            new_title=changed.title,
            new_replies_policy=changed.replies_policy.value,
            new_exclusive=changed.exclusive,
        )

    def remove(self, list_id: int) -> None:
        """Drop a list, with who is in it."""
        self._db.run(_REMOVE, list=list_id)

    def add_members(self, list_id: int, account_ids: Sequence[ActorKey]) -> None:
        """Put accounts in a list; who is in it stays."""
        self._db.run_many(
            _ADD_MEMBER, [{"list_id": list_id, "account_id": account} for account in account_ids]
        )

    def remove_members(self, list_id: int, account_ids: Sequence[ActorKey]) -> None:
        """Take accounts out of a list; who is not in it does not matter."""
        self._db.run_many(
            _REMOVE_MEMBER, [{"list": list_id, "account": account} for account in account_ids]
        )

    def member_count(self, list_id: int) -> int:
        """How many accounts are in a list."""
        row = self._db.row(_MEMBER_COUNT, list=list_id)
        return 0 if row is None else int(row[0])

    def members(
        self,
        list_id: int,
        *,
        before: int = NEWEST,
        after: int = 0,
        most: int = 40,
        forward: bool = False,
    ) -> list[ActorKey]:
        """Accounts of a list between two keys, highest first, or lowest first when `forward`."""
        rows = self._db.rows(
            _OLDEST_MEMBERS if forward else _NEWEST_MEMBERS,
            list=list_id,
            before=before,
            after=after,
            most=most,
        )
        return [ActorKey(row[0]) for row in rows]

    def holding(self, person_id: ActorKey, account_id: ActorKey) -> list[AccountList]:
        """The lists of a person that an account is in."""
        rows = self._db.rows(_HOLDING, person=person_id, account=account_id)
        return [_list(row) for row in rows]

    def forget(self, person_id: ActorKey, account_id: ActorKey) -> None:
        """Take an account out of every list of a person, as when they no longer follow it."""
        self._db.run(_LEAVE_ALL, person=person_id, account=account_id)
