"""Accounts of this node: passwords, sessions, second factors, invitations."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and a row for each person of this node."""
    _accounts()
    _sessions()
    _account_links()
    _invitations()
    _recovery_codes()
    op.execute(
        sa.text(
            "INSERT INTO accounts (person_id, role, state, created_ms, approved_ms)"
            " SELECT id, 'user', 'active', COALESCE(published_ms, 0), COALESCE(published_ms, 0)"
            " FROM actors WHERE kind = 'person' AND type = 'Person' AND host IS NULL"
            " AND state <> 'deleted'"
        )
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "role",
            sa.Text(),
            sa.CheckConstraint(
                "role IN ('user', 'moderator', 'admin')", name=op.f("ck_accounts_role")
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Text(),
            sa.CheckConstraint(
                "state IN ('active', 'pending-approval', 'unconfirmed', 'disabled')",
                name=op.f("ck_accounts_state"),
            ),
            nullable=False,
        ),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.Column("pending_email", sa.Text(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.Column("approved_ms", sa.BigInteger(), nullable=True),
        sa.Column("rules_ms", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("inviter_id", KEY, nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_accounts_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["inviter_id"], ["actors.id"], ondelete="SET NULL", name=op.f("fk_accounts_inviter_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email_key", name=op.f("uq_accounts_email_key")),
        comment="of people of this node. password: argon2id, as argon2 writes it. email_key: the"
        " address in lower case. totp_since_ms: NULL while the secret has not been tried."
        " totp_step: the last time step whose code was used",
    )
    op.create_index(op.f("ix_accounts_inviter_id"), "accounts", ["inviter_id"], unique=False)
    op.create_index(
        "ix_accounts_staff",
        "accounts",
        ["role"],
        unique=False,
        sqlite_where=sa.text("role <> 'user'"),
        postgresql_where=sa.text("role <> 'user'"),
    )
    op.create_index(
        "ix_accounts_waiting",
        "accounts",
        ["state", "created_ms"],
        unique=False,
        sqlite_where=sa.text("state <> 'active'"),
        postgresql_where=sa.text("state <> 'active'"),
    )


def _of_account(table: str, *, nullable: bool = False) -> tuple[sa.Column, sa.Constraint]:
    return (
        sa.Column("person_id", KEY, nullable=nullable),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["accounts.person_id"],
            ondelete="CASCADE",
            name=op.f(f"fk_{table}_person_id"),
        ),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_of_account("sessions"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
        sqlite_autoincrement=True,
        comment="of browsers; digest: SHA-256 of the token in the cookie, which is kept nowhere",
    )
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)
    op.create_index(op.f("ix_sessions_used_ms"), "sessions", ["used_ms"], unique=False)


def _account_links() -> None:
    op.create_table(
        "account_links",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "purpose",
            sa.Text(),
            sa.CheckConstraint(
                "purpose IN ('confirm', 'reset')", name=op.f("ck_account_links_purpose")
            ),
            nullable=True,
        ),
        *_of_account("account_links"),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_account_links")),
        comment="one-time links; digest: SHA-256 of the token. email: the address that it confirms",
    )
    op.create_index(
        op.f("ix_account_links_person_id"), "account_links", ["person_id"], unique=False
    )
    op.create_index(op.f("ix_account_links_until_ms"), "account_links", ["until_ms"], unique=False)


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_of_account("invitations", nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
        sqlite_autoincrement=True,
        comment="person_id: who invites; NULL for the operator. digest: SHA-256 of the token",
    )
    op.create_index(op.f("ix_invitations_person_id"), "invitations", ["person_id"], unique=False)
    op.create_index(op.f("ix_invitations_until_ms"), "invitations", ["until_ms"], unique=False)


def _recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        *_of_account("recovery_codes"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "digest", name=op.f("pk_recovery_codes")),
        sqlite_with_rowid=False,
        comment="codes that stand in for a second factor, each once; digest: SHA-256 of the code",
    )
