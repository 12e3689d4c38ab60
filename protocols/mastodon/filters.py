"""Filter, FilterKeyword, FilterStatus, FilterResult, and the V1::Filter of older apps."""

from collections.abc import Sequence
from datetime import datetime

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment_or_none


def keyword(*, id: int, word: str, whole_word: bool) -> Entity:  # noqa: A002 - the field's word
    """The FilterKeyword. Spec: Mastodon API "FilterKeyword"."""
    return {"id": str(id), "keyword": word, "whole_word": whole_word}


def filtered_status(*, id: int, status_id: int) -> Entity:  # noqa: A002 - the field's word
    """The FilterStatus. Spec: Mastodon API "FilterStatus"."""
    return {"id": str(id), "status_id": str(status_id)}


def account_filter(
    *,
    id: int,  # noqa: A002 - the field's word
    title: str,
    contexts: Sequence[str],
    expires_at: datetime | None,
    action: str,
    keywords: Sequence[Entity],
    statuses: Sequence[Entity],
) -> Entity:
    """The Filter. Spec: Mastodon API "Filter"."""
    return {
        "id": str(id),
        "title": title,
        "context": list(contexts),
        "expires_at": moment_or_none(expires_at),
        "filter_action": action,
        "keywords": list(keywords),
        "statuses": list(statuses),
    }


def filter_result(
    *, account_filter: Entity, keywords: Sequence[str], status_id: int | None
) -> Entity:
    """Why a status is filtered. Spec: Mastodon API "FilterResult"."""
    return {
        "filter": {
            name: value
            for name, value in account_filter.items()
            if name not in ("keywords", "statuses")
        },
        "keyword_matches": list(keywords) or None,
        "status_matches": None if status_id is None else [str(status_id)],
    }


def keyword_filter(
    *,
    id: int,  # noqa: A002 - the field's word
    phrase: str,
    contexts: Sequence[str],
    whole_word: bool,
    expires_at: datetime | None,
    irreversible: bool,
) -> Entity:
    """The V1::Filter: a keyword that is a filter of its own. Spec: Mastodon API "V1::Filter"."""
    return {
        "id": str(id),
        "phrase": phrase,
        "context": list(contexts),
        "whole_word": whole_word,
        "expires_at": moment_or_none(expires_at),
        "irreversible": irreversible,
    }
