"""The directory of accounts: who wants to be found, newest first or by who wrote last."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)

from communities.community import CommunityVisibility
from communities.people import ActorKey, ActorState
from storage import visible
from storage.connection import Connection
from storage.statements import Statement
from storage.tables.social import actors, blocks, communities, posts
from storage.tables.ties import domain_blocks, mutes
from storage.times import to_ms

RECENT = 5_000
"""How many of the newest posts tell who is active."""
_viewer = bindparam("viewer", type_=BigInteger)
_LISTED = and_(
    actors.c.discoverable == true(),
    actors.c.state == ActorState.ACTIVE.value,
    actors.c.type != "Application",
    or_(
        actors.c.kind == "person",
        exists(
            select(communities.c.id).where(
                communities.c.id == actors.c.id,
                communities.c.visibility == CommunityVisibility.PUBLIC.value,
            )
        ),
    ),
    ~exists().where(blocks.c.blocker_id == _viewer, blocks.c.blocked_id == actors.c.id),
    ~exists().where(blocks.c.blocker_id == actors.c.id, blocks.c.blocked_id == _viewer),
    ~exists().where(
        mutes.c.person_id == _viewer,
        mutes.c.target_id == actors.c.id,
        or_(mutes.c.until_ms.is_(None), mutes.c.until_ms > bindparam("now_ms")),
    ),
    ~exists().where(domain_blocks.c.person_id == _viewer, domain_blocks.c.host == actors.c.host),
)


def _by_age(*, local: bool) -> Statement:
    query = select(actors.c.id).where(_LISTED)
    if local:
        query = query.where(actors.c.host.is_(None))
    return Statement(
        query.order_by(actors.c.id.desc()).limit(bindparam("most")).offset(bindparam("skip"))
    )


def _by_activity(*, local: bool) -> Statement:
    recent = _recent(local=local).subquery("recent")
    writers = union_all(
        select(recent.c.author_id.label("key"), recent.c.id),
        select(recent.c.community_id, recent.c.id).where(recent.c.community_id.is_not(None)),
    ).subquery("writers")
    active = (
        select(writers.c.key, func.max(writers.c.id).label("newest"))
        .group_by(writers.c.key)
        .subquery("active")
    )
    query = select(actors.c.id).join_from(active, actors, actors.c.id == active.c.key)
    if local:
        query = query.where(actors.c.host.is_(None))
    return Statement(
        query.where(_LISTED)
        .order_by(active.c.newest.desc())
        .limit(bindparam("most"))
        .offset(bindparam("skip"))
    )


def _recent(*, local: bool) -> Select[int, int, int | None]:
    """The newest posts that anyone may read: nothing else may show by the order."""
    query = select(posts.c.id, posts.c.author_id, posts.c.community_id).where(visible.READABLE)
    if local:
        query = query.where(posts.c.local == true())
    return query.order_by(posts.c.id.desc()).limit(RECENT)


_NEW = {local: _by_age(local=local) for local in (True, False)}
_ACTIVE = {local: _by_activity(local=local) for local in (True, False)}


class ListedAccounts:
    """Accounts that may be shown to anyone who looks around."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def page(
        self,
        viewer_id: ActorKey | None,
        at: datetime,
        *,
        by_age: bool,
        local: bool,
        skip: int,
        most: int,
    ) -> list[ActorKey]:
        """Accounts in order, but for those that the viewer hides or is blocked by.

        Args:
            viewer_id: who looks; None is nobody in particular.
            at: now.
            by_age: the newest accounts first; else those who wrote last, and only who did lately.
            local: only those of this node.
            skip: how many of the first ones are left out.
            most: how many at most.
        """
        statement = (_NEW if by_age else _ACTIVE)[local]
        rows = self._db.rows(statement, viewer=viewer_id, now_ms=to_ms(at), skip=skip, most=most)
        return [ActorKey(row[0]) for row in rows]
