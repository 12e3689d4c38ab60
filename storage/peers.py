"""Peers: what they run, what we decided about them, how they answer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, update

from storage.connection import Connection, Row
from storage.statements import Statement, Tools, json_list
from storage.tables.federation import peers
from storage.times import from_ms, from_ms_or_none, to_ms, to_ms_or_none


class PeerPolicy(StrEnum):
    """What the operator decided about a peer."""

    NONE = "none"
    ALLOW = "allow"
    LIMIT = "limit"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One other server, by its origin ("https://host[:port]")."""

    origin: str
    first_seen_at: datetime
    software: str | None = None
    version: str | None = None
    capabilities: frozenset[str] = frozenset()
    policy: PeerPolicy = PeerPolicy.NONE
    reason: str = ""
    nodeinfo_at: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str | None = None


_COLUMNS = (
    peers.c.origin,
    peers.c.first_seen_ms,
    peers.c.software,
    peers.c.version,
    peers.c.capabilities,
    peers.c.policy,
    peers.c.reason,
    peers.c.nodeinfo_ms,
    peers.c.failures,
    peers.c.next_try_ms,
    peers.c.last_success_ms,
    peers.c.last_error,
)
_GET = Statement(select(*_COLUMNS).where(peers.c.origin == bindparam("origin")))
_ALL = Statement(
    select(*_COLUMNS)
    .where(peers.c.origin > bindparam("after"))
    .order_by(peers.c.origin)
    .limit(bindparam("most"))
)
_DECIDED = Statement(select(*_COLUMNS).where(peers.c.policy != PeerPolicy.NONE.value))
_FAILING = Statement(select(*_COLUMNS).where(peers.c.failures > 0))
_OUTDATED = Statement(
    lambda tools: select(peers.c.origin).where(
        tools.in_texts(peers.c.origin, "origins"),
        func.coalesce(peers.c.nodeinfo_ms, 0) < bindparam("before_ms"),
    )
)
_SOFTWARE = Statement(
    update(peers)
    .where(peers.c.origin == bindparam("peer"))
    .values(
        software=bindparam("new_software"),
        version=bindparam("new_version"),
        capabilities=bindparam("new_capabilities"),
        nodeinfo_ms=bindparam("new_nodeinfo_ms"),
    )
)
_HEALTH = Statement(
    update(peers)
    .where(peers.c.origin == bindparam("peer"))
    .values(
        failures=bindparam("new_failures"),
        next_try_ms=bindparam("new_next_try_ms"),
        last_error=bindparam("new_error"),
    )
)
_SUCCESS = Statement(
    update(peers)
    .where(peers.c.origin == bindparam("peer"))
    .values(failures=0, next_try_ms=None, last_error=None, last_success_ms=bindparam("new_ms"))
)


def _ensure(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(peers)
        .values({name: bindparam(name) for name in ("origin", "first_seen_ms")})
        .on_conflict_do_nothing()
    )


def _decide(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    names = ("origin", "first_seen_ms", "policy", "reason")
    return (
        tools.insert(peers)
        .values({name: bindparam(name) for name in names})
        .on_conflict_do_update(
            index_elements=["origin"],
            set_={name: bindparam(name) for name in ("policy", "reason")},
        )
    )


_ENSURE = Statement(_ensure)
_DECIDE = Statement(_decide)


def _peer(row: Row) -> Peer:
    return Peer(
        origin=row[0],
        first_seen_at=from_ms(row[1]),
        software=row[2],
        version=row[3],
        capabilities=frozenset(row[4].split()),
        policy=PeerPolicy(row[5]),
        reason=row[6],
        nodeinfo_at=from_ms_or_none(row[7]),
        failures=row[8],
        next_try_at=from_ms_or_none(row[9]),
        last_success_at=from_ms_or_none(row[10]),
        last_error=row[11],
    )


class Peers:
    """Rows of peers."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def get(self, origin: str) -> Peer | None:
        """The peer with this origin."""
        row = self._db.row(_GET, origin=origin)
        return None if row is None else _peer(row)

    def page(self, after: str = "", most: int = 500) -> list[Peer]:
        """Peers in the order of their origins."""
        return [_peer(row) for row in self._db.rows(_ALL, after=after, most=most)]

    def decided(self) -> list[Peer]:
        """Peers about which the operator decided something."""
        return [_peer(row) for row in self._db.rows(_DECIDED)]

    def failing(self) -> list[Peer]:
        """Peers that did not answer lately."""
        return [_peer(row) for row in self._db.rows(_FAILING)]

    def outdated(self, origins: Collection[str], *, before: datetime) -> list[str]:
        """Those of these peers whose NodeInfo was last read before a time, or never."""
        found = self._db.rows(_OUTDATED, origins=json_list(origins), before_ms=to_ms(before))
        return [str(row[0]) for row in found]

    def ensure(self, origin: str, *, at: datetime) -> bool:
        """Make sure there is a row; True when the peer is new."""
        return self._db.run(_ENSURE, origin=origin, first_seen_ms=to_ms(at)) == 1

    def decide(self, origin: str, policy: PeerPolicy, *, reason: str, at: datetime) -> None:
        """Block, limit or allow a peer, known or not, or lift that."""
        self._db.run(
            _DECIDE, origin=origin, first_seen_ms=to_ms(at), policy=policy.value, reason=reason
        )

    def set_software(
        self,
        origin: str,
        *,
        software: str | None,
        version: str | None,
        capabilities: frozenset[str],
        at: datetime,
    ) -> None:
        """Note what NodeInfo said."""
        self._db.run(
            _SOFTWARE,
            peer=origin,
            new_software=software,
            new_version=version,
            new_capabilities=" ".join(sorted(capabilities)),
            new_nodeinfo_ms=to_ms(at),
        )

    def note_failure(
        self, origin: str, *, failures: int, next_try_at: datetime | None, error: str
    ) -> None:
        """Note that it did not answer, and when to try again."""
        self._db.run(
            _HEALTH,
            peer=origin,
            new_failures=failures,
            new_next_try_ms=to_ms_or_none(next_try_at),
            new_error=error[:300],
        )

    def note_success(self, origin: str, *, at: datetime) -> None:
        """Note that it answered, or spoke to us: failures are forgotten."""
        self._db.run(_SUCCESS, peer=origin, new_ms=to_ms(at))
