"""Audiences: at how many inboxes an actor's followers or members receive.

Kept beside memberships and follows, so that a fan-out copies one row an inbox instead of looking
at every follower.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select, union_all, update

from communities.membership import MembershipState
from communities.people import ActorKey, FollowState
from protocols.activitypub.parsing_origins import origin
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.federation import peers
from storage.tables.social import actors, audiences, follows, memberships

_INBOX = Statement(
    select(func.coalesce(actors.c.shared_inbox, actors.c.inbox), actors.c.host).where(
        actors.c.id == bindparam("id")
    )
)
_FEWER = Statement(
    update(audiences)
    .where(audiences.c.actor_id == bindparam("actor"), audiences.c.inbox == bindparam("box"))
    .values(followers=audiences.c.followers - 1)
)
_DROP_EMPTY = Statement(
    delete(audiences).where(
        audiences.c.actor_id == bindparam("actor"),
        audiences.c.inbox == bindparam("box"),
        audiences.c.followers <= 0,
    )
)
_OF = Statement(
    select(audiences.c.inbox, audiences.c.peer, peers.c.software, peers.c.capabilities)
    .select_from(audiences.outerjoin(peers, peers.c.origin == audiences.c.peer))
    .where(
        audiences.c.actor_id == bindparam("actor"),
        func.coalesce(peers.c.policy, "none") != "block",
    )
    .order_by(audiences.c.inbox)
)
_FOLLOWEES = Statement(
    union_all(
        select(memberships.c.community_id).where(
            memberships.c.person_id == bindparam("follower"),
            memberships.c.state == MembershipState.MEMBER.value,
        ),
        select(follows.c.followee_id).where(
            follows.c.follower_id == bindparam("follower"),
            follows.c.state == FollowState.ACCEPTED.value,
        ),
    )
)
_COUNT = Statement(
    select(func.count(), func.coalesce(func.sum(audiences.c.followers), 0)).where(
        audiences.c.actor_id == bindparam("actor")
    )
)


def _more(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    values: dict[str, Any] = {name: bindparam(name) for name in ("actor_id", "inbox", "peer")}
    return (
        tools.insert(audiences)
        .values(followers=1, **values)
        .on_conflict_do_update(
            index_elements=["actor_id", "inbox"], set_={"followers": audiences.c.followers + 1}
        )
    )


_MORE = Statement(_more)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An inbox of a peer, with the software that NodeInfo named (None: not known yet)."""

    inbox: str
    peer: str
    software: str | None = None
    capabilities: str = ""


class Audiences:
    """Counts of remote followers by inbox."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def change(self, actor_id: ActorKey, follower_id: ActorKey, *, was: bool, now: bool) -> None:
        """A follower came (`now` and not `was`) or went; local ones need no delivery."""
        if was == now:
            return
        row = self._db.row(_INBOX, id=follower_id)
        if row is None or row[1] is None:
            return
        if now:
            self._db.run(_MORE, actor_id=actor_id, inbox=row[0], peer=origin(row[0]))
            return
        self._db.run(_FEWER, actor=actor_id, box=row[0])
        self._db.run(_DROP_EMPTY, actor=actor_id, box=row[0])

    def move(self, follower_id: ActorKey, before: str, after: str) -> None:
        """A follower receives at another inbox now: the rows of whom it follows move with it."""
        for (followee,) in self._db.rows(_FOLLOWEES, follower=follower_id):
            self._db.run(_FEWER, actor=followee, box=before)
            self._db.run(_DROP_EMPTY, actor=followee, box=before)
            self._db.run(_MORE, actor_id=followee, inbox=after, peer=origin(after))

    def of(self, actor_id: ActorKey) -> list[Mailbox]:
        """The inboxes where followers of an actor receive, at peers that are not blocked."""
        return [
            Mailbox(row[0], row[1], row[2], row[3] or "")
            for row in self._db.rows(_OF, actor=actor_id)
        ]

    def count(self, actor_id: ActorKey) -> tuple[int, int]:
        """How many inboxes, and how many remote followers behind them."""
        row = self._db.row(_COUNT, actor=actor_id)
        return (0, 0) if row is None else (int(row[0]), int(row[1]))
