"""The comments of a thread as rows: a tree written line by line, cut into pages.

A row says how many lists end before it and whether one begins, so that a template writes nested
lists in one loop. A page may begin in the middle of a branch: what answers a comment that was on
the page before stands at the first level again, and says whom it answers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from communities.posts import Post, PostKey, PostState
from communities.threads import Branch, build_tree
from storage.timelines import Entry

SHOWN_LEVELS = 6
"""Levels of answers on a page; what lies deeper has a page of its own."""

COMMENTS_A_PAGE = 200
FIRST_HEADING = 3
_LAST_HEADING = 6


class CommentOrder(StrEnum):
    """How the answers to each comment are ordered."""

    BEST = "best"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A comment in its place.

    `closes` lists end before it and `opens` says that one begins; `hidden` answers lie too deep
    to be shown; `next_id` is the next comment of the first level, for those who skip a branch.
    """

    entry: Entry
    level: int
    heading: int
    opens: bool
    closes: int
    hidden: int
    continues: Post | None
    next_id: PostKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPage:
    """Some comments of a thread; `following` is the cursor of the next page."""

    rows: tuple[Row, ...]
    unclosed: int
    following: PostKey | None


def comment_page(
    comments: Sequence[Entry],
    order: CommentOrder,
    *,
    after: PostKey | None = None,
    most: int = COMMENTS_A_PAGE,
) -> CommentPage:
    """The page of a thread's comments that follows a comment; the first one without `after`.

    `comments` are those of `Timelines.thread`, each parent before its answers. What was taken
    away and has no answers that are shown is left out.
    """
    entries = {entry.post.id: entry for entry in comments}
    branches = build_tree(
        [entry.post for entry in comments],
        max_depth=SHOWN_LEVELS - 1,
        key=_key(order, entries),
    )
    flat = [branch for first in branches for branch in _walk(first)]
    start = 0
    if after is not None:
        start = next((place + 1 for place, one in enumerate(flat) if one.post.id == after), 0)
    page = flat[start : start + most]
    more = len(flat) > start + most
    rows = _rows(page, entries)
    return CommentPage(
        rows=rows,
        unclosed=rows[-1].level if rows else 0,
        following=page[-1].post.id if more else None,
    )


def _key(order: CommentOrder, entries: dict[PostKey, Entry]) -> Callable[[Post], float] | None:
    match order:
        case CommentOrder.BEST:
            return lambda post: entries[post.id].counts.likes - entries[post.id].counts.dislikes
        case CommentOrder.NEW:
            return lambda post: post.id
        case CommentOrder.OLD:
            return None


def _walk(branch: Branch) -> Iterator[Branch]:
    """A branch and what hangs below it, in reading order, without dead ends."""
    below = [found for answer in branch.answers for found in _walk(answer)]
    if below or branch.hidden or branch.post.state is PostState.PUBLISHED:
        yield branch
        yield from below


def _rows(page: Sequence[Branch], entries: dict[PostKey, Entry]) -> tuple[Row, ...]:
    levels: list[int] = []
    known: dict[PostKey, int] = {}
    for branch in page:
        parent = branch.post.parent_id
        level = known[parent] + 1 if parent in known else 0
        known[branch.post.id] = level
        levels.append(level)
    rows: list[Row] = []
    next_id: PostKey | None = None
    for place in reversed(range(len(page))):
        branch, level = page[place], levels[place]
        before = levels[place - 1] if place else -1
        parent = branch.post.parent_id
        rows.append(
            Row(
                entry=entries[branch.post.id],
                level=level,
                heading=min(FIRST_HEADING + level, _LAST_HEADING),
                opens=level > before,
                closes=max(0, before - level),
                hidden=branch.hidden,
                continues=entries[parent].post
                if level == 0 and parent is not None and parent in entries
                else None,
                next_id=next_id if level == 0 else None,
            )
        )
        if level == 0:
            next_id = branch.post.id
    return tuple(reversed(rows))


def below(entries: Sequence[Entry], key: PostKey) -> list[Entry]:
    """A comment and everything that hangs below it, each parent before its answers."""
    inside = {key}
    found = []
    for entry in entries:
        if entry.post.id == key or entry.post.parent_id in inside:
            inside.add(entry.post.id)
            found.append(entry)
    return found
