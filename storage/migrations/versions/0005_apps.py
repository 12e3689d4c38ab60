"""Apps, their codes and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _apps()
    _auth_codes()
    _app_tokens()


def _apps() -> None:
    op.create_table(
        "apps",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apps")),
        sa.UniqueConstraint("client_id", name=op.f("uq_apps_client_id")),
        comment="secret: SHA-256 of it. redirect_uris: a line each. used_ms: when somebody let it"
        " in, or when it called; right to the hour",
    )
    op.create_index(op.f("ix_apps_used_ms"), "apps", ["used_ms"], unique=False)


def _auth_codes() -> None:
    op.create_table(
        "auth_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("app_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("token_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["app_id"], ["apps.id"], ondelete="CASCADE", name=op.f("fk_auth_codes_app_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["accounts.person_id"],
            ondelete="CASCADE",
            name=op.f("fk_auth_codes_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_auth_codes_actor_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_auth_codes")),
        comment="digest: SHA-256 of the code. token_id: what was made of it; NULL while it is"
        " unused. Kept for a day after its end, so that a second use is seen",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_auth_codes_app_id"), "auth_codes", ["app_id"], unique=False)
    op.create_index(op.f("ix_auth_codes_until_ms"), "auth_codes", ["until_ms"], unique=False)


def _app_tokens() -> None:
    op.create_table(
        "app_tokens",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("app_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["app_id"], ["apps.id"], ondelete="CASCADE", name=op.f("fk_app_tokens_app_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["accounts.person_id"],
            ondelete="CASCADE",
            name=op.f("fk_app_tokens_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_app_tokens_actor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_app_tokens_digest")),
        comment="digest: SHA-256 of the token. person_id: NULL for a token of the app alone."
        " actor_id: who acts, the person or a community. used_ms: right to the hour. revoked_ms:"
        " kept for 30 days",
    )
    op.create_index(op.f("ix_app_tokens_app_id"), "app_tokens", ["app_id"], unique=False)
    op.create_index("ix_app_tokens_person_id", "app_tokens", ["person_id", "app_id"], unique=False)
    op.create_index(
        "ix_app_tokens_revoked_ms",
        "app_tokens",
        ["revoked_ms"],
        unique=False,
        sqlite_where=sa.text("revoked_ms IS NOT NULL"),
        postgresql_where=sa.text("revoked_ms IS NOT NULL"),
    )
