"""The state that comes with an invite or a knock, to show what room it is.

Whoever is invited cannot look into the room; the server that invites says what is there. Clients
get it stripped, and whatever a peer put there must not keep them from their rooms (CVE-2024-52815)
nor grow without end (CVE-2023-32323).

Spec: matrix/v1.19 client-server API "Stripped state"; server-server API "Inviting to a room".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from protocols.errors import RemoteProtocolError
from protocols.matrix.event import MAX_TEXT_BYTES, Event, parse_event
from protocols.matrix.event_json import canonical
from protocols.matrix.identifiers import RoomId, UserId, fits_in_bytes, is_user_id
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject, JsonValue

MAX_EVENTS: Final = 50
MAX_BYTES: Final = 131_072
SHOWN_TYPES: Final = (
    *("m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.join_rules"),
    *("m.room.canonical_alias", "m.room.encryption", "m.room.member"),
)
"""The types of state that we send along; of m.room.member that of the one who invites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrippedEvent:
    """A state event without what only servers need. Nobody vouches for it."""

    type: str
    state_key: str
    sender: UserId
    content: JsonObject


def parse_stripped_state(found: JsonValue) -> tuple[StrippedEvent, ...]:
    """Give what can be shown of the state that came along; the rest is left out.

    Whole events are taken as well, and stripped. At most 50 events and 128 KiB.

    Spec: matrix/v1.19 client-server API "Stripped state".
    """
    events: list[StrippedEvent] = []
    left = MAX_BYTES
    for entry in found[:MAX_EVENTS] if isinstance(found, list) else ():
        event = _stripped(entry)
        if event is None:
            continue
        try:
            left -= len(canonical(event.content, strict=True))
        except RemoteProtocolError:
            continue
        if left < 0:
            break
        events.append(event)
    return tuple(events)


def parse_state_of_room(
    found: JsonValue, room_id: RoomId, version: RoomVersion
) -> tuple[Event, ...]:
    """Give the whole events that came along; their signatures are still to be checked.

    Before room version 12 servers send stripped ones, which prove nothing: the answer is empty.
    From 12 on each must be an event of that very room, the create event, whose hash the room id
    is, among them.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v2/invite".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM; only from version 12 on.
    """
    if not version.room_id_is_create_hash:
        return ()
    entries = found if isinstance(found, list) else []
    if len(entries) > MAX_EVENTS:
        raise _refusal("too many events of state")
    events = tuple(_event_of_room(entry, room_id, version) for entry in entries)
    if not any(event.type == "m.room.create" for event in events):
        raise _refusal("state without the create event")
    return events


def render_state_of_room(state: Iterable[Event], version: RoomVersion) -> list[JsonValue]:
    """Give the state that we send along: whole events from room version 12 on, else stripped.

    Spec: matrix/v1.19 server-server API "PUT /_matrix/federation/v2/invite".
    """
    shown = [event for event in state if event.type in SHOWN_TYPES and event.is_state]
    if version.room_id_is_create_hash:
        return [event.document for event in shown[:MAX_EVENTS]]
    return [render_stripped(strip(event)) for event in shown[:MAX_EVENTS]]


def strip(event: Event) -> StrippedEvent:
    """Give a state event as people who are not in the room may see it."""
    return StrippedEvent(
        type=event.type,
        state_key=event.state_key or "",
        sender=event.sender,
        content=event.content,
    )


def render_stripped(event: StrippedEvent) -> JsonObject:
    """Give a stripped event as JSON.

    Spec: matrix/v1.19 client-server API "Stripped state".
    """
    return {
        "type": event.type,
        "state_key": event.state_key,
        "sender": event.sender,
        "content": event.content,
    }


def _event_of_room(entry: JsonValue, room_id: RoomId, version: RoomVersion) -> Event:
    if not isinstance(entry, dict):
        raise _refusal("state that is no event")
    try:
        event = parse_event(entry, version)
    except RemoteProtocolError:
        raise _refusal("state that is no event of this room version") from None
    if event.room_id != room_id:
        raise _refusal("state of another room")
    return event


def _stripped(entry: JsonValue) -> StrippedEvent | None:
    if not isinstance(entry, dict):
        return None
    kind, state_key, content = entry.get("type"), entry.get("state_key"), entry.get("content")
    sender = entry.get("sender")
    if (
        isinstance(kind, str)
        and isinstance(state_key, str)
        and fits_in_bytes(kind, MAX_TEXT_BYTES)
        and fits_in_bytes(state_key, MAX_TEXT_BYTES)
        and isinstance(sender, str)
        and is_user_id(sender)
        and isinstance(content, dict)
    ):
        return StrippedEvent(type=kind, state_key=state_key, sender=UserId(sender), content=content)
    return None


def _refusal(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_INVALID_PARAM")
