"""Relationship, FamiliarFollowers and Report: what stands between one account and another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment, moment_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What a Relationship tells, from the side of who looks.

    `languages` None means all; `muting_until` None for good, where `muting`.
    """

    following: bool = False
    requested: bool = False
    showing_reblogs: bool = True
    notifying: bool = False
    languages: Sequence[str] | None = None
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    muting_notifications: bool = False
    muting_until: datetime | None = None
    domain_blocking: bool = False
    endorsed: bool = False
    note: str = ""


def relationship(account_id: int, between: Between) -> Entity:
    """The Relationship to an account.

    Spec: Mastodon API "Relationship".
    """
    return {
        "id": str(account_id),
        "following": between.following,
        "showing_reblogs": between.following and between.showing_reblogs,
        "notifying": between.following and between.notifying,
        "languages": None if between.languages is None else [*between.languages],
        "followed_by": between.followed_by,
        "blocking": between.blocking,
        "blocked_by": between.blocked_by,
        "muting": between.muting,
        "muting_notifications": between.muting_notifications,
        "muting_expires_at": moment_or_none(between.muting_until),
        "requested": between.requested,
        "requested_by": between.requested_by,
        "domain_blocking": between.domain_blocking,
        "endorsed": between.endorsed,
        "note": between.note,
    }


def familiar_followers(account_id: int, accounts: Sequence[Entity]) -> Entity:
    """The FamiliarFollowers of an account: who follows it and is followed by who looks.

    Spec: Mastodon API "FamiliarFollowers".
    """
    return {"id": str(account_id), "accounts": [*accounts]}


def group_membership(account: Entity, role: str) -> Entity:
    """The GroupMembership of an account, in the words of the one API with groups that stands.

    Spec: reference client-apis 2.1 (groups as pl-fe reads them).
    """
    return {"id": account["id"], "account": account, "role": role}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What a Report tells; `forwarded` when the other server is told, too."""

    id: int
    category: str
    comment: str
    created_at: datetime
    forwarded: bool = False
    is_settled: bool = False
    status_ids: Sequence[int] = ()
    rule_ids: Sequence[str] = ()


def report(facts: ReportFacts, target: Entity) -> Entity:
    """The Report of an account.

    Spec: Mastodon API "Report".
    """
    return {
        "id": str(facts.id),
        "action_taken": facts.is_settled,
        "action_taken_at": None,
        "category": facts.category,
        "comment": facts.comment,
        "forwarded": facts.forwarded,
        "created_at": moment(facts.created_at),
        "status_ids": [str(key) for key in facts.status_ids] or None,
        "rule_ids": [*facts.rule_ids] or None,
        "collection_ids": None,
        "target_account": target,
    }
