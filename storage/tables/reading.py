"""Lists, filters, markers, followed tags, announcements, conversations; words of names and posts.

The words of posts are not here: they stand in `search_posts`, which is an FTS5 table on SQLite and
a table with a tsvector on PostgreSQL (`storage.search_words`, migration 0010).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from communities.filtering import FilterAction
from communities.lists import RepliesPolicy
from storage.tables import KEY, metadata
from storage.tables.social import one_of

WORD = Text().with_variant(Text(collation="C"), "postgresql")
"""A folded word, compared by code points on both databases, so that a prefix is a range."""


def _owned_by(column: str = "person_id", *, index: bool = False) -> Column[int]:
    """Whose row it is; it goes with them."""
    return Column(column, ForeignKey("actors.id", ondelete="CASCADE"), nullable=False, index=index)


lists = Table(
    "lists",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    _owned_by(index=True),
    Column("title", Text, nullable=False),
    Column("replies_policy", Text, one_of("replies_policy", RepliesPolicy), nullable=False),
    Column("exclusive", Boolean, nullable=False),
)

list_members = Table(
    "list_members",
    metadata,
    Column("list_id", ForeignKey("lists.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

filters = Table(
    "filters",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    _owned_by(index=True),
    Column("title", Text, nullable=False),
    Column("contexts", Text, nullable=False),
    Column("action", Text, one_of("action", FilterAction), nullable=False),
    Column("until_ms", BigInteger),
    comment="contexts: words with a space between",
)

filter_keywords = Table(
    "filter_keywords",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("filter_id", ForeignKey("filters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("keyword", Text, nullable=False),
    Column("whole_word", Boolean, nullable=False),
)

filter_statuses = Table(
    "filter_statuses",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("filter_id", ForeignKey("filters.id", ondelete="CASCADE"), nullable=False),
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("filter_id", "post_id"),
)

markers = Table(
    "markers",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "timeline",
        Text,
        CheckConstraint("timeline IN ('home', 'notifications')", name="timeline"),
        primary_key=True,
    ),
    Column("last_read_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

followed_tags = Table(
    "followed_tags",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    _owned_by(),
    Column("name", Text, nullable=False, index=True),
    UniqueConstraint("person_id", "name"),
    comment="name: folded, without its sign",
)

featured_tags = Table(
    "featured_tags",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    _owned_by(),
    Column("name", Text, nullable=False),
    UniqueConstraint("person_id", "name"),
    comment="name: as its person writes it, without its sign",
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("starts_ms", BigInteger),
    Column("ends_ms", BigInteger),
    Column("all_day", Boolean, nullable=False),
    Column("published_ms", BigInteger, nullable=False),
)

announcement_reads = Table(
    "announcement_reads",
    metadata,
    Column("announcement_id", ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

announcement_reactions = Table(
    "announcement_reactions",
    metadata,
    Column("announcement_id", ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

conversations = Table(
    "conversations",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("root_id", BigInteger, primary_key=True, index=True),
    Column("last_id", BigInteger, nullable=False),
    Column("unread", Boolean, nullable=False),
    sqlite_with_rowid=False,
    comment="threads of direct messages, as one of ours sees each: root_id is its first post,"
    " last_id its newest",
)
Index("ix_conversations_person", conversations.c.person_id, conversations.c.last_id)

declined_suggestions = Table(
    "declined_suggestions",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

actor_words = Table(
    "actor_words",
    metadata,
    Column("word", WORD, primary_key=True),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
    comment="the words of names and handles, folded, for finding actors by how these begin",
)
