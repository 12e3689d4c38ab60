"""Filters and why they match, as apps read them."""

from collections.abc import Iterable

from communities.filtering import Filter, FilterContext, Match
from communities.posts import PostKey
from protocols.mastodon import filters as shapes
from protocols.mastodon.accounts import Entity


def filter_entity(stored: Filter) -> Entity:
    """The Filter with its keywords and posts."""
    return shapes.account_filter(
        id=stored.id,
        title=stored.title,
        contexts=[place.value for place in FilterContext if place in stored.contexts],
        expires_at=stored.until,
        action=stored.action.value,
        keywords=[
            shapes.keyword(id=each.id, word=each.word, whole_word=each.whole_word)
            for each in stored.keywords
        ],
        statuses=[
            shapes.filtered_status(id=each.id, status_id=each.post_id) for each in stored.posts
        ],
    )


def filter_results(found: Iterable[Match], post_id: PostKey) -> list[Entity]:
    """Why a post is filtered: a FilterResult for each filter that matches."""
    return [
        shapes.filter_result(
            account_filter=filter_entity(match.filter),
            keywords=match.keywords,
            status_id=post_id if match.is_named else None,
        )
        for match in found
    ]
