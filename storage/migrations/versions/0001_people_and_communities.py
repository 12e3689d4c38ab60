"""People, communities, and how they stand to each other."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _actors()
    _names()
    _actor_keys()
    _audiences()
    _blocks()
    _communities()
    _follows()
    _memberships()
    _signing_keys()
    _welcomes()


def _actors() -> None:
    op.create_table(
        "actors",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            sa.CheckConstraint("kind IN ('person', 'community')", name=op.f("ck_actors_kind")),
            nullable=True,
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("localpart", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("summary_html", sa.Text(), nullable=False),
        sa.Column("summary_source", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("icon_url", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("shared_inbox", sa.Text(), nullable=True),
        sa.Column("outbox", sa.Text(), nullable=True),
        sa.Column("followers_uri", sa.Text(), nullable=True),
        sa.Column("featured_uri", sa.Text(), nullable=True),
        sa.Column("moderators_uri", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint(
                "state IN ('active', 'limited', 'suspended', 'deleted', 'moved')",
                name=op.f("ck_actors_state"),
            ),
            nullable=False,
        ),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("discoverable", sa.Boolean(), nullable=False),
        sa.Column("indexable", sa.Boolean(), nullable=False),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("extra", sa.LargeBinary(), nullable=True),
        sa.Column("published_ms", sa.BigInteger(), nullable=True),
        sa.Column("fetched_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actors")),
        sa.UniqueConstraint("uri", name=op.f("uq_actors_uri")),
    )
    op.create_index(
        op.f("ix_actors_host"),
        "actors",
        ["host"],
        unique=False,
        sqlite_where=sa.text("host IS NOT NULL"),
        postgresql_where=sa.text("host IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_actors_local"),
        "actors",
        ["kind"],
        unique=False,
        sqlite_where=sa.text("host IS NULL"),
        postgresql_where=sa.text("host IS NULL"),
    )
    op.create_index(op.f("ix_actors_localpart_host"), "actors", ["localpart", "host"], unique=False)


def _names() -> None:
    op.create_table(
        "names",
        sa.Column("localpart", sa.Text(), nullable=False),
        sa.Column(
            "owner_kind",
            sa.Text(),
            sa.CheckConstraint(
                "owner_kind IN ('person', 'community', 'node')", name=op.f("ck_names_owner_kind")
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("localpart", name=op.f("pk_names")),
    )


def _actor_keys() -> None:
    op.create_table(
        "actor_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("fetched_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_actor_keys_actor_id")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_actor_keys")),
    )
    op.create_index(op.f("ix_actor_keys_actor_id"), "actor_keys", ["actor_id"], unique=False)


def _audiences() -> None:
    op.create_table(
        "audiences",
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("followers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_audiences_actor_id")
        ),
        sa.PrimaryKeyConstraint("actor_id", "inbox", name=op.f("pk_audiences")),
        comment="how many members or followers of an actor receive at an inbox; kept by triggers of the repositories, so that a fan-out reads one row an inbox and not one a person",
        sqlite_with_rowid=False,
    )


def _blocks() -> None:
    op.create_table(
        "blocks",
        sa.Column("blocker_id", KEY, nullable=False),
        sa.Column("blocked_id", KEY, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_blocks_blocked_id")
        ),
        sa.ForeignKeyConstraint(
            ["blocker_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_blocks_blocker_id")
        ),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name=op.f("pk_blocks")),
        sqlite_with_rowid=False,
    )


def _communities() -> None:
    op.create_table(
        "communities",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            sa.CheckConstraint(
                "kind IN ('group', 'page', 'forum', 'channel')", name=op.f("ck_communities_kind")
            ),
            nullable=False,
        ),
        sa.Column(
            "visibility",
            sa.Text(),
            sa.CheckConstraint(
                "visibility IN ('public', 'unlisted', 'private', 'secret')",
                name=op.f("ck_communities_visibility"),
            ),
            nullable=False,
        ),
        sa.Column(
            "join_policy",
            sa.Text(),
            sa.CheckConstraint(
                "join_policy IN ('open', 'ask', 'invite', 'closed')",
                name=op.f("ck_communities_join_policy"),
            ),
            nullable=False,
        ),
        sa.Column(
            "posting",
            sa.Text(),
            sa.CheckConstraint(
                "posting IN ('anyone', 'members', 'moderators')",
                name=op.f("ck_communities_posting"),
            ),
            nullable=False,
        ),
        sa.Column("downvotes", sa.Boolean(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("comments", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("members", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.ForeignKeyConstraint(
            ["id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_communities_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communities")),
    )


def _follows() -> None:
    op.create_table(
        "follows",
        sa.Column("follower_id", KEY, nullable=False),
        sa.Column("followee_id", KEY, nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint("state IN ('requested', 'accepted')", name=op.f("ck_follows_state")),
            nullable=False,
        ),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["followee_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_follows_followee_id")
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_follows_follower_id")
        ),
        sa.PrimaryKeyConstraint("follower_id", "followee_id", name=op.f("pk_follows")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_follows_followee_id"), "follows", ["followee_id"], unique=False)


def _memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("community_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint(
                "state IN ('none', 'invited', 'requested', 'member', 'left', 'refused', 'banned')",
                name=op.f("ck_memberships_state"),
            ),
            nullable=False,
        ),
        sa.Column(
            "role",
            sa.Text(),
            sa.CheckConstraint(
                "role IN ('owner', 'moderator', 'member')", name=op.f("ck_memberships_role")
            ),
            nullable=False,
        ),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["actors.id"],
            ondelete="CASCADE",
            name=op.f("fk_memberships_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_memberships_person_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "person_id", name=op.f("pk_memberships")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_memberships_person_id"), "memberships", ["person_id"], unique=False)


def _signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("private_pem", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_signing_keys_actor_id")
        ),
        sa.PrimaryKeyConstraint("actor_id", "algorithm", name=op.f("pk_signing_keys")),
    )


def _welcomes() -> None:
    op.create_table(
        "welcomes",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_welcomes_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_welcomes")),
        sa.UniqueConstraint("digest", name=op.f("uq_welcomes_digest")),
        comment="one-time links of accounts; digest: SHA-256 of the token, which is kept nowhere",
    )
    op.create_index(op.f("ix_welcomes_until_ms"), "welcomes", ["until_ms"], unique=False)
