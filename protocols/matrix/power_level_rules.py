"""The auth rules for m.room.power_levels: nobody gives or takes what is above them.

Numbers are those of room version 12, rule 10.

Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 10; rooms/v3 step 10; rooms/v6 to v11
step 9.
"""

from collections.abc import Iterable
from typing import Final

from protocols.matrix.auth_rules_state import ALLOWED, Denied, RoomState, Verdict
from protocols.matrix.event import Event
from protocols.matrix.identifiers import is_user_id
from protocols.matrix.power_levels import DEFAULTS, PowerLevelError, PowerLevels, read_level
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject, JsonValue

_TABLES: Final = ("events", "notifications")


def check_power_levels(event: Event, room: RoomState) -> Verdict:
    """Decide whether the state admits the m.room.power_levels event.

    Spec: matrix/v1.19 rooms/v12 "Authorization rules" step 10.

    Raises:
        PowerLevelError: levels of the event or of the state cannot be read.
    """
    content, version = event.content, room.version
    malformed = _check_form(content, version)
    if malformed is not None:
        return malformed
    new = PowerLevels(version=version, content=content, creators=room.levels.creators)
    # 10.4 (from version 12) `users` names a creator: reject.
    if version.privileged_creators and not room.levels.creators.isdisjoint(new.table("users")):
        return Denied(step="10.4", reason="creators have no power level to set")
    old = room.levels
    # 10.5 No previous m.room.power_levels event: allow. One with a state key of its own has none:
    # auth events never name it.
    if old.content is None or event.state_key:
        return ALLOWED
    return _check_changes(old, new, event.sender, old.of(event.sender)) or ALLOWED


def _check_form(content: JsonObject, version: RoomVersion) -> Denied | None:
    if version.integer_power_levels:
        # 10.1 (from version 10) A level that is present is not an integer: reject.
        if any(type(content[name]) is not int for name in DEFAULTS if name in content):
            return Denied(step="10.1", reason="a power level is not an integer")
        # 10.2 (from version 10) `events` or `notifications` is not an object of integers: reject.
        if any(not _holds_integers(content[name]) for name in _TABLES if name in content):
            return Denied(step="10.2", reason="a table of power levels does not hold integers")
    # 10.3 `users` is not an object of user ids with levels: reject.
    if "users" in content and not _names_users(content["users"], version):
        return Denied(step="10.3", reason="power levels of what are no users, or no levels")
    return None


def _holds_integers(table: JsonValue) -> bool:
    return isinstance(table, dict) and all(type(level) is int for level in table.values())


def _names_users(table: JsonValue, version: RoomVersion) -> bool:
    if not isinstance(table, dict) or not all(map(is_user_id, table)):
        return False
    try:
        return all(read_level(level, version) is not None for level in table.values())
    except PowerLevelError:
        return False


def _check_changes(old: PowerLevels, new: PowerLevels, sender: str, own: int) -> Denied | None:
    was, becomes = old.content or {}, new.content or {}
    # 10.6 Single levels added, changed or removed: neither value may be above the sender.
    if _exceeds(was, becomes, DEFAULTS, old.version, own):
        return Denied(step="10.6", reason="a level above the sender's own is changed")
    # 10.7 and 10.8 The same for `events` and (from version 6) `notifications`.
    for name in _TABLES if old.version.guards_notification_levels else _TABLES[:1]:
        before, after = old.table(name), new.table(name)
        if _exceeds(before, after, before.keys() | after.keys(), old.version, own):
            return Denied(step="10.7", reason=f"a level of {name} above the sender's is changed")
    return _check_users(old.table("users"), new.table("users"), old.version, sender, own)


def _exceeds(
    was: JsonObject, becomes: JsonObject, names: Iterable[str], version: RoomVersion, own: int
) -> bool:
    """Tell whether one of the levels changes from or to one that is above the sender's own."""
    for name in names:
        before, after = _level(was, name, version), _level(becomes, name, version)
        if before != after and (
            (before is not None and before > own) or (after is not None and after > own)
        ):
            return True
    return False


def _check_users(
    was: JsonObject, becomes: JsonObject, version: RoomVersion, sender: str, own: int
) -> Denied | None:
    for user in was.keys() | becomes.keys():
        before, after = _level(was, user, version), _level(becomes, user, version)
        if before == after:
            continue
        # 10.9 Changed or removed, not the sender's own: reject from the sender's level upwards.
        if before is not None and user != sender and before >= own:
            return Denied(step="10.9", reason="the level of somebody not below is changed")
        # 10.10 Added or changed: reject above the sender's level.
        if after is not None and after > own:
            return Denied(step="10.10", reason="somebody is raised above the sender")
    return None


def _level(levels: JsonObject, name: str, version: RoomVersion) -> int | None:
    return read_level(levels[name], version) if name in levels else None
