"""Events and rooms for tests of the Matrix rules, written short or read from recorded files."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from protocols.matrix.auth_rules import check, check_against_state
from protocols.matrix.auth_rules_selection import auth_events_for
from protocols.matrix.auth_rules_state import ALLOWED, StateKey
from protocols.matrix.event import Event, stored_event
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.matrix.state_resolution import resolve
from protocols.matrix.state_resolution_known import StateAnswer, StateNeed
from protocols.plan import run_plan
from protocols.strict_json import JsonObject, JsonValue

StateIds: TypeAlias = dict[StateKey, EventId]

RECORDED = Path(__file__).resolve().parents[2].parent / "shared/fixtures/matrix"

MEMBERS = ("@ann:a", "@mod:a", "@bob:b")

V10 = ROOM_VERSIONS["10"]
V11 = ROOM_VERSIONS["11"]
V12 = ROOM_VERSIONS["12"]


def recorded(name: str) -> Any:
    """The content of a recorded file; skips the test where the folder is absent."""
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/fixtures/matrix/{name}")
    return json.loads(path.read_text("utf-8"))


def named_event(document: Mapping[str, Any], version: RoomVersion) -> Event:
    """The event of a document that names its own id and may lack what rules never look at."""
    filled: JsonObject = {"depth": 1, "hashes": {"sha256": "x"}, "signatures": {}, **document}
    return stored_event(EventId(str(filled.pop("event_id"))), filled, version)


def event(
    event_id: str,
    event_type: str,
    sender: str,
    content: Mapping[str, JsonValue],
    *,
    state_key: str | None = "",
    auth: Iterable[str] = (),
    prev: Iterable[str] = ("$prev",),
    at: int = 0,
    room_id: str | None = "!room:a",
    version: RoomVersion = V10,
) -> Event:
    """An event in few words; `state_key` None for a message, `room_id` None for none."""
    document: dict[str, Any] = {
        "event_id": event_id,
        "type": event_type,
        "sender": sender,
        "content": dict(content),
        "prev_events": list(prev),
        "auth_events": list(auth),
        "origin_server_ts": at,
    }
    if state_key is not None:
        document["state_key"] = state_key
    if room_id is not None:
        document["room_id"] = room_id
    return named_event(document, version)


def state_of(events: Iterable[Event]) -> dict[StateKey, Event]:
    """The state that these state events make, the later over the earlier."""
    return {(found.type, found.state_key or ""): found for found in events}


def small_room(
    version: RoomVersion,
    *,
    levels: Mapping[str, JsonValue] | None = None,
    join_rule: str = "public",
    create: Mapping[str, JsonValue] | None = None,
) -> dict[StateKey, Event]:
    """The state of a room of @ann:a with @mod:a (50) and @bob:b (0).

    Args:
        version: the rules of the room.
        levels: content of the power levels event; None for the levels above.
        join_rule: the rule.
        create: content of the create event, beside what it needs.
    """
    hashed = version.room_id_is_create_hash
    first = event(
        "$create",
        "m.room.create",
        "@ann:a",
        {"creator": "@ann:a", "room_version": version.identifier, **(create or {})},
        prev=(),
        room_id=None if hashed else "!room:a",
        version=version,
    )
    users: dict[str, JsonValue] = {"@mod:a": 50} if hashed else {"@ann:a": 100, "@mod:a": 50}
    contents: list[tuple[str, str, str, Mapping[str, JsonValue]]] = [
        ("m.room.power_levels", "", "@ann:a", {"users": users} if levels is None else levels),
        ("m.room.join_rules", "", "@ann:a", {"join_rule": join_rule}),
        *(("m.room.member", user, user, {"membership": "join"}) for user in MEMBERS),
    ]
    others = [
        event(
            f"${kind}{key}",
            kind,
            sender,
            content,
            state_key=key,
            room_id=first.room_id,
            version=version,
        )
        for kind, key, sender, content in contents
    ]
    return state_of([first, *others])


def room_id(state: Mapping[StateKey, Event]) -> str:
    """The id of the room that the state is of."""
    return state["m.room.create", ""].room_id


def started(version: RoomVersion) -> "Replay":
    """A room of @ann:a in which @mod:a is a moderator (50) and anybody may join."""
    room = Replay(version)
    hashed = version.room_id_is_create_hash
    users: dict[str, JsonValue] = {"@mod:a": 50} if hashed else {"@ann:a": 100, "@mod:a": 50}
    content: dict[str, JsonValue] = {"creator": "@ann:a", "room_version": version.identifier}
    room.send("$create", "m.room.create", "@ann:a", content)
    room.join("$ann", "@ann:a", at=1)
    room.send("$levels", "m.room.power_levels", "@ann:a", {"users": users}, at=2)
    room.send("$rules", "m.room.join_rules", "@ann:a", {"join_rule": "public"}, at=3)
    room.join("$mod", "@mod:a", at=4)
    return room


class Replay:
    """A room as one server comes to know it: events are received in order, forks are resolved.

    Attributes:
        events: all that were received.
        rejected: those that the rules refused.
        soft_failed: those that the current state alone refused.
        asked: how often state resolution asked for something.
    """

    def __init__(self, version: RoomVersion) -> None:
        self.version = version
        self.events: dict[EventId, Event] = {}
        self.rejected: set[EventId] = set()
        self.soft_failed: set[EventId] = set()
        self.asked = 0
        self._after: dict[EventId, StateIds] = {}
        self._heads: dict[EventId, None] = {}

    def receive(self, found: Event, *, trusted: bool = False) -> None:
        """Take an event; one that is trusted is not checked."""
        self.events[found.event_id] = found
        before = self.resolve([self._after[prev] for prev in found.prev_events])
        if not trusted and not self._is_allowed(found, before):
            self.rejected.add(found.event_id)
            self._after[found.event_id] = before
            return
        if not trusted and not self._passes(found, self.current()):
            self.soft_failed.add(found.event_id)
        else:
            for prev in found.prev_events:
                self._heads.pop(prev, None)
            self._heads[found.event_id] = None
        after = dict(before)
        if found.state_key is not None:
            after[found.type, found.state_key] = found.event_id
        self._after[found.event_id] = after

    def send(
        self,
        name: str,
        kind: str,
        sender: str,
        content: Mapping[str, JsonValue],
        *,
        key: str | None = "",
        after: Sequence[str] | None = None,
        auth: Sequence[str] | None = None,
        at: int = 0,
    ) -> str:
        """Let a server send an event, and receive it.

        Args:
            name: its event id.
            kind: its type.
            sender: who sends it.
            content: its content.
            key: its state key; None for a message.
            after: the events before it; all heads if None.
            auth: its auth events; those that the rules select if None.
            at: its time.
        """
        first = next(iter(self.events.values()), None)
        hashed = self.version.room_id_is_create_hash
        prev = list(self._heads) if after is None else [*after]

        def made(auth_events: Iterable[str]) -> Event:
            return event(
                name,
                kind,
                sender,
                content,
                state_key=key,
                auth=auth_events,
                prev=prev,
                at=at,
                room_id=first.room_id if first else None if hashed else "!room:a",
                version=self.version,
            )

        if auth is None:
            state = self.resolve([self._after[EventId(parent)] for parent in prev])
            keys = auth_events_for(made([]), self.version)
            auth = [state[place] for place in keys if place in state]
        self.receive(made(auth))
        return name

    def join(self, name: str, user: str, *, at: int = 0) -> str:
        """Let somebody join."""
        return self.send(name, "m.room.member", user, {"membership": "join"}, key=user, at=at)

    def current(self) -> StateIds:
        """The state of the room now."""
        return self.resolve([self._after[head] for head in self._heads])

    def after(self, event_id: str) -> StateIds:
        """The state after one of the events."""
        return self._after[EventId(event_id)]

    def resolve(self, states: Sequence[StateIds]) -> StateIds:
        """What the states come to; nothing where there are none."""
        return run_plan(resolve(states, self.version), self.answer) if states else {}

    def answer(self, need: StateNeed[EventId]) -> StateAnswer[EventId]:
        """Exactly what is asked for."""
        self.asked += 1
        return StateAnswer(
            auth_events={i: self.events[i].auth_events for i in need.auth_events},
            events={i: self.events[i] for i in need.events},
            rejected=self.rejected & need.events,
        )

    def _is_allowed(self, found: Event, before: StateIds) -> bool:
        create = self.events.get(EventId("$" + found.room_id[1:]))
        by_itself = check(found, self.events, self.version, create=create, rejected=self.rejected)
        return by_itself == ALLOWED and self._passes(found, before)

    def _passes(self, found: Event, state: StateIds) -> bool:
        held = {key: self.events[event_id] for key, event_id in state.items()}
        return check_against_state(found, held, self.version) == ALLOWED
