"""The rules that differ between room versions 3 to 12, one row per version.

| since | what changed                                                                         |
|-------|--------------------------------------------------------------------------------------|
| 3     | event ids are hashes (in standard base64)                                            |
| 4     | event ids in url-safe base64                                                         |
| 5     | a signature made after the end of its key does not count                             |
| 6     | strict canonical JSON; m.room.aliases loses its rules; levels of notifications guarded|
| 7     | knocking                                                                             |
| 8     | restricted joins                                                                     |
| 9     | redaction keeps join_authorised_via_users_server                                     |
| 10    | power levels are integers; knock_restricted                                          |
| 11    | redacts in the content; create without creator; other redaction rules                |
| 12    | room id = hash of the create event; creators above all levels; state resolution 2.1  |

Versions 1 and 2 are known and refused: their event ids are the word of a peer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from protocols.errors import RemoteProtocolError

StateResolution = Literal["v2", "v2.1"]

DEFAULT_VERSION: Final = "12"
REFUSED_VERSIONS: Final = frozenset({"1", "2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRules:
    """What redaction leaves of an event.

    Attributes:
        keys: the top-level keys that stay.
        content: event type -> keys of the content that stay; none of an unnamed type.
        keeps_create: the whole content of m.room.create stays.
        keeps_third_party_signed: `third_party_invite.signed` of m.room.member stays.
    """

    keys: frozenset[str]
    content: Mapping[str, frozenset[str]]
    keeps_create: bool
    keeps_third_party_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomVersion:
    """The rules of one room version. Compare versions by these fields, never by `identifier`.

    Attributes:
        identifier: "3" to "12".
        urlsafe_event_ids: event ids are written in url-safe base64, not in the standard one.
        redaction: what redaction leaves.
        strict_json: canonical JSON is enforced: no fractions, no integer beyond 2^53 - 1.
        enforces_key_validity: a signature counts only until the end of its key.
        aliases_have_rules: m.room.aliases has its own auth rule.
        guards_notification_levels: the rules for power levels look at `notifications` too.
        knocking: membership and join rule `knock` exist.
        restricted_joins: join rule `restricted` exists.
        knock_restricted_joins: join rule `knock_restricted` exists.
        integer_power_levels: power levels may not be strings.
        creator_in_content: m.room.create must name its `creator`.
        redacts_in_content: a redaction names its target in the content.
        room_id_is_create_hash: the room id is "!" and the hash of the create event, which itself
            has no room_id and is never among auth events.
        privileged_creators: creators stand above every power level.
        state_resolution: the algorithm.
    """

    identifier: str
    urlsafe_event_ids: bool
    redaction: RedactionRules
    strict_json: bool
    enforces_key_validity: bool
    aliases_have_rules: bool
    guards_notification_levels: bool
    knocking: bool
    restricted_joins: bool
    knock_restricted_joins: bool
    integer_power_levels: bool
    creator_in_content: bool
    redacts_in_content: bool
    room_id_is_create_hash: bool
    privileged_creators: bool
    state_resolution: StateResolution

    @property
    def selects_create(self) -> bool:
        """Whether m.room.create is among the auth events of every other event."""
        return not self.room_id_is_create_hash


def room_version(identifier: object) -> RoomVersion:
    """Give the rules of a room version.

    Raises:
        RemoteProtocolError: M_UNSUPPORTED_ROOM_VERSION for 1, 2 and what nobody knows.
    """
    if isinstance(identifier, str):
        version = ROOM_VERSIONS.get(identifier)
        if version is not None:
            return version
        if identifier in REFUSED_VERSIONS:
            raise RemoteProtocolError(
                "room versions 1 and 2 are not supported", errcode="M_UNSUPPORTED_ROOM_VERSION"
            )
    raise RemoteProtocolError("unknown room version", errcode="M_UNSUPPORTED_ROOM_VERSION")


_KEYS_11: Final = frozenset(
    {
        *("event_id", "type", "room_id", "sender", "state_key", "content", "hashes"),
        *("signatures", "depth", "prev_events", "auth_events", "origin_server_ts"),
    }
)
_KEYS_1: Final = _KEYS_11 | {"prev_state", "origin", "membership"}
_LEVELS_1: Final = frozenset(
    {
        *("ban", "events", "events_default", "kick", "redact"),
        *("state_default", "users", "users_default"),
    }
)

# Spec: matrix/v1.19 rooms/v6 "Redactions".
_CONTENT_6: Final = {
    "m.room.member": frozenset({"membership"}),
    "m.room.create": frozenset({"creator"}),
    "m.room.join_rules": frozenset({"join_rule"}),
    "m.room.power_levels": _LEVELS_1,
    "m.room.history_visibility": frozenset({"history_visibility"}),
}
# Spec: matrix/v1.19 rooms/v1 "Redactions".
_CONTENT_1: Final = {**_CONTENT_6, "m.room.aliases": frozenset({"aliases"})}
# Spec: matrix/v1.19 rooms/v8 "Redactions".
_CONTENT_8: Final = {**_CONTENT_6, "m.room.join_rules": frozenset({"join_rule", "allow"})}
# Spec: matrix/v1.19 rooms/v9 "Redactions".
_CONTENT_9: Final = {
    **_CONTENT_8,
    "m.room.member": frozenset({"membership", "join_authorised_via_users_server"}),
}
# Spec: matrix/v1.19 rooms/v11 "Redactions".
_CONTENT_11: Final = {
    **_CONTENT_9,
    "m.room.power_levels": _LEVELS_1 | {"invite"},
    "m.room.redaction": frozenset({"redacts"}),
}


def _until_10(content: Mapping[str, frozenset[str]]) -> RedactionRules:
    return RedactionRules(
        keys=_KEYS_1,
        content=MappingProxyType(content),
        keeps_create=False,
        keeps_third_party_signed=False,
    )


_V3: Final = RoomVersion(
    identifier="3",
    urlsafe_event_ids=False,
    redaction=_until_10(_CONTENT_1),
    strict_json=False,
    enforces_key_validity=False,
    aliases_have_rules=True,
    guards_notification_levels=False,
    knocking=False,
    restricted_joins=False,
    knock_restricted_joins=False,
    integer_power_levels=False,
    creator_in_content=True,
    redacts_in_content=False,
    room_id_is_create_hash=False,
    privileged_creators=False,
    state_resolution="v2",
)
_V4: Final = replace(_V3, identifier="4", urlsafe_event_ids=True)
_V5: Final = replace(_V4, identifier="5", enforces_key_validity=True)
_V6: Final = replace(
    _V5,
    identifier="6",
    redaction=_until_10(_CONTENT_6),
    strict_json=True,
    aliases_have_rules=False,
    guards_notification_levels=True,
)
_V7: Final = replace(_V6, identifier="7", knocking=True)
_V8: Final = replace(_V7, identifier="8", redaction=_until_10(_CONTENT_8), restricted_joins=True)
_V9: Final = replace(_V8, identifier="9", redaction=_until_10(_CONTENT_9))
_V10: Final = replace(_V9, identifier="10", integer_power_levels=True, knock_restricted_joins=True)
_V11: Final = replace(
    _V10,
    identifier="11",
    redaction=RedactionRules(
        keys=_KEYS_11,
        content=MappingProxyType(_CONTENT_11),
        keeps_create=True,
        keeps_third_party_signed=True,
    ),
    creator_in_content=False,
    redacts_in_content=True,
)
_V12: Final = replace(
    _V11,
    identifier="12",
    room_id_is_create_hash=True,
    privileged_creators=True,
    state_resolution="v2.1",
)

ROOM_VERSIONS: Final[Mapping[str, RoomVersion]] = MappingProxyType(
    {
        version.identifier: version
        for version in (_V3, _V4, _V5, _V6, _V7, _V8, _V9, _V10, _V11, _V12)
    }
)
