"""Which of those who listen have something to do with what just happened."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import bindparam, select, union_all

from communities.membership import MembershipState
from communities.people import ActorKey, FollowState
from communities.posts import PostKey
from storage.connection import Connection
from storage.statements import Statement, Tools, json_list
from storage.tables.feeds import boosts, post_tags
from storage.tables.reading import followed_tags
from storage.tables.social import follows, memberships


def _following(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    return union_all(
        select(follows.c.follower_id, follows.c.followee_id).where(
            tools.in_list(follows.c.follower_id, "people"),
            tools.in_list(follows.c.followee_id, "actors"),
            follows.c.state == FollowState.ACCEPTED.value,
        ),
        select(memberships.c.person_id, memberships.c.community_id).where(
            tools.in_list(memberships.c.person_id, "people"),
            tools.in_list(memberships.c.community_id, "actors"),
            memberships.c.state == MembershipState.MEMBER.value,
        ),
    )


def _following_tags(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    return (
        select(followed_tags.c.person_id, post_tags.c.post_id)
        .join_from(post_tags, followed_tags, followed_tags.c.name == post_tags.c.tag)
        .where(
            tools.in_list(post_tags.c.post_id, "posts"),
            tools.in_list(followed_tags.c.person_id, "people"),
        )
    )


_FOLLOWING, _FOLLOWING_TAGS = Statement(_following), Statement(_following_tags)
_BOOST = Statement(
    select(boosts.c.id).where(
        boosts.c.actor_id == bindparam("actor"), boosts.c.post_id == bindparam("post")
    )
)


class StreamTies:
    """Ties between many people and what happened, a statement for all of them."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def following(
        self, people: Collection[ActorKey], actors: Iterable[ActorKey]
    ) -> set[tuple[ActorKey, ActorKey]]:
        """Which of these people follow, or are members of, which of these actors."""
        rows = self._db.rows(_FOLLOWING, people=json_list(people), actors=json_list(actors))
        return {(ActorKey(row[0]), ActorKey(row[1])) for row in rows}

    def following_tags(
        self, people: Collection[ActorKey], posts: Iterable[PostKey]
    ) -> set[tuple[ActorKey, PostKey]]:
        """Which of these people follow a tag of which of these posts."""
        rows = self._db.rows(_FOLLOWING_TAGS, people=json_list(people), posts=json_list(posts))
        return {(ActorKey(row[0]), PostKey(row[1])) for row in rows}

    def boost_id(self, actor_id: ActorKey, post_id: PostKey) -> int | None:
        """The id of a person's boost of a post."""
        row = self._db.row(_BOOST, actor=actor_id, post=post_id)
        return None if row is None else int(row[0])
