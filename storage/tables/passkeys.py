"""Passkeys: public keys by which people sign in, whose private halves their devices keep."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from storage.tables import KEY, metadata

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", KEY, primary_key=True),
    Column(
        "person_id",
        ForeignKey("accounts.person_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("user_handle", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
    sqlite_autoincrement=True,
    comment="user_handle: random, the same for all of a person. public_key: COSE. transports: with"
    " a space between two. used_ms: NULL until somebody signed in with it",
)
