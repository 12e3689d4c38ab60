"""What servers tell each other in passing (EDUs): values, and the JSON that we send.

Spec: matrix/v1.19 server-server API "EDUs".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never

from protocols.matrix.identifiers import EventId, RoomId, UserId
from protocols.strict_json import JsonObject

PresenceState = Literal["online", "unavailable", "offline"]

ALL_DEVICES: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """Somebody types in a room, or stopped.

    Spec: matrix/v1.19 server-server API "Typing Notifications".
    """

    room_id: RoomId
    user_id: UserId
    typing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Somebody has read a room up to an event.

    Attributes:
        thread_id: the root of the thread, or "main"; None for the room with all its threads.
        read_ts: milliseconds since 1970.
    """

    room_id: RoomId
    user_id: UserId
    event_id: EventId
    thread_id: str | None
    read_ts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """Read receipts (m.read) of users of one server.

    Spec: matrix/v1.19 server-server API "Receipts".
    """

    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceUpdate:
    """How somebody can be reached.

    Attributes:
        last_active_ago_ms: None when nobody said.
    """

    user_id: UserId
    presence: PresenceState
    last_active_ago_ms: int | None
    currently_active: bool
    status_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Presence of users of one server.

    Spec: matrix/v1.19 server-server API "Presence".
    """

    updates: tuple[PresenceUpdate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceListUpdate:
    """A device of somebody came, changed or went.

    Attributes:
        stream_id: position of this update among those of the user.
        prev_ids: the updates before it; an unknown one means that we missed some.
        keys: the identity keys; nobody has checked their shape.

    Spec: matrix/v1.19 server-server API "Device Management".
    """

    user_id: UserId
    device_id: str
    stream_id: int
    prev_ids: tuple[int, ...]
    deleted: bool
    display_name: str | None
    keys: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyUpdate:
    """The cross-signing keys of somebody changed; nobody has checked their shape.

    Spec: matrix/v1.19 server-server API "End-to-End Encryption".
    """

    user_id: UserId
    master_key: JsonObject | None
    self_signing_key: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDeviceMessages:
    """Messages to devices, past any room.

    Attributes:
        message_id: up to 32 characters; the same one again is the same message.
        messages: user -> device, or ALL_DEVICES -> content.

    Spec: matrix/v1.19 server-server API "Send-to-device messaging".
    """

    sender: UserId
    type: str
    message_id: str
    messages: Mapping[UserId, Mapping[str, JsonObject]]


Edu: TypeAlias = (
    Typing | Receipts | Presence | DeviceListUpdate | SigningKeyUpdate | ToDeviceMessages
)


def render_edu(edu: Edu) -> JsonObject:
    """Give the EDU as it goes into a transaction."""
    match edu:
        case Typing():
            return _edu("m.typing", _typing(edu))
        case Receipts():
            return _edu("m.receipt", _receipts(edu))
        case Presence():
            return _edu("m.presence", {"push": [_presence(update) for update in edu.updates]})
        case DeviceListUpdate():
            return _edu("m.device_list_update", _device_list_update(edu))
        case SigningKeyUpdate():
            return _edu("m.signing_key_update", _signing_key_update(edu))
        case ToDeviceMessages():
            return _edu("m.direct_to_device", _to_device(edu))
        case _:
            assert_never(edu)


def _edu(kind: str, content: JsonObject) -> JsonObject:
    return {"edu_type": kind, "content": content}


def _typing(edu: Typing) -> JsonObject:
    return {"room_id": edu.room_id, "user_id": edu.user_id, "typing": edu.typing}


def _receipts(edu: Receipts) -> JsonObject:
    rooms: dict[str, JsonObject] = {}
    for receipt in edu.receipts:
        data: JsonObject = {"ts": receipt.read_ts}
        if receipt.thread_id is not None:
            data["thread_id"] = receipt.thread_id
        users = rooms.setdefault(receipt.room_id, {})
        users[receipt.user_id] = {"data": data, "event_ids": [receipt.event_id]}
    return {room_id: {"m.read": users} for room_id, users in rooms.items()}


def _presence(update: PresenceUpdate) -> JsonObject:
    rendered: JsonObject = {
        "user_id": update.user_id,
        "presence": update.presence,
        "currently_active": update.currently_active,
        "last_active_ago": update.last_active_ago_ms or 0,
    }
    if update.status_message is not None:
        rendered["status_msg"] = update.status_message
    return rendered


def _device_list_update(edu: DeviceListUpdate) -> JsonObject:
    content: JsonObject = {
        "user_id": edu.user_id,
        "device_id": edu.device_id,
        "stream_id": edu.stream_id,
        "prev_id": list(edu.prev_ids),
        "deleted": edu.deleted,
    }
    if edu.display_name is not None:
        content["device_display_name"] = edu.display_name
    if edu.keys is not None:
        content["keys"] = edu.keys
    return content


def _signing_key_update(edu: SigningKeyUpdate) -> JsonObject:
    content: JsonObject = {"user_id": edu.user_id}
    if edu.master_key is not None:
        content["master_key"] = edu.master_key
    if edu.self_signing_key is not None:
        content["self_signing_key"] = edu.self_signing_key
    return content


def _to_device(edu: ToDeviceMessages) -> JsonObject:
    return {
        "sender": edu.sender,
        "type": edu.type,
        "message_id": edu.message_id,
        "messages": {user: {**devices} for user, devices in edu.messages.items()},
    }
