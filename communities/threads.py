"""The order of posts and comments, and the tree that comments make.

All scores are pure functions of a post's counts and the time: the higher, the earlier it stands.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import log10
from math import pow as power

from communities.placing import MAX_DEPTH
from communities.posts import Post, PostCounts, PostKey

_HOUR = timedelta(hours=1)
_GRAVITY = 1.8
_LEAD_HOURS = 2
_BASE_SCORE = 3


class Order(StrEnum):
    """How a list of posts or the answers to one are ordered."""

    NEW = "new"
    OLD = "old"
    HOT = "hot"
    ACTIVE = "active"
    TOP = "top"


def hot_rank(score: int, age: timedelta) -> float:
    """How much attention something deserves: `log10(max(1, 3 + score)) / (hours + 2) ** 1.8`.

    The tenth vote weighs as much as the next ninety, and time wins in the end. `score` is likes
    less dislikes; from -2 downwards it is 0, and an age below zero counts as zero.

    Spec: the rank that Lemmy documents for "Hot", without its scale of 10 000.
    """
    hours = max(age / _HOUR, 0.0)
    return log10(max(1, _BASE_SCORE + score)) / power(hours + _LEAD_HOURS, _GRAVITY)


def rank(order: Order, post: Post, counts: PostCounts, at: datetime) -> float:
    """The score of a post under an order, at that time.

    NEW and OLD go by the time of publication, TOP by likes less dislikes, HOT by `hot_rank` of
    the post's age, ACTIVE by `hot_rank` of the time since its last comment.
    """
    score = counts.likes - counts.dislikes
    match order:
        case Order.NEW:
            return post.published_at.timestamp()
        case Order.OLD:
            return -post.published_at.timestamp()
        case Order.TOP:
            return score
        case Order.HOT:
            return hot_rank(score, at - post.published_at)
        case Order.ACTIVE:
            return hot_rank(score, at - (counts.last_activity_at or post.published_at))


def arrange(
    posts: Iterable[tuple[Post, PostCounts]], order: Order, at: datetime
) -> list[tuple[Post, PostCounts]]:
    """Posts in an order: pinned ones first, and of equal ones the newer (OLD: the older) first."""
    newer = -1 if order is Order.OLD else 1
    return sorted(
        posts,
        key=lambda entry: (
            entry[0].pinned,
            rank(order, entry[0], entry[1], at),
            newer * entry[0].id,
        ),
        reverse=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A comment with its answers; `hidden` counts those below that lie too deep to be shown."""

    post: Post
    answers: tuple["Branch", ...] = ()
    hidden: int = 0


@dataclass(slots=True)
class _Node:
    post: Post
    depth: int
    answers: list["_Node"] = field(default_factory=list)
    hidden: int = 0


def build_tree(
    posts: Sequence[Post],
    *,
    max_depth: int = MAX_DEPTH,
    key: Callable[[Post], float] | None = None,
) -> tuple[Branch, ...]:
    """The comments of a flat list as trees, at most `max_depth` levels below the first ones.

    The list is in order of path: what is answered stands before its answers. A comment whose
    parent is not in it becomes a tree of its own. `key` orders the answers of each comment, the
    highest first; without it they keep the order of the list.
    """
    limit = min(max_depth, MAX_DEPTH)
    shown: dict[PostKey, _Node] = {}
    first: list[_Node] = []
    for post in posts:
        above = None if post.parent_id is None else shown.get(post.parent_id)
        if above is None:
            node = _Node(post, 0)
            first.append(node)
        elif above.depth >= limit:
            above.hidden += 1
            # Answers to it count for the last one that is shown as well.
            shown[post.id] = above
            continue
        else:
            node = _Node(post, above.depth + 1)
            above.answers.append(node)
        shown[post.id] = node
    return _freeze(first, key)


def _freeze(nodes: list[_Node], key: Callable[[Post], float] | None) -> tuple[Branch, ...]:
    ordered = nodes if key is None else sorted(nodes, key=lambda node: -key(node.post))
    return tuple(
        Branch(post=node.post, answers=_freeze(node.answers, key), hidden=node.hidden)
        for node in ordered
    )
