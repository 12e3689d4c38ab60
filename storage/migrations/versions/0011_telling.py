"""Push subscriptions and the policy of notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_TREATMENTS = "IN ('accept', 'filter', 'drop')"
_COMMENT = (
    "group_key: what like notifications of one hour have in common. filtered: held back"
    " by the policy of the person. An id is never given out twice: apps know them by it"
)
_POLICIES = (
    "not_following",
    "not_followers",
    "new_accounts",
    "private_mentions",
    "limited_accounts",
)


def upgrade() -> None:
    """Make the tables, and let notifications be grouped and held back."""
    _notifications()
    _notification_policies()
    _notification_permissions()
    _notification_requests()
    _push_subscriptions()


def _notifications() -> None:
    """Add the columns; SQLite's table is made anew, for ids that are never given out twice."""
    for name in ("ix_notifications_person", "ix_notifications_post", "ix_notifications_unread"):
        op.drop_index(op.f(name), table_name="notifications")
    is_sqlite = op.get_context().dialect.name == "sqlite"
    if is_sqlite:
        _make_anew()
    else:
        for column in _added():
            op.add_column("notifications", column)
        op.create_table_comment("notifications", _COMMENT)
    _index("ix_notifications_person", ["person_id", "id"])
    _index("ix_notifications_unread", ["person_id"], "read_ms IS NULL")
    _index("ix_notifications_post", ["post_id", "person_id"], "post_id IS NOT NULL")
    _index("ix_notifications_group", ["person_id", "group_key", "id"], "group_key IS NOT NULL")
    _index(
        "ix_notifications_filtered",
        ["person_id", "actor_id", "id"],
        "filtered = 1" if is_sqlite else "filtered = true",
    )


def _added() -> tuple[sa.Column, ...]:
    return (
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("filtered", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
    )


def _make_anew() -> None:
    """AUTOINCREMENT cannot be added to a table of SQLite that stands."""
    op.rename_table("notifications", "notifications_before")
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
        *_added(),
        _person("notifications"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sqlite_autoincrement=True,
    )
    kept = "id, person_id, kind, actor_id, post_id, community_id, at_ms, read_ms"
    op.execute(f"INSERT INTO notifications ({kept}) SELECT {kept} FROM notifications_before")
    op.drop_table("notifications_before")


def _index(name: str, columns: list[str], where: str | None = None) -> None:
    conditions = (
        {}
        if where is None
        else {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    )
    op.create_index(op.f(name), "notifications", columns, unique=False, **conditions)


def _notification_policies() -> None:
    op.create_table(
        "notification_policies",
        sa.Column("person_id", KEY, nullable=False),
        *(
            sa.Column(
                name,
                sa.Text(),
                sa.CheckConstraint(
                    f"{name} {_TREATMENTS}", name=op.f(f"ck_notification_policies_{name}")
                ),
                nullable=False,
            )
            for name in _POLICIES
        ),
        _person("notification_policies"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_notification_policies")),
        comment="only of those who changed something; everybody else has the usual one",
    )


def _notification_permissions() -> None:
    op.create_table(
        "notification_permissions",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        _person("notification_permissions"),
        _person("notification_permissions", "actor_id"),
        sa.PrimaryKeyConstraint("person_id", "actor_id", name=op.f("pk_notification_permissions")),
        sqlite_with_rowid=False,
        comment="whose notifications a person accepts whatever the policy says",
    )


def _notification_requests() -> None:
    op.create_table(
        "notification_requests",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        _person("notification_requests"),
        _person("notification_requests", "actor_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_requests")),
        sa.UniqueConstraint(
            "person_id", "actor_id", name=op.f("uq_notification_requests_person_id_actor_id")
        ),
        sqlite_autoincrement=True,
        comment="whose notifications a person's policy holds back, until it is accepted or dismissed",
    )
    op.create_index(
        op.f("ix_notification_requests_person"),
        "notification_requests",
        ["person_id", "id"],
        unique=False,
    )


def _push_subscriptions() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("token_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.LargeBinary(), nullable=False),
        sa.Column("auth", sa.LargeBinary(), nullable=False),
        sa.Column("standard", sa.Boolean(), nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("sealed_token", sa.LargeBinary(), nullable=False),
        _person("push_subscriptions"),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["app_tokens.id"],
            ondelete="CASCADE",
            name=op.f("fk_push_subscriptions_token_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("token_id", name=op.f("uq_push_subscriptions_token_id")),
        comment="alerts: types, with a space between two. sealed_token: the app's own token, which it wants to find in what is pushed; only the node's push key opens it",
    )
    op.create_index(
        op.f("ix_push_subscriptions_person_id"), "push_subscriptions", ["person_id"], unique=False
    )


def _person(table: str, column: str = "person_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["actors.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_{column}")
    )
