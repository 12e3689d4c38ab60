"""The Matrix vectors of ../shared/fixtures, and keys and events to try things with."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.key_formats import PrivateKey, parse_unpadded_base64, public_half
from protocols.matrix.event import Event
from protocols.matrix.event_building import EventDraft, build_event
from protocols.matrix.identifiers import EventId, RoomId, ServerName, UserId
from protocols.matrix.keys import KeyId, ServerVerifyKeys, SigningKey, VerifyKey
from protocols.matrix.room_versions import ROOM_VERSIONS
from protocols.strict_json import JsonObject

MATRIX = Path(__file__).resolve().parents[3].parent / "shared" / "fixtures" / "matrix"

FOREVER = 2**63 - 1
NOW = 1_800_000_000_000


@cache
def vectors(name: str) -> Any:
    """A file of vectors; without the folder an empty one, so that collecting finds no cases."""
    path = MATRIX / name
    return json.loads(path.read_bytes()) if path.exists() else {}


def needs_vectors() -> None:
    """Skip where the folder is absent."""
    if not MATRIX.is_dir():
        pytest.skip(f"no Matrix vectors in {MATRIX}")


def key_of(server: str, seed: int = 1, name: str = "1") -> SigningKey:
    """A key made from a number: the same one every time."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return SigningKey(
        server=ServerName(server),
        key_id=KeyId(f"ed25519:{name}"),
        key=PrivateKey(algorithm="ed25519", key=private),
    )


def key_of_seed(server: str, key_id: str, seed: str) -> SigningKey:
    """The key of a seed in base64."""
    private = Ed25519PrivateKey.from_private_bytes(parse_unpadded_base64(seed))
    return SigningKey(
        server=ServerName(server),
        key_id=KeyId(key_id),
        key=PrivateKey(algorithm="ed25519", key=private),
    )


def verify_keys(*keys: SigningKey, until: int = FOREVER) -> dict[ServerName, ServerVerifyKeys]:
    """The public halves, by server."""
    found: dict[ServerName, ServerVerifyKeys] = {}
    for key in keys:
        half = VerifyKey(key=public_half(key.key), valid_until_ts=until)
        found[key.server] = {**found.get(key.server, {}), key.key_id: half}
    return found


def draft(**changes: Any) -> EventDraft:
    """A message of @alice:a.example."""
    fields: dict[str, Any] = {
        "room_id": RoomId("!room:a.example"),
        "sender": UserId("@alice:a.example"),
        "type": "m.room.message",
        "state_key": None,
        "content": {"msgtype": "m.text", "body": "moin"},
        "prev_events": (EventId("$before"),),
        "auth_events": (EventId("$create"), EventId("$join")),
        "depth": 7,
        "origin_server_ts": NOW,
    }
    return EventDraft(**{**fields, **changes})


def event_of(version: str = "11", **changes: Any) -> Event:
    """A signed event of @alice:a.example."""
    return build_event(draft(**changes), ROOM_VERSIONS[version], key_of("a.example"))


def document_of(version: str = "11", **changes: Any) -> JsonObject:
    """A signed event as a peer would send it."""
    return dict(event_of(version, **changes).document)
