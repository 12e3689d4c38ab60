"""Reports and the moderation log, as values; the acts are in `communities.moderation`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from communities.people import ActorKey
from communities.posts import PostKey

ReportKey = NewType("ReportKey", int)


class ReportState(StrEnum):
    """Where a report is."""

    NEW = "new"
    RESOLVED = "resolved"


class ReportCategory(StrEnum):
    """What a report is about, in the words of Mastodon."""

    OTHER = "other"
    SPAM = "spam"
    LEGAL = "legal"
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Somebody's complaint about a person and, mostly, a post of theirs; `uri` is the Flag's id.

    `rules` are those of the node that are said to be broken, by number.
    """

    id: ReportKey
    reporter_id: ActorKey
    subject_id: ActorKey
    post_id: PostKey | None
    community_id: ActorKey | None
    reason: str
    at: datetime
    uri: str | None = None
    state: ReportState = ReportState.NEW
    category: ReportCategory = ReportCategory.OTHER
    rules: tuple[str, ...] = ()


class ModerationAction(StrEnum):
    """What a moderator did."""

    REMOVE_POST = "remove-post"
    STAFF_REMOVE_POST = "staff-remove-post"
    RESTORE_POST = "restore-post"
    LOCK = "lock"
    UNLOCK = "unlock"
    PIN = "pin"
    UNPIN = "unpin"
    BAN = "ban"
    UNBAN = "unban"
    ADD_MODERATOR = "add-moderator"
    REMOVE_MODERATOR = "remove-moderator"
    RESOLVE_REPORT = "resolve-report"
    EDIT_COMMUNITY = "edit-community"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"


REMOVALS = (
    ModerationAction.REMOVE_POST,
    ModerationAction.STAFF_REMOVE_POST,
    ModerationAction.RESTORE_POST,
)
"""What is said of a post in the log when it is removed or brought back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the moderation log: who did what to whom, where, and why."""

    at: datetime
    moderator_id: ActorKey
    action: ModerationAction
    community_id: ActorKey | None
    subject_id: ActorKey | None = None
    post_id: PostKey | None = None
    reason: str = ""
