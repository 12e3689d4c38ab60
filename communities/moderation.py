"""What moderators do to posts: remove and restore, lock, pin; every act leaves a log entry.

In a community of this node its moderators decide, wherever they live; a moderator of ours in a
community elsewhere asks it; what its authority announces is recorded. The people who run this
node (`staff`) act on this node alone: on everything of ours, and on our copy of the rest; what
they took down, nobody but they brings back, whatever a moderator or a community says. The
administrators of an author's own server are no moderators here.

Spec: house 2.6; security GRP-01, GRP-04.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from communities.actors import Actor, find_actor, require_actor
from communities.authority import Case, decide, refuse_claim
from communities.community import Community
from communities.errors import Conflict, Invalid, NotAllowed, NotFound, Reason
from communities.events import PostLocked, PostPinned, PostRemoved
from communities.limits import check_reason
from communities.people import ActorKey
from communities.ports import UnitOfWork
from communities.posts import Post, PostKey, PostState
from communities.reports import LogEntry, ModerationAction
from communities.roles import Action, require
from communities.visibility import Viewer, sees

MAX_PINNED = 5
"""How many posts a community of this node shows first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeratePost:
    """One act of a moderator on one post.

    `staff` says that the moderator runs this node and acts as that; the surface that sets it has
    checked the account.
    """

    post_id: PostKey
    moderator_id: ActorKey
    at: datetime
    reason: str = ""
    staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verb:
    """How one kind of act is allowed, recognised as done, done, logged and told."""

    action: Action
    log: ModerationAction
    is_done: Callable[[Post], bool]
    apply: Callable[[UnitOfWork, Post, datetime], None]
    event: Callable[[Post, ModeratePost], PostRemoved | PostLocked | PostPinned]
    by_author: bool = False


def remove(uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None = None) -> bool:
    """Take a post out of sight of all but its author and the moderators; False if it was.

    Raises:
        NotFound: there is no such post.
        NotAllowed: who acts is no moderator of its community, or someone else announced it.
        Invalid: the reason is too long.
    """
    return _act(uow, command, announced_by, _TAKE_DOWN if command.staff else _REMOVE)


def restore(uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None = None) -> bool:
    """Bring a removed post back; False if it was not removed. Raises as `remove`.

    Raises:
        NotAllowed: also when staff took it down and who acts does not act as staff.
    """
    return _act(uow, command, announced_by, _RESTORE)


def lock(uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None = None) -> bool:
    """Close a thread for comments; False if it was. Its author may too. Raises as `remove`."""
    return _act(uow, command, announced_by, _LOCK)


def unlock(uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None = None) -> bool:
    """Open a thread for comments; False if it was. Raises as `remove`.

    An author cannot open what a moderator closed: only moderators unlock.
    """
    return _act(uow, command, announced_by, _UNLOCK)


def pin(uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None = None) -> bool:
    """Show a post first in its community; False if it was. Raises as `remove`.

    Raises:
        Conflict: `MAX_PINNED` posts are pinned already in a community of this node.
        Invalid: it is a comment, or in no community.
    """
    return _act(uow, command, announced_by, _PIN)


def unpin(uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None = None) -> bool:
    """Show a post in its usual place again; False if it was not pinned. Raises as `remove`."""
    return _act(uow, command, announced_by, _UNPIN)


def _act(
    uow: UnitOfWork, command: ModeratePost, announced_by: ActorKey | None, verb: _Verb
) -> bool:
    check_reason(command.reason)
    post = uow.posts.get(command.post_id)
    if post is None:
        raise NotFound("No such post")
    community = None if post.community_id is None else uow.communities.get(post.community_id)
    actor = find_actor(uow, command.moderator_id)
    case = Case.COMMAND if command.staff else decide(community, actor, announced_by)
    refuse_claim(case)
    if case is not Case.FACT:
        _require_may(uow, command, verb, post, community)
    if verb.is_done(post):
        return verb is _TAKE_DOWN and _take_down_removed(uow, post, command)
    _check_state(uow, command, verb, post, case)
    event = verb.event(post, command)
    if case is Case.REQUEST:
        uow.record(replace(event, requested=True))
        return True
    verb.apply(uow, post, command.at)
    _log(uow, post, command, verb)
    uow.record(event)
    return True


def _log(uow: UnitOfWork, post: Post, command: ModeratePost, verb: _Verb) -> None:
    uow.reports.log(
        LogEntry(
            at=command.at,
            moderator_id=command.moderator_id,
            action=verb.log,
            community_id=post.community_id,
            subject_id=post.author_id,
            post_id=post.id,
            reason=command.reason,
        )
    )


def _take_down_removed(uow: UnitOfWork, post: Post, command: ModeratePost) -> bool:
    """Have the removal by a moderator stand as one by staff; False if it did. Nobody is told."""
    if post.state is not PostState.REMOVED or _is_taken_down(uow, post):
        return False
    _log(uow, post, command, _TAKE_DOWN)
    return True


def _is_taken_down(uow: UnitOfWork, post: Post) -> bool:
    return uow.reports.last_removal(post.id) is ModerationAction.STAFF_REMOVE_POST


def _require_may(
    uow: UnitOfWork,
    command: ModeratePost,
    verb: _Verb,
    post: Post,
    community: Community | None,
) -> None:
    actor = require_actor(uow, command.moderator_id)
    if command.staff:
        if not actor.is_local:
            raise NotAllowed(Reason.ROLE, "Only people of this node run it")
        return
    if verb.by_author and post.author_id == actor.id and post.state is PostState.PUBLISHED:
        return
    try:
        _require_role(uow, community, actor, verb.action, command.at)
    except NotAllowed:
        if not sees(uow, Viewer(person_id=actor.id), post, command.at):
            raise NotFound("No such post") from None
        raise


def _require_role(
    uow: UnitOfWork, community: Community | None, actor: Actor, action: Action, at: datetime
) -> None:
    if community is None:
        raise NotAllowed(Reason.ROLE, "This post is in no community that you moderate")
    require(uow, community, actor, action, at)


def _check_state(
    uow: UnitOfWork, command: ModeratePost, verb: _Verb, post: Post, case: Case
) -> None:
    if verb is _PIN:
        _check_pin(uow, post, case)
    elif verb is _RESTORE and not command.staff and _is_taken_down(uow, post):
        raise NotAllowed(Reason.REMOVED, "Those who run this node took this post down")


def _check_pin(uow: UnitOfWork, post: Post, case: Case) -> None:
    if post.community_id is None or post.is_comment:
        raise Invalid("post", "Only posts in a community can be pinned, not comments")
    if post.state is not PostState.PUBLISHED:
        raise Conflict("Only a published post can be pinned")
    if case is Case.COMMAND and uow.posts.pinned_count(post.community_id) >= MAX_PINNED:
        raise Conflict(f"There are {MAX_PINNED} pinned posts already")


def _removed(post: Post, command: ModeratePost, *, removed: bool) -> PostRemoved:
    return PostRemoved(
        post_id=post.id,
        moderator_id=command.moderator_id,
        community_id=post.community_id,
        removed=removed,
        reason=command.reason,
    )


def _locked(post: Post, command: ModeratePost, *, locked: bool) -> PostLocked:
    return PostLocked(
        post_id=post.id,
        actor_id=command.moderator_id,
        community_id=post.community_id,
        locked=locked,
    )


def _pinned(post: Post, command: ModeratePost, *, pinned: bool) -> PostPinned:
    if post.community_id is None:
        raise Invalid("post", "Only posts in a community can be pinned")
    return PostPinned(
        post_id=post.id,
        moderator_id=command.moderator_id,
        community_id=post.community_id,
        pinned=pinned,
    )


_REMOVE = _Verb(
    action=Action.REMOVE,
    log=ModerationAction.REMOVE_POST,
    is_done=lambda post: post.state not in (PostState.PUBLISHED, PostState.PENDING),
    apply=lambda uow, post, at: uow.posts.set_state(post.id, PostState.REMOVED, at=at),
    event=partial(_removed, removed=True),
)
_TAKE_DOWN = replace(_REMOVE, log=ModerationAction.STAFF_REMOVE_POST)
_RESTORE = _Verb(
    action=Action.REMOVE,
    log=ModerationAction.RESTORE_POST,
    is_done=lambda post: post.state is not PostState.REMOVED,
    apply=lambda uow, post, at: uow.posts.set_state(post.id, PostState.PUBLISHED, at=at),
    event=partial(_removed, removed=False),
)
_LOCK = _Verb(
    action=Action.LOCK,
    log=ModerationAction.LOCK,
    is_done=lambda post: post.locked,
    apply=lambda uow, post, _at: uow.posts.set_locked(post.id, locked=True),
    event=partial(_locked, locked=True),
    by_author=True,
)
_UNLOCK = _Verb(
    action=Action.LOCK,
    log=ModerationAction.UNLOCK,
    is_done=lambda post: not post.locked,
    apply=lambda uow, post, _at: uow.posts.set_locked(post.id, locked=False),
    event=partial(_locked, locked=False),
)
_PIN = _Verb(
    action=Action.PIN,
    log=ModerationAction.PIN,
    is_done=lambda post: post.pinned,
    apply=lambda uow, post, _at: uow.posts.set_pinned(post.id, pinned=True),
    event=partial(_pinned, pinned=True),
)
_UNPIN = _Verb(
    action=Action.PIN,
    log=ModerationAction.UNPIN,
    is_done=lambda post: not post.pinned,
    apply=lambda uow, post, _at: uow.posts.set_pinned(post.id, pinned=False),
    event=partial(_pinned, pinned=False),
)
