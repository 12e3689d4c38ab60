"""An activity on its way to the domain, and what a handler may use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from communities.community import Community
from communities.people import ActorKey
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from protocols.activitypub.parsing_origins import origin
from protocols.activitypub.vocabulary import Activity, Document
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One activity whose sender has been verified.

    Attributes:
        activity: as parsed.
        actor: key of the activity's actor; the signer, or the actor of what a group announced.
        peer: origin of the signer.
        at: when it was received.
        raw: the bytes as received, for relaying; None for what was fetched.
        announced_by: the community that announced it, if one did.
        resolved: documents fetched for it by id; None for an id that could not be fetched.
    """

    activity: Activity
    actor: ActorKey
    peer: str
    at: datetime
    raw: bytes | None = None
    announced_by: ActorKey | None = None
    resolved: Mapping[str, Document | None]

    def about(self, activity: Activity, actor: ActorKey) -> "Act":
        """The same receipt with another activity in it (what an Undo or Announce holds)."""
        return replace(self, activity=activity, actor=actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What handlers may use beside the unit of work: names and numbers, no I/O."""

    uris: Uris
    snowflakes: Snowflakes


Needs = Callable[[UnitOfWork, Act, Context], frozenset[str]]
"""Says which documents an activity needs before it can be applied; those in `act.resolved` have
been tried already. Empty most times. It may refuse by raising, and has always run in the unit in
which `Apply` runs: what it refuses, apply need not look at again."""

Apply = Callable[[UnitOfWork, Act, Context], None]
"""Applies an activity, in the unit that stores it or in that of its job, or raises a DomainError
or ProtocolError: then nothing is kept."""


@dataclass(frozen=True, slots=True)
class Handler:
    """The two halves of handling one kind of activity."""

    needs: Needs
    apply: Apply


def nothing_needed(_uow: UnitOfWork, _act: Act, _context: Context) -> frozenset[str]:
    """For activities that can be applied with what is stored."""
    return frozenset()


def relay(uow: UnitOfWork, act: Act) -> None:
    """Keep the bytes of an activity that a community of ours is about to announce.

    The events that follow in this unit name them as their cause. An activity with bto or bcc is
    never relayed (PRV-14).
    """
    if act.raw is not None and act.announced_by is None and not act.activity.hidden_recipients:
        uow.cause = uow.inbox.keep(act.raw, at_ms=uow.at_ms)


def relay_in(uow: UnitOfWork, act: Act, community_id: ActorKey | None) -> None:
    """Relay what happens in this community, if it is one of ours."""
    if community_id is None or act.announced_by is not None:
        return
    community = uow.communities.get(community_id)
    if community is not None and community.is_local:
        relay(uow, act)


def authority_of(act: Act, community: Community | None) -> ActorKey | None:
    """The community whose word this act of moderation is, if one vouches for it.

    That is who announced it; and what comes from the server of a community elsewhere without an
    announcement is its word as well, since that server speaks for it (FEP-fe34 "Same-origin").
    """
    if act.announced_by is not None or community is None or community.is_local:
        return act.announced_by
    return community.id if origin(community.uri) == act.peer else None


def authority_in(uow: UnitOfWork, act: Act, community_id: ActorKey | None) -> ActorKey | None:
    """As `authority_of`, of the community with this key."""
    if act.announced_by is not None or community_id is None:
        return act.announced_by
    return authority_of(act, uow.communities.get(community_id))
