"""Whose notifications people let through: policies, permissions, and requests that wait."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select, true, update

from communities.notice_policy import USUAL, NoticePolicy, Treatment
from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection, Row
from storage.memory import Memory
from storage.pages import Pages, Window
from storage.statements import Statement, Tools, json_list
from storage.tables.social import notifications
from storage.tables.telling import (
    notification_permissions,
    notification_policies,
    notification_requests,
)
from storage.times import from_ms, to_ms

_CHOICES = (
    "not_following",
    "not_followers",
    "new_accounts",
    "private_mentions",
    "limited_accounts",
)
_MOST_COUNTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRequest:
    """Someone of whom notifications are held back: how many, and the last post among them."""

    id: int
    actor_id: ActorKey
    created_at: datetime
    updated_at: datetime
    count: int
    last_post_id: PostKey | None


_requests, _permissions = notification_requests, notification_permissions
_MINE = _requests.c.person_id == bindparam("person")
_POLICY = Statement(
    select(*(notification_policies.c[name] for name in _CHOICES)).where(
        notification_policies.c.person_id == bindparam("person")
    )
)
_PERMITTED = Statement(
    select(_permissions.c.actor_id).where(
        _permissions.c.person_id == bindparam("person"),
        _permissions.c.actor_id == bindparam("actor"),
    )
)
_PAGE = Pages(select(_requests.c.id, _requests.c.id.label("place")).where(_MINE), _requests.c.id)
_PENDING = Statement(
    select(func.count()).select_from(
        select(_requests.c.id).where(_MINE).limit(_MOST_COUNTED).subquery()
    )
)
_HELD = and_(notifications.c.person_id == bindparam("person"), notifications.c.filtered == true())
_PENDING_NOTIFICATIONS = Statement(select(func.count()).select_from(notifications).where(_HELD))
_RELEASE = Statement(
    update(notifications)
    .where(_HELD, notifications.c.actor_id == bindparam("actor"))
    .values(filtered=False)
)
_DROP_HELD = Statement(
    delete(notifications).where(_HELD, notifications.c.actor_id == bindparam("actor"))
)
_DROP_REQUEST = Statement(
    delete(_requests).where(_MINE, _requests.c.actor_id == bindparam("actor"))
)


def _put_policy(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(notification_policies)
        .values({name: bindparam(name) for name in ("person_id", *_CHOICES)})
        .on_conflict_do_update(
            index_elements=["person_id"], set_={name: bindparam(name) for name in _CHOICES}
        )
    )


def _permit(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(_permissions)
        .values(person_id=bindparam("person_id"), actor_id=bindparam("actor_id"))
        .on_conflict_do_nothing()
    )


def _hold(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(_requests)
        .values(
            {
                name: bindparam(name)
                for name in ("person_id", "actor_id", "created_ms", "updated_ms")
            }
        )
        .on_conflict_do_update(
            index_elements=["person_id", "actor_id"], set_={"updated_ms": bindparam("updated_ms")}
        )
    )


def _described(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    """Requests with what is held back for each: two look-ups of one index."""
    held = and_(
        notifications.c.person_id == _requests.c.person_id,
        notifications.c.actor_id == _requests.c.actor_id,
        notifications.c.filtered == true(),
    )
    count = select(func.count()).select_from(notifications).where(held).scalar_subquery()
    last = (
        select(notifications.c.post_id)
        .where(held, notifications.c.post_id.is_not(None))
        .order_by(notifications.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(
        _requests.c.id,
        _requests.c.actor_id,
        _requests.c.created_ms,
        _requests.c.updated_ms,
        count,
        last,
    ).where(_MINE, tools.in_list(_requests.c.id, "ids"))


_PUT_POLICY, _PERMIT, _HOLD = Statement(_put_policy), Statement(_permit), Statement(_hold)
_DESCRIBED = Statement(_described)


class NoticePolicies:
    """Policies of people, and what they lead to."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self._memory: Memory[NoticePolicy] = Memory(connection.memories, "notification_policies")

    def get(self, person_id: ActorKey) -> NoticePolicy:
        """A person's policy; the usual one when they changed nothing."""
        known = self._memory.recall(person_id)
        if known is not None:
            return known
        row = self._db.row(_POLICY, person=person_id)
        policy = USUAL
        if row is not None:
            policy = NoticePolicy(**dict(zip(_CHOICES, map(Treatment, row), strict=True)))
        return self._memory.keep(policy, person_id)

    def put(self, person_id: ActorKey, policy: NoticePolicy) -> None:
        """Replace a person's policy."""
        chosen = {name: getattr(policy, name).value for name in _CHOICES}
        self._db.run(_PUT_POLICY, person_id=person_id, **chosen)

    def is_permitted(self, person_id: ActorKey, actor_id: ActorKey) -> bool:
        """Whether the person lets everything of this actor through."""
        return self._db.row(_PERMITTED, person=person_id, actor=actor_id) is not None

    def hold(self, person_id: ActorKey, actor_id: ActorKey, *, at: datetime) -> None:
        """Note that something of this actor is held back for the person."""
        now_ms = to_ms(at)
        self._db.run(
            _HOLD, person_id=person_id, actor_id=actor_id, created_ms=now_ms, updated_ms=now_ms
        )

    def requests(self, person_id: ActorKey, window: Window) -> list[NoticeRequest]:
        """Requests that wait, by age."""
        rows = _PAGE.rows(self._db, window, person=person_id)
        found = self.described(person_id, [row[0] for row in rows])
        by_id = {request.id: request for request in found}
        return [by_id[row[0]] for row in rows]

    def described(self, person_id: ActorKey, ids: Iterable[int]) -> list[NoticeRequest]:
        """Those of these requests that the person has."""
        rows = self._db.rows(_DESCRIBED, person=person_id, ids=json_list(ids))
        return [_request(row) for row in rows]

    def accept(self, person_id: ActorKey, actor_ids: Sequence[ActorKey]) -> None:
        """Let these actors through, now and ever after."""
        for actor_id in actor_ids:
            self._db.run(_PERMIT, person_id=person_id, actor_id=actor_id)
            self._db.run(_RELEASE, person=person_id, actor=actor_id)
            self._db.run(_DROP_REQUEST, person=person_id, actor=actor_id)

    def dismiss(self, person_id: ActorKey, actor_ids: Sequence[ActorKey]) -> None:
        """Forget what is held back of these actors; what comes next is a new request."""
        for actor_id in actor_ids:
            self._db.run(_DROP_HELD, person=person_id, actor=actor_id)
            self._db.run(_DROP_REQUEST, person=person_id, actor=actor_id)

    def pending(self, person_id: ActorKey) -> tuple[int, int]:
        """How many requests wait (a hundred stands for more), with how many notifications."""
        requests = self._db.row(_PENDING, person=person_id)
        held = self._db.row(_PENDING_NOTIFICATIONS, person=person_id)
        return int(requests[0]) if requests else 0, int(held[0]) if held else 0


def _request(row: Row) -> NoticeRequest:
    return NoticeRequest(
        id=row[0],
        actor_id=ActorKey(row[1]),
        created_at=from_ms(row[2]),
        updated_at=from_ms(row[3]),
        count=int(row[4]),
        last_post_id=None if row[5] is None else PostKey(row[5]),
    )
