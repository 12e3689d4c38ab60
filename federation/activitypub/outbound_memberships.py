"""Joining, leaving and following on their way out: questions, answers, and their ends.

Spec: ActivityPub 7.5 to 7.7; FEP-1b12; FEP-d36d (groups that follow groups); reference
activitypub 3 "Follow".
"""

from communities.events import FollowChanged, MembershipChanged
from communities.membership import MembershipState
from federation.activitypub import from_domain
from federation.activitypub.outbound_moderation import tell_ban
from federation.activitypub.sending import Sending
from federation.activitypub.software import Reader, reader_of
from federation.wanted_jobs import ask_backfill, ask_removal_of_content
from protocols.activitypub.vocabulary import Activity, ActivityType, Reference
from storage.actors import Profile

_ASKED = (MembershipState.MEMBER, MembershipState.REQUESTED)


def tell_membership(sending: Sending, event: MembershipChanged) -> None:
    """What a community of ours answers, and what one of ours asks of a community elsewhere."""
    is_ban = event.state == MembershipState.BANNED
    if is_ban or event.was == MembershipState.BANNED:
        tell_ban(sending, event)
    if is_ban and event.remove_content and not event.requested:
        _remove_the_rest(sending, event)
    community = sending.community(event.community_id)
    person, group = sending.actor(event.person_id), sending.actor(event.community_id)
    if community is None or person is None or group is None:
        return
    if community.is_local and not person.is_local:
        _answer(sending, event, group, person)
    elif person.is_local and not community.is_local:
        _ask(sending, event, group, person)


def _remove_the_rest(sending: Sending, event: MembershipChanged) -> None:
    """Have removed what the ban itself left, which takes away a bounded number of posts."""
    ask_removal_of_content(
        sending.uow, event.community_id, event.person_id, at_ms=sending.out.at_ms
    )


def _answer(sending: Sending, event: MembershipChanged, group: Profile, person: Profile) -> None:
    """Accept or Reject, around the Follow (or Join) that asked, under the id it had."""
    match event.state:
        case MembershipState.MEMBER if event.uri is not None:
            kind = ActivityType.ACCEPT
        case MembershipState.REFUSED if event.uri is not None:
            kind = ActivityType.REJECT
        case MembershipState.BANNED if event.uri is not None and _knows_no_bans(
            sending, event, person
        ):
            kind = ActivityType.REJECT
        case MembershipState.INVITED:
            _send_invitation(sending, event, group, person)
            return
        case _:
            return
    answer = _answering(
        sending, kind, group, _follow(event.uri, person, group), event.reason or None
    )
    _send(sending, group, answer, person, order_key=person.id)


def _knows_no_bans(sending: Sending, event: MembershipChanged, person: Profile) -> bool:
    """Whether the end of a follow is all that a banned person's server understands of it."""
    box = sending.out.mailbox(person)
    reader = reader_of(box.software if box is not None else None)
    return event.was in _ASKED and reader is not Reader.GROUPWARE


def _send_invitation(
    sending: Sending, event: MembershipChanged, group: Profile, person: Profile
) -> None:
    moderator = sending.actor(event.actor_id)
    host = moderator if moderator is not None and moderator.is_local else group
    invitation = from_domain.activity(
        ActivityType.INVITE,
        id=event.uri or sending.id("invite"),
        actor=host.uri,
        obj=Reference(id=group.uri),
        to=(person.uri,),
        target=person.uri,
    )
    _send(sending, host, invitation, person, order_key=person.id)


def _ask(sending: Sending, event: MembershipChanged, group: Profile, person: Profile) -> None:
    if event.state == MembershipState.MEMBER and not event.requested:
        _fetch_history(sending, event, group)
        return
    if not event.requested or event.uri is None:
        return
    asked = _follow(event.uri, person, group)
    if event.state == MembershipState.REQUESTED:
        _send(sending, person, asked, group, order_key=person.id)
    elif event.state == MembershipState.LEFT and event.was in _ASKED:
        _send(sending, person, sending.undo(asked), group, order_key=person.id)
    elif event.state == MembershipState.LEFT and event.was == MembershipState.INVITED:
        declined = from_domain.activity(
            ActivityType.REJECT,
            id=sending.id("reject"),
            actor=person.uri,
            obj=Reference(id=event.uri, type=ActivityType.INVITE.value),
            to=(group.uri,),
        )
        _send(sending, person, declined, group, order_key=person.id)


def _fetch_history(sending: Sending, event: MembershipChanged, group: Profile) -> None:
    """Have the posts of a community elsewhere fetched when the first of ours becomes a member."""
    if not sending.step.wants_backfill or event.was == MembershipState.MEMBER:
        return
    if not sending.uow.memberships.is_only_local_member(event.community_id, event.person_id):
        return
    ask_backfill(sending.uow, group.id, group.uri, at_ms=sending.out.at_ms)


def tell_follow(sending: Sending, event: FollowChanged) -> None:
    """Follow, Undo{Follow}, Accept or Reject between two people, or two communities."""
    follower, followee = sending.actor(event.follower_id), sending.actor(event.followee_id)
    if follower is None or followee is None or follower.is_local is followee.is_local:
        return
    asked = _follow(event.uri, follower, followee)
    if follower.is_local:
        if event.requested and event.state == "ended":
            _send(sending, follower, sending.undo(asked), followee, order_key=follower.id)
        elif event.requested:
            _send(sending, follower, asked, followee, order_key=follower.id)
        return
    kind = {"accepted": ActivityType.ACCEPT, "rejected": ActivityType.REJECT}.get(event.state)
    if kind is not None:
        answer = _answering(sending, kind, followee, asked, None)
        _send(sending, followee, answer, follower, order_key=follower.id)


def _follow(uri: str | None, follower: Profile, followee: Profile) -> Activity:
    """A Follow as it was sent, whoever sent it: peers find it by its id, actor and object."""
    return from_domain.activity(
        ActivityType.FOLLOW,
        id=uri or "",
        actor=follower.uri,
        obj=Reference(id=followee.uri),
        to=(followee.uri,),
    )


def _answering(
    sending: Sending, kind: ActivityType, answerer: Profile, asked: Activity, reason: str | None
) -> Activity:
    return from_domain.activity(
        kind,
        id=sending.id(kind.value.lower()),
        actor=answerer.uri,
        obj=asked,
        to=(asked.actor,),
        summary=reason,
    )


def _send(
    sending: Sending, sender: Profile, sent: Activity, recipient: Profile, *, order_key: int
) -> None:
    boxes = sending.out.mailboxes([recipient], personal=True)
    sending.send(sender, sent, boxes, order_key=order_key)
