"""Activities, and the activities, posts and actors inside them.

What is read of an embedded object depends on the activity. Create and Update bring a document:
it is read whole, and a bad one is refused. Announce and Add may bring one: a bad one becomes a
`Reference`, for its origin to be asked. Every other activity only points: an embedded post or
actor there becomes a `Reference`, so that a Like or Delete cannot smuggle in another's words.

Spec: ActivityPub section 6 and 7; FEP-1b12; FEP-c0e0 (EmojiReact); FEP-400e and FEP-171b (Add).
"""

from contextlib import suppress
from typing import Final

from protocols.activitypub.parsing_actors import parse_actor
from protocols.activitypub.parsing_media import tags_of
from protocols.activitypub.parsing_objects import parse_post, parse_tombstone
from protocols.activitypub.parsing_origins import is_web_url
from protocols.activitypub.parsing_types import (
    activity_type,
    actor_type,
    collection_type,
    is_tombstone,
    object_type,
)
from protocols.activitypub.parsing_values import (
    addressing,
    as_list,
    audience_of,
    date_of,
    id_of,
    malformed,
    natural_text,
    own_id,
    recipients,
    type_names,
    unusable,
)
from protocols.activitypub.vocabulary import (
    Activity,
    ActivityId,
    ActivityObject,
    ActivityType,
    ActorId,
    Reference,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

MAX_NESTING: Final = 3
"""Announce > Undo > Like is the deepest that anyone sends; an activity inside that is refused."""
MAX_BATCH: Final = 500
"""Objects of one activity. PieFed batches votes by the hundred; one unit touches 500 rows."""

_BRINGS_DOCUMENT: Final = frozenset({ActivityType.CREATE, ActivityType.UPDATE})
_MAY_BRING_DOCUMENT: Final = frozenset({ActivityType.ANNOUNCE, ActivityType.ADD})
_TAKES_SEVERAL: Final = frozenset({ActivityType.FLAG, ActivityType.ANNOUNCE, ActivityType.OTHER})
_REACTIONS: Final = frozenset({ActivityType.LIKE, ActivityType.EMOJI_REACT})
_ANSWERS: Final = frozenset({ActivityType.UNDO, ActivityType.ACCEPT, ActivityType.REJECT})


def parse_activity(raw: JsonValue) -> Activity:
    """Give the activity that a document is, with what its object names.

    Refused: no actor or several, an id that is no URL, no object that can be read where the type
    is one of ours, several objects where the type takes one, more than 500, activities nested
    deeper than 3. In a batch what cannot be read is left out.
    An Announce of an Announce becomes one Announce of the innermost object (as NodeBB does).
    Whether the ids are of the actor's server is for `check_activity_origin`.

    Raises:
        RemoteProtocolError: 400 when malformed, 422 when it cannot serve as an activity.
    """
    if type(raw) is not dict:
        raise malformed("The activity is not a JSON object.")
    return _activity(raw, 1)


def _activity(raw: JsonObject, depth: int) -> Activity:
    if depth > MAX_NESTING:
        raise malformed("The activity is nested too deeply.")
    types = activity_type(raw)
    if types is None:
        raise _not_an_activity(raw)
    kind, type_name = types
    activity_id = own_id(raw, "activity")
    to, cc = addressing(raw, "activity")
    tags = raw.get("tag")
    return Activity(
        id=ActivityId(activity_id) if activity_id is not None else None,
        type=kind,
        type_name=type_name,
        actor=ActorId(_actor(raw)),
        objects=_objects(raw, kind, depth),
        target=id_of(raw.get("target")),
        to=to,
        cc=cc,
        audience=audience_of(raw),
        content=natural_text(raw, "content"),
        summary=natural_text(raw, "summary"),
        published=date_of(raw.get("published")),
        updated=date_of(raw.get("updated")),
        # Mbin says expires where Lemmy says endTime.
        end_time=date_of(raw.get("endTime") or raw.get("expires")),
        remove_data=raw.get("removeData") is True,
        hidden_recipients=bool(recipients(raw.get("bto")) or recipients(raw.get("bcc"))),
        has_proof=type(raw.get("proof")) in (dict, list) and bool(raw["proof"]),
        emojis=tags_of(tags).emojis if tags and kind in _REACTIONS else (),
    )


def _not_an_activity(raw: JsonObject) -> RemoteProtocolError:
    if not type_names(raw):
        return malformed("The activity has no type.")
    if "actor" not in raw:
        return malformed("The activity has no actor.")
    return unusable("The type is not one of an activity.")


def _actor(raw: JsonObject) -> str:
    value = raw.get("actor")
    if type(value) is str and is_web_url(value):
        return value
    if value is None:
        raise malformed("The activity has no actor.")
    if type(value) is list and len(value) != 1:
        raise malformed("The activity must have one actor.")
    found = id_of(value)
    if found is None:
        raise malformed("The actor of the activity is not an http or https URL.")
    return found


def _objects(raw: JsonObject, kind: ActivityType, depth: int) -> tuple[ActivityObject, ...]:
    sent = raw.get("object")
    if type(sent) is str and is_web_url(sent):
        return (Reference(id=sent),)
    entries = _entries(sent, kind)
    if len(entries) > MAX_BATCH:
        raise malformed("The activity has more than 500 objects.")
    if kind is ActivityType.OTHER or (len(entries) > 1 and kind in _TAKES_SEVERAL):
        found = _readable(entries, kind, depth)
    else:
        found = [item for entry in entries for item in _read(entry, kind, depth)]
    if not found and kind is not ActivityType.OTHER:
        raise malformed("The activity has no object.")
    if len(found) > MAX_BATCH or (len(found) > 1 and kind not in _TAKES_SEVERAL):
        raise unusable("The activity has more objects than its type takes.")
    return tuple(found)


def _entries(sent: JsonValue, kind: ActivityType) -> list[JsonValue]:
    """The objects as sent; a batch may come as a collection with its items. Spec: PieFed."""
    if type(sent) is dict and kind is ActivityType.ANNOUNCE and collection_type(sent) is not None:
        items = as_list(sent.get("orderedItems") or sent.get("items"))
        return items or [sent]
    return as_list(sent)


def _readable(entries: list[JsonValue], kind: ActivityType, depth: int) -> list[ActivityObject]:
    """The objects that can be read: one bad vote does not cost the other votes of its batch."""
    found: list[ActivityObject] = []
    for entry in entries:
        with suppress(RemoteProtocolError):
            found.extend(_read(entry, kind, depth))
    return found


def _read(entry: JsonValue, kind: ActivityType, depth: int) -> tuple[ActivityObject, ...]:
    if type(entry) is str and is_web_url(entry):
        return (Reference(id=entry),)
    if type(entry) is not dict:
        return (_reference(entry),)
    if is_tombstone(entry):
        return (parse_tombstone(entry),)
    if object_type(entry) is not None or actor_type(entry) is not None:
        return (_document(entry, kind),)
    if activity_type(entry) is not None and not _is_stub(entry, kind):
        inner = _activity(entry, depth + 1)
        if kind is ActivityType.ANNOUNCE and inner.type is ActivityType.ANNOUNCE:
            return inner.objects
        return (inner,)
    return (_reference(entry),)


def _is_stub(entry: JsonObject, kind: ActivityType) -> bool:
    """Whether an answer names the activity that it answers by id and type alone."""
    return kind in _ANSWERS and "actor" not in entry


def _document(entry: JsonObject, kind: ActivityType) -> ActivityObject:
    is_post = object_type(entry) is not None
    if kind in _BRINGS_DOCUMENT:
        # An actor without an inbox is a pointer with a type, which PieFed sends in feeds.
        if is_post:
            return parse_post(entry)
        return parse_actor(entry) if "inbox" in entry else _reference(entry)
    if kind in _MAY_BRING_DOCUMENT:
        try:
            return parse_post(entry) if is_post else parse_actor(entry)
        except RemoteProtocolError:
            return _reference(entry)
    return _reference(entry)


def _reference(entry: JsonValue) -> Reference:
    found = None if type(entry) is list else id_of(entry)
    if found is None:
        raise malformed("The object of the activity has no id that is an http or https URL.")
    kinds = type_names(entry) if type(entry) is dict else ()
    return Reference(id=found, type=next(iter(kinds), None))
