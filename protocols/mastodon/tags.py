"""Tag with its history, and FeaturedTag."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from protocols.mastodon.accounts import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How often something was used on a day, and by how many."""

    on: date
    uses: int
    accounts: int


def history(days: Sequence[Day]) -> list[Entity]:
    """The TagHistory, today first; numbers are texts. Spec: Mastodon API "Tag"."""
    return [
        {
            "day": str(
                int(datetime(day.on.year, day.on.month, day.on.day, tzinfo=UTC).timestamp())
            ),
            "uses": str(day.uses),
            "accounts": str(day.accounts),
        }
        for day in days
    ]


def tag(
    *,
    name: str,
    base: str,
    days: Sequence[Day],
    following: bool | None = None,
    featuring: bool | None = None,
) -> Entity:
    """The Tag; its id is its name. `following` and `featuring` are told to who is signed in.

    Spec: Mastodon API "Tag".
    """
    entity: Entity = {
        "id": name,
        "name": name,
        "url": f"{base}/tags/{name}",
        "history": history(days),
    }
    if following is not None:
        entity["following"] = following
    if featuring is not None:
        entity["featuring"] = featuring
    return entity


def featured_tag(
    *,
    id: int,  # noqa: A002 - the field's word
    name: str,
    base: str,
    statuses: int,
    last_on: date | None,
) -> Entity:
    """The FeaturedTag; its number is a text. Spec: Mastodon API "FeaturedTag"."""
    return {
        "id": str(id),
        "name": name,
        "url": f"{base}/tags/{name}",
        "statuses_count": str(statuses),
        "last_status_at": None if last_on is None else last_on.isoformat(),
    }
