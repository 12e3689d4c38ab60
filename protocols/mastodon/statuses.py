"""Status and what is in it: mentions, tags, the card of a link, polls, pictures.

A Status is put together of what its author wrote, which is the same for every reader, and of what
is counted and marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import NamedTuple

from protocols.mastodon.accounts import Entity
from protocols.mastodon.moments import moment, moment_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What an author wrote, and where it stands.

    Attributes:
        visibility: public, unlisted, private or direct.
        warning: the content warning; never the title, which would hide the text.
        group_id: the community it stands in.
    """

    id: int
    uri: str
    url: str
    created_at: datetime
    content: str
    visibility: str
    edited_at: datetime | None = None
    title: str | None = None
    warning: str = ""
    sensitive: bool = False
    language: str | None = None
    in_reply_to_id: int | None = None
    in_reply_to_account_id: int | None = None
    group_id: int | None = None
    locked: bool = False
    media: Sequence[Entity] = ()
    mentions: Sequence[Entity] = ()
    tags: Sequence[Entity] = ()
    card: Entity | None = None


class Tally(NamedTuple):
    """What is counted of a post; made a thousand times for a long thread."""

    replies: int = 0
    reblogs: int = 0
    favourites: int = 0
    dislikes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the reader has done with a post; `pinned` None where it is not theirs to pin."""

    favourited: bool = False
    disliked: bool = False
    reblogged: bool = False
    bookmarked: bool = False
    muted: bool = False
    pinned: bool | None = None
    filtered: Sequence[Entity] = ()


_NOT_QUOTABLE: Entity = {"automatic": [], "manual": [], "current_user": "denied"}


def written(facts: Written) -> Entity:
    """The part of a Status that is the same for every reader; `fragments` adds the rest.

    Spec: Mastodon API "Status"; reference client-apis 2.2 (`title`, `locked`, `group`).
    """
    return {
        "id": str(facts.id),
        "uri": facts.uri,
        "url": facts.url,
        "created_at": moment(facts.created_at),
        "edited_at": moment_or_none(facts.edited_at),
        "content": facts.content,
        "title": facts.title,
        "spoiler_text": facts.warning,
        "sensitive": facts.sensitive,
        "visibility": facts.visibility,
        "language": facts.language,
        "in_reply_to_id": _id_or_none(facts.in_reply_to_id),
        "in_reply_to_account_id": _id_or_none(facts.in_reply_to_account_id),
        "group_id": _id_or_none(facts.group_id),
        "locked": facts.locked,
        "media_attachments": list(facts.media),
        "mentions": list(facts.mentions),
        "tags": list(facts.tags),
        "card": facts.card,
        "emojis": [],
        "application": None,
        "quote": None,
        "quotes_count": 0,
        "quote_approval": _NOT_QUOTABLE,
    }


def _id_or_none(number: int | None) -> str | None:
    return None if number is None else str(number)


def marked(marks: Marks) -> Entity:
    """What a Status says of its reader."""
    entity: Entity = {
        "favourited": marks.favourited,
        "disliked": marks.disliked,
        "reblogged": marks.reblogged,
        "bookmarked": marks.bookmarked,
        "muted": marks.muted,
        "filtered": list(marks.filtered),
    }
    if marks.pinned is not None:
        entity["pinned"] = marks.pinned
    return entity


_OWN_OF_REBLOGS = frozenset({"id", "uri", "url", "created_at"})
_EMPTY_IN_REBLOGS: Entity = {
    "edited_at": None,
    "in_reply_to_id": None,
    "in_reply_to_account_id": None,
    "media_attachments": [],
    "mentions": [],
    "tags": [],
    "card": None,
}


def passed_on(part: Entity) -> Entity:
    """The part of a Status that passes on the one of this part, the same whoever does it."""
    shared = {name: value for name, value in part.items() if name not in _OWN_OF_REBLOGS}
    return {**shared, **_EMPTY_IN_REBLOGS}


def content(html: str, *, title: str | None, link: str | None) -> str:
    """The text as apps show it: the title in bold before it, the link after it.

    Spec: reference client-apis 2.2 ("title"): a title in spoiler_text would hide the body.
    """
    parts = [html]
    if title:
        parts.insert(0, f"<p><strong>{escape(title, quote=False)}</strong></p>")
    if link and link not in html and escape(link) not in html:
        address = escape(link)
        parts.append(
            f'<p><a href="{address}" rel="nofollow noopener noreferrer" target="_blank">'
            f"{address}</a></p>"
        )
    return "".join(parts)


def mention(*, id: int, username: str, acct: str, url: str) -> Entity:  # noqa: A002
    """A Status::Mention."""
    return {"id": str(id), "username": username, "acct": acct, "url": url}


def tag(*, name: str, url: str) -> Entity:
    """A Status::Tag."""
    return {"name": name, "url": url}


def link_card(*, url: str, title: str, host: str) -> Entity:
    """The PreviewCard of the page that a titled post is about."""
    return {
        "url": url,
        "title": title,
        "description": "",
        "type": "link",
        "author_name": "",
        "author_url": "",
        "authors": [],
        "provider_name": host,
        "provider_url": "",
        "html": "",
        "width": 0,
        "height": 0,
        "image": None,
        "image_description": "",
        "embed_url": "",
        "blurhash": None,
        "published_at": None,
        "language": None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFacts:
    """A poll: options are pairs of a title and its votes; `own_votes` None for no reader.

    `hides_votes`: how often each was chosen is not shown yet.
    """

    id: int
    options: Sequence[tuple[str, int]]
    multiple: bool
    voters: int
    ends_at: datetime | None
    is_over: bool
    hides_votes: bool = False
    is_own: bool = False
    own_votes: Sequence[int] | None = None


def poll(facts: PollFacts) -> Entity:
    """A Poll.

    Spec: Mastodon API "Poll".
    """
    votes = sum(count for _title, count in facts.options)
    entity: Entity = {
        "id": str(facts.id),
        "expires_at": moment_or_none(facts.ends_at),
        "expired": facts.is_over,
        "multiple": facts.multiple,
        "votes_count": votes,
        "voters_count": facts.voters if facts.multiple else votes,
        "options": [
            {"title": title, "votes_count": None if facts.hides_votes else count}
            for title, count in facts.options
        ],
        "emojis": [],
    }
    if facts.own_votes is not None:
        entity["voted"] = facts.is_own or bool(facts.own_votes)
        entity["own_votes"] = list(facts.own_votes)
    return entity


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """A picture, film or sound; `type` is image, gifv, video, audio or unknown.

    `url` is None as long as a file is in the making.
    """

    id: int
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None = None
    description: str | None = None
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    preview_size: tuple[int, int] | None = None
    duration_seconds: float | None = None
    focus: tuple[float, float] | None = None


def media_attachment(facts: MediaFacts) -> Entity:
    """A MediaAttachment.

    Spec: Mastodon API "MediaAttachment".
    """
    meta: Entity = {}
    original = _size(facts.width, facts.height)
    if facts.duration_seconds is not None:
        original["duration"] = facts.duration_seconds
    if original:
        meta["original"] = original
    if facts.preview_size is not None:
        meta["small"] = _size(*facts.preview_size)
    if facts.focus is not None:
        meta["focus"] = {"x": facts.focus[0], "y": facts.focus[1]}
    return {
        "id": str(facts.id),
        "type": facts.type,
        "url": facts.url,
        "preview_url": facts.preview_url,
        "remote_url": facts.remote_url,
        "meta": meta,
        "description": facts.description,
        "blurhash": facts.blurhash,
    }


def _size(width: int | None, height: int | None) -> Entity:
    if not width or not height:
        return {}
    return {
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect": width / height,
    }
