"""Idempotency keys: what an app has sent already, and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from communities.people import ActorKey
from storage.connection import Connection
from storage.statements import Statement, Tools
from storage.tables.writing import idempotency_keys
from storage.times import to_ms

_NAMES = ("token_id", "digest", "person_id", "result_id", "until_ms")
_FIND = Statement(
    select(idempotency_keys.c.result_id).where(
        idempotency_keys.c.token_id == bindparam("token"),
        idempotency_keys.c.digest == bindparam("digest"),
        idempotency_keys.c.until_ms > bindparam("now_ms"),
    )
)


def _put(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(idempotency_keys)
        .values({name: bindparam(name) for name in _NAMES})
        .on_conflict_do_update(
            index_elements=["token_id", "digest"],
            set_={name: bindparam(name) for name in _NAMES[2:]},
        )
    )


_PUT = Statement(_put)


class IdempotencyKeys:
    """Keys by the token they came with; `find` and `put` belong in the unit that makes the post."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def find(self, token_id: int, digest: bytes, now: datetime) -> int | None:
        """The key of what was made for it; None when it is new, or too old."""
        row = self._db.row(_FIND, token=token_id, digest=digest, now_ms=to_ms(now))
        return None if row is None else int(row[0])

    def put(
        self,
        token_id: int,
        digest: bytes,
        *,
        person_id: ActorKey,
        result_id: int,
        until: datetime,
    ) -> None:
        """Remember until a time what was made for a key."""
        self._db.run(
            _PUT,
            token_id=token_id,
            digest=digest,
            person_id=person_id,
            result_id=result_id,
            until_ms=to_ms(until),
        )
