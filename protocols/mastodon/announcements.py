"""Announcement, with the emojis that were given to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment, moment_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementFacts:
    """Everything that an Announcement says; `reactions` are emoji, count, and whether by me."""

    id: int
    html: str
    published_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    all_day: bool
    read: bool
    reactions: Sequence[tuple[str, int, bool]]


def announcement(facts: AnnouncementFacts) -> Entity:
    """The Announcement.

    Spec: Mastodon API "Announcement".
    """
    return {
        "id": str(facts.id),
        "content": facts.html,
        "starts_at": moment_or_none(facts.starts_at),
        "ends_at": moment_or_none(facts.ends_at),
        "all_day": facts.all_day,
        "published_at": moment(facts.published_at),
        "updated_at": moment(facts.published_at),
        "read": facts.read,
        "mentions": [],
        "statuses": [],
        "tags": [],
        "emojis": [],
        "reactions": [
            {"name": name, "count": count, "me": by_me} for name, count, by_me in facts.reactions
        ],
    }
