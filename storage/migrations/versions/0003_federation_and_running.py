"""What peers send and are sent; the event log, jobs, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _cursors()
    _dead_letters()
    _deliveries()
    _event_log()
    _inbox_seen()
    _instance()
    _jobs()
    _outbound()
    _peers()
    _received()


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("outbound_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("outbound_seq", "inbox", name=op.f("pk_dead_letters")),
        comment="deliveries given up, with the reason; shown by doctor, kept 14 days",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_dead_letters_at_ms"), "dead_letters", ["at_ms"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("outbound_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("run_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("outbound_seq", "inbox", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_deliveries_peer"), "deliveries", ["peer", "outbound_seq"], unique=False
    )


def _event_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("cause", sa.BigInteger(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_log")),
        comment="cause: row of `received` whose activity made this happen",
    )


def _inbox_seen() -> None:
    op.create_table(
        "inbox_seen",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_inbox_seen")),
        comment="16 bytes of BLAKE2b over the signer's origin and the activity id; kept 30 days",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_inbox_seen_at_ms"), "inbox_seen", ["at_ms"], unique=False)


def _instance() -> None:
    op.create_table(
        "instance",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_instance")),
        comment="what is fixed at the first start: domain, web_host; and the node's epoch",
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("order_key", sa.Text(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("run_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("leased_until_ms", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failed_ms", sa.BigInteger(), nullable=True),
        sa.Column("blocked", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("peer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_jobs_key")),
        comment="failed_ms: given up; kept 14 days for doctor, never run again. "
        "blocked: 1 while one with its order_key stands before it. peer: who caused it, if bounded",
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_jobs_failed"),
        "jobs",
        ["failed_ms"],
        unique=False,
        sqlite_where=sa.text("failed_ms IS NOT NULL"),
        postgresql_where=sa.text("failed_ms IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_jobs_order_key"),
        "jobs",
        ["order_key", "id"],
        unique=False,
        sqlite_where=sa.text("failed_ms IS NULL"),
        postgresql_where=sa.text("failed_ms IS NULL"),
    )
    op.create_index(
        op.f("ix_jobs_peer"),
        "jobs",
        ["peer", "failed_ms"],
        unique=False,
        sqlite_where=sa.text("failed_ms IS NULL AND peer IS NOT NULL"),
        postgresql_where=sa.text("failed_ms IS NULL AND peer IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_jobs_ready"),
        "jobs",
        ["run_ms"],
        unique=False,
        sqlite_where=sa.text("failed_ms IS NULL AND blocked = 0"),
        postgresql_where=sa.text("failed_ms IS NULL AND blocked = 0"),
    )


def _outbound() -> None:
    op.create_table(
        "outbound",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("twin", sa.Integer(), nullable=False),
        sa.Column("order_key", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbound")),
        comment="twin: the bare-object Announce for microblogs, of which a 4xx is no failure",
        sqlite_autoincrement=True,
    )


def _peers() -> None:
    op.create_table(
        "peers",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("software", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("capabilities", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column(
            "policy",
            sa.Text(),
            sa.CheckConstraint(
                "policy IN ('none', 'allow', 'limit', 'block')", name=op.f("ck_peers_policy")
            ),
            nullable=False,
            server_default=sa.text("'none'"),
        ),
        sa.Column("reason", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("first_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("nodeinfo_ms", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("next_try_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_success_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_peers")),
    )


def _received() -> None:
    op.create_table(
        "received",
        sa.Column("id", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        comment="bytes of activities that are relayed unchanged, zlib; pruned after 30 days",
    )
