"""Events of rooms (PDUs): read from hostile JSON, named by their hash, redacted.

An event is parsed once, at the door. What `parse_event` gave has the form that its room version
demands; whether it is signed, unaltered and allowed is asked next, in that order, by
`protocols.matrix.signing` and the auth rules. `stored_event` reads one back that went that way.

Spec: matrix/v1.19 server-server API "PDUs"; rooms/v3 to rooms/v12 "Event format".
"""

import binascii
import hashlib
from dataclasses import dataclass, field, replace
from typing import Final, NotRequired, TypedDict, cast

from protocols.errors import RemoteProtocolError
from protocols.matrix.event_json import check_tree, encode
from protocols.matrix.identifiers import (
    EventId,
    RoomId,
    ServerName,
    UserId,
    fits_in_bytes,
    is_event_id,
    is_hash_room_id,
    parse_room_id,
    parse_user_id,
    server_of,
)
from protocols.matrix.redaction import redact
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import MAX_INTEGER, JsonObject, JsonValue

MAX_EVENT_BYTES: Final = 65_536
MAX_PREV_EVENTS: Final = 20
MAX_AUTH_EVENTS: Final = 10
MAX_TEXT_BYTES: Final = 255
MAX_EVENT_DEPTH: Final = MAX_INTEGER
"""In every room version. Versions 3 to 5 would allow 2^63 - 1, but Synapse drops such an event and
would drop those after it too, ours among them: one event could make us speak to nobody."""

_MAX_INT64: Final = 2**63 - 1
_NOT_HASHED: Final = frozenset({"hashes", "signatures", "unsigned"})


class _StoredDocument(TypedDict):
    type: str
    room_id: NotRequired[str]
    sender: str
    state_key: NotRequired[str]
    content: JsonObject
    prev_events: list[str]
    auth_events: list[str]
    depth: int
    origin_server_ts: int
    hashes: JsonObject
    signatures: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalForms:
    """What signatures and hash are checked against, worked out while parsing.

    Attributes:
        essential: the canonical form that is signed, and whose hash is the event id.
        content_hash: the hash that the event should carry, in unpadded base64.
        size: bytes of the canonical form of the whole event, without `unsigned`.
    """

    essential: bytes
    content_hash: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Event:
    """One event of a room. Its values are shared, not copied: change none of them.

    Attributes:
        event_id: "$" and the reference hash.
        room_id: worked out from the id for a create event that has none of its own.
        sender: who sent it, perhaps a historical id.
        type: up to 255 bytes, no NUL.
        state_key: None for an event that is no state.
        content: of any shape, whatever the type promises.
        prev_events: at most 20, as the sender ordered them.
        auth_events: at most 10, as the sender ordered them.
        depth: 0 to MAX_EVENT_DEPTH; the word of a peer, good for ordering at best.
        origin_server_ts: milliseconds since 1970 by the sender's clock; 64 bits.
        hashes: texts, "sha256" among them.
        signatures: only the well-formed ones.
        redacts: the id of the event that this m.room.redaction is about, if it is an id.
        version: the rules of the room.
        document: the event as it goes to peers: without `unsigned`.
        unsigned: what the sender said beside the event. Nobody vouches for it, it is not stored.
        forms: kept for the checks that follow parsing; None for an event out of storage.
    """

    event_id: EventId
    room_id: RoomId
    sender: UserId
    type: str
    state_key: str | None
    content: JsonObject
    prev_events: tuple[EventId, ...]
    auth_events: tuple[EventId, ...]
    depth: int
    origin_server_ts: int
    hashes: JsonObject
    signatures: JsonObject
    redacts: EventId | None
    version: RoomVersion
    document: JsonObject = field(repr=False)
    unsigned: JsonObject = field(default_factory=dict, repr=False)
    forms: CanonicalForms | None = field(default=None, repr=False)

    @property
    def is_state(self) -> bool:
        """Whether it is a state event."""
        return self.state_key is not None

    @property
    def origin(self) -> ServerName:
        """The server of the sender: the one that must have signed it."""
        return server_of(self.sender)


def parse_event(document: JsonObject, version: RoomVersion) -> Event:
    """Give the event that a peer sent, or refuse what breaks the format of the room version.

    Step 1 of the checks on receipt: an event refused here is dropped. The document is not
    changed. Signature, hash and rules are not looked at.

    Spec: matrix/v1.19 server-server API "Checks performed on receipt of a PDU" step 1.
    Spec: matrix/v1.19 client-server API "Size limits"; server-server API "Size limits".

    Raises:
        RemoteProtocolError: M_BAD_JSON; M_TOO_LARGE beyond 65,536 bytes.
    """
    if "event_id" in document:
        raise _malformed("event that names itself")
    kept = {key: value for key, value in document.items() if key != "unsigned"}
    kept["signatures"] = _signatures(_object_of(document, "signatures"))
    hashes = _object_of(document, "hashes")
    if "sha256" not in hashes or not all(isinstance(text, str) for text in hashes.values()):
        raise _malformed("event without a hash")
    plain = check_tree(kept, strict=version.strict_json)
    forms = canonical_forms(kept, version, plain=plain)
    unsigned = document.get("unsigned")
    return check_event(kept, version, forms, unsigned if isinstance(unsigned, dict) else {})


def check_event(
    document: JsonObject, version: RoomVersion, forms: CanonicalForms, unsigned: JsonObject
) -> Event:
    """Give the event of a document whose numbers, hashes and signatures have been looked at.

    Raises:
        RemoteProtocolError: as `parse_event`.
    """
    if forms.size > MAX_EVENT_BYTES:
        raise RemoteProtocolError("event too large", status_hint=413, errcode="M_TOO_LARGE")
    kind = _text(document, "type")
    content = _object_of(document, "content")
    event_id = hashed_event_id(forms.essential, version)
    return Event(
        event_id=event_id,
        room_id=_room_id(document, kind, event_id, version),
        sender=parse_user_id(document.get("sender")),
        type=kind,
        state_key=_text(document, "state_key") if "state_key" in document else None,
        content=content,
        prev_events=parse_event_ids(document, "prev_events", MAX_PREV_EVENTS),
        auth_events=parse_event_ids(document, "auth_events", MAX_AUTH_EVENTS),
        depth=_integer(document, "depth", 0, MAX_EVENT_DEPTH),
        origin_server_ts=_integer(document, "origin_server_ts", -_MAX_INT64 - 1, _MAX_INT64),
        hashes=_object_of(document, "hashes"),
        signatures=_object_of(document, "signatures"),
        redacts=_redacts(document, kind, content, version),
        version=version,
        document=document,
        unsigned=unsigned,
        forms=forms,
    )


def stored_event(event_id: EventId, document: JsonObject, version: RoomVersion) -> Event:
    """Give an event back that `parse_event` or `signing.build_event` made; nothing is checked.

    Args:
        event_id: as it was worked out then.
        document: the `document` of the event.
        version: the rules of its room.
    """
    found = cast(_StoredDocument, document)
    kind = found["type"]
    room_id = found.get("room_id")
    return Event(
        event_id=event_id,
        room_id=RoomId("!" + event_id[1:]) if room_id is None else RoomId(room_id),
        sender=UserId(found["sender"]),
        type=kind,
        state_key=found.get("state_key"),
        content=found["content"],
        prev_events=tuple(map(EventId, found["prev_events"])),
        auth_events=tuple(map(EventId, found["auth_events"])),
        depth=found["depth"],
        origin_server_ts=found["origin_server_ts"],
        hashes=found["hashes"],
        signatures=found["signatures"],
        redacts=_redacts(document, kind, found["content"], version),
        version=version,
        document=document,
    )


def redacted_event(event: Event) -> Event:
    """Give the event as redaction leaves it: same id, same signatures, less content.

    Spec: matrix/v1.19 client-server API "Redactions".
    """
    document = redact(event.document, event.version)
    content = _object_of(document, "content")
    redacts = _redacts(document, event.type, content, event.version)
    return replace(event, document=document, content=content, redacts=redacts, unsigned={})


def parse_event_ids(document: JsonObject, name: str, most: int) -> tuple[EventId, ...]:
    """Give the list of event ids that an event has under a name.

    Raises:
        RemoteProtocolError: M_BAD_JSON: no list, something else in it, or too long.
    """
    value = document.get(name)
    if not isinstance(value, list) or len(value) > most or not all(map(is_event_id, value)):
        raise _malformed(f"{name} of an event must be a list of at most {most} event ids")
    return tuple(cast(list[EventId], value))


def canonical_forms(document: JsonObject, version: RoomVersion, *, plain: bool) -> CanonicalForms:
    """Give what is signed and what is hashed of an event; `plain` as `check_tree` told.

    Spec: matrix/v1.19 server-server API "Calculating the reference hash for an event".
    Spec: matrix/v1.19 server-server API "Calculating the content hash for an event".

    Raises:
        RemoteProtocolError: M_BAD_JSON for half a surrogate pair.
    """
    essential = redact(document, version)
    essential.pop("signatures", None)
    hashed = content_to_hash(document)
    proofs: JsonObject = {key: document[key] for key in ("hashes", "signatures") if key in document}
    content = encode(hashed, plain=plain)
    return CanonicalForms(
        essential=encode(essential, plain=plain),
        content_hash=_base64(hashlib.sha256(content).digest()),
        # Both objects are never empty, so that one comma joins them.
        size=len(content) + len(encode(proofs, plain=plain)) - 1,
    )


def content_to_hash(document: JsonObject) -> JsonObject:
    """Give the part of an event that its content hash covers.

    Spec: matrix/v1.19 server-server API "Calculating the content hash for an event".
    """
    return {key: value for key, value in document.items() if key not in _NOT_HASHED}


def hashed_event_id(essential: bytes, version: RoomVersion) -> EventId:
    """Give the event id: "$" and the reference hash, which is that of the essential form.

    Spec: matrix/v1.19 rooms/v3 and rooms/v4 "Event IDs".
    """
    digest = _base64(hashlib.sha256(essential).digest())
    if version.urlsafe_event_ids:
        digest = digest.replace("+", "-").replace("/", "_")
    return EventId("$" + digest)


def _room_id(document: JsonObject, kind: str, event_id: EventId, version: RoomVersion) -> RoomId:
    if version.room_id_is_create_hash:
        if "room_id" not in document and kind == "m.room.create":
            return RoomId("!" + event_id[1:])
        room_id = document.get("room_id")
        if not isinstance(room_id, str) or not is_hash_room_id(room_id):
            raise _malformed("room id is not the hash of a create event")
        return RoomId(room_id)
    room_id = parse_room_id(document.get("room_id"))
    if ":" not in room_id:
        raise _malformed("room id without a server name")
    return room_id


def _redacts(
    document: JsonObject, kind: str, content: JsonObject, version: RoomVersion
) -> EventId | None:
    if kind != "m.room.redaction":
        return None
    target = (content if version.redacts_in_content else document).get("redacts")
    return EventId(target) if isinstance(target, str) and is_event_id(target) else None


def _signatures(found: JsonObject) -> JsonObject:
    """Leave out what is no signature: it is not hashed, and others relay it as it is."""
    if all(map(_is_signer, found.values())):
        return found
    made: JsonObject = {}
    for name, entry in found.items():
        if isinstance(entry, dict):
            made[name] = {key: text for key, text in entry.items() if isinstance(text, str)}
    return made


def _is_signer(entry: JsonValue) -> bool:
    return isinstance(entry, dict) and all(isinstance(text, str) for text in entry.values())


def _object_of(document: JsonObject, name: str) -> JsonObject:
    value = document.get(name)
    if not isinstance(value, dict):
        raise _malformed(f"{name} of an event must be an object")
    return value


def _text(document: JsonObject, name: str) -> str:
    value = document.get(name)
    # NUL: PostgreSQL has no text that holds it, and no other server keeps such an event.
    if not isinstance(value, str) or "\0" in value or not fits_in_bytes(value, MAX_TEXT_BYTES):
        raise _malformed(f"{name} of an event must be a text of 255 bytes at most")
    return value


def _integer(document: JsonObject, name: str, least: int, most: int) -> int:
    value = document.get(name)
    if type(value) is not int or not least <= value <= most:
        raise _malformed(f"{name} of an event must be an integer in range")
    return value


def _base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").decode("ascii")


def _malformed(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_BAD_JSON")
