"""Contents that no client writes and that a peer may send all the same."""

from random import Random

from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import MAX_INTEGER, JsonObject, JsonValue

_LIST: list[JsonValue] = [1]
_OBJECT: JsonObject = {"a": 1}
_VALUES: tuple[JsonValue, ...] = (
    *(None, True, False, "50", "+7", " 3 ", "x", "", "1_0", "0x10", "٣", "9" * 30),
    *([], {}, -1, MAX_INTEGER, -MAX_INTEGER),
    _LIST,
    _OBJECT,
)
_LOOSE_VALUES: tuple[JsonValue, ...] = (1.5, -0.5, 1e3, 2**60, 1e300)
"""In versions 3 to 5 only."""

STRANGE_USERS = (
    *("bob", "@bob", "@:", "", "@a b:d.example", "@x:in valid", "@x:d.example:port", "@x:[::1]"),
    *("@" + "x" * 250 + ":d.example", "@" + "ä" * 130 + ":d.example", "@x:d.example:99999", "@x:"),
)
"""What may stand where a user id is expected; some of it is one."""


def odd_value(random: Random, version: RoomVersion) -> JsonValue:
    """Give any value that an event of the version may hold."""
    return random.choice(_VALUES if version.strict_json else _VALUES + _LOOSE_VALUES)


def made_odd(content: JsonObject, kind: str, random: Random, version: RoomVersion) -> JsonObject:
    """Give the content with one of its values missing or strange."""
    names = [*content, *_EXPECTED.get(kind, ("x",))]
    name = random.choice(names)
    value = content.get(name)
    changed = {**content}
    if isinstance(value, dict) and value and random.random() < 0.6:
        inner = made_odd(value, "", random, version)
        if name == "users" and random.random() < 0.3:
            inner = {**value, random.choice(STRANGE_USERS): 0}
        changed[name] = inner
    elif random.random() < 0.25:
        changed.pop(name, None)
    else:
        changed[name] = odd_value(random, version)
    return changed


_EXPECTED = {
    "m.room.member": (
        *("membership", "third_party_invite", "join_authorised_via_users_server"),
        "displayname",
    ),
    "m.room.power_levels": (
        *("users", "events", "notifications", "users_default", "events_default"),
        *("state_default", "ban", "kick", "invite", "redact"),
    ),
    "m.room.join_rules": ("join_rule", "allow"),
    "m.room.create": ("creator", "room_version", "m.federate", "additional_creators", "type"),
    "m.room.third_party_invite": ("public_key", "public_keys", "key_validity_url"),
}
