"""The @context of what we send: the standard ones, and each further term with its meaning.

Every term that we use beyond ActivityStreams is defined in place, so that a reader that does
process JSON-LD needs no context but the two that everyone has bundled.

Spec: ActivityStreams Core 2.1; FEP-521a; FEP-044f; FEP-2c59; FEP-9098; the contexts that Mastodon,
Lemmy, PeerTube, Mobilizon and Smithereen publish for their terms.
"""

from typing import Final

from protocols.activitypub.vocabulary import AS_CONTEXT
from protocols.strict_json import JsonValue

SECURITY_CONTEXT: Final = "https://w3id.org/security/v1"
LEMMY_CONTEXT: Final = "https://join-lemmy.org/context.json"
NOABER_NAMESPACE: Final = "urn:noaber:ns#"

Terms = dict[str, JsonValue]
"""Terms and prefixes of a context, as JSON-LD defines them."""

_NAMESPACES: Final[Terms] = {
    "toot": "http://joinmastodon.org/ns#",
    "schema": "http://schema.org#",
    "sc": "http://schema.org/",
    "lemmy": "https://join-lemmy.org/ns#",
    "litepub": "http://litepub.social/ns#",
    "pt": "https://joinpeertube.org/ns#",
}
_TAGS: Final[Terms] = {"Hashtag": "as:Hashtag", "Emoji": "toot:Emoji", "sensitive": "as:sensitive"}
_LANGUAGE: Final[Terms] = {"language": "sc:inLanguage", "identifier": "sc:identifier"}


def _reference(iri: str) -> Terms:
    return {"@id": iri, "@type": "@id"}


ACTOR_TERMS: Final[Terms] = {
    **_NAMESPACES,
    **_TAGS,
    **_LANGUAGE,
    "sec": "https://w3id.org/security#",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "alsoKnownAs": _reference("as:alsoKnownAs"),
    "movedTo": _reference("as:movedTo"),
    "featured": _reference("toot:featured"),
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "matrixUserId": "lemmy:matrixUserId",
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
    "assertionMethod": _reference("sec:assertionMethod"),
    "controller": _reference("sec:controller"),
    "Multikey": "sec:Multikey",
    "publicKeyMultibase": "sec:publicKeyMultibase",
}
GROUP_TERMS: Final[Terms] = {
    **ACTOR_TERMS,
    "sm": "http://smithereen.software/ns#",
    "nb": NOABER_NAMESPACE,
    "Feed": "lemmy:Feed",
    "moderators": _reference("lemmy:moderators"),
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "accessType": "sm:accessType",
    "members": _reference("sm:members"),
    "capabilities": "litepub:capabilities",
    "acceptsJoins": "litepub:acceptsJoins",
}
POST_TERMS: Final[Terms] = {
    **_NAMESPACES,
    **_TAGS,
    **_LANGUAGE,
    "gts": "https://gotosocial.org/ns#",
    "mz": "https://joinmobilizon.org/ns#",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "votersCount": "toot:votersCount",
    "commentsEnabled": "pt:commentsEnabled",
    "isLiveBroadcast": "sc:isLiveBroadcast",
    "ChatMessage": "litepub:ChatMessage",
    "quote": _reference("https://w3id.org/fep/044f#quote"),
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "interactionPolicy": _reference("gts:interactionPolicy"),
    "canQuote": _reference("gts:canQuote"),
    "automaticApproval": _reference("gts:automaticApproval"),
    "timezone": "mz:timezone",
    "joinMode": "mz:joinMode",
    "maximumAttendeeCapacity": "sc:maximumAttendeeCapacity",
}
ACTIVITY_TERMS: Final[Terms] = {
    "toot": "http://joinmastodon.org/ns#",
    "Emoji": "toot:Emoji",
    "litepub": "http://litepub.social/ns#",
    "EmojiReact": "litepub:EmojiReact",
    "lemmy": "https://join-lemmy.org/ns#",
    "Lock": "lemmy:Lock",
    "removeData": "lemmy:removeData",
    "expires": "as:endTime",
}

Context = tuple[str | Terms, ...]
"""A @context as we send it."""

PLAIN_CONTEXT: Final[Context] = (AS_CONTEXT,)
ACTIVITY_CONTEXT: Final[Context] = (AS_CONTEXT, ACTIVITY_TERMS)
POST_CONTEXT: Final[Context] = (AS_CONTEXT, POST_TERMS)
ACTOR_CONTEXT: Final[Context] = (AS_CONTEXT, SECURITY_CONTEXT, ACTOR_TERMS)
GROUP_CONTEXT: Final[Context] = (AS_CONTEXT, SECURITY_CONTEXT, GROUP_TERMS)
EVERYTHING: Final[Context] = (
    AS_CONTEXT,
    SECURITY_CONTEXT,
    {**GROUP_TERMS, **POST_TERMS, **ACTIVITY_TERMS},
)
"""All terms that we read or write: what `contexts.compact` compacts to."""


def render_context(context: Context) -> JsonValue:
    """Give the @context as JSON: a string when it is one URL, else a list."""
    first, *rest = context
    return first if not rest else [first, *rest]
