"""The consumer that tells the people of this node: events become their notifications."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from communities.events import (
    FollowChanged,
    MembershipChanged,
    PollVoted,
    PostEdited,
    PostPublished,
    PostWithdrawn,
)
from communities.membership import MembershipState
from communities.notice_lookups import StoredLookups
from communities.notice_policy import FILTERABLE, USUAL, Acquaintance, Treatment, treatment
from communities.notifications import (
    Notice,
    NoticeKind,
    group_key,
    notices,
    of_ended_poll,
)
from communities.people import ActorState, FollowState
from communities.posts import PostKey, Visibility
from node.jobs import JobHandler
from node.push.wanted import want_pushes
from storage.attention import StoredAttention
from storage.event_log import Logged
from storage.jobs import Job
from storage.notifications import Notification
from storage.store import Storage
from storage.times import from_ms, to_ms
from storage.unit_of_work import UnitOfWork

CURSOR = "notifications"
MOST = 200
POLL_JOB = "poll-ended"

STALE = timedelta(hours=24)
"""A post that was this old when it came is history that was fetched, and no news."""


def step(uow: UnitOfWork, now_ms: int, most: int = MOST) -> int:
    """Turn up to `most` events into notifications and move the cursor; how many there were.

    Each notification bears the time of its event, or of this step if that has none. What is told
    about a post is forgotten when its author withdraws it, and that someone asks for something
    once it is answered.
    """
    events = uow.events.after(uow.events.cursor(CURSOR), most)
    if not events:
        return 0
    lookups = _lookups(uow, from_ms(now_ms))
    for logged in events:
        _tell(uow, logged, lookups)
    uow.events.move_cursor(CURSOR, events[-1].seq)
    return len(events)


def _lookups(uow: UnitOfWork, at: datetime) -> StoredLookups:
    attention = StoredAttention(uow.connection, at)
    return StoredLookups(uow=uow, at=at, attention=attention, runners=uow.accounts.staff)


def _tell(uow: UnitOfWork, logged: Logged, lookups: StoredLookups) -> None:
    event = logged.event
    at = from_ms(logged.at_ms) if logged.at_ms else lookups.at
    match event:
        case PostWithdrawn():
            uow.notifications.drop_about(event.post_id)
            return
        case PostPublished() | PostEdited():
            post = lookups.post(event.post_id)
            if post is None:
                return
            await_poll_end(uow, event.post_id, at)
            if isinstance(event, PostPublished) and at - post.published_at > STALE:
                return
        case PollVoted():
            await_poll_end(uow, event.post_id, at)
        case FollowChanged() | MembershipChanged():
            _forget_asking(uow, event)
        case _:
            pass
    _store(uow, notices(event, lookups), at, lookups.at)


def _store(uow: UnitOfWork, found: Iterable[Notice], at: datetime, now: datetime) -> None:
    """Keep notices as notifications, as far as each person lets them through."""
    for notice in found:
        decided = _treatment(uow, notice, now)
        if decided is Treatment.DROP:
            continue
        if notice.kind is NoticeKind.EDITED and notice.post_id is not None:
            uow.notifications.drop_former(notice.person_id, notice.kind.value, notice.post_id)
        notification = _notification(notice, at, filtered=decided is Treatment.FILTER)
        key = uow.notifications.add(notification)
        if key is None:
            continue
        if notification.filtered:
            uow.notice_policies.hold(notice.person_id, notice.actor_id, at=now)
        else:
            want_pushes(uow, replace(notification, id=key), to_ms(now))


def _notification(notice: Notice, at: datetime, *, filtered: bool) -> Notification:
    return Notification(
        person_id=notice.person_id,
        kind=notice.kind.value,
        actor_id=notice.actor_id,
        at=at,
        post_id=notice.post_id,
        community_id=notice.community_id,
        group_key=group_key(notice.kind, notice.post_id, at),
        filtered=filtered,
        report_id=notice.report_id,
        reason=notice.reason,
    )


def _treatment(uow: UnitOfWork, notice: Notice, now: datetime) -> Treatment:
    """What the person's policy makes of a notice; looks up no more than that policy asks for."""
    if notice.kind not in FILTERABLE:
        return Treatment.ACCEPT
    policy = uow.notice_policies.get(notice.person_id)
    actor = uow.people.get(notice.actor_id)
    state = ActorState.ACTIVE if actor is None else actor.state
    limited = state is ActorState.LIMITED
    if policy == USUAL and notice.kind is not NoticeKind.DIRECT_MESSAGE and not limited:
        return Treatment.ACCEPT
    mine = uow.people.follow(notice.person_id, notice.actor_id)
    theirs = uow.people.follow(notice.actor_id, notice.person_id)
    known = Acquaintance(
        is_permitted=uow.notice_policies.is_permitted(notice.person_id, notice.actor_id),
        is_followed=mine is not None and mine.state is FollowState.ACCEPTED,
        is_answer=_answers_private_message(uow, notice),
        follows_since=(
            theirs.since if theirs is not None and theirs.state is FollowState.ACCEPTED else None
        ),
        created_at=None if actor is None else actor.created_at,
        state=state,
    )
    return treatment(policy, notice.kind, known, now)


def _answers_private_message(uow: UnitOfWork, notice: Notice) -> bool:
    """Whether it answers a private message that the person wrote."""
    if notice.kind is not NoticeKind.DIRECT_MESSAGE or notice.post_id is None:
        return False
    post = uow.posts.get(notice.post_id)
    parent = None if post is None or post.parent_id is None else uow.posts.get(post.parent_id)
    return (
        parent is not None
        and parent.author_id == notice.person_id
        and parent.visibility is Visibility.DIRECT
    )


def _forget_asking(uow: UnitOfWork, event: FollowChanged | MembershipChanged) -> None:
    """Who asked has been answered, or asks no more: apps offer to answer as long as it is told."""
    drop = uow.notifications.drop_asking
    if isinstance(event, FollowChanged):
        drop(event.followee_id, NoticeKind.FOLLOW_REQUEST.value, event.follower_id)
        return
    if MembershipState.REQUESTED in (event.was, event.state) and event.was != event.state:
        for moderator in uow.memberships.moderators(event.community_id):
            uow.notifications.drop_join_request(
                moderator.person_id, event.person_id, event.community_id
            )


def await_poll_end(uow: UnitOfWork, post_id: PostKey, at: datetime) -> None:
    """Have it told when the poll of a post ends; once, however often it is asked."""
    post = uow.posts.get(post_id)
    poll = None if post is None else post.content.poll
    if poll is None or poll.ends_at is None or poll.ends_at <= at:
        return
    payload = msgspec.json.encode(int(post_id))
    key = f"{POLL_JOB}:{post_id}"
    uow.jobs.enqueue(POLL_JOB, payload, run_ms=to_ms(poll.ends_at), key=key)


def poll_job(storage: Storage, *, now: Callable[[], datetime]) -> JobHandler:
    """The handler that tells author and voters of a poll that it has ended."""

    async def run(job: Job) -> None:
        await storage.write(end_poll, job, now())

    return run


def end_poll(uow: UnitOfWork, job: Job, now: datetime) -> None:
    """Tell of an ended poll, and end the job; wait on if its end was put off meanwhile."""
    post = uow.posts.get(PostKey(msgspec.json.decode(job.payload, type=int)))
    poll = None if post is None else post.content.poll
    if post is None or poll is None:
        uow.jobs.finish(job)
        return
    if poll.ends_at is not None and poll.ends_at > now:
        uow.jobs.go_on(job, run_ms=to_ms(poll.ends_at))
        return
    lookups = _lookups(uow, now)
    voters = StoredAttention(uow.connection, now).voters(post.id)
    _store(uow, of_ended_poll(post, voters, lookups), now, now)
    uow.jobs.finish(job)
