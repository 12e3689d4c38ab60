"""Events of our own: from what somebody said to a hashed and signed event.

Spec: matrix/v1.19 server-server API "Adding hashes and signatures to outgoing events".
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from protocols.key_formats import render_unpadded_base64
from protocols.matrix.event import (
    MAX_EVENT_DEPTH,
    CanonicalForms,
    Event,
    check_event,
    content_to_hash,
)
from protocols.matrix.event_json import check_tree, encode
from protocols.matrix.identifiers import EventId, RoomId, UserId
from protocols.matrix.keys import SigningKey
from protocols.matrix.redaction import redact
from protocols.matrix.room_versions import RoomVersion
from protocols.matrix.signing import render_signature
from protocols.strict_json import JsonObject

MAX_PREV_EVENTS_SENT: Final = 10
"""Extremities that a new event of ours joins; 20 would be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event that is not hashed and signed yet.

    Attributes:
        room_id: None for the create event of a room whose id is the hash of that event.
        sender: a user of the server that will sign.
        type: the event type.
        state_key: None for what is no state.
        content: checked when the event is built.
        prev_events: the forward extremities, at most 20.
        auth_events: as the auth rules select them.
        depth: one more than that of any previous event: `next_depth`.
        origin_server_ts: milliseconds since 1970.
        redacts: the target of an m.room.redaction; put where the room version wants it.
    """

    room_id: RoomId | None
    sender: UserId
    type: str
    state_key: str | None
    content: JsonObject
    prev_events: Sequence[EventId]
    auth_events: Sequence[EventId]
    depth: int
    origin_server_ts: int
    redacts: EventId | None = None


def build_event(draft: EventDraft, version: RoomVersion, key: SigningKey) -> Event:
    """Give the event with hash, signature and id.

    The same draft gives the same event: Ed25519 has no randomness.

    Spec: matrix/v1.19 server-server API "Adding hashes and signatures to outgoing events".

    Raises:
        RemoteProtocolError: M_BAD_JSON, M_TOO_LARGE or M_INVALID_PARAM: what a client asked for
            cannot be an event of this room version.
    """
    document = draft_document(draft, version)
    plain = check_tree(document, strict=version.strict_json)
    hashed = encode(content_to_hash(document), plain=plain)
    content_hash = render_unpadded_base64(hashlib.sha256(hashed).digest())
    document["hashes"] = {"sha256": content_hash}
    essential = encode(redact(document, version), plain=plain)
    signatures: JsonObject = {key.server: {key.key_id: render_signature(essential, key)}}
    document["signatures"] = signatures
    proofs: JsonObject = {"hashes": document["hashes"], "signatures": signatures}
    forms = CanonicalForms(
        essential=essential,
        content_hash=content_hash,
        size=len(hashed) + len(encode(proofs, plain=True)) - 1,
    )
    return check_event(document, version, forms, {})


def draft_document(draft: EventDraft, version: RoomVersion) -> JsonObject:
    """Give the draft as JSON, as the answer to make_join and its like shows it."""
    document: JsonObject = {
        "auth_events": list(draft.auth_events),
        "content": draft.content,
        "depth": draft.depth,
        "origin_server_ts": draft.origin_server_ts,
        "prev_events": list(draft.prev_events),
        "sender": draft.sender,
        "type": draft.type,
    }
    if draft.room_id is not None:
        document["room_id"] = draft.room_id
    if draft.state_key is not None:
        document["state_key"] = draft.state_key
    if draft.redacts is not None:
        if version.redacts_in_content:
            document["content"] = {**draft.content, "redacts": draft.redacts}
        else:
            document["redacts"] = draft.redacts
    return document


def next_depth(depths: Iterable[int]) -> int:
    """Give the depth of an event after those; at the limit it stays there.

    Spec: matrix/v1.19 rooms/v6 "Event format" (`depth`).
    """
    return min(max(depths, default=0) + 1, MAX_EVENT_DEPTH)
