"""What goes out: each body once, one narrow row for each inbox, until it is settled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update

from communities.people import ActorKey
from storage.audiences import Mailbox
from storage.connection import Connection
from storage.statements import Statement, json_list
from storage.tables.federation import dead_letters, deliveries, outbound

Position = tuple[int, str]
"""A place in the ledger of one peer: seq of a body, and inbox."""

BEGINNING: Position = (0, "")
NEWEST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One body for one inbox. `order_key`: bodies with the same one go in order to a peer."""

    seq: int
    inbox: str
    peer: str
    attempts: int
    run_ms: int
    sender_id: ActorKey
    order_key: int
    twin: bool
    queued_ms: int


@dataclass(frozen=True, slots=True)
class Postponed:
    """A delivery to try again at a time."""

    seq: int
    inbox: str
    attempts: int
    run_ms: int
    error: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A delivery that will not be tried again, and why."""

    seq: int
    inbox: str
    reason: str


_OUTBOUND = ("sender_id", "body", "twin", "order_key", "at_ms")
_ADD = Statement(
    insert(outbound).values({name: bindparam(name) for name in _OUTBOUND}).returning(outbound.c.seq)
)
_ADD_DELIVERY = Statement(
    lambda tools: (
        tools.insert(deliveries)
        .values({name: bindparam(name) for name in ("outbound_seq", "inbox", "peer")})
        .on_conflict_do_nothing()
    )
)
_COLUMNS = (
    deliveries.c.outbound_seq,
    deliveries.c.inbox,
    deliveries.c.peer,
    deliveries.c.attempts,
    deliveries.c.run_ms,
    outbound.c.sender_id,
    outbound.c.order_key,
    outbound.c.twin,
    outbound.c.at_ms,
)
_SELECT = select(*_COLUMNS).join_from(
    deliveries, outbound, outbound.c.seq == deliveries.c.outbound_seq
)
_AFTER = Statement(
    _SELECT.where(deliveries.c.outbound_seq > bindparam("after"))
    .order_by(deliveries.c.outbound_seq, deliveries.c.inbox)
    .limit(bindparam("most"))
)
_OF_SEQ = Statement(
    _SELECT.where(
        deliveries.c.outbound_seq == bindparam("seq"), deliveries.c.inbox > bindparam("after_inbox")
    ).order_by(deliveries.c.inbox)
)
_OF_PEER = Statement(
    _SELECT.where(
        deliveries.c.peer == bindparam("peer"),
        tuple_(deliveries.c.outbound_seq, deliveries.c.inbox)
        > tuple_(bindparam("after"), bindparam("after_inbox")),
        deliveries.c.outbound_seq <= bindparam("up_to"),
    )
    .order_by(deliveries.c.outbound_seq, deliveries.c.inbox)
    .limit(bindparam("most"))
)
_BODIES = Statement(
    lambda tools: select(outbound.c.seq, outbound.c.body).where(
        tools.in_list(outbound.c.seq, "seqs")
    )
)
_DONE = Statement(
    delete(deliveries).where(
        deliveries.c.outbound_seq == bindparam("seq"), deliveries.c.inbox == bindparam("box")
    )
)
_POSTPONE = Statement(
    update(deliveries)
    .where(deliveries.c.outbound_seq == bindparam("seq"), deliveries.c.inbox == bindparam("box"))
    .values(
        attempts=bindparam("new_attempts"), run_ms=bindparam("new_run_ms"), error=bindparam("words")
    )
)
_DEAD = Statement(
    lambda tools: (
        tools.insert(dead_letters)
        .values({name: bindparam(name) for name in ("outbound_seq", "inbox", "reason", "at_ms")})
        .on_conflict_do_nothing()
    )
)
_WAITING = Statement(
    select(deliveries.c.peer, func.count(), func.min(outbound.c.at_ms))
    .join_from(deliveries, outbound, outbound.c.seq == deliveries.c.outbound_seq)
    .group_by(deliveries.c.peer)
    .order_by(func.count().desc())
    .limit(bindparam("most"))
)
_PEERS = Statement(select(deliveries.c.peer).distinct())
_DEAD_COUNT = Statement(select(func.count()).select_from(dead_letters))


class Deliveries:
    """The outbound ledger."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection
        self.added = False

    def start_unit(self) -> None:
        """Forget whether the unit before added anything."""
        self.added = False

    def add_body(
        self, sender_id: ActorKey, body: bytes, *, order_key: int, at_ms: int, twin: bool = False
    ) -> int:
        """Store a body that is to go out; its seq."""
        row = self._db.row(
            _ADD,
            sender_id=sender_id,
            body=body,
            twin=int(twin),
            order_key=order_key,
            at_ms=at_ms,
        )
        if row is None:
            raise ValueError("the database returned no seq")
        return int(row[0])

    def address(self, seq: int, mailboxes: Iterable[Mailbox]) -> None:
        """Send a body to these inboxes; one that has it already is left as it is."""
        rows = [{"outbound_seq": seq, "inbox": box.inbox, "peer": box.peer} for box in mailboxes]
        if rows:
            self._db.run_many(_ADD_DELIVERY, rows)
            self.added = True

    def after(self, seq: int, most: int) -> list[Delivery]:
        """Unsettled deliveries of newer bodies; whole bodies, so at least `most` if there are."""
        found = [_delivery(row) for row in self._db.rows(_AFTER, after=seq, most=most)]
        if len(found) == most:
            last = found[-1]
            rest = self._db.rows(_OF_SEQ, seq=last.seq, after_inbox=last.inbox)
            known = {(one.seq, one.inbox) for one in found}
            found.extend(one for one in map(_delivery, rest) if (one.seq, one.inbox) not in known)
        return found

    def of_peer(
        self,
        peer: str,
        *,
        after: Position = BEGINNING,
        up_to: int = NEWEST,
        most: int = 200,
    ) -> list[Delivery]:
        """Unsettled deliveries of one peer behind a position, in order, up to a body."""
        seq, inbox = after
        rows = self._db.rows(
            _OF_PEER, peer=peer, after=seq, after_inbox=inbox, up_to=up_to, most=most
        )
        return [_delivery(row) for row in rows]

    def bodies(self, seqs: Sequence[int]) -> dict[int, bytes]:
        """Bodies by seq."""
        rows = self._db.rows(_BODIES, seqs=json_list(seqs))
        return {int(row[0]): bytes(row[1]) for row in rows}

    def settle(
        self,
        done: Sequence[tuple[int, str]],
        postponed: Sequence[Postponed],
        given_up: Sequence[GivenUp],
        *,
        at_ms: int,
    ) -> None:
        """Note what became of deliveries: gone, to be tried again, or dead."""
        ended = [*done, *((one.seq, one.inbox) for one in given_up)]
        if ended:
            self._db.run_many(_DONE, [{"seq": seq, "box": inbox} for seq, inbox in ended])
        if postponed:
            self._db.run_many(
                _POSTPONE,
                [
                    {
                        "seq": one.seq,
                        "box": one.inbox,
                        "new_attempts": one.attempts,
                        "new_run_ms": one.run_ms,
                        "words": one.error[:300],
                    }
                    for one in postponed
                ],
            )
        if given_up:
            self._db.run_many(
                _DEAD,
                [
                    {
                        "outbound_seq": one.seq,
                        "inbox": one.inbox,
                        "reason": one.reason[:300],
                        "at_ms": at_ms,
                    }
                    for one in given_up
                ],
            )

    def waiting_by_peer(self, most: int = 50) -> list[tuple[str, int, int]]:
        """Peers with how many deliveries wait for them and since when (ms), longest first."""
        return [(row[0], int(row[1]), int(row[2])) for row in self._db.rows(_WAITING, most=most)]

    def peers(self) -> list[str]:
        """Every peer that something waits for."""
        return [row[0] for row in self._db.rows(_PEERS)]

    def dead_count(self) -> int:
        """How many deliveries were given up in the last 14 days."""
        row = self._db.row(_DEAD_COUNT)
        return 0 if row is None else int(row[0])


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery(
        int(row[0]),
        row[1],
        row[2],
        int(row[3]),
        int(row[4]),
        ActorKey(row[5]),
        int(row[6]),
        bool(row[7]),
        int(row[8]),
    )
