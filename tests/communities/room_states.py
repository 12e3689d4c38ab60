"""Rooms of a community as Matrix sees them: the wanted state as events, under the real rules."""

from collections.abc import Mapping
from typing import Any

from communities.room_levels import RoomRole
from communities.room_membership import InRoom
from communities.room_state import RoomState, chat_state, creation, space_state
from communities.rooms import ROOM_VERSION, RoomSettings, RoomUse, node_user
from protocols.matrix.auth_rules import check_against_state
from protocols.matrix.auth_rules_state import ALLOWED, StateKey
from protocols.matrix.event import Event
from tests.support.matrix_rooms import V12, event, state_of

DOMAIN = "home.example"
NODE = node_user(DOMAIN)
OWNER, MODERATOR, HOST, MUTED, MEMBER, STRANGER = (
    f"@{name}:home.example" for name in ("olga", "max", "hal", "mute", "may", "sam")
)
ROLES: Mapping[str, RoomRole] = {
    OWNER: RoomRole.OWNER,
    MODERATOR: RoomRole.MODERATOR,
    HOST: RoomRole.HOST,
    MUTED: RoomRole.MUTED,
    MEMBER: RoomRole.MEMBER,
}
SPACE_ID = "!space"


def wanted(settings: RoomSettings, use: RoomUse) -> RoomState:
    """The state of a room with everyone above in their role."""
    if use is RoomUse.SPACE:
        return space_state(settings, ROLES, DOMAIN)
    return chat_state(settings, ROLES, DOMAIN, SPACE_ID)


class MatrixRoom:
    """A room that the node made, with its owner, moderator and so on joined."""

    def __init__(self, settings: RoomSettings, use: RoomUse) -> None:
        content: dict[str, Any] = {"room_version": ROOM_VERSION, **creation(settings, use)}
        first = event("$create", "m.room.create", NODE, content, prev=(), room_id=None, version=V12)
        self.room_id = first.room_id
        self.state: dict[StateKey, Event] = state_of([first])
        self.count = 0
        self.put(NODE, "m.room.member", NODE, {"membership": "join"})
        for (kind, key), found in wanted(settings, use).items():
            self.put(NODE, kind, key, found)
        for user in ROLES:
            self.put(user, "m.room.member", user, {"membership": "join"})

    def made(
        self, sender: str, kind: str, state_key: str | None, content: Mapping[str, Any]
    ) -> Event:
        """An event that somebody would send."""
        self.count += 1
        return event(
            f"${self.count}",
            kind,
            sender,
            content,
            state_key=state_key,
            room_id=self.room_id,
            version=V12,
        )

    def put(self, sender: str, kind: str, state_key: str, content: Mapping[str, Any]) -> None:
        """Change the state, whether the rules allow it or not."""
        self.state[kind, state_key] = self.made(sender, kind, state_key, content)

    def place(self, user: str, membership: InRoom) -> None:
        """Have somebody be so in the room."""
        self.put(NODE, "m.room.member", user, {"membership": membership.value})

    def may(
        self, sender: str, kind: str, state_key: str | None, content: Mapping[str, Any]
    ) -> bool:
        """Whether the rules of room version 12 let somebody send this."""
        made = self.made(sender, kind, state_key, content)
        return check_against_state(made, self.state, V12) == ALLOWED

    def may_be(self, sender: str, user: str, membership: InRoom, **content: Any) -> bool:
        """Whether somebody may make somebody be so in the room."""
        return self.may(sender, "m.room.member", user, {"membership": membership.value, **content})
