"""Boosts, tags and favourites, as timelines read them.

All of it follows from reactions and posts; it is kept so that a page of a timeline is read by an
index, newest first.
"""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from storage.tables import KEY, metadata

boosts = Table(
    "boosts",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("actor_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), nullable=False),
    UniqueConstraint("actor_id", "post_id"),
    comment="id sorts by the time of the boost, among the keys of posts",
)
Index("ix_boosts_actor", boosts.c.actor_id, boosts.c.id)
Index("ix_boosts_post", boosts.c.post_id, boosts.c.id)

favourites = Table(
    "favourites",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("person_id", ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), nullable=False, index=True),
    UniqueConstraint("person_id", "post_id"),
    comment="likes by people of this node; id sorts by the time of the like",
)
Index("ix_favourites_person", favourites.c.person_id, favourites.c.id)

post_tags = Table(
    "post_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
    comment="hashtags without their sign, casefolded",
)
