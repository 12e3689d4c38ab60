"""Apps, the codes that people give them, and the tokens that they call with.

Nothing here can be used by who reads it: of secrets, codes and tokens the SHA-256 alone is kept.
What belongs to a person hangs on their row of `accounts`, and goes with it.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from storage.tables import KEY, metadata

apps = Table(
    "apps",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("client_id", Text, nullable=False, unique=True),
    Column("secret", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("website", Text),
    Column("redirect_uris", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False, index=True),
    comment="secret: SHA-256 of it. redirect_uris: a line each. used_ms: when somebody let it in,"
    " or when it called; right to the hour",
)

auth_codes = Table(
    "auth_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("app_id", ForeignKey("apps.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", ForeignKey("accounts.person_id", ondelete="CASCADE"), nullable=False),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", Text),
    Column("until_ms", BigInteger, nullable=False, index=True),
    Column("token_id", BigInteger),
    sqlite_with_rowid=False,
    comment="digest: SHA-256 of the code. token_id: what was made of it; NULL while it is unused."
    " Kept for a day after its end, so that a second use is seen",
)

app_tokens = Table(
    "app_tokens",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("app_id", ForeignKey("apps.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", ForeignKey("accounts.person_id", ondelete="CASCADE")),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE")),
    Column("scopes", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    comment="digest: SHA-256 of the token. person_id: NULL for a token of the app alone. actor_id:"
    " who acts, the person or a community. used_ms: right to the hour. revoked_ms: kept for 30"
    " days",
)
Index("ix_app_tokens_person_id", app_tokens.c.person_id, app_tokens.c.app_id)
Index(
    "ix_app_tokens_revoked_ms",
    app_tokens.c.revoked_ms,
    sqlite_where=text("revoked_ms IS NOT NULL"),
    postgresql_where=text("revoked_ms IS NOT NULL"),
)
