"""Bookmarks, pins, muted threads, scheduled posts and idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _bookmarks()
    _idempotency_keys()
    _profile_pins()
    _scheduled_posts()
    _thread_mutes()


def _of_actor(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_person_id")
    )


def _of_post(table: str, column: str = "post_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["posts.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{column}")
    )


def _bookmarks() -> None:
    op.create_table(
        "bookmarks",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        _of_actor("bookmarks"),
        _of_post("bookmarks"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookmarks")),
        sa.UniqueConstraint("post_id", "person_id", name=op.f("uq_bookmarks_post_id_person_id")),
    )
    op.create_index("ix_bookmarks_person", "bookmarks", ["person_id", "id"], unique=False)


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("token_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("result_id", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        _of_actor("idempotency_keys"),
        sa.PrimaryKeyConstraint("token_id", "digest", name=op.f("pk_idempotency_keys")),
        comment="digest: SHA-256 of what the app sent;"
        " result_id: the post or scheduled post it made",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_idempotency_keys_person_id"), "idempotency_keys", ["person_id"], unique=False
    )
    op.create_index(
        op.f("ix_idempotency_keys_until_ms"), "idempotency_keys", ["until_ms"], unique=False
    )


def _profile_pins() -> None:
    op.create_table(
        "profile_pins",
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        _of_actor("profile_pins"),
        _of_post("profile_pins"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_profile_pins")),
        comment="posts that their authors show first on their own page",
    )
    op.create_index(op.f("ix_profile_pins_person_id"), "profile_pins", ["person_id"], unique=False)


def _scheduled_posts() -> None:
    op.create_table(
        "scheduled_posts",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.LargeBinary(), nullable=False),
        _of_actor("scheduled_posts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_posts")),
        comment="at_ms: when it is to be published; params: JSON of what its author sent",
    )
    op.create_index(
        "ix_scheduled_posts_person", "scheduled_posts", ["person_id", "id"], unique=False
    )
    op.create_index("ix_scheduled_posts_at_ms", "scheduled_posts", ["at_ms"], unique=False)


def _thread_mutes() -> None:
    op.create_table(
        "thread_mutes",
        sa.Column("root_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        _of_actor("thread_mutes"),
        _of_post("thread_mutes", "root_id"),
        sa.PrimaryKeyConstraint("root_id", "person_id", name=op.f("pk_thread_mutes")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_thread_mutes_person_id"), "thread_mutes", ["person_id"], unique=False)
