"""Mutes, notes, endorsements and blocked hosts of people."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the indexes by which lists of ties are read page by page."""
    _account_notes()
    _domain_blocks()
    _endorsements()
    _follow_options()
    _mutes()
    _preferences()
    _pages()
    _reports()


def _account_notes() -> None:
    op.create_table(
        "account_notes",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_account_notes_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_account_notes_target_id"),
        ),
        sa.PrimaryKeyConstraint("person_id", "target_id", name=op.f("pk_account_notes")),
        sqlite_with_rowid=False,
    )


def _domain_blocks() -> None:
    op.create_table(
        "domain_blocks",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_domain_blocks_person_id"),
        ),
        sa.PrimaryKeyConstraint("person_id", "host", name=op.f("pk_domain_blocks")),
        sqlite_with_rowid=False,
    )


def _endorsements() -> None:
    op.create_table(
        "endorsements",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_endorsements_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_endorsements_target_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "target_id", name=op.f("pk_endorsements")),
        sqlite_with_rowid=False,
    )


def _follow_options() -> None:
    op.create_table(
        "follow_options",
        sa.Column("follower_id", KEY, nullable=False),
        sa.Column("followee_id", KEY, nullable=False),
        sa.Column("show_reblogs", sa.Boolean(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_follow_options_follower_id"),
        ),
        sa.ForeignKeyConstraint(
            ["followee_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_follow_options_followee_id"),
        ),
        sa.PrimaryKeyConstraint("follower_id", "followee_id", name=op.f("pk_follow_options")),
        comment="only of follows and memberships that are shown otherwise than usual",
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_follow_options_notify"),
        "follow_options",
        ["followee_id"],
        unique=False,
        sqlite_where=sa.text("notify IS 1"),
        postgresql_where=sa.text("notify IS true"),
    )


def _mutes() -> None:
    op.create_table(
        "mutes",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("hide_notifications", sa.Boolean(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_mutes_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_mutes_target_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "target_id", name=op.f("pk_mutes")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_mutes_until_ms"),
        "mutes",
        ["until_ms"],
        unique=False,
        sqlite_where=sa.text("until_ms IS NOT NULL"),
        postgresql_where=sa.text("until_ms IS NOT NULL"),
    )


def _preferences() -> None:
    op.create_table(
        "preferences",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "visibility",
            sa.Text(),
            sa.CheckConstraint(
                "visibility IN ('public', 'unlisted', 'private', 'direct')",
                name=op.f("ck_preferences_visibility"),
            ),
            nullable=False,
        ),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column(
            "quote_policy",
            sa.Text(),
            sa.CheckConstraint(
                "quote_policy IN ('public', 'followers', 'nobody')",
                name=op.f("ck_preferences_quote_policy"),
            ),
            nullable=False,
        ),
        sa.Column(
            "expand_media",
            sa.Text(),
            sa.CheckConstraint(
                "expand_media IN ('default', 'show_all', 'hide_all')",
                name=op.f("ck_preferences_expand_media"),
            ),
            nullable=False,
        ),
        sa.Column("expand_spoilers", sa.Boolean(), nullable=False),
        sa.Column("autoplay_gifs", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_preferences_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_preferences")),
    )


def _pages() -> None:
    op.create_index(op.f("ix_blocks_blocked_id"), "blocks", ["blocked_id"], unique=False)
    op.create_index(
        op.f("ix_follows_followee"), "follows", ["followee_id", "state", "since_ms"], unique=False
    )
    op.drop_index(op.f("ix_follows_followee_id"), table_name="follows")
    op.create_index(
        op.f("ix_memberships_community"),
        "memberships",
        ["community_id", "state", "since_ms"],
        unique=False,
    )


def _reports() -> None:
    op.add_column(
        "reports",
        sa.Column("category", sa.Text(), nullable=False, server_default=sa.text("'other'")),
    )
    op.add_column("reports", sa.Column("rules", sa.Text(), nullable=True))
