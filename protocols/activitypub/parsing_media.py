"""Pictures, attachments, links and tags of an object.

A URL that is not http or https (javascript:, data:, file:, payto:) is dropped here, with what it
belonged to; nobody behind this module sees one.

Spec: ActivityStreams Vocabulary "attachment", "icon", "image", "tag", "url"; FEP-1311 (media
attachments); FEP-eb48 (hashtags); FEP-9098 (custom emojis); FEP-e232 and FEP-044f (quotes).
"""

from dataclasses import dataclass
from typing import Final

from protocols.activitypub.media_values import duration_of, focus_of
from protocols.activitypub.parsing_origins import is_web_url
from protocols.activitypub.parsing_values import (
    as_list,
    count_of,
    link_of,
    media_type_of,
    plain_text,
    type_names,
)
from protocols.activitypub.vocabulary import Attachment, Emoji, Hashtag, Mention, Picture
from protocols.strict_json import JsonObject, JsonValue

MAX_TAGS: Final = 200
"""Tags beyond these are not taken. Above what any peer lets a person write."""
MAX_ATTACHMENTS: Final = 32
"""Attachments beyond these are not taken: Mastodon takes 4 (16 from others), PieFed 10."""
MAX_ALT_CHARACTERS: Final = 10_000
"""Alt texts are cut to this. Mastodon 4.6 cuts at the same length."""
MAX_TAG_NAME_CHARACTERS: Final = 255
MAX_SHORTCODE_CHARACTERS: Final = 2048
"""GHSA-gg8q-rcg7-p79g."""
MAX_BLURHASH_CHARACTERS: Final = 200
_MAX_LINKS: Final = 64

_ATTACHMENT_KINDS: Final = frozenset({"Link", "Image", "Video", "Audio", "Document"})
_MEDIA_KINDS: Final = {"video": "Video", "audio": "Audio", "image": "Image"}
_STREAM_TYPES: Final = frozenset({"application/x-mpegurl", "application/vnd.apple.mpegurl"})
_QUOTE_RELATIONS: Final = frozenset(
    {"https://misskey-hub.net/ns#_misskey_quote", "http://fedibird.com/ns#quoteUri"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What `attachment` held. `sensitive` says that one of the attachments is marked so."""

    link: str | None = None
    attachments: tuple[Attachment, ...] = ()
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What `tag` held; `quote` is a Link tag that quotes. Spec: FEP-e232."""

    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    quote: str | None = None


_NO_MEDIA: Final = Media()
_NO_TAGS: Final = Tags()


def picture_of(value: JsonValue) -> Picture | None:
    """Give the picture of icon or image: a URL, an Image, a Link, or the widest of a list."""
    if value is None:
        return None
    if type(value) is not list:
        return _picture(value)
    found = [picture for entry in value[:MAX_ATTACHMENTS] if (picture := _picture(entry))]
    return max(found, key=lambda picture: picture.width or 0, default=None)


def _picture(value: JsonValue) -> Picture | None:
    if type(value) is str:
        return Picture(url=value) if is_web_url(value) else None
    if type(value) is not dict:
        return None
    url = link_of(value.get("url")) or link_of(value.get("href"))
    if url is None:
        return None
    return Picture(
        url=url,
        alt=_alt(value),
        media_type=media_type_of(value.get("mediaType")),
        width=count_of(value.get("width")),
        height=count_of(value.get("height")),
        blurhash=plain_text(value.get("blurhash"), MAX_BLURHASH_CHARACTERS),
    )


def _alt(raw: JsonObject) -> str | None:
    # GoToSocial (0.20) and FEP-1311 describe the medium in summary, Mastodon and others in name.
    summary = plain_text(raw.get("summary"), MAX_ALT_CHARACTERS)
    return summary if summary is not None else plain_text(raw.get("name"), MAX_ALT_CHARACTERS)


def media_of(value: JsonValue) -> Media:
    """Give the attachments; the first Link among them is the page that the object is about.

    Taken are Link, Image, Video, Audio, Document, and what has a URL and no type. An attached
    Note, recipe or profile field is not.
    """
    if not value:
        return _NO_MEDIA
    link: str | None = None
    found: list[Attachment] = []
    sensitive = False
    for entry in as_list(value)[:MAX_ATTACHMENTS]:
        attachment = _attachment(entry)
        if attachment is None:
            continue
        sensitive = sensitive or (type(entry) is dict and entry.get("sensitive") is True)
        if link is None and attachment.kind == "Link":
            link = attachment.url
        else:
            found.append(attachment)
    return Media(link=link, attachments=tuple(found), sensitive=sensitive)


def _attachment(value: JsonValue) -> Attachment | None:
    if type(value) is not dict:
        return None
    names = type_names(value)
    kind = next(
        (name for name in names if name in _ATTACHMENT_KINDS), None if names else "Document"
    )
    if kind is None:
        return None
    target, described = _target(value, kind)
    if target is None:
        return None
    return Attachment(
        kind=kind,
        url=target,
        media_type=media_type_of(described.get("mediaType")),
        alt=_alt(value),
        width=count_of(described.get("width")),
        height=count_of(described.get("height")),
        blurhash=plain_text(value.get("blurhash"), MAX_BLURHASH_CHARACTERS),
        focus=focus_of(value.get("focalPoint")),
        duration_ms=duration_of(value.get("duration")),
    )


def _target(raw: JsonObject, kind: str) -> tuple[str | None, JsonObject]:
    """The URL, and the object that says its media type and size: a Link in url, or raw itself."""
    first, second = ("href", "url") if kind == "Link" else ("url", "href")
    value = raw.get(first) or raw.get(second)
    if type(value) is str:
        return (value if is_web_url(value) else None), raw
    for entry in as_list(value)[:_MAX_LINKS]:
        found = link_of(entry)
        if found is not None:
            return found, entry if type(entry) is dict and "mediaType" in entry else raw
    return None, raw


def page_and_files(value: JsonValue) -> tuple[str | None, tuple[Attachment, ...]]:
    """Give the human page among the links of `url`, and its films, sounds and pictures.

    The page is the first Link of type text/html, else the first link that does not say that it is
    something else. PeerTube lists the HLS playlist and the mp4 files of a Video here, beside
    torrents and metadata, which are not taken.
    """
    if type(value) is str:
        return (value if is_web_url(value) else None), ()
    page: str | None = None
    other: str | None = None
    files: list[Attachment] = []
    for entry in as_list(value)[:_MAX_LINKS]:
        url = link_of(entry)
        if url is None:
            continue
        media_type = media_type_of(entry.get("mediaType")) if type(entry) is dict else None
        if media_type is None:
            other = other or url
        elif media_type.startswith("text/html"):
            page = page or url
        elif type(entry) is dict and len(files) < MAX_ATTACHMENTS:
            files.extend(_file(entry, url, media_type))
    return page or other, tuple(files)


def _file(entry: JsonObject, url: str, media_type: str) -> tuple[Attachment, ...]:
    kind = _MEDIA_KINDS.get(media_type.partition("/")[0].lower())
    if media_type.lower() in _STREAM_TYPES:
        kind = "Video"
    if kind is None:
        return ()
    return (
        Attachment(
            kind=kind,
            url=url,
            media_type=media_type,
            width=count_of(entry.get("width")),
            height=count_of(entry.get("height")),
        ),
    )


def tags_of(value: JsonValue) -> Tags:
    """Give the mentions, hashtags, custom emojis and the quote in `tag`; others are not taken."""
    if not value:
        return _NO_TAGS
    mentions: list[Mention] = []
    hashtags: list[Hashtag] = []
    emojis: list[Emoji] = []
    quote: str | None = None
    for entry in as_list(value)[:MAX_TAGS]:
        names = type_names(entry) if type(entry) is dict else ()
        if type(entry) is not dict or not names:
            continue
        if "Mention" in names:
            mentions.extend(_mention(entry))
        elif "Hashtag" in names:
            hashtags.extend(_hashtag(entry))
        elif "Emoji" in names:
            emojis.extend(_emoji(entry))
        elif "Link" in names and entry.get("rel") in _QUOTE_RELATIONS:
            quote = quote or link_of(entry.get("href"))
    return Tags(
        mentions=tuple(mentions), hashtags=tuple(hashtags), emojis=tuple(emojis), quote=quote
    )


def _mention(raw: JsonObject) -> tuple[Mention, ...]:
    href = raw.get("href")
    if type(href) is not str or not is_web_url(href):
        return ()
    return (Mention(href=href, name=plain_text(raw.get("name"), MAX_TAG_NAME_CHARACTERS)),)


def _hashtag(raw: JsonObject) -> tuple[Hashtag, ...]:
    name = raw.get("name")
    if type(name) is not str or len(name) > MAX_TAG_NAME_CHARACTERS:
        return ()
    name = name.removeprefix("#")
    if not name or name.isspace():
        return ()
    return (Hashtag(name=name, href=link_of(raw.get("href"))),)


def _emoji(raw: JsonObject) -> tuple[Emoji, ...]:
    name = raw.get("name")
    icon = picture_of(raw.get("icon"))
    if type(name) is not str or icon is None or len(name) > MAX_SHORTCODE_CHARACTERS:
        return ()
    name = name.strip(":")
    return (Emoji(name=name, icon_url=icon.url, id=link_of(raw.get("id"))),) if name else ()
