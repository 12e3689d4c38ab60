"""The small values of ActivityStreams: ids, texts, dates, lists of one.

Peers write the same thing in many ways: one or a list, an id or an object with an id, a text or a
map of languages. Each function here takes whatever came and gives one shape, or None. Only what
must be there raises; a sentence says which property is wrong, never what the peer sent.

Spec: ActivityStreams 2.0 Core sections 4 and 5; ActivityStreams Vocabulary.
"""

from datetime import UTC, datetime
from typing import Final

from protocols.activitypub.parsing_origins import is_web_url
from protocols.activitypub.vocabulary import PUBLIC
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

MAX_NAME_CHARACTERS: Final = 2048
"""Display names and titles are cut to this. Mastodon 4.6, GHSA-gg8q-rcg7-p79g."""
MAX_TEXT_CHARACTERS: Final = 100_000
"""Content, summary and source: longer is refused. Well above Mastodon's and Lemmy's own limits."""
MAX_RECIPIENTS: Final = 2000
"""Entries of to and cc together; more is refused. GoToSocial and Mastodon mention far fewer."""
MAX_MEDIA_TYPE_CHARACTERS: Final = 255
"""RFC 6838 section 4.2: 127 characters each for type and subtype."""
MAX_LANGUAGE_CHARACTERS: Final = 35
"""RFC 5646 section 4.4.1: what a reader must at least support."""
FIRST_YEAR: Final = 1970
MAX_DATE_CHARACTERS: Final = 64

_PUBLIC_NAMES: Final = frozenset({PUBLIC, "as:Public", "Public"})
_EXPANDED_AS: Final = "https://www.w3.org/ns/activitystreams#"
_OTHER_NAMES: Final = {
    "litepub:EmojiReact": "EmojiReact",
    "http://litepub.social/ns#EmojiReact": "EmojiReact",
    "litepub:ChatMessage": "ChatMessage",
    "http://litepub.social/ns#ChatMessage": "ChatMessage",
    "toot:Emoji": "Emoji",
    "http://joinmastodon.org/ns#Emoji": "Emoji",
    "schema:PropertyValue": "PropertyValue",
    "http://schema.org#PropertyValue": "PropertyValue",
    "http://schema.org/PropertyValue": "PropertyValue",
    "sec:Multikey": "Multikey",
    "https://w3id.org/security#Multikey": "Multikey",
}
_MAX_TYPES: Final = 8


def malformed(sentence: str) -> RemoteProtocolError:
    """Give the refusal of a document that breaks the vocabulary (400)."""
    return RemoteProtocolError(sentence, status_hint=400, errcode="M_BAD_JSON")


def unusable(sentence: str) -> RemoteProtocolError:
    """Give the refusal of a document that is well-formed and of no use to us (422)."""
    return RemoteProtocolError(sentence, status_hint=422, errcode="M_INVALID_PARAM")


def as_list(value: JsonValue) -> list[JsonValue]:
    """Give one or many as a list; null is none.

    Spec: ActivityStreams Core 4: a property with one value may be written without a list.
    """
    if type(value) is list:
        return value
    return [] if value is None else [value]


def compact_type(name: str) -> str:
    """Give the short name of a type written as "as:X", as its full IRI, or with a known prefix."""
    if ":" not in name:
        return name
    if name.startswith("as:"):
        return name[3:]
    if name.startswith(_EXPANDED_AS):
        return name[len(_EXPANDED_AS) :]
    return _OTHER_NAMES.get(name, name)


def type_names(raw: JsonObject) -> tuple[str, ...]:
    """Give the short names of the types of an object in the order sent, at most 8."""
    sent = raw.get("type")
    if sent is None:
        sent = raw.get("@type")
    if type(sent) is str:
        return (compact_type(sent),)
    if type(sent) is list:
        return tuple(compact_type(name) for name in sent[:_MAX_TYPES] if type(name) is str)
    return ()


def id_of(value: JsonValue) -> str | None:
    """Give the id of an id, of an object or of a Link, when it is one that we take.

    Of a list the first. Spec: ActivityStreams Core 4 (an IRI or an embedded object), 4.2 (Link).
    """
    if type(value) is list:
        value = value[0] if value else None
    if type(value) is dict:
        found = value.get("id")
        if found is None:
            found = value.get("@id")
        value = found if found is not None else value.get("href")
    if type(value) is not str:
        return None
    if is_web_url(value):
        return value
    return PUBLIC if value in _PUBLIC_NAMES else None  # followed by relays (FEP-ae0c)


def own_id(raw: JsonObject, what: str) -> str | None:
    """Give the id of a document itself, or None when it has none.

    Raises:
        RemoteProtocolError: 400 when the id is not a URL, or id and @id differ.
    """
    found = raw.get("id")
    alias = raw.get("@id")
    if alias is not None:
        if found is not None and found != alias:
            raise malformed(f"The {what} has two different ids.")
        found = alias
    if found is None:
        return None
    if type(found) is not str or not is_web_url(found):
        raise malformed(f"The id of the {what} is not an http or https URL.")
    return found


def needed_id(raw: JsonObject, what: str) -> str:
    """Give the id of a document itself.

    Raises:
        RemoteProtocolError: 400 when it is missing or not a URL.
    """
    found = own_id(raw, what)
    if found is None:
        raise malformed(f"The {what} has no id.")
    return found


def link_of(value: JsonValue) -> str | None:
    """Give a link of a property that holds a URL, a Link or a list; the first that is http(s)."""
    if type(value) is str:
        return value if is_web_url(value) else None
    for entry in as_list(value):
        target = entry.get("href") or entry.get("url") if type(entry) is dict else entry
        if type(target) is str and is_web_url(target):
            return target
    return None


def recipients(value: JsonValue) -> tuple[str, ...]:
    """Give the ids of to, cc or audience in the order sent; the public collection by its one name.

    What is no id is left out.

    Spec: ActivityPub 5.6: "as:Public" and "Public" are the public collection too.
    """
    found: list[str] = []
    for entry in as_list(value):
        if type(entry) is str:
            if entry in _PUBLIC_NAMES:
                found.append(PUBLIC)
            elif is_web_url(entry):
                found.append(entry)
        elif type(entry) is dict:
            nested = entry.get("id") or entry.get("@id")
            if type(nested) is str:
                found.extend(recipients(nested))
    return tuple(found)


def addressing(raw: JsonObject, what: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give to and cc.

    Raises:
        RemoteProtocolError: 400 when they name more than 2000 together.
    """
    to, cc = raw.get("to"), raw.get("cc")
    if (len(to) if type(to) is list else 1) + (len(cc) if type(cc) is list else 1) > MAX_RECIPIENTS:
        raise malformed(f"The {what} names too many recipients in to and cc.")
    return recipients(to), recipients(cc)


def audience_of(raw: JsonObject) -> str | None:
    """Give the first of audience that is not the public collection. Spec: FEP-1b12."""
    value = raw.get("audience")
    if value is None:
        return None
    return next((found for found in recipients(value) if found != PUBLIC), None)


def plain_text(value: JsonValue, limit: int = MAX_NAME_CHARACTERS) -> str | None:
    """Give a text cut to the limit, or None when it is no text or holds nothing to read."""
    if type(value) is not str or not value or value.isspace():
        return None
    return value[:limit]


def natural_text(raw: JsonObject, key: str) -> str | None:
    """Give the text of a property, otherwise of its language map (the first in it).

    Spec: ActivityStreams Core 4.7 "Natural Language Values".

    Raises:
        RemoteProtocolError: 422 when it is longer than 100 000 characters.
    """
    text = raw.get(key)
    if type(text) is not str or not text:
        by_language = raw.get(key + "Map")
        if type(by_language) is not dict:
            return None
        text = next((entry for entry in by_language.values() if type(entry) is str and entry), None)
        if text is None:
            return None
    if len(text) > MAX_TEXT_CHARACTERS:
        raise unusable(f"The {key} is too long.")
    return None if text.isspace() else text


def name_of(raw: JsonObject) -> str | None:
    """Give the name, otherwise that of the language map, cut to 2048 characters."""
    name = plain_text(raw.get("name"))
    if name is None and type(by_language := raw.get("nameMap")) is dict:
        name = next((found for entry in by_language.values() if (found := plain_text(entry))), None)
    return name


def language_code(value: JsonValue) -> str | None:
    """Give a language tag of a tag or of Lemmy's {identifier, name}; "und" is none.

    Spec: RFC 5646 section 2.1 (letters, digits and hyphens).
    """
    if type(value) is dict:
        value = value.get("identifier")
    if type(value) is not str or not 0 < len(value) <= MAX_LANGUAGE_CHARACTERS or value == "und":
        return None
    return value if value.isascii() and value.replace("-", "").isalnum() else None


def language_of(raw: JsonObject, content: str | None) -> str | None:
    """Give the language of an object: `language`, else that of contentMap, else `inLanguage`.

    A map counts when it names the language of the very content, or has one entry. Lemmy sends
    `language`, Mastodon contentMap, Mobilizon inLanguage.
    """
    found = language_code(raw.get("language"))
    if found is not None:
        return found
    by_language = raw.get("contentMap")
    if type(by_language) is dict:
        for tag, text in by_language.items():
            if text == content or len(by_language) == 1:
                return language_code(tag)
    return language_code(raw.get("inLanguage"))


def date_of(value: JsonValue) -> datetime | None:
    """Give a date as UTC, or None for what is no date or lies before 1970 or after 9999.

    Takes what RFC 3339 and the common forms of ISO 8601 allow; without an offset it is UTC.

    Spec: ActivityStreams Vocabulary "published" (xsd:dateTime); RFC 3339.
    """
    if type(value) is not str or not value or len(value) > MAX_DATE_CHARACTERS:
        return None
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        if value[-1] != "z":
            return None
        return date_of(value[:-1] + "Z")
    try:
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return date if date.year >= FIRST_YEAR else None


def count_of(value: JsonValue) -> int | None:
    """Give a whole number from 0 to 2^31-1, or None; true and false are no numbers."""
    return value if type(value) is int and 0 <= value < 2**31 else None


def flag_of(value: JsonValue) -> bool | None:
    """Give true or false as sent, or None for anything else."""
    return value if type(value) is bool else None


def media_type_of(value: JsonValue) -> str | None:
    """Give a media type, or None for what cannot be one."""
    if type(value) is not str or not 0 < len(value) <= MAX_MEDIA_TYPE_CHARACTERS:
        return None
    return value if "/" in value and value.isascii() and value.isprintable() else None


def source_of(raw: JsonObject) -> tuple[str | None, str | None]:
    """Give the text that the author typed and its media type; Pleroma sends the text alone.

    Spec: ActivityPub 3.3 "The source property".

    Raises:
        RemoteProtocolError: 422 when it is longer than 100 000 characters.
    """
    source = raw.get("source")
    if type(source) is dict:
        text = natural_text(source, "content")
        return text, media_type_of(source.get("mediaType")) if text is not None else None
    if type(source) is str:
        return natural_text(raw, "source"), None
    return None, None
