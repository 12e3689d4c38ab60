"""The state of a community's rooms, as it should be, and what brings a room there.

`changes` compares the state that a room has with the one that its community wants, so that it
does not matter what happened: a role, the visibility, or somebody in the room who changed a
setting. Asked again after its answer was carried out, it has nothing more to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from communities.room_levels import RoomRole, power_levels
from communities.rooms import (
    JoinRule,
    Reach,
    RoomSettings,
    RoomUse,
    history_visibility,
    join_rule,
    room_alias,
)

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
"""What can stand in the content of an event here."""

Content = Mapping[str, Value]
"""The content of an event."""

RoomState = Mapping[tuple[str, str], Content]
"""Contents by type and state key."""

CHILD: Final = "m.space.child"
PARENT: Final = "m.space.parent"

MAX_TOPIC: Final = 1000
"""How many characters of the description become the topic: an event has 65,536 bytes."""

_CONDITIONAL: Final = frozenset({JoinRule.RESTRICTED, JoinRule.KNOCK_RESTRICTED})
_LINKS: Final = frozenset({CHILD, PARENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedState:
    """A state event that the node's own user has to send."""

    type: str
    state_key: str
    content: Content


def creation(settings: RoomSettings, use: RoomUse) -> Content:
    """Give the content that m.room.create begins with; it can never change.

    A community that changes its reach therefore needs new rooms.

    Spec: matrix/v1.19 client-server API "m.room.create".
    """
    content: dict[str, Value] = {"m.federate": settings.reach is Reach.FEDERATED}
    if use is RoomUse.SPACE:
        content["type"] = "m.space"
    return content


def space_state(
    settings: RoomSettings,
    roles: Mapping[str, RoomRole],
    domain: str,
    links: Iterable[WantedState] = (),
) -> RoomState:
    """Give the state of the Space; `roles` by Matrix id, `links` of `room_tree`.

    Raises:
        Invalid: visibility and way of joining do not go together.
    """
    rule = join_rule(settings, RoomUse.SPACE)
    return {
        **_state(settings, RoomUse.SPACE, roles, domain, {"join_rule": rule.value}),
        ("m.room.topic", ""): {"topic": settings.topic[:MAX_TOPIC]},
        **{(link.type, link.state_key): link.content for link in links},
    }


def chat_state(
    settings: RoomSettings,
    roles: Mapping[str, RoomRole],
    domain: str,
    space_id: str,
    links: Iterable[WantedState] = (),
) -> RoomState:
    """Give the state of the chat room of the Space; its topic is left to the moderators.

    It has the community's name: most clients show it among rooms of other communities.

    Spec: matrix/v1.19 rooms/v10 "Join rules" (knock_restricted), client-server API
    "m.room.join_rules", restricted rooms.

    Raises:
        Invalid: visibility and way of joining do not go together.
    """
    rule = join_rule(settings, RoomUse.CHAT)
    rules: dict[str, Value] = {"join_rule": rule.value}
    if rule in _CONDITIONAL:
        rules["allow"] = [{"type": "m.room_membership", "room_id": space_id}]
    return {
        **_state(settings, RoomUse.CHAT, roles, domain, rules),
        **{(link.type, link.state_key): link.content for link in links},
    }


def changes(before: RoomState, after: RoomState) -> list[WantedState]:
    """Give the events that lead from one state to the other, in the order of `after`.

    State of types that the community does not decide on stays as it is, and links to other rooms
    that are not wanted any more become empty, which ends them.

    Spec: matrix/v1.19 client-server API "m.space.child" (without `via` there is no link).
    """
    wanted = [
        WantedState(type=type_, state_key=state_key, content=content)
        for (type_, state_key), content in after.items()
        if before.get((type_, state_key), {}) != content
    ]
    ended = [
        WantedState(type=type_, state_key=state_key, content={})
        for (type_, state_key), content in before.items()
        if type_ in _LINKS and content and (type_, state_key) not in after
    ]
    return wanted + ended


def _state(
    settings: RoomSettings,
    use: RoomUse,
    roles: Mapping[str, RoomRole],
    domain: str,
    join_rules: Content,
) -> dict[tuple[str, str], Content]:
    alias = room_alias(settings, use, domain)
    return {
        ("m.room.power_levels", ""): power_levels(settings, use, roles),
        ("m.room.join_rules", ""): join_rules,
        ("m.room.history_visibility", ""): {
            "history_visibility": history_visibility(settings).value
        },
        ("m.room.guest_access", ""): {"guest_access": "forbidden"},
        ("m.room.canonical_alias", ""): {} if alias is None else {"alias": alias},
        ("m.room.name", ""): {"name": settings.name},
    }
