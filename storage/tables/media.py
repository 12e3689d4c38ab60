"""Uploaded and fetched media: what people own, what was fetched for readers, the files of both."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from storage.tables import KEY, metadata

media = Table(
    "media",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("owner_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False, index=True),
    Column(
        "purpose",
        Text,
        CheckConstraint("purpose IN ('attachment', 'avatar', 'header')", name="purpose"),
        nullable=False,
    ),
    Column(
        "state",
        Text,
        CheckConstraint("state IN ('processing', 'ready', 'failed')", name="state"),
        nullable=False,
    ),
    Column(
        "kind",
        Text,
        CheckConstraint("kind IN ('image', 'gifv', 'video', 'audio')", name="kind"),
        nullable=False,
    ),
    Column("digest", LargeBinary, index=True),
    Column("media_type", Text),
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_ms", BigInteger),
    Column("blurhash", Text),
    Column("alt", Text),
    Column("focus_x", Float),
    Column("focus_y", Float),
    Column("preview_digest", LargeBinary, index=True),
    Column("preview_width", Integer),
    Column("preview_height", Integer),
    Column("post_id", BigInteger),
    Column("until_ms", BigInteger),
    Column("created_ms", BigInteger, nullable=False),
    comment="digest: of the file on the disk, NULL while there is none. post_id: whose attachment"
    " it is. until_ms: when it goes unless it is attached by then",
)
Index(
    "ix_media_post_id",
    media.c.post_id,
    sqlite_where=text("post_id IS NOT NULL"),
    postgresql_where=text("post_id IS NOT NULL"),
)
Index(
    "ix_media_until_ms",
    media.c.until_ms,
    sqlite_where=text("until_ms IS NOT NULL"),
    postgresql_where=text("until_ms IS NOT NULL"),
)
Index(
    "ix_media_processing",
    media.c.id,
    sqlite_where=text("state = 'processing'"),
    postgresql_where=text("state = 'processing'"),
)

media_blobs = Table(
    "media_blobs",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="the files on the disk, by SHA-256; one that nothing names is freed by maintenance",
)

media_cache = Table(
    "media_cache",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False, index=True),
    comment="media of peers fetched for readers; key: SHA-256 of the form wanted and the URL",
)
