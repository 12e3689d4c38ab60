"""Lists, filters, markers, followed tags, conversations, announcements, search."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to, and the words of posts."""
    _lists()
    _list_members()
    _filters()
    _filter_keywords()
    _filter_statuses()
    _markers()
    _followed_tags()
    _featured_tags()
    _announcements()
    _announcement_reads()
    _announcement_reactions()
    _conversations()
    _declined_suggestions()
    _actor_words()
    _search_posts()


def _lists() -> None:
    op.create_table(
        "lists",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "replies_policy",
            sa.Text(),
            sa.CheckConstraint(
                "replies_policy IN ('followed', 'list', 'none')",
                name=op.f("ck_lists_replies_policy"),
            ),
            nullable=False,
        ),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], name=op.f("fk_lists_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lists")),
    )
    op.create_index(op.f("ix_lists_person_id"), "lists", ["person_id"], unique=False)


def _list_members() -> None:
    op.create_table(
        "list_members",
        sa.Column("list_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["actors.id"],
            name=op.f("fk_list_members_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_list_members_list_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", "account_id", name=op.f("pk_list_members")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_list_members_account_id"), "list_members", ["account_id"], unique=False
    )


def _filters() -> None:
    op.create_table(
        "filters",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("contexts", sa.Text(), nullable=False),
        sa.Column(
            "action",
            sa.Text(),
            sa.CheckConstraint(
                "action IN ('warn', 'hide', 'blur')", name=op.f("ck_filters_action")
            ),
            nullable=False,
        ),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], name=op.f("fk_filters_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filters")),
        comment="contexts: words with a space between",
    )
    op.create_index(op.f("ix_filters_person_id"), "filters", ["person_id"], unique=False)


def _filter_keywords() -> None:
    op.create_table(
        "filter_keywords",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("filter_id", KEY, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("whole_word", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["filters.id"],
            name=op.f("fk_filter_keywords_filter_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filter_keywords")),
    )
    op.create_index(
        op.f("ix_filter_keywords_filter_id"), "filter_keywords", ["filter_id"], unique=False
    )


def _filter_statuses() -> None:
    op.create_table(
        "filter_statuses",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("filter_id", KEY, nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"],
            ["filters.id"],
            name=op.f("fk_filter_statuses_filter_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_filter_statuses_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filter_statuses")),
        sa.UniqueConstraint(
            "filter_id", "post_id", name=op.f("uq_filter_statuses_filter_id_post_id")
        ),
    )
    op.create_index(
        op.f("ix_filter_statuses_post_id"), "filter_statuses", ["post_id"], unique=False
    )


def _markers() -> None:
    op.create_table(
        "markers",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "timeline",
            sa.Text(),
            sa.CheckConstraint(
                "timeline IN ('home', 'notifications')", name=op.f("ck_markers_timeline")
            ),
            nullable=False,
        ),
        sa.Column("last_read_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], name=op.f("fk_markers_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "timeline", name=op.f("pk_markers")),
        sqlite_with_rowid=False,
    )


def _followed_tags() -> None:
    op.create_table(
        "followed_tags",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            name=op.f("fk_followed_tags_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followed_tags")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_followed_tags_person_id_name")),
        comment="name: folded, without its sign",
    )
    op.create_index(op.f("ix_followed_tags_name"), "followed_tags", ["name"], unique=False)


def _featured_tags() -> None:
    op.create_table(
        "featured_tags",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            name=op.f("fk_featured_tags_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_featured_tags")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_featured_tags_person_id_name")),
        comment="name: as its person writes it, without its sign",
    )


def _announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=True),
        sa.Column("ends_ms", sa.BigInteger(), nullable=True),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("published_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )


def _announcement_reads() -> None:
    op.create_table(
        "announcement_reads",
        sa.Column("announcement_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announcement_reads_announcement_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            name=op.f("fk_announcement_reads_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("announcement_id", "person_id", name=op.f("pk_announcement_reads")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_announcement_reads_person_id"), "announcement_reads", ["person_id"], unique=False
    )


def _announcement_reactions() -> None:
    op.create_table(
        "announcement_reactions",
        sa.Column("announcement_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announcement_reactions_announcement_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            name=op.f("fk_announcement_reactions_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "announcement_id", "name", "person_id", name=op.f("pk_announcement_reactions")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_announcement_reactions_person_id"),
        "announcement_reactions",
        ["person_id"],
        unique=False,
    )


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("root_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            name=op.f("fk_conversations_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "root_id", name=op.f("pk_conversations")),
        comment="threads of direct messages, as one of ours sees each: root_id is its first post,"
        " last_id its newest",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_conversations_person", "conversations", ["person_id", "last_id"], unique=False
    )
    op.create_index(op.f("ix_conversations_root_id"), "conversations", ["root_id"], unique=False)


def _declined_suggestions() -> None:
    op.create_table(
        "declined_suggestions",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["actors.id"],
            name=op.f("fk_declined_suggestions_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["actors.id"],
            name=op.f("fk_declined_suggestions_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "account_id", name=op.f("pk_declined_suggestions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_declined_suggestions_account_id"),
        "declined_suggestions",
        ["account_id"],
        unique=False,
    )


def _actor_words() -> None:
    op.create_table(
        "actor_words",
        sa.Column(
            "word", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("actor_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name=op.f("fk_actor_words_actor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "actor_id", name=op.f("pk_actor_words")),
        comment="the words of names and handles, folded, for finding actors by how these begin",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_actor_words_actor_id"), "actor_words", ["actor_id"], unique=False)


def _search_posts() -> None:
    """The words of posts, in what each database has for it; a post takes its words with it."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_posts"
            " USING fts5(words, marks, tokenize = 'unicode61 remove_diacritics 2')"
        )
        op.execute(
            "CREATE TRIGGER search_posts_gone AFTER DELETE ON posts"
            " BEGIN DELETE FROM search_posts WHERE rowid = old.id; END"
        )
        return
    op.execute(
        "CREATE TABLE search_posts (post_id bigint CONSTRAINT pk_search_posts PRIMARY KEY"
        " REFERENCES posts (id) ON DELETE CASCADE, words tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_search_posts_words ON search_posts USING gin (words)")
