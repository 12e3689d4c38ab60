"""Maintenance: dropping what was kept long enough, in steps, and how large the database is.

Every function is a unit that deletes at most `STEP` rows; whoever runs it comes back while it
returns that many, and lets other units pass in between.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Column, Table, bindparam, delete, exists, func, select, tuple_

from storage.connection import Connection
from storage.statements import Statement
from storage.tables.accounts import account_links, invitations, sessions
from storage.tables.apps import app_tokens, apps, auth_codes
from storage.tables.federation import dead_letters, deliveries, inbox_seen, outbound, received
from storage.tables.running import event_log, jobs
from storage.tables.social import tombstones, welcomes
from storage.tables.ties import mutes
from storage.tables.writing import idempotency_keys, scheduled_posts
from storage.unit_of_work import UnitOfWork

STEP = 500

SEEN_KEPT = timedelta(days=30)
RECEIVED_KEPT = timedelta(days=30)
EVENTS_KEPT = timedelta(days=14)
FAILURES_KEPT = timedelta(days=14)
UNPUBLISHED_KEPT = timedelta(days=30)
USED_CODES_KEPT = timedelta(days=1)
REVOKED_TOKENS_KEPT = timedelta(days=30)
UNUSED_APPS_KEPT = timedelta(days=30)
SENT_KEPT = timedelta(hours=1)
SESSIONS_KEPT = timedelta(days=60)
"""Without a visit; afterwards a browser has to sign in again."""

_NO_LIMIT = (1 << 63) - 1


class Prunable(StrEnum):
    """What is dropped after a time."""

    SEEN = "seen"
    RECEIVED = "received"
    SENT = "sent"
    EVENTS = "events"
    TOMBSTONES = "tombstones"
    WELCOMES = "welcomes"
    SESSIONS = "sessions"
    ACCOUNT_LINKS = "account-links"
    INVITATIONS = "invitations"
    IDEMPOTENCY_KEYS = "idempotency-keys"
    SCHEDULED = "scheduled"
    DEAD_LETTERS = "dead-letters"
    FAILED_JOBS = "failed-jobs"
    AUTH_CODES = "auth-codes"
    REVOKED_TOKENS = "revoked-tokens"
    UNUSED_APPS = "unused-apps"
    MUTES = "mutes"


def _oldest(table: Table, age: Column[int]) -> Statement:
    """Drop the oldest rows, found by an index on their age."""
    keys = list(table.primary_key.columns)
    doomed = select(*keys).where(age < bindparam("before_ms")).order_by(age).limit(STEP)
    return Statement(delete(table).where(tuple_(*keys).in_(doomed)))


def _first(key: Column[int], age: Column[int]) -> Statement:
    """Drop rows that are old, of the first ones below a key: keys are given out in time."""
    first = (
        select(key, age.label("age"))
        .where(key < bindparam("below"))
        .order_by(key)
        .limit(STEP)
        .subquery("first")
    )
    doomed = select(first.c[key.name]).where(first.c.age < bindparam("before_ms"))
    return Statement(delete(key.table).where(key.in_(doomed)))


_SEEN = _oldest(inbox_seen, inbox_seen.c.at_ms)
_TOMBSTONES = _oldest(tombstones, tombstones.c.until_ms)
_WELCOMES = _oldest(welcomes, welcomes.c.until_ms)
_SESSIONS = _oldest(sessions, sessions.c.used_ms)
_ACCOUNT_LINKS = _oldest(account_links, account_links.c.until_ms)
_INVITATIONS = _oldest(invitations, invitations.c.until_ms)
_MUTES = _oldest(mutes, mutes.c.until_ms)
_IDEMPOTENCY_KEYS = _oldest(idempotency_keys, idempotency_keys.c.until_ms)
_SCHEDULED = _oldest(scheduled_posts, scheduled_posts.c.at_ms)
_DEAD_LETTERS = _oldest(dead_letters, dead_letters.c.at_ms)
_FAILED_JOBS = _oldest(jobs, jobs.c.failed_ms)
_AUTH_CODES = _oldest(auth_codes, auth_codes.c.until_ms)
_REVOKED_TOKENS = _oldest(app_tokens, app_tokens.c.revoked_ms)
_UNUSED_APPS = Statement(
    delete(apps).where(
        apps.c.id.in_(
            select(apps.c.id)
            .where(
                apps.c.used_ms < bindparam("before_ms"),
                ~exists().where(
                    app_tokens.c.app_id == apps.c.id,
                    app_tokens.c.person_id.is_not(None),
                    app_tokens.c.revoked_ms.is_(None),
                ),
                ~exists().where(auth_codes.c.app_id == apps.c.id),
            )
            .order_by(apps.c.used_ms)
            .limit(STEP)
        )
    )
)
_RECEIVED = _first(received.c.id, received.c.at_ms)
_EVENTS = _first(event_log.c.seq, event_log.c.at_ms)
_SENT = Statement(
    delete(outbound).where(
        outbound.c.seq.in_(
            select(outbound.c.seq)
            .where(
                ~exists().where(deliveries.c.outbound_seq == outbound.c.seq),
                outbound.c.at_ms < bindparam("before_ms"),
            )
            .order_by(outbound.c.seq)
            .limit(STEP)
        )
    )
)
_OLDEST_CAUSE = Statement(
    select(func.min(event_log.c.cause)).where(event_log.c.seq > bindparam("consumed"))
)


def prune(uow: UnitOfWork, what: Prunable, now_ms: int) -> int:
    """Drop up to `STEP` rows that were kept long enough; how many there were."""
    return _PRUNINGS[what](uow, now_ms)


def _before(now_ms: int, kept: timedelta) -> int:
    return now_ms - int(kept.total_seconds() * 1000)


def _prune_seen(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_SEEN, before_ms=_before(now_ms, SEEN_KEPT))


def _prune_received(uow: UnitOfWork, now_ms: int) -> int:
    """Bytes that an event names which a consumer has not come to are kept: it relays them."""
    row = uow.connection.row(_OLDEST_CAUSE, consumed=_consumed(uow))
    needed = _NO_LIMIT if row is None or row[0] is None else int(row[0])
    return uow.connection.run(_RECEIVED, below=needed, before_ms=_before(now_ms, RECEIVED_KEPT))


def _prune_sent(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_SENT, before_ms=_before(now_ms, SENT_KEPT))


def _prune_events(uow: UnitOfWork, now_ms: int) -> int:
    """The newest event stays, since it holds the place of the log's last position."""
    below = min(_consumed(uow) + 1, uow.events.last())
    return uow.connection.run(_EVENTS, below=below, before_ms=_before(now_ms, EVENTS_KEPT))


def _consumed(uow: UnitOfWork) -> int:
    """How far all consumers have come; 0 while there are none."""
    return min(uow.events.cursors().values(), default=0)


def _prune_tombstones(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_TOMBSTONES, before_ms=now_ms)


def _prune_welcomes(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_WELCOMES, before_ms=now_ms)


def _prune_idempotency_keys(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_IDEMPOTENCY_KEYS, before_ms=now_ms)


def _prune_scheduled(uow: UnitOfWork, now_ms: int) -> int:
    """What could not be published at its time stays a while for its author to see."""
    return uow.connection.run(_SCHEDULED, before_ms=_before(now_ms, UNPUBLISHED_KEPT))


def _prune_mutes(uow: UnitOfWork, now_ms: int) -> int:
    """Those that have run out; they count no more since then."""
    return uow.connection.run(_MUTES, before_ms=now_ms)


def _prune_sessions(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_SESSIONS, before_ms=_before(now_ms, SESSIONS_KEPT))


def _prune_account_links(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_ACCOUNT_LINKS, before_ms=now_ms)


def _prune_invitations(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_INVITATIONS, before_ms=now_ms)


def _prune_dead_letters(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_DEAD_LETTERS, before_ms=_before(now_ms, FAILURES_KEPT))


def _prune_failed_jobs(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_FAILED_JOBS, before_ms=_before(now_ms, FAILURES_KEPT))


def _prune_codes(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_AUTH_CODES, before_ms=_before(now_ms, USED_CODES_KEPT))


def _prune_tokens(uow: UnitOfWork, now_ms: int) -> int:
    return uow.connection.run(_REVOKED_TOKENS, before_ms=_before(now_ms, REVOKED_TOKENS_KEPT))


def _prune_apps(uow: UnitOfWork, now_ms: int) -> int:
    """Apps that nobody lets in any more; whoever still has one registers it anew."""
    return uow.connection.run(_UNUSED_APPS, before_ms=_before(now_ms, UNUSED_APPS_KEPT))


_PRUNINGS: dict[Prunable, Callable[[UnitOfWork, int], int]] = {
    Prunable.SEEN: _prune_seen,
    Prunable.RECEIVED: _prune_received,
    Prunable.SENT: _prune_sent,
    Prunable.EVENTS: _prune_events,
    Prunable.TOMBSTONES: _prune_tombstones,
    Prunable.WELCOMES: _prune_welcomes,
    Prunable.SESSIONS: _prune_sessions,
    Prunable.ACCOUNT_LINKS: _prune_account_links,
    Prunable.INVITATIONS: _prune_invitations,
    Prunable.IDEMPOTENCY_KEYS: _prune_idempotency_keys,
    Prunable.SCHEDULED: _prune_scheduled,
    Prunable.DEAD_LETTERS: _prune_dead_letters,
    Prunable.FAILED_JOBS: _prune_failed_jobs,
    Prunable.AUTH_CODES: _prune_codes,
    Prunable.REVOKED_TOKENS: _prune_tokens,
    Prunable.UNUSED_APPS: _prune_apps,
    Prunable.MUTES: _prune_mutes,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSizes:
    """Bytes on the disk: the whole database, what of it is free inside, SQLite's log beside it."""

    database: int
    free: int
    log: int


def storage_sizes(uow: UnitOfWork) -> StorageSizes:
    """How large the database is now."""
    connection = uow.connection
    if not connection.is_sqlite:
        ((size,),) = connection.run_text("SELECT pg_database_size(current_database())")
        return StorageSizes(database=int(size), free=0, log=0)
    return StorageSizes(
        database=_pragma(connection, "page_count") * _pragma(connection, "page_size"),
        free=_pragma(connection, "freelist_count") * _pragma(connection, "page_size"),
        log=_log_size(connection),
    )


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.run_text(f"PRAGMA {name}")[0][0])


def _log_size(connection: Connection) -> int:
    files = {row[1]: row[2] for row in connection.run_text("PRAGMA database_list")}
    log = Path(f"{files['main']}-wal")
    return log.stat().st_size if log.exists() else 0
