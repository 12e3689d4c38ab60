"""What a boost, a like and a hashtag leave for timelines, written beside the fact itself."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select

from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection
from storage.statements import Statement
from storage.tables.feeds import boosts, favourites, post_tags
from storage.tables.social import posts

_SPREAD = 65_521
"""A prime below 2^16: keys of one millisecond, which end alike, keep apart by it."""
_MOST_TRIES = 64


def fold(tag: str) -> str:
    """A hashtag as it is kept and looked for."""
    return tag.removeprefix("#").casefold()


_ADD_BOOST = Statement(
    lambda tools: (
        tools.insert(boosts)
        .values({name: bindparam(name) for name in ("id", "actor_id", "post_id")})
        .on_conflict_do_nothing()
    )
)
_ADD_FAVOURITE = Statement(
    lambda tools: (
        tools.insert(favourites)
        .values({name: bindparam(name) for name in ("id", "person_id", "post_id")})
        .on_conflict_do_nothing()
    )
)
_IS_POST = Statement(select(posts.c.id).where(posts.c.id == bindparam("id")))
_BOOSTED = Statement(
    select(boosts.c.id).where(
        boosts.c.actor_id == bindparam("actor"), boosts.c.post_id == bindparam("post")
    )
)
_DROP_BOOST = Statement(
    delete(boosts).where(
        boosts.c.actor_id == bindparam("actor"), boosts.c.post_id == bindparam("post")
    )
)
_DROP_FAVOURITE = Statement(
    delete(favourites).where(
        favourites.c.person_id == bindparam("person"), favourites.c.post_id == bindparam("post")
    )
)
_DROP_TAGS = Statement(delete(post_tags).where(post_tags.c.post_id == bindparam("post")))

_ADD_TAG = Statement(insert(post_tags).values(tag=bindparam("tag"), post_id=bindparam("post_id")))


class FeedMarks:
    """Rows by which timelines find what was boosted, liked and tagged."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def boosted(self, actor_id: ActorKey, post_id: PostKey, at_ms: int) -> int:
        """Note a boost; its key, which sorts by time and is no post's."""
        key = (at_ms << 16) | ((actor_id * 31 + post_id) % _SPREAD)
        for _ in range(_MOST_TRIES):
            if self._db.row(_IS_POST, id=key) is None and self._db.run(
                _ADD_BOOST, id=key, actor_id=actor_id, post_id=post_id
            ):
                return key
            known = self.boost_of(actor_id, post_id)
            if known is not None:
                return known
            key += 1
        raise ValueError(f"no key near {key} is free")

    def boost_of(self, actor_id: ActorKey, post_id: PostKey) -> int | None:
        """The key of an actor's boost of a post."""
        row = self._db.row(_BOOSTED, actor=actor_id, post=post_id)
        return None if row is None else int(row[0])

    def unboosted(self, actor_id: ActorKey, post_id: PostKey) -> None:
        """The boost was taken back."""
        self._db.run(_DROP_BOOST, actor=actor_id, post=post_id)

    def liked(self, person_id: ActorKey, post_id: PostKey, at_ms: int) -> None:
        """Note a like by one of ours."""
        key = (at_ms << 16) | ((person_id * 31 + post_id) % _SPREAD)
        for tried in range(_MOST_TRIES):
            values = {"id": key + tried, "person_id": person_id, "post_id": post_id}
            if self._db.run(_ADD_FAVOURITE, **values):
                return
        raise ValueError(f"no key near {key} is free")

    def unliked(self, person_id: ActorKey, post_id: PostKey) -> None:
        """The like was taken back, or became a dislike."""
        self._db.run(_DROP_FAVOURITE, person=person_id, post=post_id)

    def tagged(self, post_id: PostKey, before: Sequence[str], now: Sequence[str]) -> None:
        """The hashtags of a post changed, or it is new."""
        was, tags = ({fold(tag) for tag in some} - {""} for some in (before, now))
        if was == tags:
            return
        if was:
            self._db.run(_DROP_TAGS, post=post_id)
        if tags:
            rows = [{"tag": tag, "post_id": post_id} for tag in sorted(tags)]
            self._db.run_many(_ADD_TAG, rows)
