"""What somebody who thinks of the next event of a random room looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from protocols.matrix.auth_rules_state import CREATE, JOIN_RULES, POWER_LEVELS, StateKey
from protocols.matrix.event import Event
from protocols.matrix.power_levels import PowerLevelError, power_levels
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject

SERVERS = ("a.example", "b.example:8448", "[::1]:448", "d.example", "e.example")
"""The first is that of the creator."""

USERS = (
    *("@ann:a.example", "@al:a.example", "@abe:a.example"),
    *("@bob:b.example:8448", "@bea:b.example:8448"),
    *("@cas:[::1]:448", "@Cäcilie K.:[::1]:448"),
    *("@dan:d.example", "@:d.example", "@eve:e.example"),
)
"""The first creates the room."""

Chosen = TypeVar("Chosen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One moment in a random room.

    Attributes:
        random: decides everything.
        version: the rules of the room.
        users: those who take part; the first created the room.
        state: the state that the next event meets.
        earlier: the number of events so far.
    """

    random: Random
    version: RoomVersion
    users: Sequence[str]
    state: Mapping[StateKey, Event]
    earlier: int

    def happens(self, chance: float) -> bool:
        """Throw the dice."""
        return self.random.random() < chance

    def one_of(self, choices: Sequence[Chosen]) -> Chosen:
        """Any of them."""
        return choices[int(self.random.random() * len(choices))]

    def anybody(self) -> str:
        """Any user, in the room or not."""
        return self.one_of(self.users)

    def membership(self, user: str) -> object:
        """What the state says of somebody."""
        event = self.state.get(("m.room.member", user))
        return event.content.get("membership") if event else None

    def somebody(self, *memberships: str) -> str:
        """Somebody with such a membership, if there is one."""
        found = [user for user in self.users if self.membership(user) in memberships]
        return self.one_of(found or self.users)

    def member(self) -> str:
        """Somebody in the room, now and then a stranger."""
        return self.anybody() if self.happens(0.07) else self.somebody("join")

    def mighty(self) -> str:
        """The one with most power of three in the room."""
        return max((self.member() for _ in range(3)), key=self.level)

    def level(self, user: str) -> int:
        """The power level of somebody; 0 where it cannot be read."""
        create = self.state.get(CREATE)
        if create is None:
            return 0
        try:
            return power_levels(create, self.state.get(POWER_LEVELS), self.version).of(user)
        except PowerLevelError:
            return 0

    def levels(self) -> JsonObject:
        """The content of the power levels, to be changed."""
        event = self.state.get(POWER_LEVELS)
        return {**event.content} if event else {}

    def join_rule(self) -> object:
        """The join rule."""
        event = self.state.get(JOIN_RULES)
        return event.content.get("join_rule") if event else "invite"
