"""Bookmarks, pins, muted threads, scheduled posts and idempotency keys."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, UniqueConstraint

from storage.tables import KEY, metadata

bookmarks = Table(
    "bookmarks",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), nullable=False),
    UniqueConstraint("post_id", "person_id"),
)
Index("ix_bookmarks_person", bookmarks.c.person_id, bookmarks.c.id)

profile_pins = Table(
    "profile_pins",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    comment="posts that their authors show first on their own page",
)

thread_mutes = Table(
    "thread_mutes",
    metadata,
    Column("root_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

scheduled_posts = Table(
    "scheduled_posts",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("params", LargeBinary, nullable=False),
    comment="at_ms: when it is to be published; params: JSON of what its author sent",
)
Index("ix_scheduled_posts_person", scheduled_posts.c.person_id, scheduled_posts.c.id)
Index("ix_scheduled_posts_at_ms", scheduled_posts.c.at_ms)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("token_id", BigInteger, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("result_id", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="digest: SHA-256 of what the app sent; result_id: the post or scheduled post it made",
)
