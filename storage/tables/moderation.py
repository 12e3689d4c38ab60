"""Tables of complaints, and of what moderators did."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from communities.reports import ReportState
from storage.tables import KEY, metadata
from storage.tables.social import one_of

reports = Table(
    "reports",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("uri", Text),
    Column("reporter_id", BigInteger, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("post_id", BigInteger),
    Column("community_id", BigInteger),
    Column("reason", Text, nullable=False),
    Column("state", Text, one_of("state", ReportState), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("resolved_by", BigInteger),
    Column("resolved_ms", BigInteger),
    Column("category", Text, nullable=False, server_default=text("'other'")),
    Column("rules", Text),
)
Index(
    "ix_reports_about",
    reports.c.reporter_id,
    reports.c.subject_id,
    sqlite_where=text("state = 'new'"),
    postgresql_where=text("state = 'new'"),
)
Index(
    "ix_reports_new",
    reports.c.community_id,
    reports.c.id,
    sqlite_where=text("state = 'new'"),
    postgresql_where=text("state = 'new'"),
)

moderation_log = Table(
    "moderation_log",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("moderator_id", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("community_id", BigInteger, index=True),
    Column("subject_id", BigInteger),
    Column("post_id", BigInteger),
    Column("reason", Text, nullable=False),
)
Index(
    "ix_moderation_log_post",
    moderation_log.c.post_id,
    moderation_log.c.id,
    sqlite_where=text("post_id IS NOT NULL"),
    postgresql_where=text("post_id IS NOT NULL"),
)
