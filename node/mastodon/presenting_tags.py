"""Hashtags as apps see them, in batches."""

from collections.abc import Sequence
from datetime import datetime

from communities.people import ActorKey
from node.mastodon.desk import Desk
from protocols.mastodon import tags as shapes
from protocols.mastodon.accounts import Entity
from storage.feed_marks import fold
from storage.tags import Use
from storage.unit_of_work import UnitOfWork


def tag_entities(
    uow: UnitOfWork,
    desk: Desk,
    names: Sequence[str],
    person_id: ActorKey | None,
    at: datetime,
) -> list[Entity]:
    """The Tags of these names, once each and in their order; four statements at most."""
    folded = list(dict.fromkeys(fold(name) for name in names))
    if not folded:
        return []
    used = uow.tags.history(folded, at)
    following: set[str] = set()
    featuring: set[str] = set()
    if person_id is not None:
        following = uow.tags.followed_among(person_id, folded)
        featuring = {fold(name) for name in uow.tags.featured_names(person_id)}
    return [
        shapes.tag(
            name=name,
            base=desk.uris.base,
            days=days_of(used[name]),
            following=None if person_id is None else name in following,
            featuring=None if person_id is None else name in featuring,
        )
        for name in folded
    ]


def days_of(used: Sequence[Use]) -> list[shapes.Day]:
    """The days of a history."""
    return [shapes.Day(on=use.day, uses=use.posts, accounts=use.people) for use in used]
