"""The small values of what we send: dates, pictures, tags, languages, sources.

Spec: ActivityStreams Core 4; RFC 3339 (dates, in UTC with Z); FEP-eb48; FEP-9098.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from protocols.activitypub.vocabulary import Emoji, Hashtag, Mention, Picture
from protocols.errors import LocalProtocolError
from protocols.strict_json import JsonObject, JsonValue


def drop_empty(document: JsonObject) -> JsonObject:
    """Give the properties that have a value: null says nothing in ActivityStreams."""
    return {key: value for key, value in document.items() if value is not None}


def render_date(date: datetime | None) -> str | None:
    """Give a date in UTC as "2026-01-01T00:00:00Z", with a fraction when it has one.

    Raises:
        LocalProtocolError: when it has no time zone.
    """
    if date is None:
        return None
    if date.tzinfo is None:
        raise LocalProtocolError("A date without a time zone cannot be sent.")
    return date.astimezone(UTC).isoformat().replace("+00:00", "Z")


def render_ids(ids: Iterable[str]) -> list[JsonValue]:
    """Give ids as a JSON list, also when there is one or none: Lemmy wants lists."""
    return list(ids)


def render_source(source: str | None, media_type: str | None) -> JsonObject | None:
    """Give the text that the author typed. Spec: ActivityPub 3.3."""
    return drop_empty({"content": source, "mediaType": media_type}) if source is not None else None


def render_language(code: str) -> JsonObject:
    """Give a language as Lemmy, PieFed and PeerTube read it."""
    return {"identifier": code, "name": code}


def render_picture(picture: Picture | None) -> JsonObject | None:
    """Give an Image."""
    if picture is None:
        return None
    return drop_empty(
        {
            "type": "Image",
            "url": picture.url,
            "mediaType": picture.media_type,
            "name": picture.alt,
            "width": picture.width,
            "height": picture.height,
            "blurhash": picture.blurhash,
        }
    )


def render_mention(mention: Mention) -> JsonObject:
    """Give a Mention tag."""
    return drop_empty({"type": "Mention", "href": mention.href, "name": mention.name})


def render_hashtag(hashtag: Hashtag) -> JsonObject:
    """Give a Hashtag tag, with the # that Mastodon expects. Spec: FEP-eb48."""
    return drop_empty({"type": "Hashtag", "href": hashtag.href, "name": f"#{hashtag.name}"})


def render_emoji(emoji: Emoji) -> JsonObject:
    """Give a custom emoji. Spec: FEP-9098."""
    return drop_empty(
        {
            "id": emoji.id,
            "type": "Emoji",
            "name": f":{emoji.name}:",
            "icon": {"type": "Image", "url": emoji.icon_url},
        }
    )
