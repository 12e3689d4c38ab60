"""Who is told what: from one event to the notices that people of this node get.

Nobody is told of what they did themselves, nor of what someone does whom they blocked or muted,
nor of a post that they cannot see or whose thread they muted. What has only been asked of a
community elsewhere is news to nobody, but for reactions, which count at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from communities.events import (
    Event,
    FollowChanged,
    MembershipChanged,
    PersonRegistered,
    PostEdited,
    PostPublished,
    PostRemoved,
    Reacted,
    ReportFiled,
    RoleChanged,
)
from communities.membership import MembershipState
from communities.notice_lookups import Lookups
from communities.people import ActorKey, FollowState
from communities.posts import Post, PostKey, PostState, ReactionKind, Visibility


class NoticeKind(StrEnum):
    """What a notice is about."""

    MENTION = "mention"
    REPLY = "reply"
    DIRECT_MESSAGE = "direct-message"
    REACTION = "reaction"
    BOOST = "boost"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow-request"
    JOIN_REQUEST = "join-request"
    INVITED = "invited"
    ADMITTED = "admitted"
    TURNED_DOWN = "turned-down"
    BANNED = "banned"
    ROLE_CHANGED = "role-changed"
    POST_REMOVED = "post-removed"
    POST_RESTORED = "post-restored"
    REPORT = "report"
    SIGN_UP = "sign-up"
    NEW_POST = "new-post"
    """Someone, or a community, of whose every post one wants to be told, has posted."""
    EDITED = "edited"
    POLL_ENDED = "poll-ended"


_DUTIES: Final = frozenset({NoticeKind.REPORT, NoticeKind.JOIN_REQUEST})
"""What moderators must hear of, whoever caused it."""

_GROUPED: Final = {
    NoticeKind.REACTION: "favourite",
    NoticeKind.BOOST: "reblog",
    NoticeKind.FOLLOW: "follow",
}


def group_key(kind: NoticeKind, post_id: PostKey | None, at: datetime) -> str | None:
    """What like notices of one hour have in common; None for a kind that stands alone.

    Spec: docs.joinmastodon.org entities/Notification, `group_key`.
    """
    word = _GROUPED.get(kind)
    if word is None:
        return None
    hour = int(at.timestamp()) // 3600
    return f"{word}-{hour}" if post_id is None else f"{word}-{post_id}-{hour}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell one person of this node; `actor_id` is who caused it.

    `reason` is what a moderator gave for a decision.
    """

    person_id: ActorKey
    kind: NoticeKind
    actor_id: ActorKey
    post_id: PostKey | None = None
    community_id: ActorKey | None = None
    report_id: int | None = None
    reason: str | None = None


def notices(event: Event, lookups: Lookups) -> tuple[Notice, ...]:
    """The notices that an event leads to, one a person at most, in no order that matters."""
    told: dict[ActorKey, Notice] = {}
    for notice in _proposed(event, lookups):
        if notice.person_id not in told and _is_wanted(notice, lookups):
            told[notice.person_id] = notice
    return tuple(told.values())


def _is_wanted(notice: Notice, lookups: Lookups) -> bool:
    if notice.person_id == notice.actor_id:
        return False
    person = lookups.person(notice.person_id)
    if person is None or not person.is_local or not person.may_act:
        return False
    if lookups.has_blocked(notice.person_id, notice.actor_id):
        return False
    return notice.kind in _DUTIES or not lookups.attention.is_silenced(
        notice.person_id, notice.actor_id
    )


def _proposed(event: Event, lookups: Lookups) -> Iterable[Notice]:
    match event:
        case PostPublished(requested=False):
            return _of_post(event, lookups)
        case PostEdited(requested=False):
            return _of_edit(event, lookups)
        case PostRemoved(requested=False):
            return _of_removal(event, lookups)
        case Reacted(given=True):
            return _of_reaction(event, lookups)
        case ReportFiled():
            return _of_report(event, lookups)
        case _:
            return _of_standing(event, lookups)


def _of_standing(event: Event, lookups: Lookups) -> Iterable[Notice]:
    match event:
        case MembershipChanged(requested=False) if event.state != event.was:
            return _of_membership(event, lookups)
        case RoleChanged(requested=False):
            return (
                Notice(
                    person_id=event.person_id,
                    kind=NoticeKind.ROLE_CHANGED,
                    actor_id=event.moderator_id,
                    community_id=event.community_id,
                ),
            )
        case FollowChanged():
            return _of_follow(event)
        case PersonRegistered(person_id=newcomer):
            staff, kind = lookups.staff(), NoticeKind.SIGN_UP
            return [Notice(person_id=one, kind=kind, actor_id=newcomer) for one in staff]
        case _:
            return ()


def _of_post(event: PostPublished, lookups: Lookups) -> Iterable[Notice]:
    post = lookups.post(event.post_id)
    if post is None or post.state is not PostState.PUBLISHED:
        return ()
    kinds: dict[ActorKey, NoticeKind] = {}
    parent = None if post.parent_id is None else lookups.post(post.parent_id)
    direct = post.visibility is Visibility.DIRECT
    if parent is not None and not direct:
        kinds[parent.author_id] = NoticeKind.REPLY
    for person_id in lookups.recipients(post.id):
        kinds.setdefault(person_id, NoticeKind.DIRECT_MESSAGE if direct else NoticeKind.MENTION)
    if not post.is_comment and not direct:
        for watched in (post.author_id, post.community_id):
            watchers = () if watched is None else lookups.attention.watchers(watched)
            for person_id in watchers:
                kinds.setdefault(person_id, NoticeKind.NEW_POST)
    return _about(post, kinds, lookups)


def _of_edit(event: PostEdited, lookups: Lookups) -> Iterable[Notice]:
    post = lookups.post(event.post_id)
    # Without a time of its own it was no edit: the counts of a poll came in.
    if post is None or post.state is not PostState.PUBLISHED or post.edited_at is None:
        return ()
    kinds = dict.fromkeys(lookups.attention.touched(post.id), NoticeKind.EDITED)
    return _about(post, kinds, lookups)


def of_ended_poll(post: Post, voters: Iterable[ActorKey], lookups: Lookups) -> tuple[Notice, ...]:
    """The notices that a poll has ended: to its author, and to those of its voters who are here."""
    if post.state is not PostState.PUBLISHED:
        return ()
    kinds = dict.fromkeys(voters, NoticeKind.POLL_ENDED)
    told = [notice for notice in _about(post, kinds, lookups) if _is_wanted(notice, lookups)]
    author = lookups.person(post.author_id)
    if author is not None and author.is_local and author.may_act:
        told.append(_notice_of(post, post.author_id, NoticeKind.POLL_ENDED))
    return tuple(told)


def _about(post: Post, kinds: dict[ActorKey, NoticeKind], lookups: Lookups) -> Iterable[Notice]:
    """Notices about a post, to those of ours who may see it and want to hear of its thread."""
    ours = {person_id: kind for person_id, kind in kinds.items() if _is_ours(person_id, lookups)}
    deaf = lookups.attention.deaf_to(post.root_id) if ours else ()
    for person_id, kind in ours.items():
        if person_id not in deaf and lookups.can_see(person_id, post):
            yield _notice_of(post, person_id, kind)


def _is_ours(person_id: ActorKey, lookups: Lookups) -> bool:
    person = lookups.person(person_id)
    return person is not None and person.is_local


def _notice_of(post: Post, person_id: ActorKey, kind: NoticeKind) -> Notice:
    return Notice(
        person_id=person_id,
        kind=kind,
        actor_id=post.author_id,
        post_id=post.id,
        community_id=post.community_id,
    )


def _of_removal(event: PostRemoved, lookups: Lookups) -> Iterable[Notice]:
    post = lookups.post(event.post_id)
    if post is not None:
        yield Notice(
            person_id=post.author_id,
            kind=NoticeKind.POST_REMOVED if event.removed else NoticeKind.POST_RESTORED,
            actor_id=event.moderator_id,
            post_id=post.id,
            community_id=event.community_id,
            reason=event.reason or None,
        )


def _of_reaction(event: Reacted, lookups: Lookups) -> Iterable[Notice]:
    # Downvotes are counted, not announced: being told who disliked helps nobody.
    post = None if event.kind is ReactionKind.DISLIKE else lookups.post(event.post_id)
    if post is None or not _is_ours(post.author_id, lookups):
        return
    if post.author_id not in lookups.attention.deaf_to(post.root_id):
        boost = event.kind is ReactionKind.BOOST
        yield Notice(
            person_id=post.author_id,
            kind=NoticeKind.BOOST if boost else NoticeKind.REACTION,
            actor_id=event.actor_id,
            post_id=post.id,
            community_id=event.community_id,
        )


def _of_membership(event: MembershipChanged, lookups: Lookups) -> Iterable[Notice]:
    if event.state == MembershipState.REQUESTED:
        for moderator_id in lookups.moderators(event.community_id):
            yield Notice(
                person_id=moderator_id,
                kind=NoticeKind.JOIN_REQUEST,
                actor_id=event.person_id,
                community_id=event.community_id,
            )
        return
    kind = {
        MembershipState.MEMBER: NoticeKind.ADMITTED,
        MembershipState.REFUSED: NoticeKind.TURNED_DOWN,
        MembershipState.INVITED: NoticeKind.INVITED,
        MembershipState.BANNED: NoticeKind.BANNED,
    }.get(MembershipState(event.state))
    if kind is not None:
        yield Notice(
            person_id=event.person_id,
            kind=kind,
            actor_id=event.actor_id,
            community_id=event.community_id,
            reason=event.reason or None,
        )


def _of_follow(event: FollowChanged) -> Iterable[Notice]:
    kind = {
        FollowState.REQUESTED.value: NoticeKind.FOLLOW_REQUEST,
        FollowState.ACCEPTED.value: NoticeKind.FOLLOW,
    }.get(event.state)
    if kind is not None:
        yield Notice(person_id=event.followee_id, kind=kind, actor_id=event.follower_id)


def _of_report(event: ReportFiled, lookups: Lookups) -> Iterable[Notice]:
    if event.community_id is None:
        readers = lookups.staff()
    else:
        readers = lookups.moderators(event.community_id)
    for person_id in readers:
        # Who is complained about does not learn by whom.
        if person_id != event.subject_id:
            yield Notice(
                person_id=person_id,
                kind=NoticeKind.REPORT,
                actor_id=event.reporter_id,
                post_id=event.post_id,
                community_id=event.community_id,
                report_id=event.report_id,
            )
