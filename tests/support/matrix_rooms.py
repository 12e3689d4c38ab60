"""Events and rooms for tests of the Matrix rules, written short or read from recorded files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from protocols.matrix.auth_rules_state import StateKey
from protocols.matrix.event import Event, stored_event
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.strict_json import JsonObject, JsonValue

RECORDED = Path(__file__).resolve().parents[2].parent / "shared/fixtures/matrix"

V10 = ROOM_VERSIONS["10"]
V12 = ROOM_VERSIONS["12"]


def recorded(name: str) -> Any:  # noqa: ANN401 - the shape is that of the file
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
