"""What redaction leaves of an event: the part that signatures and event ids are made over."""

from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject, JsonValue


def redact(document: JsonObject, version: RoomVersion) -> JsonObject:
    """Give the event as redaction leaves it. Twice gives the same as once.

    The result shares nested values with the document. `unsigned` is not part of it.

    Spec: matrix/v1.19 client-server API "Redactions"; rooms/v1, v6, v8, v9, v11 "Redactions".
    """
    keys = version.redaction.keys
    kept = {key: value for key, value in document.items() if key in keys}
    content = document.get("content")
    kept["content"] = (
        redact_content(document.get("type"), content, version) if isinstance(content, dict) else {}
    )
    return kept


def redact_content(kind: JsonValue, content: JsonObject, version: RoomVersion) -> JsonObject:
    """Give what stays of the content of an event of a type.

    Spec: as `redact`.
    """
    rules = version.redaction
    if kind == "m.room.create" and rules.keeps_create:
        return content
    names = rules.content.get(kind) if isinstance(kind, str) else None
    if names is None:
        return {}
    kept = {key: value for key, value in content.items() if key in names}
    if kind == "m.room.member" and rules.keeps_third_party_signed:
        invite = content.get("third_party_invite")
        if isinstance(invite, dict):
            # Also when nothing stays in it: Synapse names the event with `{}` in its place.
            kept["third_party_invite"] = {k: v for k, v in invite.items() if k == "signed"}
    return kept
