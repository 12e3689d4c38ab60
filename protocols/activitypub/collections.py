"""Our collections as JSON, and the digests by which two servers compare followers.

Large ones are paged; moderators and pinned posts are sent whole, because Lemmy reads no pages.

Spec: ActivityStreams Core section 5; ActivityPub section 5; FEP-8fcf "Followers collection
synchronization across servers".
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from protocols.activitypub.parsing_origins import is_web_url, same_origin
from protocols.activitypub.rendering_contexts import (
    PLAIN_CONTEXT,
    POST_CONTEXT,
    Context,
    render_context,
)
from protocols.activitypub.rendering_values import drop_empty
from protocols.errors import LocalProtocolError, RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

MAX_HEADER_CHARACTERS: Final = 8192
_DIGEST_BYTES: Final = 32

# One parameter of the header: key="value", where a value holds no quote. No nested repetition.
_PARAMETER: Final = re.compile(r'\s*([A-Za-z]+)="([^"]*)"\s*(?:,|$)')
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")


def render_collection(
    id: str,  # noqa: A002 - the field's word
    total: int,
    first: str | None = None,
    *,
    attributed_to: str | None = None,
) -> JsonObject:
    """Give an OrderedCollection by its count and first page; without a page the count is all.

    Followers are counted, not listed, as Lemmy and Mbin do.
    """
    return drop_empty(
        {
            "@context": render_context(PLAIN_CONTEXT),
            "id": id,
            "type": "OrderedCollection",
            "totalItems": total,
            "first": first,
            "attributedTo": attributed_to,
        }
    )


def render_page(
    id: str,  # noqa: A002 - the field's word
    *,
    part_of: str,
    items: Sequence[JsonValue],
    next_page: str | None = None,
    previous_page: str | None = None,
    context: Context = POST_CONTEXT,
) -> JsonObject:
    """Give one page of an OrderedCollection; items are ids or documents without a @context."""
    return drop_empty(
        {
            "@context": render_context(context),
            "id": id,
            "type": "OrderedCollectionPage",
            "partOf": part_of,
            "next": next_page,
            "prev": previous_page,
            "orderedItems": list(items),
        }
    )


def render_whole(
    id: str,  # noqa: A002 - the field's word
    items: Sequence[JsonValue],
    *,
    attributed_to: str | None = None,
    context: Context = POST_CONTEXT,
) -> JsonObject:
    """Give an OrderedCollection with all its items: moderators as ids, featured as documents.

    Spec: FEP-1b12 "Group moderation"; FEP-7888 (a context with its owner in attributedTo).
    """
    return drop_empty(
        {
            "@context": render_context(context),
            "id": id,
            "type": "OrderedCollection",
            "totalItems": len(items),
            "orderedItems": list(items),
            "attributedTo": attributed_to,
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronization:
    """What a peer thinks which of our people follow its actor. Spec: FEP-8fcf.

    `collection_id` is the followers collection of the sender; `url` gives the part of it that is
    ours; `digest` is that of `followers_digest` over this part.
    """

    collection_id: str
    url: str
    digest: str


def followers_digest(ids: Iterable[str]) -> str:
    """Give the digest of a set of follower ids: XOR of their SHA-256, as 64 hexadecimal digits.

    Neither order nor an id that comes twice matters; none is 64 zeros.

    Spec: FEP-8fcf "Partial follower collection digest".
    """
    digest = 0
    for follower in set(ids):
        digest ^= int.from_bytes(hashlib.sha256(follower.encode()).digest(), "big")
    return digest.to_bytes(_DIGEST_BYTES, "big").hex()


def render_synchronization(value: Synchronization) -> str:
    """Give the Collection-Synchronization header.

    Raises:
        LocalProtocolError: when a part could not be read back.
    """
    if not (is_web_url(value.collection_id) and is_web_url(value.url)):
        raise LocalProtocolError("A collection to synchronise has no http or https id and URL.")
    return f'collectionId="{value.collection_id}", url="{value.url}", digest="{value.digest}"'


def parse_synchronization(header: str) -> Synchronization:
    """Give what a Collection-Synchronization header says.

    Refused: a part that is missing, twice there or no URL, and a `url` that is not of the origin
    of the collection. That the collection is the sender's own is for the caller to check.

    Spec: FEP-8fcf "The Collection-Synchronization HTTP header".

    Raises:
        RemoteProtocolError: 400.
    """
    if len(header) > MAX_HEADER_CHARACTERS:
        raise RemoteProtocolError("The Collection-Synchronization header is too long.")
    parts: dict[str, str] = {}
    position = 0
    while position < len(header):
        found = _PARAMETER.match(header, position)
        if found is None or found[1] in parts:
            raise RemoteProtocolError("The Collection-Synchronization header cannot be read.")
        parts[found[1]] = found[2]
        position = found.end()
    collection_id, url = parts.get("collectionId", ""), parts.get("url", "")
    digest = parts.get("digest", "")
    if not same_origin(collection_id, url) or _DIGEST.fullmatch(digest) is None:
        raise RemoteProtocolError("The Collection-Synchronization header lacks a usable part.")
    return Synchronization(collection_id=collection_id, url=url, digest=digest.lower())
