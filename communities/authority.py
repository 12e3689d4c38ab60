"""Who decides: the one place that tells commands, requests, facts and claims apart.

Every community has one authority: this node, or one peer. An act that reaches the domain is

    COMMAND  for a community of this node, or for none at all: the rules of `roles` decide
    REQUEST  by one of ours in a community elsewhere: its authority must be asked
    FACT     told by the community itself: only our own blocks and limits can stop it
    CLAIM    told by someone of a peer about a community of a third: not confirmed by it

A claim says enough about the claimant's own words and votes, and nothing about anything else:
a post waits for its announcement, an act of moderation is refused.

Spec: house 2.6 "Authority: commands, facts, requests".
"""

from enum import StrEnum

from communities.actors import Actor
from communities.community import Community
from communities.errors import NotAllowed, Reason
from communities.people import ActorKey


class Case(StrEnum):
    """In which capacity an act reaches this node."""

    COMMAND = "command"
    REQUEST = "request"
    FACT = "fact"
    CLAIM = "claim"


def decide(community: Community | None, actor: Actor, announced_by: ActorKey | None) -> Case:
    """Which case an act of `actor` in `community` is.

    `announced_by` is the verified signer that told us when that is not the actor; only the
    community's own word makes a fact, also when it acts itself.

    Raises:
        NotAllowed: someone else announced the act, or announced one in a community of ours.
    """
    if announced_by is None:
        if community is None or community.is_local:
            return Case.COMMAND
        if actor.id == community.id:
            return Case.FACT
        return Case.REQUEST if actor.is_local else Case.CLAIM
    if community is None or community.is_local or announced_by != community.id:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Only the community itself can announce this")
    return Case.FACT


def refuse_claim(case: Case) -> None:
    """Let commands, requests and facts through.

    Raises:
        NotAllowed: it is a claim, about something that only the community can tell us.
    """
    if case is Case.CLAIM:
        raise NotAllowed(Reason.NOT_AUTHORITY, "Only the community itself can tell us this")
