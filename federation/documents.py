"""What we ask peers for, and what of their answers we take as a document. Pure.

The media type is a security rule: a server that lets people upload files would otherwise serve a
forged actor. So is the id: a document speaks only for the URL that it was fetched from.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from federation.addresses import Network, Target, check_url
from federation.errors import FetchForbidden, Forbidden
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, load_object

ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
ACTIVITY_JSON: Final = "application/activity+json"
LD_JSON: Final = f'application/ld+json; profile="{ACTIVITYSTREAMS}"'

_PROFILE: Final = re.compile(r';\s*profile\s*=\s*(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A kind of document, with the rules for fetching it.

    Attributes:
        accept: the Accept header.
        media_types: what is taken, without parameters; application/ld+json never needs naming:
            it is taken with the ActivityStreams profile, and only where activity+json is.
        max_bytes: after decompression.
        same_origin: whether redirects must stay at the origin; a signed request always must.
        by_id: whether the document must have the id under which it was found.
    """

    accept: str
    media_types: frozenset[str]
    max_bytes: int
    same_origin: bool
    by_id: bool


ACTIVITY_DOCUMENT: Final = Wanted(
    accept=f"{ACTIVITY_JSON}, {LD_JSON}",
    media_types=frozenset({ACTIVITY_JSON}),
    max_bytes=1_048_576,
    same_origin=True,
    by_id=True,
)
"""An actor, object, activity or collection."""

WEBFINGER: Final = Wanted(
    accept="application/jrd+json, application/json;q=0.9",
    media_types=frozenset({"application/jrd+json", "application/json"}),
    max_bytes=65_536,
    # A domain points to its web host by a redirect of just this URL.
    same_origin=False,
    by_id=False,
)
"""A JRD (RFC 7033)."""

NODEINFO: Final = Wanted(
    accept="application/json",
    media_types=frozenset({"application/jrd+json", "application/json"}),
    max_bytes=65_536,
    same_origin=False,
    by_id=False,
)
"""The NodeInfo index or document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document that a peer served.

    Attributes:
        url: where it was found in the end, after redirects, without fragment.
        status: 200; no other one is taken.
        document: strict JSON, not yet understood.
        body: the bytes it was read from.
        headers: those of the answer that a reader may need, names in lower case.
    """

    url: str
    status: int
    document: JsonObject
    body: bytes
    headers: Mapping[str, str]


def is_activity_type(content_type: str) -> bool:
    """Tell whether a Content-Type says ActivityStreams: activity+json, or ld+json so profiled.

    Spec: ActivityPub section 3.2; Activity Streams 2.0 section 1 (the profile parameter).
    """
    essence = content_type.partition(";")[0].strip().lower()
    if essence == ACTIVITY_JSON:
        return True
    if essence != "application/ld+json":
        return False
    match = _PROFILE.search(content_type)
    return match is not None and ACTIVITYSTREAMS in (match[1] or match[2] or "").split()


def check_media_type(content_type: str, wanted: Wanted) -> None:
    """Refuse an answer of another media type.

    Raises:
        FetchForbidden: media-type.
    """
    if ACTIVITY_JSON in wanted.media_types and is_activity_type(content_type):
        return
    if content_type.partition(";")[0].strip().lower() not in wanted.media_types:
        raise FetchForbidden(Forbidden.MEDIA_TYPE)


def decode_body(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Give the body without its content coding; never more than `max_bytes` are unpacked.

    Raises:
        FetchForbidden: too-large; document, when it is no whole gzip or another coding.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise FetchForbidden(Forbidden.DOCUMENT)
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(body, max_bytes + 1)
    except zlib.error:
        raise FetchForbidden(Forbidden.DOCUMENT) from None
    if len(plain) > max_bytes:
        raise FetchForbidden(Forbidden.TOO_LARGE)
    if not unpacker.eof:
        raise FetchForbidden(Forbidden.DOCUMENT)
    return plain


def read_document(body: bytes, wanted: Wanted) -> JsonObject:
    """Give the JSON object in a body.

    Raises:
        FetchForbidden: document.
    """
    try:
        return load_object(body, max_bytes=wanted.max_bytes)
    except RemoteProtocolError:
        raise FetchForbidden(Forbidden.DOCUMENT) from None


def misplaced_id(
    document: JsonObject, *, asked: str, found: Target, allow_networks: tuple[Network, ...]
) -> str | None:
    """Give the id of a document that was found elsewhere, at the same origin; None if all is well.

    Such a document is fetched once more under its id, and must then be in its place.

    Spec: FEP-fe34 (origin-based security); ActivityPub section 3 (ids are dereferenceable).

    Raises:
        FetchForbidden: id, when there is none, or it belongs to another origin.
    """
    claimed = document.get("id")
    if not isinstance(claimed, str):
        raise FetchForbidden(Forbidden.ID, peer=found.host)
    try:
        place = check_url(claimed, allow_networks=allow_networks)
    except FetchForbidden:
        raise FetchForbidden(Forbidden.ID, peer=found.host) from None
    if place.origin != found.origin:
        raise FetchForbidden(Forbidden.ID, peer=found.host)
    if claimed == asked:
        return None
    # A fragment is part of an id: what lives at a URL is not what a "#..." of it names.
    return None if place.url == found.url and "#" not in claimed else claimed
