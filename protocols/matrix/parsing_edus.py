"""EDUs of peers, read from hostile JSON.

A server speaks for its own users only. Where one EDU tells of many people, what it says of
others is left out, as is what has no good shape; an EDU that tells of one is refused whole.

Spec: matrix/v1.19 server-server API "EDUs".
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, get_args

from protocols.errors import RemoteProtocolError
from protocols.matrix.edus import (
    DeviceListUpdate,
    Edu,
    Presence,
    PresenceState,
    PresenceUpdate,
    Receipt,
    Receipts,
    SigningKeyUpdate,
    ToDeviceMessages,
    Typing,
)
from protocols.matrix.event_json import canonical
from protocols.matrix.identifiers import (
    MAX_ID_BYTES,
    ServerName,
    UserId,
    fits_in_bytes,
    is_user_id,
    parse_event_id,
    parse_room_id,
    parse_user_id,
    server_of,
)
from protocols.strict_json import JsonObject, JsonValue

MAX_EDU_BYTES: Final = 65_536
MAX_RECEIPTS: Final = 1_000
MAX_PRESENCE_UPDATES: Final = 100
MAX_PREV_IDS: Final = 1_000
MAX_MESSAGE_ID_CHARACTERS: Final = 32
MAX_STATUS_BYTES: Final = 1_024
MAX_DEVICE_NAME_BYTES: Final = 1_024

_MAX_INT64: Final = 2**63 - 1
_PRESENCE_STATES: Final[Mapping[str, PresenceState]] = MappingProxyType(
    {state: state for state in get_args(PresenceState)}
)


def parse_edu(document: JsonObject, origin: ServerName) -> Edu | None:
    """Give the EDU that a server sent, or None if it is of a kind that we do not know.

    Spec: matrix/v1.19 server-server API "EDUs".

    Args:
        document: an entry of `edus`.
        origin: the server that signed the transaction.

    Raises:
        RemoteProtocolError: M_BAD_JSON or M_INVALID_PARAM for a broken one, M_TOO_LARGE beyond
            64 KiB, M_FORBIDDEN when it speaks for a user of another server.
    """
    kind = document.get("edu_type")
    parse = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        return None
    content = document.get("content")
    if not isinstance(content, dict):
        raise _malformed("EDU without content")
    if len(canonical(content, strict=False)) > MAX_EDU_BYTES:
        raise RemoteProtocolError("EDU too large", status_hint=413, errcode="M_TOO_LARGE")
    return parse(content, origin)


def _typing(content: JsonObject, origin: ServerName) -> Typing:
    typing = content.get("typing")
    if not isinstance(typing, bool):
        raise _malformed("typing must be true or false")
    return Typing(
        room_id=parse_room_id(content.get("room_id")),
        user_id=_own_user(content.get("user_id"), origin),
        typing=typing,
    )


def _receipts(content: JsonObject, origin: ServerName) -> Receipts:
    found: list[Receipt] = []
    for room_id, kinds in content.items():
        users = kinds.get("m.read") if isinstance(kinds, dict) else None
        if not isinstance(users, dict):
            continue
        for user_id, entry in users.items():
            if len(found) == MAX_RECEIPTS:
                raise _malformed("EDU with too many receipts")
            if isinstance(entry, dict) and _speaks_for(user_id, origin):
                found.extend(_receipt(room_id, user_id, entry))
    return Receipts(receipts=tuple(found))


def _receipt(room_id: str, user_id: str, entry: JsonObject) -> Iterator[Receipt]:
    event_ids = entry.get("event_ids")
    data = entry.get("data")
    thread_id = data.get("thread_id") if isinstance(data, dict) else None
    try:
        yield Receipt(
            room_id=parse_room_id(room_id),
            user_id=parse_user_id(user_id),
            event_id=parse_event_id(event_ids[0] if isinstance(event_ids, list) else None),
            thread_id=None if thread_id is None else _text(thread_id, MAX_ID_BYTES),
            read_ts=_integer(data.get("ts") if isinstance(data, dict) else None),
        )
    except (RemoteProtocolError, IndexError):
        return


def _presence(content: JsonObject, origin: ServerName) -> Presence:
    pushed = content.get("push")
    if not isinstance(pushed, list) or len(pushed) > MAX_PRESENCE_UPDATES:
        raise _malformed("presence without a list of at most 100")
    return Presence(
        updates=tuple(
            update
            for entry in pushed
            if isinstance(entry, dict) and _speaks_for(entry.get("user_id"), origin)
            for update in _presence_update(entry)
        )
    )


def _presence_update(entry: JsonObject) -> Iterator[PresenceUpdate]:
    state = entry.get("presence")
    presence = _PRESENCE_STATES.get(state) if isinstance(state, str) else None
    ago = entry.get("last_active_ago")
    message = entry.get("status_msg")
    if presence is None:
        return
    fits = isinstance(message, str) and fits_in_bytes(message, MAX_STATUS_BYTES)
    yield PresenceUpdate(
        user_id=parse_user_id(entry.get("user_id")),
        presence=presence,
        last_active_ago_ms=ago if type(ago) is int and 0 <= ago <= _MAX_INT64 else None,
        currently_active=entry.get("currently_active") is True,
        status_message=message if isinstance(message, str) and fits else None,
    )


def _device_list_update(content: JsonObject, origin: ServerName) -> DeviceListUpdate:
    prev_ids = content.get("prev_id", [])
    if not isinstance(prev_ids, list) or len(prev_ids) > MAX_PREV_IDS:
        raise _malformed("prev_id must be a list")
    name = content.get("device_display_name")
    return DeviceListUpdate(
        user_id=_own_user(content.get("user_id"), origin),
        device_id=_text(content.get("device_id"), MAX_ID_BYTES),
        stream_id=_integer(content.get("stream_id")),
        prev_ids=tuple(map(_integer, prev_ids)),
        deleted=content.get("deleted") is True,
        display_name=None if name is None else _text(name, MAX_DEVICE_NAME_BYTES),
        keys=_object_or_none(content.get("keys")),
    )


def _signing_key_update(content: JsonObject, origin: ServerName) -> SigningKeyUpdate:
    return SigningKeyUpdate(
        user_id=_own_user(content.get("user_id"), origin),
        master_key=_object_or_none(content.get("master_key")),
        self_signing_key=_object_or_none(content.get("self_signing_key")),
    )


def _to_device(content: JsonObject, origin: ServerName) -> ToDeviceMessages:
    messages = content.get("messages")
    if not isinstance(messages, dict):
        raise _malformed("to-device EDU without messages")
    message_id = _text(content.get("message_id"), MAX_ID_BYTES)
    if len(message_id) > MAX_MESSAGE_ID_CHARACTERS:
        raise _malformed("message_id too long")
    return ToDeviceMessages(
        sender=_own_user(content.get("sender"), origin),
        type=_text(content.get("type"), MAX_ID_BYTES),
        message_id=message_id,
        messages={
            UserId(user): dict(_device_messages(devices))
            for user, devices in messages.items()
            if is_user_id(user)
        },
    )


def _device_messages(devices: JsonValue) -> Iterator[tuple[str, JsonObject]]:
    if not isinstance(devices, dict):
        raise _malformed("messages of a user must be an object")
    for device_id, content in devices.items():
        if not isinstance(content, dict):
            raise _malformed("message to a device must be an object")
        yield _text(device_id, MAX_ID_BYTES), content


_PARSERS: Final[Mapping[str, Callable[[JsonObject, ServerName], Edu]]] = MappingProxyType(
    {
        "m.typing": _typing,
        "m.receipt": _receipts,
        "m.presence": _presence,
        "m.device_list_update": _device_list_update,
        "m.signing_key_update": _signing_key_update,
        "m.direct_to_device": _to_device,
    }
)


def _speaks_for(user: JsonValue, origin: ServerName) -> bool:
    return isinstance(user, str) and is_user_id(user) and server_of(UserId(user)) == origin


def _own_user(user: JsonValue, origin: ServerName) -> UserId:
    found = parse_user_id(user)
    if server_of(found) != origin:
        raise RemoteProtocolError(
            "EDU about a user of another server", status_hint=403, errcode="M_FORBIDDEN"
        )
    return found


def _text(value: JsonValue, most: int) -> str:
    if not isinstance(value, str) or "\0" in value or not fits_in_bytes(value, most):
        raise _malformed("EDU with a text that is none or too long")
    return value


def _integer(value: JsonValue) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_INT64:
        raise _malformed("EDU with a number that is none or out of range")
    return value


def _object_or_none(value: JsonValue) -> JsonObject | None:
    if value is not None and not isinstance(value, dict):
        raise _malformed("EDU with keys that are no object")
    return value


def _malformed(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_BAD_JSON")
