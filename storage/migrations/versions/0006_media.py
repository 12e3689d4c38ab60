"""Uploaded and fetched media."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "media",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column(
            "purpose",
            sa.Text(),
            sa.CheckConstraint("purpose IN ('attachment', 'avatar', 'header')", name=op.f("ck_media_purpose")),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint("state IN ('processing', 'ready', 'failed')", name=op.f("ck_media_state")),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Text(),
            sa.CheckConstraint("kind IN ('image', 'gifv', 'video', 'audio')", name=op.f("ck_media_kind")),
            nullable=False,
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("blurhash", sa.Text(), nullable=True),
        sa.Column("alt", sa.Text(), nullable=True),
        sa.Column("focus_x", sa.Float(), nullable=True),
        sa.Column("focus_y", sa.Float(), nullable=True),
        sa.Column("preview_digest", sa.LargeBinary(), nullable=True),
        sa.Column("preview_width", sa.Integer(), nullable=True),
        sa.Column("preview_height", sa.Integer(), nullable=True),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["actors.id"], name=op.f("fk_media_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        comment="digest: of the file on the disk, NULL while there is none. post_id: whose"
        " attachment it is. until_ms: when it goes unless it is attached by then",
    )
    op.create_index(op.f("ix_media_owner_id"), "media", ["owner_id"], unique=False)
    op.create_index(op.f("ix_media_digest"), "media", ["digest"], unique=False)
    op.create_index(op.f("ix_media_preview_digest"), "media", ["preview_digest"], unique=False)
    _create_partial_index("ix_media_post_id", "post_id", "post_id IS NOT NULL")
    _create_partial_index("ix_media_until_ms", "until_ms", "until_ms IS NOT NULL")
    _create_partial_index("ix_media_processing", "id", "state = 'processing'")
    op.create_table(
        "media_blobs",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_media_blobs")),
        comment="the files on the disk, by SHA-256; one that nothing names is freed by maintenance",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "media_cache",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_media_cache")),
        comment="media of peers fetched for readers; key: SHA-256 of the form wanted and the URL",
    )
    op.create_index(op.f("ix_media_cache_digest"), "media_cache", ["digest"], unique=False)
    op.create_index(op.f("ix_media_cache_used_ms"), "media_cache", ["used_ms"], unique=False)


def _create_partial_index(name: str, column: str, condition: str) -> None:
    op.create_index(
        name,
        "media",
        [column],
        unique=False,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )
