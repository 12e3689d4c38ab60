"""Power levels of a room: who has which, and what one needs for an act.

Values are read when they are asked for: a room older than version 10 can hold a power levels event
of which one part cannot be read, and only rules that need that part refuse.

Room creators of version 12 stand above every level that an event can name (`CREATOR_LEVEL`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.errors import RemoteProtocolError
from protocols.matrix.event import Event
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import MAX_INTEGER, JsonObject, JsonValue

CREATOR_LEVEL: Final = MAX_INTEGER + 1
"""The level of creators where they stand above all: no JSON integer reaches it."""

FIRST_CREATOR_LEVEL: Final = 100
"""The level of the creator before version 12, while the room has no power levels event."""

DEFAULTS: Final[Mapping[str, int]] = {
    "users_default": 0,
    "events_default": 0,
    "state_default": 50,
    "ban": 50,
    "kick": 50,
    "redact": 50,
    "invite": 0,
}
"""The single levels of a power levels event, with what holds where the event names none.

Spec: matrix/v1.19 client-server API "m.room.power_levels".
"""

NOTIFICATION_DEFAULT: Final = 50
"""The level for a notification of all (`@room`) where the event names none."""

_EMPTY: Final[JsonObject] = {}
_STRING_LEVEL: Final = re.compile(r"\s*([+-]?[0-9]+)\s*")


class PowerLevelError(RemoteProtocolError):
    """A power level, or a table of them, cannot be read in this room version."""

    errcode = "M_BAD_JSON"


def read_level(value: JsonValue, version: RoomVersion) -> int:
    """Give the level that the JSON value stands for in the room version.

    Spec: matrix/v1.19 rooms/v10 "Values in m.room.power_levels events must be integers".
    Spec: matrix/v1.19 rooms/v9 "m.room.power_levels events accept values as strings".
    Spec: matrix/v1.19 rooms/v5 "m.room.power_levels events accept values as floats".

    Raises:
        PowerLevelError: it stands for none.
    """
    if type(value) is int:
        return value
    try:
        if version.integer_power_levels:
            pass
        elif isinstance(value, str) and (digits := _STRING_LEVEL.fullmatch(value)):
            return int(digits[1])
        elif isinstance(value, float) and not version.strict_json:
            return int(value)
    except (OverflowError, ValueError):
        # Infinite, not a number, or more digits than Python reads.
        raise PowerLevelError("a power level is out of range") from None
    raise PowerLevelError("a power level is not an integer")


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLevels:
    """The power levels that hold in one state of a room.

    Attributes:
        version: the room version, which says how values are read.
        content: the content of the power levels event; None where the state has no such event.
        creators: those who made the room; more than one only from version 12.

    All methods raise PowerLevelError where what they need cannot be read.
    """

    version: RoomVersion
    content: JsonObject | None
    creators: frozenset[str]

    def of(self, user_id: str) -> int:
        """The level of a user.

        Spec: matrix/v1.19 rooms/v12 "Authorization rules", note on room creators.
        """
        if user_id in self.creators:
            if self.version.privileged_creators:
                return CREATOR_LEVEL
            if self.content is None:
                return FIRST_CREATOR_LEVEL
        level = self.table("users").get(user_id)
        return self.single("users_default") if level is None else read_level(level, self.version)

    def required(self, event_type: str, *, is_state: bool) -> int:
        """The level needed to send an event of this type.

        Spec: matrix/v1.19 server-server API "Definitions", required power level.
        """
        level = self.table("events").get(event_type)
        if level is None:
            return self.single("state_default" if is_state else "events_default")
        return read_level(level, self.version)

    def single(self, name: str) -> int:
        """One of the levels of DEFAULTS by its name: `ban`, `kick`, `invite` and so on.

        Spec: matrix/v1.19 server-server API "Definitions", invite, kick, ban and redact level.
        """
        level = self.content.get(name) if self.content else None
        return DEFAULTS[name] if level is None else read_level(level, self.version)

    def notification(self, name: str) -> int:
        """The level needed to notify everybody in this way; `room` is the only one in use.

        Spec: matrix/v1.19 client-server API "m.room.power_levels", notifications.
        """
        level = self.table("notifications").get(name)
        return NOTIFICATION_DEFAULT if level is None else read_level(level, self.version)

    def table(self, name: str) -> JsonObject:
        """The `users`, `events` or `notifications` as they stand in the event."""
        table = self.content.get(name, _EMPTY) if self.content else _EMPTY
        if not isinstance(table, dict):
            raise PowerLevelError("a table of power levels is not an object")
        return table


def room_creators(create: Event, version: RoomVersion) -> frozenset[str]:
    """Give those who made the room; none where the create event does not say it.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules": sender and `additional_creators`.
    Spec: matrix/v1.19 rooms/v11 "Remove the creator property": the sender.
    """
    if version.privileged_creators:
        additional = create.content.get("additional_creators")
        others = additional if isinstance(additional, list) else []
        return frozenset([create.sender, *(user for user in others if isinstance(user, str))])
    creator = first_creator(create, version)
    return frozenset() if creator is None else frozenset([creator])


def first_creator(create: Event, version: RoomVersion) -> str | None:
    """Give the one who may join an empty room; None where the create event does not say it.

    Spec: matrix/v1.19 rooms/v12 and rooms/v10 "Authorization rules" 5.3.1 and 4.3.1.
    """
    if not version.creator_in_content:
        return create.sender
    creator = create.content.get("creator")
    return creator if isinstance(creator, str) else None


def power_levels(
    create: Event, power_levels_event: Event | None, version: RoomVersion
) -> PowerLevels:
    """Give the power levels of a state of the room by two of its events."""
    return PowerLevels(
        version=version,
        content=power_levels_event.content if power_levels_event else None,
        creators=room_creators(create, version),
    )
