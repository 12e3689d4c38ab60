"""Lists that anyone may read: threads, comments, what an author wrote, which communities are here.

Every query applies `storage.visible`: what an anonymous reader may not see is not read at all.
Pages go from new to old, or from high to low, and begin below a `Position`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)

from communities.people import ActorKey
from communities.posts import Post, PostContent, PostCounts, PostKey, PostState
from storage import visible
from storage.connection import Connection, Row
from storage.post_rows import COLUMNS, to_post
from storage.statements import Statement
from storage.tables.social import post_counts, posts
from storage.times import from_ms_or_none

NEWEST = (1 << 63) - 1
"""Rank and key above those of every post."""

RANKED_THREADS = 2000
"""Orders other than NEW rank this many of a community's newest threads."""

DOUBLING_MS = 13_500_000
"""What each doubling of a thread's votes is worth in HOT: it stands as if 3 3/4 hours younger."""

_MOST_DOUBLINGS = 12


class ThreadOrder(StrEnum):
    """How the threads of a community are put in order."""

    NEW = "new"
    ACTIVE = "active"
    HOT = "hot"
    TOP = "top"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the rank of its last thread in its order, and that thread's key."""

    rank: int
    id: int


START = Position(NEWEST, NEWEST)
"""Before the first page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A post with its counts; `rank` is its place in the order that was asked for."""

    post: Post
    counts: PostCounts
    rank: int

    @property
    def position(self) -> Position:
        """Where the page that follows this entry begins."""
        return Position(self.rank, self.post.id)


_COUNTS = (
    func.coalesce(post_counts.c.comments, 0),
    func.coalesce(post_counts.c.likes, 0),
    func.coalesce(post_counts.c.dislikes, 0),
    func.coalesce(post_counts.c.boosts, 0),
    post_counts.c.activity_ms,
)
_ENTRY = select(*COLUMNS, *_COUNTS).join_from(
    posts, post_counts, post_counts.c.post_id == posts.c.id, isouter=True
)
_score = func.coalesce(post_counts.c.likes - post_counts.c.dislikes, 0)
_RANKS: dict[ThreadOrder, ColumnElement[int]] = {
    ThreadOrder.ACTIVE: func.coalesce(post_counts.c.activity_ms, posts.c.published_ms),
    ThreadOrder.TOP: cast(_score, BigInteger),
    ThreadOrder.HOT: posts.c.published_ms
    + DOUBLING_MS
    * case(
        *((_score >= 1 << doublings, doublings) for doublings in range(_MOST_DOUBLINGS, 0, -1)),
        else_=0,
    ),
}
_READABLE_THREAD = and_(
    posts.c.community_id == bindparam("community"),
    posts.c.parent_id.is_(None),
    posts.c.parent_uri.is_(None),
    visible.FOR_ANYONE,
    visible.PUBLISHED,
    visible.BY_SOMEONE_PRESENT,
    visible.is_open(bindparam("community")),
)


def _new_threads() -> Select[Any]:
    return (
        _ENTRY.add_columns(posts.c.id)
        .where(_READABLE_THREAD, posts.c.id < bindparam("before"))
        .order_by(posts.c.id.desc())
        .limit(bindparam("most"))
    )


def _ranked_threads(rank: ColumnElement[int]) -> Select[Any]:
    """Rank the newest threads by narrow rows, then read the posts of one page."""
    newest = (
        select(posts.c.id, rank.label("rank"))
        .join_from(posts, post_counts, post_counts.c.post_id == posts.c.id, isouter=True)
        .where(_READABLE_THREAD)
        .order_by(posts.c.id.desc())
        .limit(RANKED_THREADS)
        .subquery("newest")
    )
    page = (
        select(newest.c.id, newest.c.rank)
        .where(
            or_(
                newest.c.rank < bindparam("rank"),
                and_(newest.c.rank == bindparam("rank"), newest.c.id < bindparam("before")),
            )
        )
        .order_by(newest.c.rank.desc(), newest.c.id.desc())
        .limit(bindparam("most"))
        .subquery("page")
    )
    return (
        _ENTRY.add_columns(page.c.rank)
        .join(page, page.c.id == posts.c.id)
        .order_by(page.c.rank.desc(), page.c.id.desc())
    )


_NEW = Statement(_new_threads())
_RANKED = {order: Statement(_ranked_threads(rank)) for order, rank in _RANKS.items()}
_FEATURED = Statement(
    _ENTRY.add_columns(posts.c.id)
    .where(
        posts.c.community_id == bindparam("community"),
        posts.c.pinned.is_(True),
        visible.READABLE,
    )
    .order_by(posts.c.id.desc())
    .limit(bindparam("most"))
)
_IN_THREAD = (posts.c.root_id == bindparam("root"), visible.FOR_ANYONE, visible.IN_THE_OPEN)
_SHOWN_OR_GONE = [
    state.value for state in (PostState.PUBLISHED, PostState.REMOVED, PostState.WITHDRAWN)
]
_THREAD = Statement(
    _ENTRY.add_columns(posts.c.id, visible.BY_SOMEONE_PRESENT)
    .where(*_IN_THREAD, posts.c.state.in_(_SHOWN_OR_GONE))
    .order_by(posts.c.depth, posts.c.id)
    .limit(bindparam("most"))
)
_CONTEXT = Statement(
    select(posts.c.id, posts.c.uri)
    .where(
        *_IN_THREAD,
        visible.PUBLISHED,
        visible.BY_SOMEONE_PRESENT,
        posts.c.id > bindparam("after"),
    )
    .order_by(posts.c.id)
    .limit(bindparam("most"))
)
_REPLIES = Statement(
    select(posts.c.uri)
    .where(
        posts.c.root_id == bindparam("root"),
        posts.c.parent_id == bindparam("parent"),
        visible.READABLE,
    )
    .order_by(posts.c.id)
    .limit(bindparam("most"))
)
_ROOT_OF = Statement(select(posts.c.root_id).where(posts.c.id == bindparam("id")))
_BY_AUTHOR = (posts.c.author_id == bindparam("author"), visible.READABLE)
_OF_AUTHOR = (
    _ENTRY.add_columns(posts.c.id)
    .where(*_BY_AUTHOR, posts.c.id < bindparam("before"))
    .order_by(posts.c.id.desc())
    .limit(bindparam("most"))
)
_ALL_OF_AUTHOR = Statement(_OF_AUTHOR)
_THREADS_OF_AUTHOR = Statement(
    _OF_AUTHOR.where(posts.c.parent_id.is_(None), posts.c.parent_uri.is_(None))
)
_COUNT_OF_AUTHOR = Statement(select(func.count()).select_from(posts).where(*_BY_AUTHOR))

_RANK = len(COLUMNS) + len(_COUNTS)


def _entry(row: Row) -> Entry:
    comments, likes, dislikes, boosts, activity_ms = row[len(COLUMNS) : _RANK]
    return Entry(
        to_post(row),
        PostCounts(
            comments=comments,
            likes=likes,
            dislikes=dislikes,
            boosts=boosts,
            last_activity_at=from_ms_or_none(activity_ms),
        ),
        int(row[_RANK]),
    )


def _entry_of_thread(row: Row) -> Entry:
    """A post that was taken away, or whose author was, keeps its place and nothing else."""
    entry = _entry(row)
    if entry.post.state is PostState.PUBLISHED and row[_RANK + 1]:
        return entry
    state = entry.post.state if entry.post.state in _TAKEN_AWAY else PostState.REMOVED
    return Entry(replace(entry.post, content=PostContent(), state=state), entry.counts, entry.rank)


_TAKEN_AWAY = (PostState.REMOVED, PostState.WITHDRAWN)


class Timelines:
    """Pages of posts, for anyone."""

    def __init__(self, connection: Connection) -> None:
        """Work on this connection."""
        self._db = connection

    def threads(
        self,
        community_id: ActorKey,
        order: ThreadOrder = ThreadOrder.NEW,
        *,
        below: Position = START,
        most: int = 20,
    ) -> Sequence[Entry]:
        """A page of a community's threads; its outbox in the order NEW.

        NEW goes back to the first thread, the other orders through the newest 2,000.
        """
        if order is ThreadOrder.NEW:
            rows = self._db.rows(_NEW, community=community_id, before=below.id, most=most)
        else:
            rows = self._db.rows(
                _RANKED[order],
                community=community_id,
                rank=below.rank,
                before=below.id,
                most=most,
            )
        return [_entry(row) for row in rows]

    def featured(self, community_id: ActorKey, *, most: int = 20) -> Sequence[Entry]:
        """The pinned posts of a community, newest first."""
        rows = self._db.rows(_FEATURED, community=community_id, most=most)
        return [_entry(row) for row in rows]

    def thread(self, root_id: PostKey, *, most: int = 5000) -> Sequence[Entry]:
        """A post and its comments, each parent before its answers, older before newer.

        Posts that were removed or withdrawn, and those of suspended authors, keep their place
        without content, in the state REMOVED or WITHDRAWN. Of a comment that is not for everyone
        nothing is said: its answers name a parent that is not in the list. Empty when the post
        itself is not for everyone.
        """
        entries = [_entry_of_thread(row) for row in self._db.rows(_THREAD, root=root_id, most=most)]
        return entries if entries and entries[0].post.id == root_id else []

    def context(
        self, root_id: PostKey, *, after: int = 0, most: int = 200
    ) -> Sequence[tuple[PostKey, str]]:
        """Keys and ids of the readable posts of a thread, oldest first: its context collection."""
        rows = self._db.rows(_CONTEXT, root=root_id, after=after, most=most)
        return [(PostKey(row[0]), row[1]) for row in rows]

    def replies(self, post_id: PostKey, *, most: int = 100) -> Sequence[str]:
        """Ids of the direct answers to a post that anyone may read, oldest first."""
        root = self._db.row(_ROOT_OF, id=post_id)
        if root is None:
            return []
        return [row[0] for row in self._db.rows(_REPLIES, root=root[0], parent=post_id, most=most)]

    def by_author(
        self,
        author_id: ActorKey,
        *,
        before: int = NEWEST,
        most: int = 20,
        comments: bool = True,
    ) -> Sequence[Entry]:
        """A page of what an author wrote, newest first; a person's outbox."""
        statement = _ALL_OF_AUTHOR if comments else _THREADS_OF_AUTHOR
        rows = self._db.rows(statement, author=author_id, before=before, most=most)
        return [_entry(row) for row in rows]

    def count_by_author(self, author_id: ActorKey) -> int:
        """How many posts and comments of an author anyone may read."""
        row = self._db.row(_COUNT_OF_AUTHOR, author=author_id)
        return 0 if row is None else int(row[0])
