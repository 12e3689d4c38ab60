"""Objects with content: notes, pages, articles, questions, events, videos, chat messages.

Spec: ActivityStreams Vocabulary "Object Types"; FEP-1b12 (audience); FEP-7888 (context); FEP-9967
(polls); FEP-8a8e (events); FEP-044f (quotes); FEP-1311 (attachments).
"""

from typing import Final

from protocols.activitypub.parsing_media import media_of, page_and_files, picture_of, tags_of
from protocols.activitypub.parsing_origins import is_web_url, same_origin
from protocols.activitypub.parsing_types import is_tombstone, object_type
from protocols.activitypub.parsing_values import (
    addressing,
    as_list,
    audience_of,
    count_of,
    date_of,
    flag_of,
    id_of,
    language_of,
    link_of,
    malformed,
    media_type_of,
    name_of,
    natural_text,
    needed_id,
    plain_text,
    source_of,
    type_names,
    unusable,
)
from protocols.activitypub.vocabulary import (
    ActorId,
    Happening,
    ObjectId,
    ObjectType,
    Poll,
    PollOption,
    Post,
    Tombstone,
)
from protocols.strict_json import JsonObject, JsonValue

MAX_POLL_OPTIONS: Final = 20
"""A question with more is refused: a cut poll would be another poll. GHSA-gg8q-rcg7-p79g: 500."""
MAX_AUTHORS: Final = 16
"""Entries of attributedTo that are looked at."""
MAX_TIMEZONE_CHARACTERS: Final = 64

_QUOTE_PROPERTIES: Final = ("quote", "quoteUrl", "quoteUri", "_misskey_quote")


def parse_post(raw: JsonValue) -> Post:
    """Give the post that a document describes.

    Refused: no id or no attributedTo, a text over 100 000 characters, a poll of more than 20
    choices, more than 2000 recipients. What else is odd is left out. Whether the author may use
    that id is for `check_post_origin`.

    Raises:
        RemoteProtocolError: 400 when malformed, 422 when it cannot serve as a post.
    """
    if type(raw) is not dict:
        raise malformed("The object is not a JSON object.")
    kind = object_type(raw)
    if kind is None:
        raise unusable("The type is not one of an object with content.")
    post_id = needed_id(raw, "object")
    author, group = _attribution(raw, kind)
    content = natural_text(raw, "content")
    source, source_media_type = source_of(raw)
    to, cc = addressing(raw, "object")
    url, files = page_and_files(raw.get("url"))
    media = media_of(raw.get("attachment"))
    tags = tags_of(raw.get("tag"))
    link = media.link
    if kind is ObjectType.PAGE and link is None and url and not same_origin(url, post_id):
        link, url = url, None  # Lotide has the page that it links to as the url of the Page.
    return Post(
        id=ObjectId(post_id),
        type=kind,
        attributed_to=ActorId(author),
        name=name_of(raw),
        content_html=content,
        content_media_type=media_type_of(raw.get("mediaType")),
        source=source,
        source_media_type=source_media_type,
        summary=natural_text(raw, "summary"),
        sensitive=raw.get("sensitive") is True or media.sensitive,
        language=language_of(raw, content),
        in_reply_to=id_of(raw.get("inReplyTo")),
        context=id_of(raw.get("context")),
        audience=audience_of(raw),
        group=group,
        to=to,
        cc=cc,
        url=url,
        link=link,
        image=picture_of(raw.get("image") or raw.get("icon")),
        attachments=files + media.attachments,
        mentions=tags.mentions,
        hashtags=tags.hashtags,
        emojis=tags.emojis,
        published=date_of(raw.get("published")),
        updated=date_of(raw.get("updated")),
        replies=_replies(raw),
        comments_enabled=flag_of(raw.get("commentsEnabled")),
        poll=_poll(raw) if kind is ObjectType.QUESTION else None,
        happening=_happening(raw) if kind is ObjectType.EVENT else None,
        is_live_broadcast=raw.get("isLiveBroadcast") is True,
        quote=_quote(raw) or tags.quote,
    )


def parse_tombstone(raw: JsonValue) -> Tombstone:
    """Give the tombstone that a document is. Lotide spells formerType as former_type.

    Raises:
        RemoteProtocolError: 400 when it has no id, 422 when it is none.
    """
    if type(raw) is not dict:
        raise malformed("The object is not a JSON object.")
    if not is_tombstone(raw):
        raise unusable("The type is not Tombstone.")
    former = plain_text(raw.get("formerType") or raw.get("former_type"))
    return Tombstone(id=needed_id(raw, "tombstone"), former_type=former)


def _attribution(raw: JsonObject, kind: ObjectType) -> tuple[str, str | None]:
    """The author, and the Group named beside it.

    PeerTube lists the Person and the Group of a Video. Mobilizon names the organiser in `actor`
    and the group that hosts in attributedTo. A bridge may have `actor` alone (FEP-fffd).
    """
    value, actor = raw.get("attributedTo"), raw.get("actor")
    if type(value) is str and is_web_url(value):
        if kind is ObjectType.EVENT and type(actor) is str and is_web_url(actor) and actor != value:
            return actor, value
        return value, None
    people: list[str] = []
    groups: list[str] = []
    for entry in as_list(value)[:MAX_AUTHORS]:
        found = id_of(entry)
        if found is not None:
            in_group = type(entry) is dict and "Group" in type_names(entry)
            (groups if in_group else people).append(found)
    author = next(iter(people), None) or id_of(actor) or next(iter(groups), None)
    if author is None:
        if value is not None:
            raise malformed("The attributedTo of the object is not an http or https URL.")
        raise unusable("The object has no attributedTo.")
    return author, next(iter(groups), None)


def _replies(raw: JsonObject) -> str | None:
    value = raw.get("replies") or raw.get("comments")  # PeerTube says comments
    return None if type(value) is list else id_of(value)  # PieFed sends the replies themselves


def _quote(raw: JsonObject) -> str | None:
    for key in _QUOTE_PROPERTIES:
        if key in raw:
            found = id_of(raw[key])
            if found is not None:
                return found
    return None


def _poll(raw: JsonObject) -> Poll | None:
    """Spec: FEP-9967; Mastodon "Question" (votersCount, closed)."""
    one, many = as_list(raw.get("oneOf")), as_list(raw.get("anyOf"))
    entries = one or many
    if len(entries) > MAX_POLL_OPTIONS:
        raise unusable("The question has more than 20 choices.")
    options: list[PollOption] = []
    for entry in entries:
        name = name_of(entry) if type(entry) is dict else None
        if type(entry) is dict and name is not None:
            replies = entry.get("replies")
            votes = count_of(replies.get("totalItems")) if type(replies) is dict else None
            options.append(PollOption(name=name, votes=votes or 0))
    if not options:
        return None
    end_time = date_of(raw.get("endTime"))
    closed = date_of(raw.get("closed"))
    if closed is None and raw.get("closed") is True:
        closed = end_time or date_of(raw.get("updated")) or date_of(raw.get("published"))
    return Poll(
        options=tuple(options),
        multiple=not one,
        end_time=end_time,
        closed=closed,
        voters=count_of(raw.get("votersCount")),
    )


def _happening(raw: JsonObject) -> Happening:
    """Spec: FEP-8a8e; Mobilizon (joinMode, maximumAttendeeCapacity, where 0 is no limit)."""
    return Happening(
        start_time=date_of(raw.get("startTime")),
        end_time=date_of(raw.get("endTime")),
        location=_place(raw.get("location")),
        timezone=plain_text(raw.get("timezone"), MAX_TIMEZONE_CHARACTERS),
        join_mode=plain_text(raw.get("joinMode"), MAX_TIMEZONE_CHARACTERS),
        maximum_attendees=count_of(raw.get("maximumAttendeeCapacity")) or None,
    )


def _place(value: JsonValue) -> str | None:
    """A Place in one line: its name, its address, and for an online meeting the link."""
    if type(value) is list:
        value = next(iter(value), None)
    if type(value) is not dict:
        return plain_text(value)
    parts = [plain_text(value.get("name"))]
    address = value.get("address")
    if type(address) is dict:
        parts.extend(
            plain_text(address.get(key))
            for key in ("streetAddress", "postalCode", "addressLocality", "addressCountry")
        )
    else:
        parts.append(plain_text(address))
    parts.append(link_of(value.get("url")))
    return plain_text(", ".join(part for part in parts if part is not None))
