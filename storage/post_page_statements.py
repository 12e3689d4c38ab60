"""The SQL of pages of posts: statements only, used by `storage.post_pages`."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from communities.people import FollowState
from communities.posts import ReactionKind, Visibility
from storage.actors import COLUMNS as ACTOR_COLUMNS
from storage.feed_conditions import is_one, is_published
from storage.memberships import COLUMNS as MEMBERSHIP_COLUMNS
from storage.post_rows import COLUMNS
from storage.statements import Statement, Tools
from storage.tables.social import (
    actors,
    blocks,
    communities,
    follows,
    memberships,
    poll_votes,
    post_counts,
    post_recipients,
    posts,
    reactions,
)
from storage.tables.ties import domain_blocks, mutes
from storage.tables.writing import bookmarks, profile_pins, thread_mutes

_parents = posts.alias("parents")
_COUNTED = tuple(
    func.coalesce(column, 0)
    for column in (
        post_counts.c.comments,
        post_counts.c.likes,
        post_counts.c.dislikes,
        post_counts.c.boosts,
    )
)
POSTS = Statement(
    lambda tools: (
        select(*COLUMNS, _parents.c.author_id, *_COUNTED)
        .select_from(posts)
        .outerjoin(post_counts, post_counts.c.post_id == posts.c.id)
        .outerjoin(_parents, _parents.c.id == posts.c.parent_id)
        .where(tools.in_list(posts.c.id, "ids"))
    )
)
STATES = Statement(
    lambda tools: (
        # Every column that an UPDATE of posts sets: texts never change without `seq`, `edited_ms`.
        select(
            posts.c.id,
            posts.c.seq,
            posts.c.edited_ms,
            posts.c.state,
            posts.c.locked,
            posts.c.pinned,
            posts.c.extra,
            posts.c.parent_id,
            posts.c.root_id,
            *_COUNTED,
        )
        .select_from(posts)
        .outerjoin(post_counts, post_counts.c.post_id == posts.c.id)
        .where(tools.in_list(posts.c.id, "ids"))
    )
)
"""The states of posts, for `post_cache`."""
_POLICIES = (
    communities.c.kind,
    communities.c.visibility,
    communities.c.join_policy,
    communities.c.posting,
    communities.c.downvotes,
    communities.c.sensitive,
    communities.c.posts,
    communities.c.members,
)
ACTORS = Statement(
    lambda tools: (
        select(*ACTOR_COLUMNS, *_POLICIES)
        .select_from(actors)
        .outerjoin(communities, communities.c.id == actors.c.id)
        .where(tools.in_list(actors.c.id, "ids"))
    )
)
MEMBERSHIPS = Statement(
    lambda tools: select(*MEMBERSHIP_COLUMNS).where(
        memberships.c.person_id == bindparam("viewer"),
        tools.in_list(memberships.c.community_id, "ids"),
    )
)
VOTES = Statement(
    lambda tools: (
        select(poll_votes.c.post_id, poll_votes.c.option)
        .where(
            tools.in_list(poll_votes.c.post_id, "ids"),
            poll_votes.c.voter_id == bindparam("viewer"),
        )
        .order_by(poll_votes.c.post_id, poll_votes.c.option)
    )
)


def _word(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'")


def _marks(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    viewer = bindparam("viewer", type_=BigInteger)
    by_person = [
        select(_word(word), table.c.post_id).where(
            tools.in_list(table.c.post_id, "ids"), table.c.person_id == viewer
        )
        for word, table in (
            (BOOKMARKED, bookmarks),
            (PINNED, profile_pins),
            (NAMED, post_recipients),
        )
    ]
    reacted = select(reactions.c.kind, reactions.c.post_id).where(
        tools.in_list(reactions.c.post_id, "ids"),
        reactions.c.actor_id == viewer,
        reactions.c.slot.in_(["vote", "boost"]),
    )
    silent = select(_word(SILENCED), thread_mutes.c.root_id).where(
        tools.in_list(thread_mutes.c.root_id, "roots"), thread_mutes.c.person_id == viewer
    )
    return union_all(reacted, *by_person, silent)


LIKED, DISLIKED, BOOSTED = (
    ReactionKind.LIKE.value,
    ReactionKind.DISLIKE.value,
    ReactionKind.BOOST.value,
)
BOOKMARKED, PINNED, NAMED, SILENCED = "bookmarked", "pinned", "named", "silenced"
FOLLOWS, BLOCKS, BLOCKED_BY, MUTES = "follows", "blocks", "blocked-by", "mutes"
MARKS = Statement(_marks)


def _ties(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    viewer = bindparam("viewer", type_=BigInteger)
    return union_all(
        select(_word(FOLLOWS), follows.c.followee_id).where(
            follows.c.follower_id == viewer,
            tools.in_list(follows.c.followee_id, "ids"),
            follows.c.state == FollowState.ACCEPTED.value,
        ),
        select(_word(BLOCKS), blocks.c.blocked_id).where(
            blocks.c.blocker_id == viewer, tools.in_list(blocks.c.blocked_id, "ids")
        ),
        select(_word(BLOCKED_BY), blocks.c.blocker_id).where(
            tools.in_list(blocks.c.blocker_id, "ids"), blocks.c.blocked_id == viewer
        ),
        select(_word(MUTES), mutes.c.target_id).where(
            mutes.c.person_id == viewer,
            tools.in_list(mutes.c.target_id, "ids"),
            or_(mutes.c.until_ms.is_(None), mutes.c.until_ms > bindparam("now_ms")),
        ),
        select(_word(BLOCKS), actors.c.id)
        .join_from(actors, domain_blocks, domain_blocks.c.host == actors.c.host)
        .where(domain_blocks.c.person_id == viewer, tools.in_list(actors.c.id, "ids")),
    )


TIES = Statement(_ties)
_threads = posts.alias("threads")


def _standings(tools: Tools) -> Any:  # noqa: ANN401 - a CompoundSelect
    """Words, keys, counts and newest posts, of people and of communities.

    Of people only what is for everyone counts: a number would tell when they write to whom.
    """
    nothing: ColumnElement[int] = literal_column("0")
    accepted = follows.c.state == FollowState.ACCEPTED.value
    newest_thread = (
        select(func.max(_threads.c.id))
        .where(_threads.c.community_id == communities.c.id, _threads.c.parent_id.is_(None))
        .scalar_subquery()
    )
    return union_all(
        select(_word("followers"), follows.c.followee_id, func.count(), nothing)
        .where(tools.in_list(follows.c.followee_id, "ids"), accepted)
        .group_by(follows.c.followee_id),
        select(_word("following"), follows.c.follower_id, func.count(), nothing)
        .where(tools.in_list(follows.c.follower_id, "ids"), accepted)
        .group_by(follows.c.follower_id),
        select(_word("posts"), posts.c.author_id, func.count(), func.max(posts.c.id))
        .where(
            tools.in_list(posts.c.author_id, "ids"),
            is_one(posts.c.visibility, Visibility.PUBLIC, Visibility.UNLISTED),
            is_published(posts),
        )
        .group_by(posts.c.author_id),
        select(_word("threads"), communities.c.id, communities.c.posts, newest_thread).where(
            tools.in_list(communities.c.id, "ids")
        ),
    )


STANDINGS = Statement(_standings)


def _mentioned(tools: Tools) -> Any:  # noqa: ANN401 - a Select
    by_name = and_(
        tools.in_texts(actors.c.localpart, "names"),
        or_(actors.c.host.is_(None), tools.in_texts(actors.c.host, "hosts")),
    )
    return (
        select(actors.c.id, actors.c.uri, actors.c.localpart, actors.c.host, actors.c.url)
        .where(or_(tools.in_texts(actors.c.uri, "uris"), by_name))
        .limit(500)
    )


MENTIONED = Statement(_mentioned)
BOOST_URIS = Statement(
    lambda tools: select(reactions.c.post_id, reactions.c.actor_id, reactions.c.uri).where(
        tools.in_list(reactions.c.post_id, "ids"),
        tools.in_list(reactions.c.actor_id, "boosters"),
        reactions.c.slot == "boost",
        reactions.c.uri.is_not(None),
    )
)


THREAD = Statement(
    select(posts.c.id, posts.c.parent_id)
    .where(posts.c.root_id == bindparam("root"))
    .order_by(posts.c.id)
    .limit(bindparam("most"))
)
MOST_IN_THREAD = 20_000
