"""Whose notices a person wants: the policy by which they are shown, held back or never made.

A policy looks at who caused a notice and how the person knows them. What concerns a person's own
duties and asks (reports, answers of communities, polls, edits) is never held back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from communities.notifications import NoticeKind
from communities.people import ActorState

NEWCOMER: Final = timedelta(days=30)
"""How long an account counts as new."""
YOUNG_FOLLOW: Final = timedelta(days=3)
"""A follow counts only after this time: else one would follow just to be heard."""


class Treatment(StrEnum):
    """What becomes of a notice."""

    ACCEPT = "accept"
    FILTER = "filter"
    """It is kept aside, as a request."""
    DROP = "drop"
    """It is never made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePolicy:
    """What becomes of notices caused by these people; the strictest that fits counts.

    The usual policy is Mastodon's: only private messages of strangers and what limited accounts
    do are held back.
    """

    not_following: Treatment = Treatment.ACCEPT
    not_followers: Treatment = Treatment.ACCEPT
    new_accounts: Treatment = Treatment.ACCEPT
    private_mentions: Treatment = Treatment.FILTER
    limited_accounts: Treatment = Treatment.FILTER


USUAL: Final = NoticePolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """How a person knows who caused a notice.

    Attributes:
        is_permitted: the person accepted a request of theirs.
        is_answer: what they wrote answers a private message of the person.
        follows_since: since when they follow the person, if they do.
        created_at: when their account was made, as far as is known.
    """

    is_permitted: bool = False
    is_followed: bool = False
    is_answer: bool = False
    follows_since: datetime | None = None
    created_at: datetime | None = None
    state: ActorState = ActorState.ACTIVE


FILTERABLE: Final = frozenset(
    {
        NoticeKind.MENTION,
        NoticeKind.REPLY,
        NoticeKind.DIRECT_MESSAGE,
        NoticeKind.REACTION,
        NoticeKind.BOOST,
        NoticeKind.FOLLOW,
        NoticeKind.FOLLOW_REQUEST,
    }
)
"""Kinds that strangers can cause at will."""


def treatment(
    policy: NoticePolicy, kind: NoticeKind, known: Acquaintance, at: datetime
) -> Treatment:
    """What becomes of a notice of this kind.

    Spec: docs.joinmastodon.org entities/NotificationPolicy.
    """
    if kind not in FILTERABLE or known.is_permitted:
        return Treatment.ACCEPT
    chosen = [
        wanted
        for wanted, fits in (
            (policy.not_following, not known.is_followed),
            (policy.not_followers, not _has_followed_for_long(known, at)),
            (policy.new_accounts, not known.is_followed and _is_new(known, at)),
            (policy.private_mentions, _is_unasked(kind, known)),
            (policy.limited_accounts, _is_limited(known)),
        )
        if fits
    ]
    for strictest in (Treatment.DROP, Treatment.FILTER):
        if strictest in chosen:
            return strictest
    return Treatment.ACCEPT


def _has_followed_for_long(known: Acquaintance, at: datetime) -> bool:
    return known.follows_since is not None and at - known.follows_since >= YOUNG_FOLLOW


def _is_new(known: Acquaintance, at: datetime) -> bool:
    return known.created_at is not None and at - known.created_at < NEWCOMER


def _is_unasked(kind: NoticeKind, known: Acquaintance) -> bool:
    return kind is NoticeKind.DIRECT_MESSAGE and not (known.is_followed or known.is_answer)


def _is_limited(known: Acquaintance) -> bool:
    return known.state is ActorState.LIMITED and not known.is_followed
