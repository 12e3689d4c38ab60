"""Trends::Link and Suggestion."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from protocols.mastodon.accounts import Entity
from protocols.mastodon.tags import Day, history


def trending_link(*, url: str, title: str, days: Sequence[Day]) -> Entity:
    """The Trends::Link; of the page itself no more is known than what people called it.

    Spec: Mastodon API "Trends::Link".
    """
    parts = urlsplit(url)
    return {
        "url": url,
        "title": title,
        "description": "",
        "type": "link",
        "author_name": "",
        "author_url": "",
        "authors": [],
        "provider_name": parts.hostname or "",
        "provider_url": f"{parts.scheme}://{parts.netloc}",
        "html": "",
        "width": 0,
        "height": 0,
        "image": None,
        "embed_url": "",
        "blurhash": None,
        "history": history(days),
    }


def suggestion(*, account: Entity, source: str, reason: str) -> Entity:
    """The Suggestion, with a sentence that says why (an extension).

    Spec: Mastodon API "Suggestion".
    """
    older = "past_interactions" if source == "friends_of_friends" else "global"
    return {"source": older, "sources": [source], "account": account, "reason": reason}
