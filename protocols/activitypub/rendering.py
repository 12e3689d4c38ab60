"""From the values of the vocabulary to JSON that can be sent: the one door.

The `render_*` functions give dicts for an encoder; `parsing` of what they give is the value again.
`announce_bytes` and `announce_batch_bytes` give bytes: an Announce must hold the author's activity
unchanged (its proof and digest cover it), so the original bytes are put in as they came.

Spec: ActivityPub; FEP-1b12 "The Announce activity": the wrapped activity is preserved unchanged.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from protocols.activitypub.rendering_actors import render_actor, render_group
from protocols.activitypub.rendering_contexts import (
    ACTIVITY_CONTEXT,
    GROUP_CONTEXT,
    PLAIN_CONTEXT,
    POST_CONTEXT,
    Context,
    render_context,
)
from protocols.activitypub.rendering_objects import render_post, render_tombstone
from protocols.activitypub.rendering_values import drop_empty, render_date, render_emoji, render_ids
from protocols.activitypub.vocabulary import (
    AS_CONTEXT,
    Activity,
    ActivityObject,
    ActivityType,
    Actor,
    Post,
    Reference,
    Tombstone,
)
from protocols.errors import LocalProtocolError
from protocols.strict_json import JsonObject, JsonValue

__all__ = [
    "announce_batch_bytes",
    "announce_bytes",
    "render_activity",
    "render_actor",
    "render_group",
    "render_post",
    "render_tombstone",
]

_OWN_TERMS: Final = frozenset(
    {
        ActivityType.BLOCK,
        ActivityType.EMOJI_REACT,
        ActivityType.LIKE,
        ActivityType.LOCK,
        ActivityType.OTHER,
    }
)


def render_activity(
    activity: Activity, *, document: JsonObject | None = None, context: bool = True
) -> JsonObject:
    """Give the document of an activity with what it names embedded as far as it was given.

    `document` takes the place of the object, for one that was rendered already (with its likes
    and shares, say); it must not have a @context of its own. Several objects become a list, in an
    Announce an OrderedCollection (as PieFed batches votes).
    """
    head: JsonObject = {}
    if context:
        head["@context"] = render_context(_context_of(activity, document))
    return {
        **head,
        **drop_empty(
            {
                "id": activity.id,
                "type": activity.type_name,
                "actor": activity.actor,
                "object": document if document is not None else _objects(activity),
                "target": activity.target,
                "to": render_ids(activity.to) or None,
                "cc": render_ids(activity.cc) or None,
                "audience": activity.audience,
                "content": activity.content,
                "summary": activity.summary,
                "tag": [render_emoji(emoji) for emoji in activity.emojis] or None,
                "published": render_date(activity.published),
                "updated": render_date(activity.updated),
                **_end(activity),
                "removeData": activity.remove_data or None,
            }
        ),
    }


def _end(activity: Activity) -> JsonObject:
    """When a ban ends: Lemmy 1.0 reads endTime, Mbin and Lemmy 0.19 read expires."""
    end_time = render_date(activity.end_time)
    is_ban = activity.type is ActivityType.BLOCK
    return {"endTime": end_time, "expires": end_time if is_ban else None}


def _objects(activity: Activity) -> JsonValue:
    rendered: list[JsonValue] = [_object(found) for found in activity.objects]
    if len(rendered) <= 1:
        return next(iter(rendered), None)
    if activity.type is ActivityType.ANNOUNCE:
        return {
            "type": "OrderedCollection",
            "totalItems": len(rendered),
            "orderedItems": rendered,
        }
    return rendered


def _object(found: ActivityObject) -> JsonValue:
    match found:
        case Reference(id=reference, type=None):
            return reference
        case Reference(id=reference, type=kind):
            return {"id": reference, "type": kind}
        case Post():
            return render_post(found, context=False)
        case Actor():
            return render_actor(found, context=False)
        case Tombstone():
            return render_tombstone(found, context=False)
        case Activity():
            return render_activity(found, context=False)


def _context_of(activity: Activity, document: JsonObject | None) -> Context:
    """The smallest context that has the terms used; deliveries are many."""
    inner = activity.object
    if isinstance(inner, Activity):
        return _context_of(inner, None) if _needs_none(activity) else ACTIVITY_CONTEXT
    if isinstance(inner, Actor):
        return GROUP_CONTEXT
    if isinstance(inner, Post) or document is not None:
        return POST_CONTEXT
    return PLAIN_CONTEXT if _needs_none(activity) else ACTIVITY_CONTEXT


def _needs_none(activity: Activity) -> bool:
    return activity.type not in _OWN_TERMS and not activity.remove_data


def announce_bytes(
    *,
    id: str,  # noqa: A002 - the field's word
    actor: str,
    to: Sequence[str],
    cc: Sequence[str],
    original: bytes,
    published: datetime,
) -> bytes:
    """Give the body of a group's Announce around an activity exactly as its author sent it.

    `original` has passed `strict_json.load_object`; it is not read again and not changed by a
    byte, its own @context included.

    Spec: FEP-1b12 "The Announce activity".

    Raises:
        LocalProtocolError: when `original` is not in the shape of a JSON object.
    """
    return _around(_head(id, actor, to, cc, published), _checked(original))


def announce_batch_bytes(
    *,
    id: str,  # noqa: A002 - the field's word
    actor: str,
    to: Sequence[str],
    cc: Sequence[str],
    originals: Sequence[bytes],
    published: datetime,
) -> bytes:
    """Give the body of a group's Announce around several activities, each exactly as sent.

    Only for peers that say so in NodeInfo (fep-1a11): Lemmy and Mbin cannot read it.

    Raises:
        LocalProtocolError: when there are none, or one is not in the shape of a JSON object.
    """
    if not originals:
        raise LocalProtocolError("A batch without activities cannot be sent.")
    items = b",".join(_checked(original) for original in originals)
    collection = b'{"type":"OrderedCollection","totalItems":%d,"orderedItems":[%b]}' % (
        len(originals),
        items,
    )
    return _around(_head(id, actor, to, cc, published), collection)


def _head(
    announce_id: str, actor: str, to: Sequence[str], cc: Sequence[str], published: datetime
) -> JsonObject:
    return {
        "@context": AS_CONTEXT,
        "id": announce_id,
        "type": "Announce",
        "actor": actor,
        "to": render_ids(to),
        "cc": render_ids(cc),
        "audience": actor,
        "published": render_date(published),
    }


def _checked(original: bytes) -> bytes:
    body = original.strip(b" \t\r\n")
    if not (body.startswith(b"{") and body.endswith(b"}")):
        raise LocalProtocolError("What is to be announced is not a JSON object.")
    return original


def _around(head: JsonObject, embedded: bytes) -> bytes:
    return b'%b,"object":%b}' % (msgspec.json.encode(head)[:-1], embedded)
