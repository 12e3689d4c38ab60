"""Accounts of this node: passwords, sessions, second factors, invitations.

Everything here hangs on the row of `accounts`, which goes when an account is deleted; the actor
itself stays, so that its name and id are never given out again.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from communities.registration import AccountRole, AccountState
from storage.tables import KEY, metadata
from storage.tables.social import one_of

accounts = Table(
    "accounts",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, one_of("role", AccountRole), nullable=False),
    Column("state", Text, one_of("state", AccountState), nullable=False),
    Column("password", Text),
    Column("email", Text),
    Column("email_key", Text, unique=True),
    Column("confirmed_ms", BigInteger),
    Column("pending_email", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
    Column("approved_ms", BigInteger),
    Column("rules_ms", BigInteger),
    Column("locale", Text),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("inviter_id", ForeignKey("actors.id", ondelete="SET NULL"), index=True),
    Column("totp_secret", LargeBinary),
    Column("totp_since_ms", BigInteger),
    Column("totp_step", BigInteger, nullable=False, server_default=text("0")),
    comment="of people of this node. password: argon2id, as argon2 writes it. email_key: the"
    " address in lower case. totp_since_ms: NULL while the secret has not been tried. totp_step:"
    " the last time step whose code was used",
)
Index(
    "ix_accounts_staff",
    accounts.c.role,
    sqlite_where=text("role <> 'user'"),
    postgresql_where=text("role <> 'user'"),
)
Index(
    "ix_accounts_waiting",
    accounts.c.state,
    accounts.c.created_ms,
    sqlite_where=text("state <> 'active'"),
    postgresql_where=text("state <> 'active'"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column(
        "person_id",
        ForeignKey("accounts.person_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    sqlite_autoincrement=True,
    comment="of browsers; digest: SHA-256 of the token in the cookie, which is kept nowhere",
)

account_links = Table(
    "account_links",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("purpose", Text, CheckConstraint("purpose IN ('confirm', 'reset')", name="purpose")),
    Column(
        "person_id",
        ForeignKey("accounts.person_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("email", Text),
    Column("until_ms", BigInteger, nullable=False, index=True),
    comment="one-time links; digest: SHA-256 of the token. email: the address that it confirms",
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("person_id", ForeignKey("accounts.person_id", ondelete="CASCADE"), index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False, index=True),
    Column("max_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,
    comment="person_id: who invites; NULL for the operator. digest: SHA-256 of the token",
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("person_id", ForeignKey("accounts.person_id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
    comment="codes that stand in for a second factor, each once; digest: SHA-256 of the code",
)
