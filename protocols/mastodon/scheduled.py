"""ScheduledStatus: what waits for its time, as apps see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledPoll:
    """The poll of a status that waits."""

    options: Sequence[str]
    expires_in: int
    multiple: bool
    hide_totals: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """What an app sent, and when it is to be published; `text` holds title and body."""

    id: int
    at: datetime
    text: str
    visibility: str
    app_id: int
    spoiler_text: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    in_reply_to_id: int | None = None
    group_id: int | None = None
    media_ids: Sequence[int] = ()
    media: Sequence[Entity] = ()
    poll: ScheduledPoll | None = None
    idempotency: str | None = None


def scheduled_status(facts: Scheduled) -> Entity:
    """A ScheduledStatus.

    Spec: Mastodon API "ScheduledStatus".
    """
    poll: Entity | None = None
    if facts.poll is not None:
        poll = {
            "options": list(facts.poll.options),
            "expires_in": facts.poll.expires_in,
            "multiple": facts.poll.multiple,
            "hide_totals": facts.poll.hide_totals,
        }
    params: Entity = {
        "text": facts.text,
        "visibility": facts.visibility,
        "spoiler_text": facts.spoiler_text,
        "sensitive": facts.sensitive,
        "language": facts.language,
        "in_reply_to_id": facts.in_reply_to_id,
        "group_id": None if facts.group_id is None else str(facts.group_id),
        "media_ids": [str(media_id) for media_id in facts.media_ids] or None,
        "poll": poll,
        "idempotency": facts.idempotency,
        "scheduled_at": None,
        "application_id": facts.app_id,
        "with_rate_limit": False,
    }
    return {
        "id": str(facts.id),
        "scheduled_at": moment(facts.at),
        "params": params,
        "media_attachments": list(facts.media),
    }
