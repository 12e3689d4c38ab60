"""Which documents may be read as plain JSON, and how the others are brought into that shape.

Almost everything that peers send is compacted against ActivityStreams already, and then its keys
mean what `parsing` takes them for. `is_plain` says whether that is so, in a few microseconds.
`compact` is for the rest: JSON-LD with the contexts that are bundled here and no others.

What is decided here about contexts:

- A context given by URL is never fetched. Beside or instead of the ActivityStreams context it is
  passed over: its terms are unknown to us and are not read, those of ActivityStreams keep their
  meaning (ActivityStreams Core 2.1 asks as much where the context is missing). Most peers do the
  same; two that differ could only disagree about terms that we do not read.
- A context given in place may add terms. When it gives a term that we read another meaning, or
  gives ActivityStreams terms other names, or uses @base, @import, @vocab, @propagate, @protected
  or contexts within terms, the document is not plain.
- In `compact` an unknown URL is an error, because there its terms would decide the meaning.

Spec: ActivityStreams Core 2.1 "JSON-LD"; JSON-LD 1.1 section 4.1 and 9.15; security.md FET-07.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from protocols.activitypub.bundled_contexts import BUNDLED
from protocols.activitypub.parsing_values import malformed, unusable
from protocols.activitypub.rendering_contexts import EVERYTHING, render_context
from protocols.activitypub.vocabulary import AS_CONTEXT, ActivityType, ActorType, ObjectType
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

MAX_COMPACT_BYTES: Final = 65_536
"""Longer documents are not compacted: no actor or activity of a peer comes near."""
MAX_COMPACT_DEPTH: Final = 16
"""PyLD calls itself for each level and has no limit of its own (security.md 0.2)."""
MAX_COMPACT_VALUES: Final = 2_000
"""At this limit PyLD takes up to 0.2 s (measured); it has no limit of its own."""
MAX_COMPACT_CONTEXTS: Final = 16
"""3 000 contexts in place cost PyLD 0.33 s (measured): no document needs more than these."""
_MAX_PLAIN_DEPTH: Final = 4
_MAX_CACHED_BYTES: Final = 16_384

_AS: Final = "https://www.w3.org/ns/activitystreams#"
_SECURITY: Final = "https://w3id.org/security#"
_PREFIXES: Final[dict[str, str]] = {"as": _AS, "sec": _SECURITY}

# Where the terms that we read come from in the field. A term of the same name in one of these is
# a dialect ("location" is schema.org's at Mobilizon), in any other namespace it is another word.
_DIALECTS: Final = (
    _AS,
    _SECURITY,
    "http://schema.org#",
    "http://schema.org/",
    "https://schema.org/",
    "https://schema.org#",
    "http://joinmastodon.org/ns#",
    "https://joinmastodon.org/ns#",
    "http://litepub.social/ns#",
    "https://litepub.social/ns#",
    "https://join-lemmy.org/ns#",
    "https://joinpeertube.org/ns#",
    "https://joinmobilizon.org/ns#",
    "http://smithereen.software/ns#",
    "https://gotosocial.org/ns#",
    "https://w3id.org/fep/",
    "https://w3id.org/valueflows/",
    "https://misskey-hub.net/ns",
    "http://fedibird.com/ns#",
    "https://purl.archive.org/socialweb/",
)

# The terms that say who, what and to whom, and the words shown. Others are read too, but nothing
# hangs on them.
_READ_PROPERTIES: Final = (
    "id type actor object target to cc bto bcc audience attributedTo inReplyTo content contentMap "
    "name nameMap summary summaryMap source mediaType url href attachment tag icon image published "
    "updated context replies oneOf anyOf endTime startTime closed totalItems items orderedItems "
    "first next prev partOf inbox outbox followers following preferredUsername endpoints "
    "sharedInbox publicKey publicKeyPem owner assertionMethod controller publicKeyMultibase "
    "alsoKnownAs movedTo formerType location manuallyApprovesFollowers moderators removeData proof"
)
_READ_TYPES: Final = (
    "Tombstone Collection OrderedCollection CollectionPage OrderedCollectionPage Link Image Audio "
    "Document Mention Hashtag Emoji Multikey Public"
)
_READ_TERMS: Final = frozenset(
    (
        *_READ_PROPERTIES.split(),
        *_READ_TYPES.split(),
        *(kind.value for kinds in (ActorType, ObjectType, ActivityType) for kind in kinds),
    )
)
_KEYWORDS: Final = {"id": "@id", "type": "@type"}
_HARMLESS_KEYWORDS: Final = frozenset({"@language", "@version", "@direction"})
_ALIASES: Final = frozenset({"expires"})  # Lemmy's second name of endTime, which we read


def is_plain(raw: JsonValue) -> bool:
    """Whether a document can be read by `parsing` as it is.

    Looks at the @context of the document and of the objects inside `object`, four deep. Costs a
    few microseconds; what a context in place says is kept for the next document with the same.

    Raises:
        RemoteProtocolError: 400 for text or numbers that `strict_json` would have refused.
    """
    return all(
        _are_plain(node.get("@context")) and not _has_expanded_keys(node)
        for node in _nodes(raw, _MAX_PLAIN_DEPTH)
    )


def _nodes(raw: JsonValue, depth: int) -> Iterator[JsonObject]:
    if type(raw) is dict:
        yield raw
        if depth > 1 and type(inner := raw.get("object")) is not str:
            yield from _nodes(inner, depth - 1)
    elif type(raw) is list:
        for entry in raw:
            if type(entry) is dict:
                yield from _nodes(entry, depth)


def _has_expanded_keys(node: JsonObject) -> bool:
    return any(":" in key and key.startswith(("as:", _AS)) for key in node)


def _are_plain(context: JsonValue) -> bool:
    if type(context) is str or context is None:
        return True
    if type(context) is list and all(type(entry) is str for entry in context):
        return True
    encoded = _encode(context)
    if len(encoded) > _MAX_CACHED_BYTES:
        return _examine(context)
    return _examine_cached(encoded)


def _encode(value: JsonValue) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (ValueError, OverflowError) as error:
        # Half a surrogate pair or a huge number; `strict_json` lets neither pass.
        raise malformed("The document holds text or numbers that cannot be JSON.") from error


@lru_cache(maxsize=512)
def _examine_cached(encoded: bytes) -> bool:
    context: JsonValue = msgspec.json.decode(encoded)
    return _examine(context)


def _examine(context: JsonValue) -> bool:
    entries = context if type(context) is list else [context]
    prefixes = dict(_PREFIXES)
    for entry in entries:
        if type(entry) is dict:
            prefixes.update((key, value) for key, value in entry.items() if type(value) is str)
    return all(
        _keeps_meaning(term, definition, prefixes)
        for entry in entries
        if type(entry) is dict
        for term, definition in entry.items()
    )


def _keeps_meaning(term: str, definition: JsonValue, prefixes: dict[str, str]) -> bool:
    """Whether a definition leaves alone what we read."""
    if term.startswith("@"):
        return term in _HARMLESS_KEYWORDS
    if term in _PREFIXES:
        return definition == _PREFIXES[term]
    iri = definition
    if type(definition) is dict:
        if "@context" in definition or "@reverse" in definition or "@nest" in definition:
            return False
        iri = definition.get("@id", term)
    if type(iri) is not str:
        # null and nonsense take a term away: a reader of JSON-LD would not see it.
        return term not in _READ_TERMS
    expanded = _expand(iri, prefixes)
    if term in _READ_TERMS:
        return expanded == _KEYWORDS.get(term) or _is_dialect(term, expanded)
    renamed = expanded in ("@id", "@type") or _local(expanded, _AS) in _READ_TERMS
    return not renamed or term in _ALIASES


def _expand(iri: str, prefixes: dict[str, str]) -> str:
    prefix, colon, local = iri.partition(":")
    if colon and not local.startswith("//") and prefix in prefixes:
        return prefixes[prefix] + local
    return iri


def _local(iri: str, namespace: str) -> str | None:
    return iri.removeprefix(namespace) if iri.startswith(namespace) else None


def _is_dialect(term: str, iri: str) -> bool:
    if iri == term:
        return True  # no @id: the term keeps the meaning it has
    return iri.startswith(_DIALECTS) and iri.rpartition("#")[2].rpartition("/")[2] == term


def compact(raw: JsonObject) -> JsonObject:
    """Give the document with the terms that `parsing` reads, whatever terms it came with.

    Takes 1 to 200 ms, all of it in Python: not for the thread of the event loop, and not for two
    threads at once, because PyLD shares a cache of contexts.
    @language is passed over, so that strings stay strings; contentMap keeps its languages.

    Raises:
        RemoteProtocolError: 413 when it is larger than 64 KiB, 400 when it has too many values,
            levels or contexts, 422 when it names a context that is not bundled or is no JSON-LD.
    """
    if len(_encode(raw)) > MAX_COMPACT_BYTES:
        raise RemoteProtocolError("The JSON-LD document is too large.", status_hint=413)
    _check_effort(raw)
    # 265 ms at start for a library that most nodes never need (lxml, cachetools and the rest).
    from pyld import jsonld  # noqa: PLC0415
    from pyld.documentloader.frozen import (  # noqa: PLC0415
        BUNDLED_CONTEXTS,
        FrozenDocumentLoader,
    )

    loader = FrozenDocumentLoader({**BUNDLED_CONTEXTS, **BUNDLED})
    try:
        found = jsonld.compact(
            _without_languages(raw),
            render_context(EVERYTHING),
            {"documentLoader": loader, "base": "", "expandContext": AS_CONTEXT},
        )
    except jsonld.JsonLdError as error:
        raise unusable("The document is no JSON-LD with contexts that we know.") from error
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        # PyLD looks into values before it has checked their shape.
        raise unusable("The document is no JSON-LD.") from error
    compacted = _as_object(found)
    # A proof is over the JSON as it was sent (FEP-8b32): only that there is one matters here.
    return {**compacted, "proof": raw["proof"]} if "proof" in raw else compacted


def _as_object(found: object) -> JsonObject:
    if not isinstance(found, dict) or "@graph" in found:
        raise unusable("The document is not one JSON-LD object.")
    return found


def _check_effort(raw: JsonValue) -> None:
    """Count values, levels and contexts without recursion."""
    todo: list[tuple[JsonValue, int]] = [(raw, 1)]
    values = contexts = 0
    while todo:
        value, depth = todo.pop()
        if depth > MAX_COMPACT_DEPTH:
            raise malformed("The JSON-LD document is nested too deeply.")
        children: list[JsonValue] = []
        if type(value) is dict:
            contexts += _contexts_in(value)
            children = list(value.values())
        elif type(value) is list:
            children = value
        values += len(children)
        if values > MAX_COMPACT_VALUES or contexts > MAX_COMPACT_CONTEXTS:
            raise malformed("The JSON-LD document has too many values or contexts.")
        todo.extend((child, depth + 1) for child in children)


def _contexts_in(value: JsonObject) -> int:
    if "@context" not in value:
        return 0
    context = value["@context"]
    return len(context) if type(context) is list else 1


def _without_languages(value: JsonValue) -> JsonValue:
    """The document without @language in its contexts; its depth has been checked."""
    if type(value) is list:
        return [_without_languages(entry) for entry in value]
    if type(value) is not dict:
        return value
    return {
        key: _context_without_language(entry) if key == "@context" else _without_languages(entry)
        for key, entry in value.items()
        # A null context would also take away the one that ActivityStreams supposes.
        if key != "@context" or entry is not None
    }


def _context_without_language(context: JsonValue) -> JsonValue:
    if type(context) is list:
        return [_context_without_language(entry) for entry in context]
    if type(context) is not dict:
        return context
    return {key: entry for key, entry in context.items() if key != "@language"}
