"""Entries of timelines: which posts a page shows, and whose boost each of them is.

A post that starts a thread in a community is shown once, as the community's boost; the key of that
boost is made of the post's and stored nowhere. A boost by a person has a row of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, select

from communities.people import ActorKey
from communities.posts import PostKey
from storage.connection import Connection
from storage.statements import Statement, json_list
from storage.tables.feeds import boosts
from storage.tables.social import posts

_BOOST_BIT = 0x8000


def boost_id_of(post_id: int) -> int:
    """The id of a community's boost of a post; and of such an id, the post again."""
    return post_id ^ _BOOST_BIT


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A post in a timeline, under the id that the timeline sorts by.

    `booster_id` is who passed it on: a person, or the community in which it starts a thread; None
    for a post that stands for itself, whose id is the post's own.
    """

    id: int
    post_id: PostKey
    booster_id: ActorKey | None = None


STARTS_THREAD = and_(
    posts.c.community_id.is_not(None), posts.c.parent_id.is_(None), posts.c.parent_uri.is_(None)
)
"""A post that its community passes on."""
_POSTS_AMONG = Statement(
    lambda tools: select(posts.c.id, posts.c.community_id, STARTS_THREAD).where(
        tools.in_list(posts.c.id, "ids")
    )
)
_BOOST = Statement(
    select(boosts.c.post_id, boosts.c.actor_id).where(boosts.c.id == bindparam("id"))
)
_BOOSTS_AMONG = Statement(
    lambda tools: select(boosts.c.id, boosts.c.post_id, boosts.c.actor_id).where(
        tools.in_list(boosts.c.id, "ids")
    )
)


class Feeds:
    """Pages of entries."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def entry(self, status_id: int) -> FeedEntry | None:
        """What a status id names: a post, a community's boost of one, or a person's."""
        return self.entries([status_id]).get(status_id)

    def entries(self, status_ids: Sequence[int]) -> dict[int, FeedEntry]:
        """The same for many ids; those that name nothing are left out."""
        wanted = [*status_ids, *map(boost_id_of, status_ids)]
        rows = self._db.rows(_POSTS_AMONG, ids=json_list(wanted))
        known = {int(row[0]): row for row in rows}
        found: dict[int, FeedEntry] = {}
        for status_id in status_ids:
            post_id = boost_id_of(status_id)
            if status_id in known:
                found[status_id] = FeedEntry(id=status_id, post_id=PostKey(status_id))
            elif post_id in known and known[post_id][2]:
                community = ActorKey(known[post_id][1])
                found[status_id] = FeedEntry(
                    id=status_id, post_id=PostKey(post_id), booster_id=community
                )
        rest = [status_id for status_id in status_ids if status_id not in found]
        if rest:
            for key, post_id, actor_id in self._db.rows(_BOOSTS_AMONG, ids=json_list(rest)):
                found[key] = FeedEntry(
                    id=key, post_id=PostKey(post_id), booster_id=ActorKey(actor_id)
                )
        return found
