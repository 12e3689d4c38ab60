"""People and communities themselves on their way out: edited, moved, gone, blocked.

Spec: ActivityPub 7.3, 7.4, 7.9; FEP-7628 (Move); reference activitypub 3 (rows edit group, user
deleted, move).
"""

from communities.community import Community
from communities.events import CommunityChanged, PersonBlocked, PersonChanged
from communities.membership import MembershipState
from communities.people import ActorState
from federation.activitypub import from_domain
from federation.activitypub.published import published_actor
from federation.activitypub.sending import Sending, Told
from federation.wanted_jobs import ask_end_of_ties, ask_followers_to_move, say_farewell
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityObject,
    ActivityType,
    Actor,
    Reference,
)
from storage.actors import Profile
from storage.audiences import Mailbox

_OUR_OWN_DECISION = (ActorState.SUSPENDED, ActorState.LIMITED)
"""What this node alone decided about someone; peers make up their own minds."""


def tell_person(sending: Sending, event: PersonChanged) -> None:
    """Update to followers and to servers of communities, Move to followers, Delete to all peers."""
    person = sending.actor(event.person_id)
    if person is None or event.state in _OUR_OWN_DECISION:
        return
    if not person.is_local:
        _settle_elsewhere(sending, event)
        return
    myself = Reference(id=person.uri)
    if event.state == ActorState.DELETED:
        gone = _say(sending, ActivityType.DELETE, person, myself, removes_data=True)
        body = sending.body(gone, person, is_public=True)
        say_farewell(sending.uow, person.id, body, at_ms=sending.out.at_ms)
    elif event.state == ActorState.MOVED:
        moved = _say(sending, ActivityType.MOVE, person, myself, target=event.moved_to)
        _publish(sending, person, moved, sending.out.audience(person.id))
    elif person.state is not ActorState.DELETED:
        updated = _say(sending, ActivityType.UPDATE, person, _document(sending, person))
        boxes = [*_servers_of_communities(sending, person), *sending.out.audience(person.id)]
        _publish(sending, person, updated, boxes)


def _settle_elsewhere(sending: Sending, event: PersonChanged) -> None:
    """Let go of who is gone, so that nothing is sent for them; follow who has moved."""
    at_ms = sending.out.at_ms
    if event.state == ActorState.DELETED:
        ask_end_of_ties(sending.uow, event.person_id, at_ms=at_ms)
    elif event.state == ActorState.MOVED and event.moved_to is not None:
        ask_followers_to_move(sending.uow, event.person_id, event.moved_to, at_ms=at_ms)


def _servers_of_communities(sending: Sending, person: Profile) -> list[Mailbox]:
    joined = sending.uow.memberships.of_person(person.id, MembershipState.MEMBER)
    groups = sending.uow.actors.many([one.community_id for one in joined])
    return sending.out.mailboxes(groups.values())


def tell_community(sending: Sending, event: CommunityChanged) -> None:
    """Update or Delete of a community of ours: announced, and in its own name to microblogs.

    A change that one of ours wants of a community elsewhere has no words here: the event does not
    hold what is wanted, and Lemmy and PieFed take such changes from their own people alone.
    """
    community, group = sending.community(event.community_id), sending.actor(event.community_id)
    actor = sending.actor(event.actor_id)
    if community is None or group is None or not community.is_local or actor is None:
        return
    if event.state in _OUR_OWN_DECISION:
        return
    is_gone = event.state == ActorState.DELETED
    kind = ActivityType.DELETE if is_gone else ActivityType.UPDATE
    about: ActivityObject = Reference(id=group.uri) if is_gone else _document(sending, group)
    told = Told(
        actor=actor,
        activity=lambda: sending.act(kind, community, actor, about),
        is_requested=False,
        order_key=community.id,
        also=_hosts(sending, event.also_tell),
    )
    sending.tell(community, told)
    to, cc = sending.out.addressing(community)
    by_itself = from_domain.activity(
        kind,
        id=sending.id(f"{kind.value.lower()}-group"),
        actor=group.uri,
        obj=about,
        to=to,
        cc=cc,
    )
    _publish(sending, group, by_itself, _readers_of_actors(sending, community))


def _readers_of_actors(sending: Sending, community: Community) -> list[Mailbox]:
    """Inboxes that do not read what a community announces."""
    wrapped = {box.inbox for box in sending.out.wrapped_readers(community)}
    return [box for box in sending.out.audience(community.id) if box.inbox not in wrapped]


def _hosts(sending: Sending, hosts: tuple[str, ...]) -> tuple[Mailbox, ...]:
    """Inboxes at hosts that follow no more."""
    inboxes = (sending.uow.actors.inbox_at(f"https://{host}") for host in hosts)
    boxes = (sending.out.mailbox_at(inbox) for inbox in inboxes if inbox is not None)
    return tuple(box for box in boxes if box is not None)


def tell_blocked(sending: Sending, event: PersonBlocked) -> None:
    """Block without a target, or its Undo, to the one who is blocked. Spec: ActivityPub 6.9."""
    blocker, blocked = sending.actor(event.blocker_id), sending.actor(event.blocked_id)
    if blocker is None or blocked is None or not blocker.is_local:
        return
    block = from_domain.activity(
        ActivityType.BLOCK,
        id=event.uri,
        actor=blocker.uri,
        obj=Reference(id=blocked.uri),
        to=(blocked.uri,),
    )
    sent = block if event.blocked else sending.undo(block)
    boxes = sending.out.mailboxes([blocked], personal=True)
    sending.send(blocker, sent, boxes, order_key=blocker.id)


def _document(sending: Sending, profile: Profile) -> Actor:
    found = published_actor(sending.uow, profile)
    return from_domain.actor_document(found.profile, found.keys, sending.uris, found.community)


def _say(
    sending: Sending,
    kind: ActivityType,
    person: Profile,
    about: ActivityObject,
    *,
    target: str | None = None,
    removes_data: bool = False,
) -> Activity:
    """An activity of a person about themselves."""
    return from_domain.activity(
        kind,
        id=sending.id(kind.value.lower()),
        actor=person.uri,
        obj=about,
        to=(PUBLIC,),
        cc=(person.followers_uri or sending.uris.followers(person.uri),),
        target=target,
        remove_data=removes_data,
    )


def _publish(sending: Sending, sender: Profile, sent: Activity, boxes: list[Mailbox]) -> None:
    once = {box.inbox: box for box in boxes}
    if once:
        body = sending.body(sent, sender, is_public=True)
        sending.out.send(sender.id, body, [*once.values()], order_key=sender.id)
