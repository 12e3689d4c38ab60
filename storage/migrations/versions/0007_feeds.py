"""Boosts, tags and favourites, as timelines read them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ROWS_AT_ONCE = 1000
_BOOSTS = sa.text(
    "SELECT r.at_ms, r.actor_id, r.post_id FROM reactions r"
    " JOIN posts p ON p.id = r.post_id JOIN actors a ON a.id = r.actor_id"
    " WHERE r.kind = 'boost' ORDER BY r.at_ms, r.actor_id, r.post_id"
)
_FAVOURITES = sa.text(
    "SELECT r.at_ms, r.actor_id, r.post_id FROM reactions r"
    " JOIN posts p ON p.id = r.post_id JOIN actors a ON a.id = r.actor_id"
    " WHERE r.kind = 'like' AND a.host IS NULL ORDER BY r.at_ms, r.actor_id, r.post_id"
)
_EXTRAS = sa.text("SELECT id, extra FROM posts WHERE extra IS NOT NULL")


def upgrade() -> None:
    """Make the tables, and fill them from the reactions and posts that are there."""
    _boosts()
    _favourites()
    _post_tags()
    _posts()
    connection = op.get_bind()
    _fill("boosts", ("id", "actor_id", "post_id"), _keyed(connection.execute(_BOOSTS)))
    _fill("favourites", ("id", "person_id", "post_id"), _keyed(connection.execute(_FAVOURITES)))
    _fill("post_tags", ("tag", "post_id"), _tags(connection.execute(_EXTRAS)))


def _boosts() -> None:
    op.create_table(
        "boosts",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_boosts_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_boosts_post_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boosts")),
        sa.UniqueConstraint("actor_id", "post_id", name=op.f("uq_boosts_actor_id_post_id")),
        comment="id sorts by the time of the boost, among the keys of posts",
    )
    op.create_index(op.f("ix_boosts_actor"), "boosts", ["actor_id", "id"], unique=False)
    op.create_index(op.f("ix_boosts_post"), "boosts", ["post_id", "id"], unique=False)


def _favourites() -> None:
    op.create_table(
        "favourites",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], ondelete="CASCADE", name=op.f("fk_favourites_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_favourites_post_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favourites")),
        sa.UniqueConstraint("person_id", "post_id", name=op.f("uq_favourites_person_id_post_id")),
        comment="likes by people of this node; id sorts by the time of the like",
    )
    op.create_index(op.f("ix_favourites_person"), "favourites", ["person_id", "id"], unique=False)
    op.create_index(op.f("ix_favourites_post_id"), "favourites", ["post_id"], unique=False)


def _post_tags() -> None:
    op.create_table(
        "post_tags",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("post_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], ondelete="CASCADE", name=op.f("fk_post_tags_post_id")
        ),
        sa.PrimaryKeyConstraint("tag", "post_id", name=op.f("pk_post_tags")),
        comment="hashtags without their sign, casefolded",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_post_tags_post_id"), "post_tags", ["post_id"], unique=False)


def _posts() -> None:
    condition = sa.text(
        "parent_id IS NULL AND parent_uri IS NULL AND visibility = 'public' AND state = 'published'"
    )
    op.create_index(
        op.f("ix_posts_public"),
        "posts",
        ["local", "id"],
        unique=False,
        sqlite_where=condition,
        postgresql_where=condition,
    )
    condition = sa.text(
        "parent_id IS NULL AND parent_uri IS NULL AND state = 'published'"
        " AND community_id IS NOT NULL"
    )
    op.create_index(
        op.f("ix_posts_threads"),
        "posts",
        ["community_id", "id", "author_id", "visibility"],
        unique=False,
        sqlite_where=condition,
        postgresql_where=condition,
    )
    op.create_index(
        op.f("ix_posts_alone"),
        "posts",
        ["author_id", "id"],
        unique=False,
        sqlite_where=sa.text("community_id IS NULL"),
        postgresql_where=sa.text("community_id IS NULL"),
    )
    condition = sa.text("visibility IN ('public', 'unlisted') AND state = 'published'")
    op.create_index(
        op.f("ix_posts_open"),
        "posts",
        ["author_id", "id", "visibility", "state"],
        unique=False,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _fill(table: str, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    into = sa.table(table, *(sa.column(name) for name in names))
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(dict(zip(names, row, strict=True)))
        if len(waiting) == _ROWS_AT_ONCE:
            op.bulk_insert(into, waiting)
            waiting = []
    if waiting:
        op.bulk_insert(into, waiting)


def _keyed(rows: Iterable[Any]) -> Iterator[tuple[int, int, int]]:
    """Each reaction with a key of its time, as `storage.feed_marks` gives them to new ones."""
    moment, taken = 0, set[int]()
    for at_ms, actor_id, post_id in list(rows):
        if at_ms != moment:
            # Keys that were counted on may reach into the next millisecond.
            moment, taken = at_ms, {key for key in taken if key >= at_ms << 16}
        key = (at_ms << 16) | ((actor_id * 31 + post_id) % 65_521)
        while key in taken:
            key += 1
        taken.add(key)
        yield key, actor_id, post_id


def _tags(rows: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for post_id, extra in list(rows):
        tags = json.loads(bytes(extra)).get("hashtags", ())
        for tag in sorted({str(tag).removeprefix("#").casefold() for tag in tags} - {""}):
            yield tag, post_id
