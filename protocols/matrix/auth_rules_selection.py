"""Which events of the state give the sender permission: the `auth_events` of an event.

Spec: matrix/v1.19 server-server API "Auth events selection".
"""

from collections.abc import Collection, Mapping

from protocols.errors import LocalProtocolError
from protocols.matrix.auth_rules_state import (
    CREATE,
    JOIN_RULES,
    POWER_LEVELS,
    Denied,
    StateKey,
)
from protocols.matrix.event import Event
from protocols.matrix.identifiers import EventId
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject


def auth_events_for(event: Event, version: RoomVersion) -> tuple[StateKey, ...]:
    """Give the places of the state whose events, where there are any, are the auth events.

    Spec: matrix/v1.19 server-server API "Auth events selection".
    """
    return select_auth_events(
        event.type, event.state_key, event.sender, event.content, version=version
    )


def select_auth_events(
    event_type: str,
    state_key: str | None,
    sender: str,
    content: JsonObject,
    *,
    version: RoomVersion,
) -> tuple[StateKey, ...]:
    """Give the same for an event that is yet to be built. No place is named twice.

    Spec: matrix/v1.19 server-server API "Auth events selection".
    Spec: matrix/v1.19 rooms/v12 "Authorization rules": m.room.create is not selected.
    """
    if event_type == "m.room.create":
        return ()
    keys = [CREATE] if version.selects_create else []
    keys += [POWER_LEVELS, ("m.room.member", sender)]
    if event_type == "m.room.member":
        keys += _for_membership(state_key, content, version)
    return tuple(dict.fromkeys(keys))


def _for_membership(
    state_key: str | None, content: JsonObject, version: RoomVersion
) -> list[StateKey]:
    keys: list[StateKey] = [] if state_key is None else [("m.room.member", state_key)]
    membership = content.get("membership")
    # A tuple: what a peer calls a membership may not be hashable.
    if membership in ("join", "invite", "knock"):
        keys.append(JOIN_RULES)
    if membership == "invite" and (token := third_party_token(content)) is not None:
        keys.append(("m.room.third_party_invite", token))
    if membership == "join" and version.restricted_joins:
        authoriser = content.get("join_authorised_via_users_server")
        if isinstance(authoriser, str):
            keys.append(("m.room.member", authoriser))
    return keys


def third_party_token(content: JsonObject) -> str | None:
    """Give `third_party_invite.signed.token` of the content of an invite, if it is there."""
    invite = content.get("third_party_invite")
    signed = invite.get("signed") if isinstance(invite, dict) else None
    token = signed.get("token") if isinstance(signed, dict) else None
    return token if isinstance(token, str) else None


def check_auth_events(
    event: Event,
    known: Mapping[EventId, Event],
    version: RoomVersion,
    rejected: Collection[EventId],
) -> Denied | None:
    """Give what is wrong with the choice of auth events, or None.

    Args:
        event: the event; not an m.room.create.
        known: holds every auth event of the event, and maybe others.
        version: the rules of the room.
        rejected: holds those of the auth events that were rejected.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 3, rooms/v11 step 2.

    Raises:
        LocalProtocolError: `known` lacks an auth event: it has to be fetched first.
    """
    expected = auth_events_for(event, version)
    seen: set[StateKey] = set()
    for event_id in event.auth_events:
        found = known.get(event_id)
        if found is None:
            raise LocalProtocolError("an auth event was not fetched before the check")
        # A message event has no place in the state: its key is never expected.
        key = (found.type, "\0" if found.state_key is None else found.state_key)
        # 3.1 Duplicate entries for a type and state key: reject.
        if key in seen:
            return Denied(step="3.1", reason="two auth events for the same state")
        # 3.2 Entries that the selection does not name: reject.
        if key not in expected:
            return Denied(step="3.2", reason="an auth event that is not to be selected")
        # 3.3 Entries that were themselves rejected: reject.
        if event_id in rejected:
            return Denied(step="3.3", reason="an auth event was rejected")
        # 3.5 Entries of another room: reject.
        if found.room_id != event.room_id:
            return Denied(step="3.5", reason="an auth event of another room")
        seen.add(key)
    # 3.4 (until version 11) No m.room.create among the entries: reject.
    if version.selects_create and CREATE not in seen:
        return Denied(step="3.4", reason="no create event among the auth events")
    return None
