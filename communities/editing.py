"""What authors do with their own posts afterwards: edit and withdraw them.

An author is the authority over their own words everywhere: an edit or deletion holds at once in
all four cases of `authority`. Where the community is of this node its rules are asked for edits;
where it is elsewhere it is told.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from communities.actors import Actor, find_actor, require_actor
from communities.authority import Case, decide
from communities.community import Community
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.events import PostEdited, PostWithdrawn
from communities.limits import check_content
from communities.people import ActorKey
from communities.polls import has_same_choices, record_poll_counts
from communities.ports import UnitOfWork
from communities.posts import Post, PostContent, PostKey, PostKind, PostState
from communities.roles import Action, require
from communities.visibility import Viewer, sees

FORGOTTEN_FOR = timedelta(days=7)
"""How long the deletion of a post that we never had is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPost:
    """New content for a post; `edited_at` is the author's time, `at` the time now.

    Id, author, kind, community and parent are not part of it: they never change.
    """

    post_id: PostKey
    editor_id: ActorKey
    content: PostContent
    edited_at: datetime
    at: datetime


def edit(uow: UnitOfWork, command: EditPost, announced_by: ActorKey | None = None) -> bool:
    """Replace the content of one's own post; False for an edit that is old or changes nothing.

    Spec: security ORI-08.

    Raises:
        NotFound: the post is not there for the editor.
        NotAllowed: the editor is not the author, is suspended or banned, or the post was removed.
        Invalid: a field is too long, or the choices of a poll change under its votes.
    """
    editor = require_actor(uow, command.editor_id)
    post, community = _find_own(uow, command.post_id, editor, command.at)
    case = decide(community, editor, announced_by)
    told = case in (Case.FACT, Case.CLAIM)
    if post.state not in (PostState.PUBLISHED, PostState.PENDING):
        if told:
            return False
        raise NotAllowed(Reason.REMOVED, "This post was removed")
    if community is not None and not told:
        require(uow, community, editor, Action.EDIT_OWN, command.at)
    # A time in the future would shut out every later edit.
    edited_at = min(command.edited_at, command.at)
    if edited_at < (post.edited_at or post.published_at):
        return False
    content = _with_poll(post, command.content)
    if content == post.content:
        return False
    if content.poll is not None and not post.local and _only_counts_differ(post.content, content):
        return record_poll_counts(uow, post.id, content.poll)
    check_content(content)
    uow.posts.edit(post.id, content, at=edited_at)
    uow.record(
        PostEdited(
            post_id=post.id,
            editor_id=editor.id,
            community_id=post.community_id,
            requested=case is Case.REQUEST,
        )
    )
    return True


def withdraw(
    uow: UnitOfWork,
    post_id: PostKey,
    actor_id: ActorKey,
    at: datetime,
    announced_by: ActorKey | None = None,
) -> bool:
    """Delete one's own post: a tombstone stays and keeps the thread; False when it stood already.

    Neither a ban nor a suspension stands in the way of taking one's own words back.

    Spec: security ORI-09.

    Raises:
        NotFound: the post is not there for the actor.
        NotAllowed: the actor is not the author.
    """
    actor = find_actor(uow, actor_id)
    post, community = _find_own(uow, post_id, actor, at)
    case = decide(community, actor, announced_by)
    if post.state is PostState.WITHDRAWN:
        return False
    uow.posts.set_state(post.id, PostState.WITHDRAWN, at=at)
    uow.record(
        PostWithdrawn(
            post_id=post.id,
            author_id=actor.id,
            community_id=post.community_id,
            requested=case is Case.REQUEST,
        )
    )
    return True


def forget(uow: UnitOfWork, uri: str, at: datetime) -> bool:
    """Remember the deletion of a post that never came, so that it stays away; False if it did.

    The caller has verified that the deletion comes from the server of that object id.

    Spec: security GRP-12.
    """
    if uow.posts.by_uri(uri) is not None:
        return False
    uow.posts.forget(uri, until=at + FORGOTTEN_FOR)
    return True


def _find_own(
    uow: UnitOfWork, post_id: PostKey, actor: Actor, at: datetime
) -> tuple[Post, Community | None]:
    post = uow.posts.get(post_id)
    if post is None:
        raise NotFound("No such post")
    if post.author_id != actor.id:
        if not sees(uow, Viewer(person_id=actor.id), post, at):
            raise NotFound("No such post")
        raise NotAllowed(Reason.NOT_AUTHOR, "Only its author can do this")
    if post.community_id is None:
        return post, None
    return post, uow.communities.get(post.community_id)


def _with_poll(post: Post, content: PostContent) -> PostContent:
    """The new content with the votes that were counted here."""
    poll = post.content.poll
    if post.kind is PostKind.QUESTION and content.poll is None:
        raise Invalid("poll", "A question needs choices")
    if poll is None or content.poll is None or not post.local:
        return content
    if has_same_choices(poll, content.poll):
        kept = replace(content.poll, options=poll.options, voters=poll.voters)
        return replace(content, poll=kept)
    if poll.voters:
        raise Invalid("poll", "The choices cannot change once somebody has voted")
    return content


def _only_counts_differ(before: PostContent, after: PostContent) -> bool:
    if before.poll is None or after.poll is None or not has_same_choices(before.poll, after.poll):
        return False
    return replace(before, poll=None) == replace(after, poll=None)
