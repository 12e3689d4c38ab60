"""The consumer that tells peers: events of the log become bodies and deliveries.

Every kind of event has its teller in the table below; what is to be told, and to whom, is in the
`outbound_*` modules. Bodies and deliveries are rows of the unit that moves the cursor: an event
is told once, however often the node is killed.

Spec: house 2.7 step 7 and "Event log"; FEP-1b12; reference activitypub 3.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from communities.errors import DomainError
from communities.events import (
    CommunityChanged,
    Event,
    FollowChanged,
    MembershipChanged,
    PersonBlocked,
    PersonChanged,
    PersonRegistered,
    PollVoted,
    PostEdited,
    PostLocked,
    PostPinned,
    PostPublished,
    PostRemoved,
    PostWithdrawn,
    Reacted,
    ReportFiled,
    RoleChanged,
)
from communities.posts import ReactionKind
from federation.activitypub.fanout import Fanout
from federation.activitypub.outbound_memberships import tell_follow, tell_membership
from federation.activitypub.outbound_moderation import (
    tell_locked,
    tell_pinned,
    tell_removed,
    tell_report,
    tell_role,
)
from federation.activitypub.outbound_people import tell_blocked, tell_community, tell_person
from federation.activitypub.outbound_posts import tell_edited, tell_published, tell_withdrawn
from federation.activitypub.outbound_reactions import (
    send_batches,
    send_counts,
    tell_poll_voted,
    tell_reacted,
)
from federation.activitypub.sending import Sending, Step
from federation.uris import Uris
from protocols.errors import ProtocolError
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

CURSOR = "activitypub.outbound"
MOST = 200
MOST_ADDRESSED = 2000
"""After so many deliveries a step ends early: a unit must not hold up the writer."""

TELLERS: Mapping[type[Event], Callable[[Sending, Any], None]] = {
    PostPublished: tell_published,
    PostEdited: tell_edited,
    PostWithdrawn: tell_withdrawn,
    PostRemoved: tell_removed,
    PostLocked: tell_locked,
    PostPinned: tell_pinned,
    Reacted: tell_reacted,
    PollVoted: tell_poll_voted,
    MembershipChanged: tell_membership,
    RoleChanged: tell_role,
    FollowChanged: tell_follow,
    CommunityChanged: tell_community,
    PersonChanged: tell_person,
    ReportFiled: tell_report,
    PersonBlocked: tell_blocked,
}
"""Who tells peers of each kind of event."""
UNTOLD: frozenset[type[Event]] = frozenset({PersonRegistered})
"""Kinds of events of which peers hear nothing."""


def step(
    uow: UnitOfWork, uris: Uris, at_ms: int, most: int = MOST, *, wants_backfill: bool = True
) -> int:
    """Turn up to `most` events into deliveries and move the cursor; how many there were.

    `wants_backfill` says whether the first follow of a community elsewhere fetches its history.
    """
    events = uow.events.after(uow.events.cursor(CURSOR), most)
    if not events:
        return 0
    shared = Step(uow, uris, Fanout(uow, uris, at_ms), wants_backfill)
    taken = 0
    for logged in events:
        _tell(Sending(shared, logged))
        taken += 1
        if shared.out.addressed >= MOST_ADDRESSED:
            break
    last = events[taken - 1]
    send_counts(shared)
    send_batches(shared, Sending(shared, last))
    uow.events.move_cursor(CURSOR, last.seq)
    return taken


def _tell(sending: Sending) -> None:
    """Tell of one event; one that cannot be put into words costs the others nothing."""
    event = sending.logged.event
    if type(event) in UNTOLD or _is_for_nobody(sending, event):
        return
    try:
        TELLERS[type(event)](sending, event)
    except (DomainError, ProtocolError):
        log.exception("event %d (%s) was not told", sending.logged.seq, type(event).__name__)


def _is_for_nobody(sending: Sending, event: Event) -> bool:
    """Whether a peer did it in a community whose followers are all here.

    Such a post or vote is only ever announced by its community: that it has no audience is known
    without reading what was posted, by whom and about what.
    """
    if not isinstance(event, PostPublished | Reacted) or sending.logged.cause is None:
        return False
    if event.community_id is None or event.requested:
        return False
    is_boost = isinstance(event, Reacted) and event.kind is ReactionKind.BOOST
    return not is_boost and not sending.out.audience(event.community_id)
