"""Whether the rules of a room admit an event, in room versions 3 to 12.

An event is checked three times on receipt, each with another set of state:

- `check` against its own auth events: refused means rejected;
- `check_against_state` against the state before it: refused means rejected;
- `check_against_state` against the current state: refused means soft-failed.

Everything is decided from the arguments. The numbers in the comments, and in what is denied, are
those of room version 12. Versions 6 to 11 lack rule 2 there, so that theirs are lower by one.

Spec: matrix/v1.19 rooms/v3 to rooms/v12 "Authorization rules".
Spec: matrix/v1.19 server-server API "Checks performed on receipt of a PDU" steps 4 to 6.
"""

from collections.abc import Collection, Mapping

from protocols.matrix.auth_rules_selection import check_auth_events
from protocols.matrix.auth_rules_state import (
    ALLOWED,
    CREATE,
    Denied,
    RoomState,
    StateKey,
    Verdict,
    room_state,
)
from protocols.matrix.event import Event
from protocols.matrix.identifiers import EventId, UserId, is_user_id, server_of
from protocols.matrix.membership_rules import check_membership
from protocols.matrix.power_level_rules import check_power_levels
from protocols.matrix.power_levels import PowerLevelError, PowerLevels
from protocols.matrix.room_versions import REFUSED_VERSIONS, ROOM_VERSIONS, RoomVersion
from protocols.strict_json import JsonValue


def check(
    event: Event,
    auth_events: Mapping[EventId, Event],
    version: RoomVersion,
    *,
    create: Event | None = None,
    rejected: Collection[EventId] = frozenset(),
) -> Verdict:
    """Decide whether the event is allowed by the auth events that it names itself.

    Args:
        event: the event; its form, signatures and hash are in order.
        auth_events: holds every auth event of the event, and maybe others.
        version: the rules of the room.
        create: the create event of the room, where auth events do not name it (version 12).
        rejected: those of all these events that were rejected.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules" steps 1 to 11.
    Spec: matrix/v1.19 server-server API "Checks performed on receipt of a PDU" step 4.

    Raises:
        LocalProtocolError: an auth event is missing in `auth_events`.
    """
    # 1. m.room.create.
    if event.type == "m.room.create":
        return _check_create(event, version)
    # 2. (from version 12) The room id is not that of an accepted create event: reject.
    if version.room_id_is_create_hash and (create is None or create.event_id in rejected):
        return Denied(step="2", reason="the room has no accepted create event")
    # 3. The choice of auth events.
    denied = check_auth_events(event, auth_events, version, rejected)
    if denied is not None:
        return denied
    state: dict[StateKey, Event] = {}
    for event_id in event.auth_events:
        found = auth_events[event_id]
        state[found.type, found.state_key or ""] = found
    if version.room_id_is_create_hash and create is not None:
        state[CREATE] = create
    return check_against_state(event, state, version)


def check_against_state(
    event: Event, state: Mapping[StateKey, Event], version: RoomVersion
) -> Verdict:
    """Decide whether a state of the room allows the event.

    Args:
        event: the event; the choice of its auth events is in order.
        state: holds the create event, and of the rest as much as `auth_events_for` names.
        version: the rules of the room.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules" steps 2 and 4 to 11.
    Spec: matrix/v1.19 server-server API "Checks performed on receipt of a PDU" steps 5 and 6.
    """
    if event.type == "m.room.create":
        # Nothing in rule 1 depends on the state.
        return ALLOWED
    create = state.get(CREATE)
    # 2. (from version 12) The room id is not that of a create event: reject.
    if create is None or create.room_id != event.room_id:
        return Denied(step="2", reason="the state lacks the create event of the room")
    # 4. The room does not federate, and the sender is of another server: reject.
    if create.content.get("m.federate") is False and event.origin != create.origin:
        return Denied(step="4", reason="the room does not federate")
    try:
        return _check_in_room(event, room_state(create, state, version))
    except PowerLevelError as error:
        # What the levels say cannot be known, so that nothing can be allowed by them.
        return Denied(step="8", reason=str(error))


def may_redact(sender: UserId, redacted: Event, levels: PowerLevels) -> bool:
    """Tell whether a redaction that the rules admitted is to be applied to an event.

    Args:
        sender: of the m.room.redaction.
        redacted: the event that it names; in the same room.
        levels: those of the state before the redaction.

    Spec: matrix/v1.19 rooms/v12 "Handling redactions".
    """
    # 2. The server of the redaction is that of the event.
    if server_of(sender) == redacted.origin:
        return True
    try:
        # 1. The sender has the redact level.
        return levels.of(sender) >= levels.single("redact")
    except PowerLevelError:
        return False


def _check_create(event: Event, version: RoomVersion) -> Verdict:
    content = event.content
    # 1.1 It has previous events: reject.
    if event.prev_events:
        return Denied(step="1.1", reason="a create event that is not the first")
    # 1.2 (from version 12) It has a room_id: reject. (until version 11) The server of the room id
    # is not that of the sender: reject.
    if version.room_id_is_create_hash:
        if "room_id" in event.document:
            return Denied(step="1.2", reason="a create event that names its own room")
    elif event.room_id.partition(":")[2] != event.origin:
        return Denied(step="1.2", reason="a create event for a room of another server")
    # 1.3 It names a room version that is not known: reject.
    if not _is_recognised(content.get("room_version", "1")):
        return Denied(step="1.3", reason="a create event of an unknown room version")
    # 1.4 (until version 10) It names no creator: reject.
    if version.creator_in_content and "creator" not in content:
        return Denied(step="1.4", reason="a create event without a creator")
    # 1.4 (from version 12) additional_creators are not user ids: reject.
    if version.privileged_creators and "additional_creators" in content:
        additional = content["additional_creators"]
        if not isinstance(additional, list) or not all(map(is_user_id, additional)):
            return Denied(step="1.4", reason="additional creators that are no users")
    # 1.5 Otherwise, allow.
    return ALLOWED


def _is_recognised(identifier: JsonValue) -> bool:
    return isinstance(identifier, str) and (
        identifier in ROOM_VERSIONS or identifier in REFUSED_VERSIONS
    )


def _check_in_room(event: Event, room: RoomState) -> Verdict:
    # Rule 4 of versions 3 to 5: m.room.aliases.
    if event.type == "m.room.aliases" and room.version.aliases_have_rules:
        if event.state_key != event.origin:
            return Denied(step="aliases", reason="aliases of another server")
        return ALLOWED
    # 5. m.room.member.
    if event.type == "m.room.member":
        return check_membership(event, room)
    # 6. The sender is not joined: reject.
    if not room.is_joined(event.sender):
        return Denied(step="6", reason="the sender is not in the room")
    return _check_sending(event, room)


def _check_sending(event: Event, room: RoomState) -> Verdict:
    own = room.levels.of(event.sender)
    # 7. m.room.third_party_invite: allow only with the invite level.
    if event.type == "m.room.third_party_invite":
        if own >= room.levels.single("invite"):
            return ALLOWED
        return Denied(step="7.1", reason="the sender may not invite")
    # 8. The sender lacks the level that the type requires: reject.
    if own < room.levels.required(event.type, is_state=event.is_state):
        return Denied(step="8", reason="the sender may not send events of this type")
    # 9. A state_key that starts with "@" is not the sender: reject.
    if event.state_key and event.state_key[0] == "@" and event.state_key != event.sender:
        return Denied(step="9", reason="state that belongs to another user")
    # 10. m.room.power_levels.
    if event.type == "m.room.power_levels":
        return check_power_levels(event, room)
    # 11. Otherwise, allow.
    return ALLOWED
