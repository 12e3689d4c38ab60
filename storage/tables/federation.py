"""Tables of the talk with peers: peers, what came in, what goes out."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from storage.tables import KEY, metadata

peers = Table(
    "peers",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("software", Text),
    Column("version", Text),
    Column("capabilities", Text, nullable=False, server_default=text("''")),
    Column(
        "policy",
        Text,
        CheckConstraint("policy IN ('none', 'allow', 'limit', 'block')", name="policy"),
        nullable=False,
        server_default=text("'none'"),
    ),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("nodeinfo_ms", BigInteger),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("next_try_ms", BigInteger),
    Column("last_success_ms", BigInteger),
    Column("last_error", Text),
)

inbox_seen = Table(
    "inbox_seen",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="16 bytes of BLAKE2b over the signer's origin and the activity id; kept 30 days",
)

received = Table(
    "received",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    comment="bytes of activities that are relayed unchanged, zlib; pruned after 30 days",
)

outbound = Table(
    "outbound",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("sender_id", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("twin", Integer, nullable=False),
    Column("order_key", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
    comment="twin: the bare-object Announce for microblogs, of which a 4xx is no failure",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("outbound_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("inbox", Text, primary_key=True),
    Column("peer", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("run_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("error", Text),
    sqlite_with_rowid=False,
)
Index("ix_deliveries_peer", deliveries.c.peer, deliveries.c.outbound_seq)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("outbound_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("inbox", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="deliveries given up, with the reason; shown by doctor, kept 14 days",
)
