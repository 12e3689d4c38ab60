"""What the node tells about itself: its peers, its weeks, the account to turn to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from communities.people import ActorKey, ActorState
from communities.posts import PostState
from storage.connection import Connection
from storage.peers import PeerPolicy
from storage.statements import Statement
from storage.tables.federation import peers
from storage.tables.social import actors, posts
from storage.times import from_ms, to_ms

_WEEK_MS = 7 * 24 * 3600 * 1000
_MONDAY_MS = 4 * 24 * 3600 * 1000
"""From the beginning of the epoch, a Thursday, to the Monday after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What happened here in the seven days from a Monday, UTC.

    Attributes:
        posts: by people of this node.
        writers: how many people wrote them; who only reads is not counted anywhere.
        newcomers: accounts that were made.
    """

    begins: datetime
    posts: int = 0
    writers: int = 0
    newcomers: int = 0


_OLDEST = Statement(
    select(func.min(actors.c.id)).where(
        actors.c.kind == "person",
        actors.c.host.is_(None),
        actors.c.type != "Application",
        actors.c.state == ActorState.ACTIVE.value,
    )
)
_PEERS = Statement(
    select(peers.c.origin)
    .where(peers.c.policy != PeerPolicy.BLOCK.value, peers.c.last_success_ms.is_not(None))
    .order_by(peers.c.origin)
    .limit(bindparam("most"))
)
_PEER_COUNT = Statement(
    select(func.count()).where(
        peers.c.policy != PeerPolicy.BLOCK.value, peers.c.last_success_ms.is_not(None)
    )
)
_written_in = (posts.c.id // 65536 - _MONDAY_MS) // _WEEK_MS
_WRITTEN = Statement(
    select(_written_in, func.count(), func.count(posts.c.author_id.distinct()))
    .where(
        posts.c.local.is_(True),
        posts.c.state == PostState.PUBLISHED.value,
        posts.c.id >= bindparam("first"),
    )
    .group_by(_written_in)
)
_came_in = (actors.c.published_ms - _MONDAY_MS) // _WEEK_MS
_CAME = Statement(
    select(_came_in, func.count())
    .where(
        actors.c.kind == "person",
        actors.c.host.is_(None),
        actors.c.type != "Application",
        actors.c.published_ms >= bindparam("since_ms"),
    )
    .group_by(_came_in)
)


class InstanceFacts:
    """Reads what the node tells about itself."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def oldest_person(self) -> ActorKey | None:
        """The account that was made first, of those that may act."""
        row = self._db.row(_OLDEST)
        return None if row is None or row[0] is None else ActorKey(row[0])

    def peers(self, *, most: int = 50_000) -> list[str]:
        """Hosts of servers that were reached and are not blocked, by name."""
        rows = self._db.rows(_PEERS, most=most)
        return sorted({row[0].partition("://")[2] for row in rows})

    def peer_count(self) -> int:
        """How many servers were reached and are not blocked."""
        row = self._db.row(_PEER_COUNT)
        return 0 if row is None else int(row[0])

    def weeks(self, at: datetime, *, most: int = 12) -> list[Week]:
        """The last weeks, the running one first."""
        running = (to_ms(at) - _MONDAY_MS) // _WEEK_MS
        since_ms = (running - most + 1) * _WEEK_MS + _MONDAY_MS
        written = {row[0]: row for row in self._db.rows(_WRITTEN, first=since_ms << 16)}
        came = {row[0]: int(row[1]) for row in self._db.rows(_CAME, since_ms=since_ms)}
        return [
            Week(
                begins=from_ms(number * _WEEK_MS + _MONDAY_MS),
                posts=int(written[number][1]) if number in written else 0,
                writers=int(written[number][2]) if number in written else 0,
                newcomers=came.get(number, 0),
            )
            for number in range(running, running - most, -1)
        ]
