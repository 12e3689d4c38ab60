"""Following and blocking between people, and communities that follow communities.

A follow of someone here is answered at once, or waits for them where their account is locked; one
of ours who follows someone elsewhere waits for the answer. Following a community is joining it
(`joining`); only communities follow communities as such, to get each other's posts.
"""

from dataclasses import replace
from datetime import datetime

from communities.actors import Actor, find_actor, require_actor
from communities.community import Community
from communities.errors import Invalid, NotAllowed, NotFound, Reason
from communities.events import FollowChanged, PersonBlocked
from communities.people import ActorKey, Follow, FollowState
from communities.ports import UnitOfWork

_ENDED = "ended"
_REJECTED = "rejected"


def follow(
    uow: UnitOfWork, follower_id: ActorKey, followee_id: ActorKey, uri: str, at: datetime
) -> Follow:
    """Follow someone, or ask to; the same again is the same follow.

    Asked again under a new id (`uri`), the answer is given again under that one.

    Raises:
        NotFound: one of the two is not there.
        NotAllowed: one of them is suspended, the follower is blocked, neither is of this node,
            or one of two communities is not public.
        Invalid: one follows oneself, or a person a community.
    """
    follower = require_actor(uow, follower_id)
    followee = require_actor(uow, followee_id)
    _check_pair(follower, followee)
    if uow.people.has_blocked(followee_id, follower_id):
        raise NotAllowed(Reason.BLOCKED, "You cannot follow this person")
    standing = uow.people.follow(follower_id, followee_id)
    if standing is not None and standing.uri == uri:
        return standing
    if standing is not None:
        asked = replace(standing, uri=uri)
    else:
        asked = Follow(
            follower_id=follower_id,
            followee_id=followee_id,
            state=_first_state(followee),
            uri=uri,
            since=at,
        )
    uow.people.put_follow(asked)
    _tell(uow, asked, asked.state, requested=not followee.is_local)
    return asked


def accept(uow: UnitOfWork, follower_id: ActorKey, followee_id: ActorKey, at: datetime) -> bool:
    """Let a waiting follower in; False when nobody waits (an Accept that nobody asked for).

    The caller acts for the followee: it is signed in, or the answer is signed by it.

    Spec: security ORI-14.
    """
    waiting = uow.people.follow(follower_id, followee_id)
    if waiting is None or waiting.state is FollowState.ACCEPTED:
        return False
    accepted = replace(waiting, state=FollowState.ACCEPTED, since=at)
    uow.people.put_follow(accepted)
    _tell(uow, accepted, accepted.state)
    return True


def reject(uow: UnitOfWork, follower_id: ActorKey, followee_id: ActorKey) -> bool:
    """Turn a follower down or away; False when there is none. The caller acts for the followee."""
    return _end(uow, follower_id, followee_id, _REJECTED)


def unfollow(uow: UnitOfWork, follower_id: ActorKey, followee_id: ActorKey) -> bool:
    """Stop following; False when there was nothing to stop. The caller acts for the follower."""
    followee = find_actor(uow, followee_id)
    return _end(uow, follower_id, followee_id, _ENDED, requested=not followee.is_local)


def block(
    uow: UnitOfWork, blocker_id: ActorKey, blocked_id: ActorKey, uri: str, at: datetime
) -> bool:
    """Block someone: neither follows the other any more; False when it stood already.

    Raises:
        NotFound: one of the two is not there.
        NotAllowed: the blocker is suspended.
        Invalid: one blocks oneself.
    """
    require_actor(uow, blocker_id)
    find_actor(uow, blocked_id)
    if blocker_id == blocked_id:
        raise Invalid("blocked", "Nobody blocks themselves")
    if not uow.people.set_blocked(blocker_id, blocked_id, blocked=True, uri=uri, at=at):
        return False
    unfollow(uow, blocker_id, blocked_id)
    reject(uow, blocked_id, blocker_id)
    uow.record(PersonBlocked(blocker_id=blocker_id, blocked_id=blocked_id, blocked=True, uri=uri))
    return True


def unblock(
    uow: UnitOfWork, blocker_id: ActorKey, blocked_id: ActorKey, uri: str, at: datetime
) -> bool:
    """End a block; False when there was none. No follow comes back by it."""
    if not uow.people.set_blocked(blocker_id, blocked_id, blocked=False, uri=uri, at=at):
        return False
    uow.record(PersonBlocked(blocker_id=blocker_id, blocked_id=blocked_id, blocked=False, uri=uri))
    return True


def _check_pair(follower: Actor, followee: Actor) -> None:
    if follower.id == followee.id:
        raise Invalid("followee", "Nobody follows themselves")
    if not follower.is_local and not followee.is_local:
        raise NotFound("Neither of them is of this node")
    if isinstance(follower, Community) is not isinstance(followee, Community):
        raise Invalid("followee", "People join communities, and communities follow communities")
    for one in (follower, followee):
        if isinstance(one, Community) and not one.is_open_to_read:
            raise NotAllowed(Reason.CLOSED, "Communities can only follow public communities")


def _first_state(followee: Actor) -> FollowState:
    if not followee.is_local or (not isinstance(followee, Community) and followee.locked):
        return FollowState.REQUESTED
    return FollowState.ACCEPTED


def _end(
    uow: UnitOfWork,
    follower_id: ActorKey,
    followee_id: ActorKey,
    state: str,
    *,
    requested: bool = False,
) -> bool:
    standing = uow.people.follow(follower_id, followee_id)
    if standing is None or not uow.people.end_follow(follower_id, followee_id):
        return False
    _tell(uow, standing, state, requested=requested)
    return True


def _tell(uow: UnitOfWork, subject: Follow, state: str, *, requested: bool = False) -> None:
    uow.record(
        FollowChanged(
            follower_id=subject.follower_id,
            followee_id=subject.followee_id,
            state=state,
            uri=subject.uri,
            requested=requested,
        )
    )
