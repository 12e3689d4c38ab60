"""Polls: voting, and the counts that the author of a poll elsewhere tells.

The authority over a poll is the server of its author: votes go there, counts come from there.
"""

from datetime import datetime

from communities.actors import require_actor
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PollVoted, PostEdited
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.posts import Poll, Post, PostKey, PostState
from communities.roles import Action, require
from communities.visibility import Viewer, sees


def is_closed(poll: Poll, at: datetime) -> bool:
    """Whether the poll takes no votes any more."""
    return poll.closed_at is not None or (poll.ends_at is not None and poll.ends_at <= at)


def has_same_choices(one: Poll, other: Poll) -> bool:
    """Whether two polls offer the same names in the same order, in the same way."""
    return one.multiple == other.multiple and [option.name for option in one.options] == [
        option.name for option in other.options
    ]


def vote(
    uow: UnitOfWork, post_id: PostKey, voter_id: ActorKey, names: tuple[str, ...], at: datetime
) -> bool:
    """Vote for one or more choices by name; False when all of them were chosen before.

    A vote in a poll elsewhere counts here at once and is sent to its author.

    Raises:
        NotFound: there is no such poll for this voter.
        NotAllowed: the voter is suspended or banned, the poll is closed, or neither voter nor
            poll is of this node.
        Conflict: it is a poll of one choice, and another was chosen.
        Invalid: a choice does not exist, or there are none or too many.
    """
    voter = require_actor(uow, voter_id)
    post, poll = _find_poll(uow, post_id)
    if post.state is not PostState.PUBLISHED or not sees(uow, Viewer(person_id=voter_id), post, at):
        raise NotFound("No such poll")
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    if community is not None:
        require(uow, community, voter, Action.REACT, at)
    if not post.local and not voter.is_local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "The server of its author counts the votes")
    before = set(uow.posts.votes_of(post_id, voter_id))
    new = [option for option in _positions(poll, names) if option not in before]
    if not new:
        return False
    if is_closed(poll, at):
        raise NotAllowed(Reason.CLOSED, "This poll is closed")
    if before and not poll.multiple:
        raise Conflict("You have voted already")
    for option in new:
        uow.posts.vote(post_id, voter_id, option)
    uow.record(
        PollVoted(post_id=post_id, voter_id=voter_id, options=tuple(new), requested=not post.local)
    )
    return True


def record_poll_counts(uow: UnitOfWork, post_id: PostKey, counts: Poll) -> bool:
    """Take over what the author of a poll elsewhere counted; False when nothing is new.

    The caller has verified that the author says so.

    Raises:
        NotFound: there is no such poll.
        NotAllowed: the poll is of this node, which counts itself.
        Invalid: the choices are not those of the poll.
    """
    post, poll = _find_poll(uow, post_id)
    if post.local:
        raise NotAllowed(Reason.NOT_AUTHORITY, "This node counts the votes of this poll")
    if not has_same_choices(poll, counts):
        raise Invalid("poll", "These are not the choices of this poll")
    if counts == poll:
        return False
    uow.posts.set_poll(post_id, counts)
    uow.record(
        PostEdited(post_id=post_id, editor_id=post.author_id, community_id=post.community_id)
    )
    return True


def _find_poll(uow: UnitOfWork, post_id: PostKey) -> tuple[Post, Poll]:
    post = uow.posts.get(post_id)
    if post is None or post.content.poll is None:
        raise NotFound("No such poll")
    return post, post.content.poll


def _positions(poll: Poll, names: tuple[str, ...]) -> list[int]:
    wanted = dict.fromkeys(names)
    if not wanted or (len(wanted) > 1 and not poll.multiple):
        raise Invalid("choices", "Choose one, or several where the poll lets you")
    by_name = {option.name: position for position, option in enumerate(poll.options)}
    if not wanted.keys() <= by_name.keys():
        raise Invalid("choices", "The poll has no such choice")
    return [by_name[name] for name in wanted]
