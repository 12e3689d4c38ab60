"""Collections and their pages.

Spec: ActivityStreams Core section 5; ActivityPub section 5.
"""

from typing import Final

from protocols.activitypub.parsing_origins import is_web_url
from protocols.activitypub.parsing_types import collection_type
from protocols.activitypub.parsing_values import (
    as_list,
    count_of,
    id_of,
    malformed,
    own_id,
    unusable,
)
from protocols.activitypub.vocabulary import Collection
from protocols.strict_json import JsonObject, JsonValue

MAX_ITEMS: Final = 2000
"""Items of one document beyond these are not taken; the rest is on the next page or nowhere."""


def parse_collection(raw: JsonValue) -> Collection:
    """Give the collection or page that a document is.

    A first page that is embedded lends its items and its next to a collection without items
    (Mastodon's replies). Items that are neither ids nor objects are left out.

    Raises:
        RemoteProtocolError: 400 when malformed, 422 when it is no collection.
    """
    if type(raw) is not dict:
        raise malformed("The collection is not a JSON object.")
    kind = collection_type(raw)
    if kind is None:
        raise unusable("The type is not one of a collection.")
    first = raw.get("first")
    items = _items(raw)
    following = raw.get("next")
    if type(first) is dict and not items:
        items = _items(first)
        following = following or first.get("next")
    return Collection(
        id=own_id(raw, "collection"),
        type=kind,
        total_items=count_of(raw.get("totalItems")),
        first=id_of(first),
        next=id_of(following),
        prev=id_of(raw.get("prev")),
        part_of=id_of(raw.get("partOf")),
        attributed_to=id_of(raw.get("attributedTo")),
        items=tuple(items),
    )


def _items(raw: JsonObject) -> list[JsonValue]:
    sent = raw.get("orderedItems")
    if sent is None:
        sent = raw.get("items")
    return [
        entry
        for entry in as_list(sent)[:MAX_ITEMS]
        if type(entry) is dict or (type(entry) is str and is_web_url(entry))
    ]
