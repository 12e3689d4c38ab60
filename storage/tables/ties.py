"""Tables of what people settle for themselves: mutes, notes, endorsements, blocked hosts, defaults.

Nothing of it is told to other servers. Who is muted or noted may be a person or a community.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text
from sqlalchemy import text as sql

from storage.tables import metadata

mutes = Table(
    "mutes",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("target_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("hide_notifications", Boolean, nullable=False),
    Column("until_ms", BigInteger),
    Column("id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "ix_mutes_until_ms",
    mutes.c.until_ms,
    sqlite_where=sql("until_ms IS NOT NULL"),
    postgresql_where=sql("until_ms IS NOT NULL"),
)

follow_options = Table(
    "follow_options",
    metadata,
    Column("follower_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("followee_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("show_reblogs", Boolean, nullable=False),
    Column("notify", Boolean, nullable=False),
    Column("languages", Text),
    sqlite_with_rowid=False,
    comment="only of follows and memberships that are shown otherwise than usual",
)
Index(
    "ix_follow_options_notify",
    follow_options.c.followee_id,
    sqlite_where=sql("notify IS 1"),
    postgresql_where=sql("notify IS true"),
)

account_notes = Table(
    "account_notes",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("target_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("note", Text, nullable=False),
    sqlite_with_rowid=False,
)

endorsements = Table(
    "endorsements",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("target_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

domain_blocks = Table(
    "domain_blocks",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("host", Text, primary_key=True),
    Column("id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

preferences = Table(
    "preferences",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "visibility",
        Text,
        CheckConstraint(
            "visibility IN ('public', 'unlisted', 'private', 'direct')", name="visibility"
        ),
        nullable=False,
    ),
    Column("sensitive", Boolean, nullable=False),
    Column("language", Text),
    Column(
        "quote_policy",
        Text,
        CheckConstraint("quote_policy IN ('public', 'followers', 'nobody')", name="quote_policy"),
        nullable=False,
    ),
    Column(
        "expand_media",
        Text,
        CheckConstraint("expand_media IN ('default', 'show_all', 'hide_all')", name="expand_media"),
        nullable=False,
    ),
    Column("expand_spoilers", Boolean, nullable=False),
    Column("autoplay_gifs", Boolean, nullable=False),
)
