"""Acts of moderation on their way out: removals, locks, pins, roles, bans and reports.

A moderator of ours acts in our own communities and asks those elsewhere; a moderator of a peer is
relayed unchanged. What hits a person is told to that person's server as well, which may have no
follower to be told through.

Spec: FEP-1b12 "Group moderation"; reference activitypub 3 (rows delete, report, ban, mods, lock).
"""

from dataclasses import replace
from datetime import datetime

from communities.community import Community
from communities.events import (
    MembershipChanged,
    PostLocked,
    PostPinned,
    PostRemoved,
    ReportFiled,
    RoleChanged,
)
from communities.membership import MembershipState
from communities.posts import Post, PostState
from communities.reports import Report, ReportKey
from communities.visibility import may_relay
from federation.activitypub import from_domain
from federation.activitypub.outbound_posts import Spoken, deletion, direct_readers
from federation.activitypub.sending import Sending, Told
from federation.activitypub.software import Reader, reader_of, reports_one_object
from protocols.activitypub.vocabulary import (
    Activity,
    ActivityType,
    Reference,
)
from storage.actors import Profile
from storage.audiences import Mailbox
from storage.times import from_ms


def tell_removed(sending: Sending, event: PostRemoved) -> None:
    """Delete with a reason, which makes it a removal, or Undo{Delete}; and the boost with it.

    Outside communities only the author's server can speak for a post: the deletion is in the name
    of the author, of one of ours.
    """
    post, moderator = sending.uow.posts.get(event.post_id), sending.actor(event.moderator_id)
    if post is None or moderator is None:
        return
    community = sending.community(event.community_id)
    if community is None:
        _tell_removed_alone(sending, event, post)
        return
    author = sending.actor(post.author_id)
    sending.tell(
        community,
        Told(
            actor=moderator,
            activity=lambda: _removal(sending, event, post, community, moderator),
            is_requested=event.requested,
            order_key=post.root_id,
            also=_server_of(sending, author),
            for_followers=_is_for_followers(post, community),
        ),
    )
    spoken = Spoken(post, author or moderator, community, event.requested)
    if not spoken.has_twin:
        return
    if event.removed:
        sending.out.withdraw_object(community, post, id=sending.id("undo-boost"))
    elif post.state is PostState.PUBLISHED:
        sending.out.announce_object(community, post, at=sending.at)


def _removal(
    sending: Sending, event: PostRemoved, post: Post, community: Community, moderator: Profile
) -> Activity:
    # Lemmy tells a removal from an author's deletion by the presence of a summary.
    deleted = sending.act(
        ActivityType.DELETE,
        community,
        moderator,
        Reference(id=post.uri),
        summary=event.reason,
    )
    return deleted if event.removed else sending.undo(deleted)


def _tell_removed_alone(sending: Sending, event: PostRemoved, post: Post) -> None:
    author = sending.actor(post.author_id)
    if author is None or not author.is_local:
        return
    deleted = deletion(sending, post, author)
    sent = replace(deleted, summary=event.reason)
    boxes = direct_readers(sending, Spoken(post, author, None, is_requested=False))
    sending.send(
        author, sent if event.removed else sending.undo(sent), boxes, order_key=post.root_id
    )


def tell_locked(sending: Sending, event: PostLocked) -> None:
    """Lock or Undo{Lock}; outside communities nobody would understand it."""
    post, actor = sending.uow.posts.get(event.post_id), sending.actor(event.actor_id)
    community = sending.community(event.community_id)
    if post is None or actor is None or community is None:
        return

    def lock() -> Activity:
        locked = sending.act(ActivityType.LOCK, community, actor, Reference(id=post.uri))
        return locked if event.locked else sending.undo(locked)

    told = Told(
        actor=actor,
        activity=lock,
        is_requested=event.requested,
        order_key=post.root_id,
        for_followers=_is_for_followers(post, community),
    )
    sending.tell(community, told)


def _is_for_followers(post: Post, community: Community) -> bool:
    """Whether the followers of a community know the post, or may: of others they hear nothing."""
    return may_relay(replace(post, state=PostState.PUBLISHED), community)


def tell_pinned(sending: Sending, event: PostPinned) -> None:
    """Add to the featured posts, or Remove."""
    post, actor = sending.uow.posts.get(event.post_id), sending.actor(event.moderator_id)
    community = sending.community(event.community_id)
    if post is None or actor is None or community is None:
        return
    kind = ActivityType.ADD if event.pinned else ActivityType.REMOVE
    target = community.featured_uri or sending.uris.featured(community.uri)
    told = Told(
        actor=actor,
        activity=lambda: sending.act(kind, community, actor, Reference(id=post.uri), target=target),
        is_requested=event.requested,
        order_key=post.root_id,
        for_followers=_is_for_followers(post, community),
    )
    sending.tell(community, told)


def tell_role(sending: Sending, event: RoleChanged) -> None:
    """Add to the moderators, or Remove; owners stand in the same collection."""
    person, actor = sending.actor(event.person_id), sending.actor(event.moderator_id)
    community = sending.community(event.community_id)
    if person is None or actor is None or community is None:
        return
    kind = ActivityType.ADD if event.granted else ActivityType.REMOVE
    target = community.moderators_uri or sending.uris.moderators(community.uri)
    told = Told(
        actor=actor,
        activity=lambda: sending.act(
            kind, community, actor, Reference(id=person.uri), target=target
        ),
        is_requested=event.requested,
        order_key=person.id,
        also=_server_of(sending, person),
    )
    sending.tell(community, told)


def tell_ban(sending: Sending, event: MembershipChanged) -> None:
    """Block with the community as target, or Undo{Block}."""
    person, actor = sending.actor(event.person_id), sending.actor(event.actor_id)
    community = sending.community(event.community_id)
    if person is None or actor is None or community is None:
        return
    is_ban = event.state == MembershipState.BANNED

    def block() -> Activity:
        blocked = sending.act(
            ActivityType.BLOCK,
            community,
            actor,
            Reference(id=person.uri),
            target=community.uri,
            summary=event.reason or None,
        )
        blocked = replace(
            blocked,
            remove_data=event.remove_content,
            end_time=_end(event.until_ms) if is_ban else None,
        )
        return blocked if is_ban else sending.undo(blocked)

    told = Told(
        actor=actor,
        activity=block,
        is_requested=event.requested,
        order_key=person.id,
        also=_server_of(sending, person),
    )
    sending.tell(community, told)


def _end(until_ms: int | None) -> datetime | None:
    return None if until_ms is None else from_ms(until_ms)


def _server_of(sending: Sending, person: Profile | None) -> tuple[Mailbox, ...]:
    """The server of a person, if it reads what communities announce."""
    boxes = sending.out.mailboxes([person])
    return tuple(box for box in boxes if reader_of(box.software) is not Reader.MICROBLOG)


def tell_report(sending: Sending, event: ReportFiled) -> None:
    """Flag, in the name of the node: to the authority of the community, or the subject's server.

    From a community of ours it goes on to the servers of its moderators, never back to the one
    that it came from.

    Spec: reference activitypub 3, row report.
    """
    report = sending.uow.reports.get(ReportKey(event.report_id))
    node = sending.uow.actors.by_uri(sending.uris.node_actor())
    reporter, subject = sending.actor(event.reporter_id), sending.actor(event.subject_id)
    if report is None or node is None or reporter is None or subject is None:
        return
    if event.community_id is None and not event.forward:
        return
    community = sending.community(event.community_id)
    for box in _readers_of_reports(sending, community, reporter, subject):
        flag = _flag(sending, report, node, subject, community, box)
        sending.send(node, flag, [box], order_key=report.post_id or subject.id)


def _readers_of_reports(
    sending: Sending, community: Community | None, reporter: Profile, subject: Profile
) -> list[Mailbox]:
    out = sending.out
    if community is not None and community.is_local:
        moderators = sending.uow.memberships.moderators(community.id)
        profiles = sending.uow.actors.many([one.person_id for one in moderators])
        back = {box.peer for box in out.mailboxes([reporter])}
        return [box for box in out.mailboxes(profiles.values()) if box.peer not in back]
    if not reporter.is_local:
        return []
    group = None if community is None else sending.actor(community.id)
    return out.mailboxes([subject if group is None else group], personal=True)


def _flag(
    sending: Sending,
    report: Report,
    node: Profile,
    subject: Profile,
    community: Community | None,
    box: Mailbox,
) -> Activity:
    """The report as that peer reads it: of one object, or of the person with the post."""
    post = None if report.post_id is None else sending.uow.posts.get(report.post_id)
    named = [Reference(id=post.uri)] if post is not None else []
    if not named or not reports_one_object(box.software):
        named.insert(0, Reference(id=subject.uri))
    flag = from_domain.activity(
        ActivityType.FLAG,
        id=sending.id(_word_for(box.peer)),
        actor=node.uri,
        obj=named[0],
        to=(community.uri if community is not None else subject.uri,),
        audience=community.uri if community is not None else None,
        content=report.reason or None,
        summary=report.reason or None,
    )
    return replace(flag, objects=tuple(named))


def _word_for(peer: str) -> str:
    """A part of an id that differs from peer to peer: each gets a report of its own."""
    return "flag-" + peer.partition("://")[2].replace(":", "-")
