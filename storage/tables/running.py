"""Tables of the running node: the event log and its cursors, jobs, settings of the instance."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from storage.tables import KEY, metadata

event_log = Table(
    "event_log",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("cause", BigInteger),
    Column("at_ms", BigInteger, nullable=False),
    comment="cause: row of `received` whose activity made this happen",
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, unique=True),
    Column("order_key", Text),
    Column("payload", LargeBinary, nullable=False),
    Column("run_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("leased_until_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("failed_ms", BigInteger),
    Column("blocked", Integer, nullable=False, server_default=text("0")),
    Column("peer", Text),
    sqlite_autoincrement=True,
    comment="failed_ms: given up; kept 14 days for doctor, never run again. "
    "blocked: 1 while one with its order_key stands before it. peer: who caused it, if bounded",
)
Index(
    "ix_jobs_ready",
    jobs.c.run_ms,
    sqlite_where=text("failed_ms IS NULL AND blocked = 0"),
    postgresql_where=text("failed_ms IS NULL AND blocked = 0"),
)
Index(
    "ix_jobs_failed",
    jobs.c.failed_ms,
    sqlite_where=text("failed_ms IS NOT NULL"),
    postgresql_where=text("failed_ms IS NOT NULL"),
)
Index(
    "ix_jobs_order_key",
    jobs.c.order_key,
    jobs.c.id,
    sqlite_where=text("failed_ms IS NULL"),
    postgresql_where=text("failed_ms IS NULL"),
)
Index(
    "ix_jobs_peer",
    # SQLite reads no row only where every column of the query is in the index.
    jobs.c.peer,
    jobs.c.failed_ms,
    sqlite_where=text("failed_ms IS NULL AND peer IS NOT NULL"),
    postgresql_where=text("failed_ms IS NULL AND peer IS NOT NULL"),
)

instance = Table(
    "instance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="what is fixed at the first start: domain, web_host; and the node's epoch",
)
