"""Notifications as apps read them: by type, one by one or in groups, in both directions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
)

from communities.people import ActorKey
from storage.connection import Connection, Row
from storage.notifications import COLUMNS, Notification, to_notification
from storage.pages import Window
from storage.statements import Statement, Tools, json_list
from storage.tables.social import notifications

SAMPLES = 8
"""Of how many of a group it is told who they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which notifications of a person an app wants.

    Attributes:
        kinds: those that are told at all.
        actor_id: of one actor only.
        held_back: those that the policy holds back, too.
        grouped: which kinds may be told in groups.
    """

    person_id: ActorKey
    kinds: tuple[str, ...]
    actor_id: ActorKey | None = None
    held_back: bool = False
    grouped: tuple[str, ...] = ()

    @property
    def parameters(self) -> Mapping[str, object]:
        """As the statements take them."""
        return {
            "person": self.person_id,
            "kinds": json_list(self.kinds),
            "by": self.actor_id or 0,
            "held_back": self.held_back,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group: how many it has in all, who was last, and what of it lies on a page.

    `newest_on_page` and `oldest_on_page` are None where nothing of it does.
    """

    key: str
    count: int
    latest: Notification
    samples: tuple[ActorKey, ...]
    newest_on_page: Notification | None = None
    oldest_on_page_id: int | None = None


_c = notifications.c
_BY = bindparam("by", type_=BigInteger)
_HELD_BACK = bindparam("held_back", type_=Boolean)
_BEFORE, _AFTER = bindparam("before", type_=BigInteger), bindparam("after", type_=BigInteger)


def _match(tools: Tools, table: Any = notifications) -> ColumnElement[bool]:  # noqa: ANN401 - or an alias
    """What a person's app wants, of the kinds it wants."""
    return and_(
        table.c.person_id == bindparam("person"),
        or_(table.c.filtered.is_(False), _HELD_BACK),
        or_(_BY == 0, table.c.actor_id == _BY),
        tools.in_texts(table.c.kind, "kinds"),
    )


def _newest(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return (
        select(*COLUMNS)
        .where(_match(tools), _c.id < _BEFORE, _c.id > _AFTER)
        .order_by(_c.id.desc())
        .limit(bindparam("most"))
    )


def _oldest(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return (
        select(*COLUMNS)
        .where(_match(tools), _c.id < _BEFORE, _c.id > _AFTER)
        .order_by(_c.id)
        .limit(bindparam("most"))
    )


_other = notifications.alias("other")


def _stands_for_group(tools: Tools, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """There is no other one of its group that meets the conditions, or it is told alone."""
    same = exists(
        select(_other.c.id).where(
            _other.c.person_id == bindparam("person"),
            _other.c.group_key == _c.group_key,
            or_(_other.c.filtered.is_(False), _HELD_BACK),
            or_(_BY == 0, _other.c.actor_id == _BY),
            *conditions,
        )
    )
    return or_(tools.in_texts(_c.kind, "alone"), not_(same))


def _newest_of_groups(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    newer = _stands_for_group(tools, _other.c.id > _c.id, _other.c.id < _BEFORE)
    return _newest(tools).where(newer)


def _oldest_of_groups(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    older = _stands_for_group(tools, _other.c.id < _c.id, _other.c.id > _AFTER)
    return _oldest(tools).where(older)


def _groups(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    """The first few of each group, newest first, each with what is to know of its group."""
    of_group: dict[str, Any] = {"partition_by": _c.group_key}
    on_page = case((and_(_c.id >= bindparam("low"), _c.id <= bindparam("high")), _c.id))
    ranked = (
        select(
            *COLUMNS,
            func.count().over(**of_group).label("size"),
            func.min(on_page).over(**of_group).label("lowest"),
            func.max(on_page).over(**of_group).label("highest"),
            func.row_number().over(**of_group, order_by=_c.id.desc()).label("rank"),
        )
        .where(_match(tools), tools.in_texts(_c.group_key, "groups"))
        .subquery("ranked")
    )
    return (
        select(ranked)
        .where(or_(ranked.c.rank <= SAMPLES, ranked.c.id == ranked.c.highest))
        .order_by(ranked.c.id.desc())
    )


def _unread(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return (
        select(_c.id, _c.group_key, _c.kind)
        .where(_match(tools), _c.read_ms.is_(None), _c.id > _AFTER)
        .order_by(_c.id.desc())
        .limit(bindparam("most"))
    )


_NEWEST, _OLDEST = Statement(_newest), Statement(_oldest)
_NEWEST_OF_GROUPS, _OLDEST_OF_GROUPS = Statement(_newest_of_groups), Statement(_oldest_of_groups)
_GROUPS = Statement(_groups)
_UNREAD = Statement(_unread)
_GET = Statement(
    select(*COLUMNS).where(_c.person_id == bindparam("person"), _c.id == bindparam("id"))
)
_of_group = (
    select(*COLUMNS)
    .where(
        _c.person_id == bindparam("person"),
        _c.group_key == bindparam("group"),
        _c.id < _BEFORE,
        _c.id > _AFTER,
    )
    .limit(bindparam("most"))
)
_NEWEST_OF_GROUP = Statement(_of_group.order_by(_c.id.desc()))
_OLDEST_OF_GROUP = Statement(_of_group.order_by(_c.id))
_SIZE, _LOWEST, _HIGHEST = (len(COLUMNS) + place for place in range(3))


class NoticePages:
    """Reads a person's notifications."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, person_id: ActorKey, notification_id: int) -> Notification | None:
        """One notification of a person."""
        row = self._db.row(_GET, person=person_id, id=notification_id)
        return None if row is None else to_notification(row)

    def page(self, wanted: Wanted, window: Window) -> list[Notification]:
        """Those within a window: newest first, but oldest first when it goes forward."""
        return self._rows(_OLDEST if window.forward else _NEWEST, wanted, window)

    def page_of_groups(self, wanted: Wanted, window: Window) -> list[Notification]:
        """One for each group within a window: the newest of it, but the oldest going forward."""
        statement = _OLDEST_OF_GROUPS if window.forward else _NEWEST_OF_GROUPS
        alone = [kind for kind in wanted.kinds if kind not in wanted.grouped]
        return self._rows(statement, wanted, window, alone=json_list(alone))

    def _rows(
        self, statement: Statement, wanted: Wanted, window: Window, **more: object
    ) -> list[Notification]:
        rows = self._db.rows(
            statement,
            **wanted.parameters,
            before=window.before,
            after=window.after,
            most=window.most,
            **more,
        )
        return [to_notification(row) for row in rows]

    def groups(
        self, wanted: Wanted, keys: Iterable[str], *, low: int = 0, high: int = 0
    ) -> dict[str, Group]:
        """Groups by key, and what of each lies on the page from `low` to `high`."""
        rows = self._db.rows(
            _GROUPS, **wanted.parameters, groups=json_list(keys), low=low, high=high
        )
        by_key: dict[str, list[Row]] = {}
        for row in rows:
            by_key.setdefault(row[8], []).append(row)
        return {key: _group(key, of_key) for key, of_key in by_key.items()}

    def of_group(self, person_id: ActorKey, key: str, window: Window) -> list[Notification]:
        """What a group is made of."""
        rows = self._db.rows(
            _OLDEST_OF_GROUP if window.forward else _NEWEST_OF_GROUP,
            person=person_id,
            group=key,
            before=window.before,
            after=window.after,
            most=window.most,
        )
        return [to_notification(row) for row in rows]

    def unread(self, wanted: Wanted, *, after: int, most: int) -> int:
        """How many after a position are not read, groups counted as one; at most `most`."""
        rows = self._db.rows(_UNREAD, **wanted.parameters, after=after, most=most)
        return len({row[1] if row[2] in wanted.grouped and row[1] else row[0] for row in rows})


def _group(key: str, rows: Sequence[Row]) -> Group:
    newest = next((row for row in rows if row[0] == row[_HIGHEST]), None)
    return Group(
        key=key,
        count=int(rows[0][_SIZE]),
        latest=to_notification(rows[0]),
        samples=tuple(dict.fromkeys(ActorKey(row[3]) for row in rows[:SAMPLES])),
        newest_on_page=None if newest is None else to_notification(newest),
        oldest_on_page_id=rows[0][_LOWEST],
    )
