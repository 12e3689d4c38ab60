"""What the auth rules look at, and what they say.

`RoomState` is the state that an event is checked against, with the few questions that the rules
ask of it. A verdict is `ALLOWED` or a `Denied` with the number of the rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from protocols.matrix.event import Event
from protocols.matrix.power_levels import PowerLevels, power_levels
from protocols.matrix.room_versions import RoomVersion

StateKey: TypeAlias = tuple[str, str]
"""Event type and state key: the name of a place in the state of a room."""

CREATE: Final[StateKey] = ("m.room.create", "")
POWER_LEVELS: Final[StateKey] = ("m.room.power_levels", "")
JOIN_RULES: Final[StateKey] = ("m.room.join_rules", "")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rules admit the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The rules refuse the event.

    Attributes:
        step: the rule, numbered as in room version 12; older versions have the same rules under
            other numbers, and "aliases" for m.room.aliases until version 5.
        reason: a sentence that can be shown to clients.
    """

    step: str
    reason: str


Verdict: TypeAlias = Allowed | Denied

ALLOWED: Final = Allowed()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState:
    """A state of a room as the auth rules see it.

    Attributes:
        version: the rules of the room.
        create: its first event.
        events: the state, or as much of it as the rules ask for.
        levels: the power levels of that state.
    """

    version: RoomVersion
    create: Event
    events: Mapping[StateKey, Event]
    levels: PowerLevels

    def membership(self, user_id: str) -> str:
        """`join`, `invite`, `knock`, `ban` or `leave`; `leave` for who never was there.

        A membership that is no text, which no version admits, counts as `leave` too.
        """
        event = self.events.get(("m.room.member", user_id))
        found = event.content.get("membership") if event else None
        return found if isinstance(found, str) else "leave"

    def is_joined(self, user_id: str) -> bool:
        """Tell whether the user is in the room."""
        return self.membership(user_id) == "join"

    def join_rule(self) -> str:
        """The join rule; `invite` where the state names none.

        Spec: matrix/v1.19 client-server API "m.room.join_rules".
        """
        event = self.events.get(JOIN_RULES)
        found = event.content.get("join_rule", "invite") if event else "invite"
        return found if isinstance(found, str) else ""


def room_state(create: Event, events: Mapping[StateKey, Event], version: RoomVersion) -> RoomState:
    """Give the state of a room in the form that rules ask for."""
    levels = power_levels(create, events.get(POWER_LEVELS), version)
    return RoomState(version=version, create=create, events=events, levels=levels)
