"""From a peer's JSON to the values of the vocabulary: the one door.

Each function takes what `strict_json.load_object` gave (after `contexts.compact` where
`contexts.is_plain` says no), any JSON value at all, and gives a frozen value or raises
`RemoteProtocolError`; never anything else. The message says in one sentence which property is
wrong: status 400 for a malformed document, 422 for a well-formed one that is of no use.

Reading is tolerant where peers differ and strict where one could speak for another. Two checks
stay with the caller, because they need to know who sent it: `check_activity_origin` and
`check_post_origin`.

Spec: ActivityPub; ActivityStreams 2.0; FEP-fe34.
"""

from protocols.activitypub.parsing_activities import parse_activity
from protocols.activitypub.parsing_actors import parse_actor
from protocols.activitypub.parsing_collections import parse_collection
from protocols.activitypub.parsing_objects import parse_post, parse_tombstone
from protocols.activitypub.parsing_origins import (
    check_activity_origin,
    check_post_origin,
    host_of,
    is_web_url,
    origin,
    same_origin,
)
from protocols.activitypub.parsing_types import (
    activity_type,
    actor_type,
    is_tombstone,
    object_type,
)
from protocols.activitypub.parsing_values import malformed, type_names, unusable
from protocols.activitypub.vocabulary import Document
from protocols.strict_json import JsonValue

__all__ = [
    "check_activity_origin",
    "check_post_origin",
    "host_of",
    "is_web_url",
    "origin",
    "parse_activity",
    "parse_actor",
    "parse_collection",
    "parse_document",
    "parse_post",
    "parse_tombstone",
    "same_origin",
]


def parse_document(raw: JsonValue) -> Document:
    """Give the tombstone, post, actor or activity that a document is, by its type.

    Raises:
        RemoteProtocolError: 400 when malformed, 422 when it is none of them.
    """
    if type(raw) is not dict:
        raise malformed("The document is not a JSON object.")
    if is_tombstone(raw):
        return parse_tombstone(raw)
    if object_type(raw) is not None:
        return parse_post(raw)
    if actor_type(raw) is not None:
        return parse_actor(raw)
    if activity_type(raw) is not None:
        return parse_activity(raw)
    if not type_names(raw):
        raise malformed("The document has no type.")
    raise unusable("The type is not one that we read.")
