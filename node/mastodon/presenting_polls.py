"""Polls as apps see them."""

from collections.abc import Sequence
from datetime import datetime

from communities.posts import Poll, Post
from protocols.mastodon import statuses
from protocols.mastodon.accounts import Entity


def poll_entity(
    post: Post, poll: Poll, at: datetime, *, own_votes: Sequence[int] | None, is_own: bool
) -> Entity:
    """The Poll of a post; its id is the post's.

    Args:
        post: what the poll is in.
        poll: its choices.
        at: now, which tells whether it is over.
        own_votes: what the reader chose; None for a reader without an account.
        is_own: the reader asked it, and sees the counts.
    """
    ends_at = poll.closed_at or poll.ends_at
    is_over = ends_at is not None and ends_at <= at
    return statuses.poll(
        statuses.PollFacts(
            id=post.id,
            options=[(option.name, option.votes) for option in poll.options],
            multiple=poll.multiple,
            voters=poll.voters,
            ends_at=ends_at,
            is_over=is_over,
            hides_votes=poll.hides_totals and not is_over and not is_own,
            is_own=is_own,
            own_votes=own_votes,
        )
    )
