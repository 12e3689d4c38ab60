"""What came in: which activities were seen, and the bytes of those that are relayed."""

import zlib
from hashlib import blake2b
from typing import Any

from sqlalchemy import bindparam, insert, select

from storage.connection import Connection
from storage.damage import read_or
from storage.statements import Statement, Tools
from storage.tables.federation import inbox_seen, received

_ZLIB_LEVEL, _WINDOW_BITS, _MEMORY_LEVEL = 1, 13, 6
"""zlib's own defaults take 270 kB of memory for each body: ten times the work of compressing it."""


def _see(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(inbox_seen)
        .values({name: bindparam(name) for name in ("digest", "at_ms")})
        .on_conflict_do_nothing()
    )


_SEE = Statement(_see)
_SEEN = Statement(select(inbox_seen.c.at_ms).where(inbox_seen.c.digest == bindparam("digest")))
_KEEP = Statement(
    insert(received)
    .values({name: bindparam(name) for name in ("body", "at_ms")})
    .returning(received.c.id)
)
_BODY = Statement(select(received.c.body).where(received.c.id == bindparam("id")))


def seen_digest(origin: str, activity_id: str) -> bytes:
    """Sixteen bytes that stand for an activity of a signer's origin."""
    return blake2b(f"{origin} {activity_id}".encode(), digest_size=16).digest()


class Inbox:
    """The seen set and the kept bytes."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def see(self, origin: str, activity_id: str, *, at_ms: int) -> bool:
        """Mark an activity of this signer's origin as seen; False when it was before."""
        return self._db.run(_SEE, digest=seen_digest(origin, activity_id), at_ms=at_ms) == 1

    def has_seen(self, origin: str, activity_id: str) -> bool:
        """Whether an activity of this signer's origin was seen."""
        return self._db.row(_SEEN, digest=seen_digest(origin, activity_id)) is not None

    def keep(self, body: bytes, *, at_ms: int) -> int:
        """Keep the bytes of an activity for relaying; the row that `cause` names."""
        row = self._db.row(_KEEP, body=_compress(body), at_ms=at_ms)
        if row is None:
            raise ValueError("the database returned no id")
        return int(row[0])

    def body(self, received_id: int) -> bytes | None:
        """The bytes of a kept activity; None when they were pruned, or are damaged."""
        row = self._db.row(_BODY, id=received_id)
        if row is None:
            return None
        return read_or(zlib.decompress, row[0], None, "received", received_id)


def _compress(body: bytes) -> bytes:
    writer = zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
    return writer.compress(body) + writer.flush()
