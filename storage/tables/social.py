"""Tables of what people do: actors, communities, memberships, posts, reactions.

Local and remote live in the same tables; `host` is NULL for what this node is the authority of.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    text,
)

from communities.community import CommunityKind, CommunityVisibility, JoinPolicy, PostingPolicy
from communities.membership import MembershipState, Role
from communities.people import ActorState, FollowState
from communities.posts import PostKind, PostState, ReactionKind, Visibility
from storage.tables import KEY, metadata


def one_of(column: str, words: type) -> CheckConstraint:
    """A check that the column holds one of the words of a StrEnum."""
    quoted = ", ".join(f"'{word}'" for word in words)  # type: ignore[attr-defined]  # a StrEnum
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


def _partial(name: str, *columns: Column[Any], where: str) -> Index:
    """An index of the rows for which this holds, on both databases."""
    condition = text(where)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


names = Table(
    "names",
    metadata,
    Column("localpart", Text, primary_key=True),
    Column(
        "owner_kind",
        Text,
        CheckConstraint("owner_kind IN ('person', 'community', 'node')", name="owner_kind"),
        nullable=False,
    ),
    Column("owner_id", BigInteger, nullable=False),
    Column("retired_ms", BigInteger),
)

actors = Table(
    "actors",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("kind", Text, CheckConstraint("kind IN ('person', 'community')", name="kind")),
    Column("type", Text, nullable=False),
    Column("localpart", Text, nullable=False),
    Column("host", Text),
    Column("name", Text, nullable=False),
    Column("summary_html", Text, nullable=False),
    Column("summary_source", Text, nullable=False),
    Column("url", Text),
    Column("icon_url", Text),
    Column("image_url", Text),
    Column("inbox", Text, nullable=False),
    Column("shared_inbox", Text),
    Column("outbox", Text),
    Column("followers_uri", Text),
    Column("featured_uri", Text),
    Column("moderators_uri", Text),
    Column("state", Text, one_of("state", ActorState), nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("discoverable", Boolean, nullable=False),
    Column("indexable", Boolean, nullable=False),
    Column("moved_to", Text),
    Column("extra", LargeBinary),
    Column("published_ms", BigInteger),
    Column("fetched_ms", BigInteger),
)
Index("ix_actors_localpart_host", actors.c.localpart, actors.c.host)
_partial("ix_actors_host", actors.c.host, where="host IS NOT NULL")
_partial("ix_actors_local", actors.c.kind, where="host IS NULL")

actor_keys = Table(
    "actor_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("material", Text, nullable=False),
    Column("fetched_ms", BigInteger, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("algorithm", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("private_pem", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

communities = Table(
    "communities",
    metadata,
    Column("id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, one_of("kind", CommunityKind), nullable=False),
    Column("visibility", Text, one_of("visibility", CommunityVisibility), nullable=False),
    Column("join_policy", Text, one_of("join_policy", JoinPolicy), nullable=False),
    Column("posting", Text, one_of("posting", PostingPolicy), nullable=False),
    Column("downvotes", Boolean, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    Column("posts", Integer, nullable=False, server_default=text("0")),
    Column("comments", Integer, nullable=False, server_default=text("0")),
    Column("members", Integer, nullable=False, server_default=text("0")),
)

memberships = Table(
    "memberships",
    metadata,
    Column("community_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("state", Text, one_of("state", MembershipState), nullable=False),
    Column("role", Text, one_of("role", Role), nullable=False),
    Column("uri", Text),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    sqlite_with_rowid=False,
)
Index(
    "ix_memberships_community",
    memberships.c.community_id,
    memberships.c.state,
    memberships.c.since_ms,
)

welcomes = Table(
    "welcomes",
    metadata,
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("until_ms", BigInteger, nullable=False, index=True),
    comment="one-time links of accounts; digest: SHA-256 of the token, which is kept nowhere",
)

follows = Table(
    "follows",
    metadata,
    Column("follower_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("followee_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, one_of("state", FollowState), nullable=False),
    Column("uri", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_follows_followee", follows.c.followee_id, follows.c.state, follows.c.since_ms)

audiences = Table(
    "audiences",
    metadata,
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("inbox", Text, primary_key=True),
    Column("peer", Text, nullable=False),
    Column("followers", Integer, nullable=False),
    sqlite_with_rowid=False,
    comment="how many members or followers of an actor receive at an inbox; kept by triggers of"
    " the repositories, so that a fan-out reads one row an inbox and not one a person",
)

blocks = Table(
    "blocks",
    metadata,
    Column("blocker_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("blocked_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("uri", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_blocks_blocked_id", blocks.c.blocked_id)

posts = Table(
    "posts",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("author_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("community_id", ForeignKey("actors.id", ondelete="CASCADE")),
    Column("parent_id", BigInteger),
    Column("parent_uri", Text),
    Column("root_id", BigInteger, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("kind", Text, one_of("kind", PostKind), nullable=False),
    Column("title", Text),
    Column("html", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("link", Text),
    Column("language", Text),
    Column("sensitive", Boolean, nullable=False),
    Column("warning", Text),
    Column("extra", LargeBinary),
    Column("visibility", Text, one_of("visibility", Visibility), nullable=False),
    Column("state", Text, one_of("state", PostState), nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("local", Boolean, nullable=False),
    Column("url", Text),
    Column("published_ms", BigInteger, nullable=False),
    Column("edited_ms", BigInteger),
    Column("seq", BigInteger, nullable=False),
)
Index(
    "ix_posts_community",
    posts.c.community_id,
    posts.c.id,
    sqlite_where=posts.c.parent_id.is_(None),
    postgresql_where=posts.c.parent_id.is_(None),
)
Index("ix_posts_root", posts.c.root_id, posts.c.id)
Index("ix_posts_author", posts.c.author_id, posts.c.id)
_partial(
    "ix_posts_open",
    # The last two so that SQLite counts the posts of an author without reading one.
    posts.c.author_id,
    posts.c.id,
    posts.c.visibility,
    posts.c.state,
    where="visibility IN ('public', 'unlisted') AND state = 'published'",
)
Index(
    "ix_posts_pinned",
    posts.c.community_id,
    sqlite_where=text("pinned IS 1"),
    postgresql_where=text("pinned IS true"),
)
_partial(
    "ix_posts_pending",
    posts.c.published_ms,
    where="state = 'pending'",
)
Index(
    "ix_posts_local",
    # SQLite reads no row only where every column of the query is in the index.
    posts.c.visibility,
    posts.c.depth,
    posts.c.local,
    posts.c.state,
    sqlite_where=text("local = 1 AND state = 'published'"),
    postgresql_where=text("local = true AND state = 'published'"),
)
_partial(
    "ix_posts_public",
    posts.c.local,
    posts.c.id,
    where=(
        "parent_id IS NULL AND parent_uri IS NULL AND visibility = 'public' AND state = 'published'"
    ),
)
_partial(
    "ix_posts_threads",
    # The last two so that SQLite finds the newest thread of a community without reading a post.
    posts.c.community_id,
    posts.c.id,
    posts.c.author_id,
    posts.c.visibility,
    where=(
        "parent_id IS NULL AND parent_uri IS NULL AND state = 'published'"
        " AND community_id IS NOT NULL"
    ),
)
Index(
    "ix_posts_alone",
    posts.c.author_id,
    posts.c.id,
    sqlite_where=posts.c.community_id.is_(None),
    postgresql_where=posts.c.community_id.is_(None),
)
_partial(
    "ix_posts_orphans",
    posts.c.parent_uri,
    where="parent_uri IS NOT NULL AND parent_id IS NULL",
)

post_counts = Table(
    "post_counts",
    metadata,
    Column("post_id", KEY, primary_key=True, autoincrement=False),
    Column("comments", Integer, nullable=False),
    Column("likes", Integer, nullable=False),
    Column("dislikes", Integer, nullable=False),
    Column("boosts", Integer, nullable=False),
    Column("activity_ms", BigInteger, nullable=False),
)

post_revisions = Table(
    "post_revisions",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

post_recipients = Table(
    "post_recipients",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

reactions = Table(
    "reactions",
    metadata,
    Column("post_id", BigInteger, primary_key=True),
    Column("actor_id", BigInteger, primary_key=True),
    Column("slot", Text, primary_key=True),
    Column("kind", Text, one_of("kind", ReactionKind), nullable=False),
    Column("uri", Text),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="slot is 'vote', 'boost' or the emoji: what excludes each other shares a slot",
)
Index("ix_reactions_uri", reactions.c.uri)

poll_votes = Table(
    "poll_votes",
    metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("voter_id", ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("option", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("until_ms", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
    comment="deleted before they were known; kept for 7 days (GRP-12)",
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor_id", BigInteger, nullable=False),
    Column("post_id", BigInteger),
    Column("community_id", BigInteger),
    Column("at_ms", BigInteger, nullable=False),
    Column("read_ms", BigInteger),
    Column("group_key", Text),
    Column("filtered", Boolean, nullable=False, server_default=false()),
    Column("report_id", BigInteger),
    Column("reason", Text),
    sqlite_autoincrement=True,
    comment="group_key: what like notifications of one hour have in common. filtered: held back"
    " by the policy of the person. An id is never given out twice: apps know them by it",
)
Index("ix_notifications_person", notifications.c.person_id, notifications.c.id)
_partial(
    "ix_notifications_group",
    notifications.c.person_id,
    notifications.c.group_key,
    notifications.c.id,
    where="group_key IS NOT NULL",
)
Index(
    "ix_notifications_filtered",
    notifications.c.person_id,
    notifications.c.actor_id,
    notifications.c.id,
    sqlite_where=text("filtered = 1"),
    postgresql_where=text("filtered = true"),
)
_partial(
    "ix_notifications_unread",
    notifications.c.person_id,
    where="read_ms IS NULL",
)
_partial(
    "ix_notifications_post",
    notifications.c.post_id,
    notifications.c.person_id,
    where="post_id IS NOT NULL",
)
