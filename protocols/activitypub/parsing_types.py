"""What kind of document it is, by its type.

An object may have several types, and extensions add their own: the first that we read decides,
but what also is a Tombstone is gone.

Spec: ActivityStreams Core 4.1 "type may be multiple"; FEP-2277.
"""

from typing import Final

from protocols.activitypub.parsing_values import type_names
from protocols.activitypub.vocabulary import ActivityType, ActorType, ObjectType
from protocols.strict_json import JsonObject

_ACTORS: Final = {kind.value: kind for kind in ActorType}
_OBJECTS: Final = {kind.value: kind for kind in ObjectType}
_ACTIVITIES: Final = {kind.value: kind for kind in ActivityType if kind is not ActivityType.OTHER}
TOMBSTONE: Final = "Tombstone"
COLLECTIONS: Final = frozenset(
    {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"}
)


def is_tombstone(raw: JsonObject) -> bool:
    """Whether the object is gone."""
    return TOMBSTONE in type_names(raw)


def actor_type(raw: JsonObject) -> ActorType | None:
    """Give the type of an actor, or None."""
    return next((_ACTORS[name] for name in type_names(raw) if name in _ACTORS), None)


def object_type(raw: JsonObject) -> ObjectType | None:
    """Give the type of an object with content, or None."""
    return next((_OBJECTS[name] for name in type_names(raw) if name in _OBJECTS), None)


def activity_type(raw: JsonObject) -> tuple[ActivityType, str] | None:
    """Give the type of an activity and its name as sent; OTHER for an unknown one with an actor.

    None is for what has a known type that is not an activity's, no type, or no actor.
    """
    names = type_names(raw)
    for name in names:
        if name in _ACTIVITIES:
            return _ACTIVITIES[name], name
    if (
        not names
        or "actor" not in raw
        or any(name in _OBJECTS or name in _ACTORS for name in names)
    ):
        return None
    return ActivityType.OTHER, names[0]


def collection_type(raw: JsonObject) -> str | None:
    """Give which of the four collection types it is, or None."""
    return next((name for name in type_names(raw) if name in COLLECTIONS), None)
