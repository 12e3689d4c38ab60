"""Push subscriptions and the policy of notifications."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from communities.notice_policy import Treatment
from storage.tables import KEY, metadata
from storage.tables.social import one_of

notification_policies = Table(
    "notification_policies",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("not_following", Text, one_of("not_following", Treatment), nullable=False),
    Column("not_followers", Text, one_of("not_followers", Treatment), nullable=False),
    Column("new_accounts", Text, one_of("new_accounts", Treatment), nullable=False),
    Column("private_mentions", Text, one_of("private_mentions", Treatment), nullable=False),
    Column("limited_accounts", Text, one_of("limited_accounts", Treatment), nullable=False),
    comment="only of those who changed something; everybody else has the usual one",
)

notification_permissions = Table(
    "notification_permissions",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
    comment="whose notifications a person accepts whatever the policy says",
)

notification_requests = Table(
    "notification_requests",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    UniqueConstraint("person_id", "actor_id"),
    sqlite_autoincrement=True,
    comment="whose notifications a person's policy holds back, until it is accepted or dismissed",
)
Index(
    "ix_notification_requests_person",
    notification_requests.c.person_id,
    notification_requests.c.id,
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column(
        "token_id", ForeignKey("app_tokens.id", ondelete="CASCADE"), nullable=False, unique=True
    ),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("endpoint", Text, nullable=False),
    Column("p256dh", LargeBinary, nullable=False),
    Column("auth", LargeBinary, nullable=False),
    Column("standard", Boolean, nullable=False),
    Column("alerts", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("sealed_token", LargeBinary, nullable=False),
    comment="alerts: types, with a space between two. sealed_token: the app's own token, which it"
    " wants to find in what is pushed; only the node's push key opens it",
)
