"""Posts that were read a moment ago, used again while they stand as they did.

Most of a row of `posts` is text that hardly ever changes. So a page reads of each post what tells
whether it changed, and of those that did, or are not kept, the whole row.
"""

from dataclasses import dataclass

from communities.people import ActorKey
from communities.posts import Post, PostCounts
from storage.connection import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRow:
    """A post with what is counted of it, and who wrote what it answers."""

    post: Post
    counts: PostCounts
    parent_author_id: ActorKey | None


class PostCache:
    """Posts by key, each beside the state that it was read in; may be used by several threads.

    A state is a row of `post_page_statements.STATES`: the key, all that changes with the post,
    what is counted of it.
    """

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        """Keep at most so many posts; when there are more, the older half goes."""
        self._kept: dict[int, tuple[Row, PostRow]] = {}
        self._most = most

    def find(self, state: Row) -> PostRow | None:
        """The post in this state; the very same object as before while only counts change."""
        kept = self._kept.get(state[0])
        if kept is None:
            return None
        before, row = kept
        if before == state:
            return row
        if before[:-COUNTED] != state[:-COUNTED]:
            return None
        counted = PostRow(
            post=row.post, counts=counts_of(state), parent_author_id=row.parent_author_id
        )
        self._kept[state[0]] = (state, counted)
        return counted

    def keep(self, state: Row, row: PostRow) -> None:
        """Keep a post that was read in this state."""
        if len(self._kept) >= self._most:
            for old in list(self._kept)[: self._most // 2]:
                self._kept.pop(old, None)
        self._kept[state[0]] = (state, row)


COUNTED = 4


def counts_of(row: Row) -> PostCounts:
    """What is counted of a post, from the end of a row."""
    comments, likes, dislikes, boosts = row[-COUNTED:]
    return PostCounts(comments=comments, likes=likes, dislikes=dislikes, boosts=boosts)
