"""Names of users, rooms, aliases, events and servers: read, checked, taken apart.

Every name is a plain string with a type of its own (NewType), so that a room id is never passed
for a user id. All of them are case-sensitive and are compared with `==`; none is ever normalised.

Spec: matrix/v1.19 appendices "Identifier Grammar".
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, NewType

from protocols.errors import LocalProtocolError, RemoteProtocolError

ServerName = NewType("ServerName", str)
UserId = NewType("UserId", str)
RoomId = NewType("RoomId", str)
RoomAlias = NewType("RoomAlias", str)
EventId = NewType("EventId", str)

MAX_ID_BYTES: Final = 255
MAX_SERVER_NAME_BYTES: Final = 230
_MAX_PORT: Final = 65_535

_SERVER: Final = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::[0-9]{1,5})?"
_SERVER_NAME: Final = re.compile(_SERVER)
_SERVER_PARTS: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]+))?")
# Localparts of old ids hold anything but ":" and NUL.
_USER_ID: Final = re.compile(f"@[^:\0]*:{_SERVER}")
_ROOM_ID: Final = re.compile(f"![^:\0]+:{_SERVER}")
_HASH_ROOM_ID: Final = re.compile(r"![0-9A-Za-z_-]{43}")
_ROOM_ALIAS: Final = re.compile(f"#[^:\0]+:{_SERVER}")
_CURRENT_LOCALPART: Final = re.compile(r"[a-z0-9._=/+-]+")
_VISIBLE_LOCALPART: Final = re.compile(r"[\x21-\x39\x3b-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """The parts of a server name that discovery looks at.

    Attributes:
        host: a DNS name, or an IP address without brackets.
        port: the explicit port, if the name has one.
        is_literal: the host is an IP address.
    """

    host: str
    port: int | None
    is_literal: bool


def parse_server_name(text: object) -> ServerName:
    """Give the server name, or refuse what is not one.

    Spec: matrix/v1.19 appendices "Server Name".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    if isinstance(text, str) and len(text) <= MAX_ID_BYTES and _SERVER_NAME.fullmatch(text):
        return ServerName(text)
    raise _not_a("server name")


def split_server_name(name: ServerName) -> ServerAddress:
    """Give host and port of a server name.

    Spec: matrix/v1.19 server-server API "Resolving server names".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM for a port beyond 65535 or a broken IPv6 literal.
    """
    found = _SERVER_PARTS.fullmatch(name)
    if found is None:
        raise _not_a("server name")
    host, digits = found.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port <= _MAX_PORT:
        raise _not_a("server name")
    bare = host[1:-1] if host.startswith("[") else host
    try:
        ip_address(bare)
    except ValueError:
        if host.startswith("["):
            raise _not_a("server name") from None
        return ServerAddress(host=host, port=port, is_literal=False)
    return ServerAddress(host=bare, port=port, is_literal=True)


def parse_user_id(text: object) -> UserId:
    """Give the user id, also one from before the grammar was narrowed.

    Spec: matrix/v1.19 appendices "User Identifiers", "Historical User IDs".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    if isinstance(text, str) and _fits(text) and _USER_ID.fullmatch(text):
        return UserId(text)
    raise _not_a("user id")


def is_user_id(text: object) -> bool:
    """Tell whether `parse_user_id` takes the text."""
    return isinstance(text, str) and _fits(text) and _USER_ID.fullmatch(text) is not None


def is_shown_to_clients(user: UserId) -> bool:
    """Tell whether clients may be told of the id outside of events: visible ASCII, not empty.

    Spec: matrix/v1.19 appendices "Historical User IDs".
    """
    return _VISIBLE_LOCALPART.fullmatch(localpart_of(user)) is not None


def user_id(localpart: str, server: ServerName) -> UserId:
    """Give the id of a user that we make: today's grammar, nothing historical.

    Spec: matrix/v1.19 appendices "User Identifiers".

    Raises:
        LocalProtocolError: a character that no new user may have, or too long.
    """
    text = f"@{localpart}:{server}"
    if _CURRENT_LOCALPART.fullmatch(localpart) is None or len(text) > MAX_ID_BYTES:
        raise LocalProtocolError("localpart cannot be that of a Matrix user")
    return UserId(text)


def parse_room_id(text: object) -> RoomId:
    """Give the room id, with a server name or (room version 12) without one.

    Spec: matrix/v1.19 appendices "Room IDs".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    if isinstance(text, str) and _fits(text):
        grammar = _ROOM_ID if ":" in text else _HASH_ROOM_ID
        if grammar.fullmatch(text):
            return RoomId(text)
    raise _not_a("room id")


def is_hash_room_id(room: str) -> bool:
    """Tell whether the room id is the hash of a create event: it names no server to ask."""
    return _HASH_ROOM_ID.fullmatch(room) is not None


def parse_room_alias(text: object) -> RoomAlias:
    """Give the room alias, or refuse what is not one.

    Spec: matrix/v1.19 appendices "Room Aliases".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    if isinstance(text, str) and _fits(text) and _ROOM_ALIAS.fullmatch(text):
        return RoomAlias(text)
    raise _not_a("room alias")


def parse_event_id(text: object) -> EventId:
    """Give the event id as peers and clients write one. Its hash is not looked at.

    Spec: matrix/v1.19 appendices "Event IDs".

    Raises:
        RemoteProtocolError: M_INVALID_PARAM.
    """
    if is_event_id(text):
        return EventId(str(text))
    raise _not_a("event id")


def is_event_id(text: object) -> bool:
    """Tell whether `parse_event_id` takes the text."""
    return (
        isinstance(text, str)
        and len(text) > 1
        and text[0] == "$"
        and "\0" not in text
        and _fits(text)
    )


def localpart_of(name: UserId | RoomAlias) -> str:
    """Give what stands between sigil and server name; it may be empty in an old user id."""
    return name[1:].partition(":")[0]


def server_of(name: UserId | RoomAlias) -> ServerName:
    """Give the server to which a user or an alias belongs.

    A localpart holds no ":", a server name may. A room id says nothing about where the room is.
    """
    return ServerName(name.partition(":")[2])


def fits_in_bytes(text: str, limit: int) -> bool:
    """Tell whether the text takes no more bytes of UTF-8; half a surrogate pair never fits."""
    if text.isascii():
        return len(text) <= limit
    try:
        return len(text.encode()) <= limit
    except UnicodeEncodeError:
        return False


def _fits(text: str) -> bool:
    return fits_in_bytes(text, MAX_ID_BYTES)


def _not_a(what: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"not a {what}", errcode="M_INVALID_PARAM")
