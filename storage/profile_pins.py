"""Profile pins: the posts that a person shows first on their own page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select

from communities.people import ActorKey
from communities.posts import Post, PostKey, PostState
from storage.connection import Connection
from storage.post_rows import COLUMNS, to_post
from storage.statements import Statement, Tools, json_list
from storage.tables.social import posts
from storage.tables.writing import profile_pins
from storage.times import to_ms

_SHOWN = (posts.c.state == PostState.PUBLISHED.value,)
"""A pin on what was deleted or removed is no pin, and comes back with the post."""
_REMOVE = Statement(
    delete(profile_pins).where(
        and_(
            profile_pins.c.post_id == bindparam("post"),
            profile_pins.c.person_id == bindparam("person"),
        )
    )
)
_COUNT = Statement(
    select(func.count())
    .join_from(profile_pins, posts, posts.c.id == profile_pins.c.post_id)
    .where(profile_pins.c.person_id == bindparam("person"), *_SHOWN)
)
_OF = Statement(
    select(*COLUMNS)
    .join_from(profile_pins, posts, posts.c.id == profile_pins.c.post_id)
    .where(profile_pins.c.person_id == bindparam("person"), *_SHOWN)
    .order_by(profile_pins.c.at_ms.desc(), posts.c.id.desc())
)


def _add(tools: Tools) -> Any:  # noqa: ANN401 - a dialect's Insert
    return (
        tools.insert(profile_pins)
        .values({name: bindparam(name) for name in ("post_id", "person_id", "at_ms")})
        .on_conflict_do_nothing()
    )


def _among(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return select(profile_pins.c.post_id).where(
        tools.in_list(profile_pins.c.post_id, "posts"),
        profile_pins.c.person_id == bindparam("person"),
    )


_ADD = Statement(_add)
_AMONG = Statement(_among)


class ProfilePins:
    """The pins of all people here; how many one may have is for the caller to say."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def add(self, person_id: ActorKey, post_id: PostKey, *, at: datetime) -> bool:
        """Pin a post of the person; False when it was pinned already."""
        return self._db.run(_ADD, post_id=post_id, person_id=person_id, at_ms=to_ms(at)) > 0

    def remove(self, person_id: ActorKey, post_id: PostKey) -> bool:
        """Take a post off; False when it was not pinned."""
        return self._db.run(_REMOVE, person=person_id, post=post_id) > 0

    def count(self, person_id: ActorKey) -> int:
        """How many published posts the person has pinned."""
        row = self._db.row(_COUNT, person=person_id)
        return 0 if row is None else int(row[0])

    def of(self, person_id: ActorKey) -> list[Post]:
        """The published posts that the person has pinned, the latest pin first."""
        return [to_post(row) for row in self._db.rows(_OF, person=person_id)]

    def among(self, person_id: ActorKey, post_ids: Iterable[PostKey]) -> set[PostKey]:
        """Which of these posts the person has pinned."""
        rows = self._db.rows(_AMONG, person=person_id, posts=json_list(post_ids))
        return {PostKey(row[0]) for row in rows}
