"""Posts, reactions, reports, notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _moderation_log()
    _post_counts()
    _reactions()
    _reports()
    _tombstones()
    _notifications()
    _posts()
    _poll_votes()
    _post_recipients()
    _post_revisions()


def _moderation_log() -> None:
    op.create_table(
        "moderation_log",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_log")),
    )
    op.create_index(
        op.f("ix_moderation_log_community_id"), "moderation_log", ["community_id"], unique=False
    )
    op.create_index(
        op.f("ix_moderation_log_post"),
        "moderation_log",
        ["post_id", "id"],
        unique=False,
        sqlite_where=sa.text("post_id IS NOT NULL"),
        postgresql_where=sa.text("post_id IS NOT NULL"),
    )


def _post_counts() -> None:
    op.create_table(
        "post_counts",
        sa.Column("post_id", KEY, autoincrement=False, nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.Column("dislikes", sa.Integer(), nullable=False),
        sa.Column("boosts", sa.Integer(), nullable=False),
        sa.Column("activity_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_counts")),
    )


def _reactions() -> None:
    op.create_table(
        "reactions",
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            sa.CheckConstraint(
                "kind IN ('like', 'dislike', 'boost', 'emoji')", name=op.f("ck_reactions_kind")
            ),
            nullable=False,
        ),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", "actor_id", "slot", name=op.f("pk_reactions")),
        comment="slot is 'vote', 'boost' or the emoji: what excludes each other shares a slot",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_reactions_uri"), "reactions", ["uri"], unique=False)


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint("state IN ('new', 'resolved')", name=op.f("ck_reports_state")),
            nullable=False,
        ),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("resolved_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index(
        op.f("ix_reports_about"),
        "reports",
        ["reporter_id", "subject_id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_index(
        op.f("ix_reports_new"),
        "reports",
        ["community_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_tombstones")),
        comment="deleted before they were known; kept for 7 days (GRP-12)",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_tombstones_until_ms"), "tombstones", ["until_ms"], unique=False)


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=True),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("read_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_notifications_person_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        op.f("ix_notifications_person"), "notifications", ["person_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_notifications_post"),
        "notifications",
        ["post_id", "person_id"],
        unique=False,
        sqlite_where=sa.text("post_id IS NOT NULL"),
        postgresql_where=sa.text("post_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_notifications_unread"),
        "notifications",
        ["person_id"],
        unique=False,
        sqlite_where=sa.text("read_ms IS NULL"),
        postgresql_where=sa.text("read_ms IS NULL"),
    )


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("community_id", KEY, nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_uri", sa.Text(), nullable=True),
        sa.Column("root_id", sa.BigInteger(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            sa.CheckConstraint(
                "kind IN ('Note', 'Page', 'Article', 'Question', 'Event', 'Video')",
                name=op.f("ck_posts_kind"),
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("warning", sa.Text(), nullable=True),
        sa.Column("extra", sa.LargeBinary(), nullable=True),
        sa.Column(
            "visibility",
            sa.Text(),
            sa.CheckConstraint(
                "visibility IN ('public', 'unlisted', 'followers', 'members', 'direct')",
                name=op.f("ck_posts_visibility"),
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint(
                "state IN ('pending', 'published', 'removed', 'withdrawn', 'refused')",
                name=op.f("ck_posts_state"),
            ),
            nullable=False,
        ),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("local", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("published_ms", sa.BigInteger(), nullable=False),
        sa.Column("edited_ms", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_posts_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_posts_community_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("uri", name=op.f("uq_posts_uri")),
    )
    op.create_index(op.f("ix_posts_author"), "posts", ["author_id", "id"], unique=False)
    op.create_index(
        op.f("ix_posts_community"),
        "posts",
        ["community_id", "id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL"),
    )
    op.create_index(
        op.f("ix_posts_local"),
        "posts",
        ["visibility", "depth", "local", "state"],
        unique=False,
        sqlite_where=sa.text("local = 1 AND state = 'published'"),
        postgresql_where=sa.text("local = true AND state = 'published'"),
    )
    op.create_index(
        op.f("ix_posts_orphans"),
        "posts",
        ["parent_uri"],
        unique=False,
        sqlite_where=sa.text("parent_uri IS NOT NULL AND parent_id IS NULL"),
        postgresql_where=sa.text("parent_uri IS NOT NULL AND parent_id IS NULL"),
    )
    op.create_index(
        op.f("ix_posts_pending"),
        "posts",
        ["published_ms"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        op.f("ix_posts_pinned"),
        "posts",
        ["community_id"],
        unique=False,
        sqlite_where=sa.text("pinned IS 1"),
        postgresql_where=sa.text("pinned IS true"),
    )
    op.create_index(op.f("ix_posts_root"), "posts", ["root_id", "id"], unique=False)


def _poll_votes() -> None:
    op.create_table(
        "poll_votes",
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("voter_id", KEY, nullable=False),
        sa.Column("option", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_poll_votes_post_id")
        ),
        sa.ForeignKeyConstraint(
            ["voter_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_poll_votes_voter_id")
        ),
        sa.PrimaryKeyConstraint("post_id", "voter_id", "option", name=op.f("pk_poll_votes")),
        sqlite_with_rowid=False,
    )


def _post_recipients() -> None:
    op.create_table(
        "post_recipients",
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_post_recipients_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_post_recipients_post_id")
        ),
        sa.PrimaryKeyConstraint("post_id", "person_id", name=op.f("pk_post_recipients")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_post_recipients_person_id"), "post_recipients", ["person_id"], unique=False
    )


def _post_revisions() -> None:
    op.create_table(
        "post_revisions",
        sa.Column("post_id", KEY, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_post_revisions_post_id")
        ),
        sa.PrimaryKeyConstraint("post_id", "at_ms", name=op.f("pk_post_revisions")),
    )
