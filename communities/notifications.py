"""Who is told what: from one event to the notices that people of this node get.

Nobody is told of what they did themselves, nor of what someone does whom they blocked, nor of a
post that they cannot see. What has only been asked of a community elsewhere is news to nobody,
but for reactions, which count at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from communities.events import (
    Event,
    FollowChanged,
    MembershipChanged,
    PostPublished,
    PostRemoved,
    Reacted,
    ReportFiled,
    RoleChanged,
)
from communities.membership import MembershipState
from communities.people import ActorKey, FollowState, Person
from communities.ports import UnitOfWork
from communities.posts import Post, PostKey, PostState, ReactionKind, Visibility
from communities.visibility import Viewer, sees


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell one person of this node; `actor_id` is who caused it."""

    person_id: ActorKey
    kind: NoticeKind
    actor_id: ActorKey
    post_id: PostKey | None = None
    community_id: ActorKey | None = None


class Lookups(Protocol):
    """What has to be known to decide on notices."""

    def person(self, person_id: ActorKey) -> Person | None:
        """The person with this key; None for a community."""

    def post(self, post_id: PostKey) -> Post | None:
        """The post with this key, whatever its state."""

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        """Whom the post addresses by name."""

    def moderators(self, community_id: ActorKey) -> Sequence[ActorKey]:
        """Owners and moderators of the community."""

    def staff(self) -> Sequence[ActorKey]:
        """Those who run this node."""

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        """Whether the one has blocked the other."""

    def can_see(self, person_id: ActorKey, post: Post) -> bool:
        """Whether the person may see the post now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLookups:
    """`Lookups` in a unit of work, at a time; `runners` are the people who run the node."""

    uow: UnitOfWork
    at: datetime
    runners: Sequence[ActorKey] = ()

    def person(self, person_id: ActorKey) -> Person | None:
        """The person with this key."""
        return self.uow.people.get(person_id)

    def post(self, post_id: PostKey) -> Post | None:
        """The post with this key."""
        return self.uow.posts.get(post_id)

    def recipients(self, post_id: PostKey) -> Sequence[ActorKey]:
        """Whom the post addresses by name."""
        return self.uow.posts.recipients(post_id)

    def moderators(self, community_id: ActorKey) -> Sequence[ActorKey]:
        """Owners and moderators of the community."""
        return [row.person_id for row in self.uow.memberships.moderators(community_id)]

    def staff(self) -> Sequence[ActorKey]:
        """Those who run this node."""
        return self.runners

    def has_blocked(self, blocker_id: ActorKey, blocked_id: ActorKey) -> bool:
        """Whether the one has blocked the other."""
        return self.uow.people.has_blocked(blocker_id, blocked_id)

    def can_see(self, person_id: ActorKey, post: Post) -> bool:
        """Whether the person may see the post."""
        return sees(self.uow, Viewer(person_id=person_id), post, self.at)


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
    return not lookups.has_blocked(notice.person_id, notice.actor_id)


def _proposed(event: Event, lookups: Lookups) -> Iterable[Notice]:
    match event:
        case PostPublished(requested=False):
            return _of_post(event, lookups)
        case PostRemoved(requested=False):
            return _of_removal(event, lookups)
        case Reacted(given=True):
            return _of_reaction(event, lookups)
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
        case ReportFiled():
            return _of_report(event, lookups)
        case _:
            return ()


def _of_post(event: PostPublished, lookups: Lookups) -> Iterable[Notice]:
    post = lookups.post(event.post_id)
    if post is None or post.state is not PostState.PUBLISHED:
        return
    kinds: dict[ActorKey, NoticeKind] = {}
    parent = None if post.parent_id is None else lookups.post(post.parent_id)
    direct = post.visibility is Visibility.DIRECT
    if parent is not None and not direct:
        kinds[parent.author_id] = NoticeKind.REPLY
    for person_id in lookups.recipients(post.id):
        kinds.setdefault(person_id, NoticeKind.DIRECT_MESSAGE if direct else NoticeKind.MENTION)
    for person_id, kind in kinds.items():
        person = lookups.person(person_id)
        if person is not None and person.is_local and lookups.can_see(person_id, post):
            yield Notice(
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
        )


def _of_reaction(event: Reacted, lookups: Lookups) -> Iterable[Notice]:
    post = lookups.post(event.post_id)
    # Downvotes are counted, not announced: being told who disliked helps nobody.
    if post is not None and event.kind is not ReactionKind.DISLIKE:
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
            )
