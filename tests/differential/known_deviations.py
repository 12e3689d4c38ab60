"""Where Synapse is known to deviate from the specification, each with the reason to let it be.

A difference counts as known only if noaber, made to deviate in the same way, comes to Synapse's
answer; where Synapse's own code stumbles, only if the value that it stumbles over is there.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from unittest.mock import patch

from protocols.matrix import auth_rules
from protocols.matrix.auth_rules_state import ALLOWED, CREATE, Denied, StateKey, Verdict
from protocols.matrix.event import Event
from protocols.matrix.power_levels import DEFAULTS, PowerLevelError, PowerLevels, read_level
from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject, JsonValue
from tests.differential.comparing import Difference
from tests.differential.replaying import ReplayedRoom, decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that Synapse does otherwise.

    Attributes:
        name: to be counted by.
        reason: what the specification says, what Synapse does, why noaber stays with the former.
        explains: tells whether the difference is that.
    """

    name: str
    reason: str
    explains: Callable[[ReplayedRoom, Difference], bool]


_rules_as_specified = auth_rules.check_against_state


def _closed_to_targets(
    event: Event, state: Mapping[StateKey, Event], version: RoomVersion
) -> Verdict:
    """The auth rules with Synapse's reading of m.federate."""
    verdict = _rules_as_specified(event, state, version)
    create = state.get(CREATE)
    if verdict != ALLOWED or create is None or event.type == "m.room.create":
        return verdict
    if create.content.get("m.federate", True) is True:
        return verdict
    concerned: set[str] = {event.origin}
    if event.type == "m.room.member" and event.prev_events != (create.event_id,):
        concerned.add((event.state_key or "").partition(":")[2])
    return verdict if concerned == {create.origin} else Denied(step="4", reason="m.federate")


def _read_as_python(value: JsonValue, version: RoomVersion) -> int:
    """A power level as Python's `int` reads it."""
    if version.integer_power_levels or not isinstance(value, bool | str | int | float):
        return read_level(value, version)
    try:
        return int(value)
    except (OverflowError, ValueError):
        raise PowerLevelError("no level") from None


def _is_user_id_to_synapse(text: object) -> bool:
    """Whether Synapse takes a key of `users` for a user id."""
    return isinstance(text, str) and text.startswith("@") and ":" in text


def _table_to_synapse(levels: PowerLevels, name: str) -> JsonObject:
    """A table of power levels, which to Synapse may be anything that is empty."""
    table = levels.content.get(name, {}) if levels.content else {}
    if isinstance(table, dict):
        return table
    if table in ("", []):
        return {}
    raise PowerLevelError("no table")


_REPLAYING = "tests.differential.replaying.check_against_state"
_FEDERATING: dict[str, object] = {
    "protocols.matrix.auth_rules.check_against_state": _closed_to_targets,
    "protocols.matrix.state_resolution.check_against_state": _closed_to_targets,
    _REPLAYING: _closed_to_targets,
}
_LEVELS: dict[str, object] = {
    "protocols.matrix.power_levels.read_level": _read_as_python,
    "protocols.matrix.power_level_rules.read_level": _read_as_python,
}
_TABLES: dict[str, object] = {
    "protocols.matrix.power_levels.PowerLevels.table": _table_to_synapse,
}
_USERS: dict[str, object] = {
    "protocols.matrix.power_level_rules.is_user_id": _is_user_id_to_synapse,
}


def _explained_by(replaced: Mapping[str, object]) -> Callable[[ReplayedRoom, Difference], bool]:
    """Tell of a difference whether it is none once noaber deviates in this way, too."""

    def explains(room: ReplayedRoom, difference: Difference) -> bool:
        question, theirs = difference.question, difference.answer
        if question is None:
            return False
        with ExitStack() as patches:
            for target, value in replaced.items():
                patches.enter_context(patch(target, value))
            ours = decided(room, question)
        if isinstance(ours, str):
            return isinstance(theirs, str) and (ours == "allow") == (theirs == "allow")
        if isinstance(ours, dict) and isinstance(theirs, list):
            return sorted(ours.values()) == sorted(theirs)
        return False

    return explains


_ON_LEVELS = re.compile(r"int\(\)|attribute '(get|items|keys)'|not iterable|cannot convert float")


def _by_unreadable_levels(room: ReplayedRoom, difference: Difference) -> bool:
    """Synapse stumbled over a level, and there is one that nobody can read."""
    return (
        difference.is_crash
        and _ON_LEVELS.search(difference.theirs) is not None
        and not room.version.integer_power_levels
        and any(
            not _is_readable(event) for event in room.events if event.type == "m.room.power_levels"
        )
    )


def _is_readable(event: Event) -> bool:
    values: list[JsonValue] = [event.content[name] for name in DEFAULTS if name in event.content]
    for name in ("users", "events", "notifications"):
        table = event.content.get(name, {})
        if not isinstance(table, dict):
            return False
        values += table.values()
    try:
        for value in values:
            read_level(value, event.version)
    except PowerLevelError:
        return False
    return True


def _by_malformed_rejected(room: ReplayedRoom, difference: Difference) -> bool:
    """Synapse stumbled over a rejected event in a state, which no honest state holds."""
    if difference.kind != "resolve" or difference.question is None or not difference.is_crash:
        return False
    if not difference.theirs.startswith(
        ("crash KeyError", "crash AttributeError", "crash TypeErr", "crash Assert")
    ):
        return False
    held = {number for state in difference.question.states for number in state.values()}
    return not held.isdisjoint(room.rejected)


def _by_third_party_keys(room: ReplayedRoom, difference: Difference) -> bool:
    """Synapse stumbled over the keys of a third party invite, and they are not all keys."""
    offers = [event for event in room.events if event.type == "m.room.third_party_invite"]
    return difference.is_crash and any(not _has_plain_keys(offer) for offer in offers)


_KEY_CHARACTERS = 43
"""Of an Ed25519 key in unpadded base64."""


def _has_plain_keys(offer: Event) -> bool:
    listed = offer.content.get("public_keys", [])
    if not isinstance(listed, list):
        return False
    keys = [one.get("public_key") if isinstance(one, dict) else None for one in listed]
    if "public_key" in offer.content:
        keys.append(offer.content["public_key"])
    return all(isinstance(key, str) and len(key) == _KEY_CHARACTERS for key in keys)


DEVIATIONS = (
    Deviation(
        name="m.federate",
        reason="Rule 4 (3 until version 11) refuses senders of other servers where m.federate is "
        "false. Synapse refuses memberships of users of other servers as well, and takes any value "
        "but true for false. A room with false is on one server, so that nobody can come to "
        "disagree; no client writes anything but true and false.",
        explains=_explained_by(_FEDERATING),
    ),
    Deviation(
        name="levels as Python reads them",
        reason="Until version 9 a level is an integer or a text of decimal digits, with a sign and "
        "white space around. Synapse takes what Python's int() takes: true and false, underscores, "
        "digits of other scripts; MSC3667 calls that legacy behaviour. ruma refuses these, too.",
        explains=_explained_by(_LEVELS),
    ),
    Deviation(
        name="users of power levels",
        reason="10.3 wants user ids, and those have a server name. Synapse looks for an @ and a "
        "colon.",
        explains=_explained_by(_USERS),
    ),
    Deviation(
        name="tables of power levels",
        reason="Until version 9 no rule says that `events` and `notifications` have to be objects, "
        "but nothing else has levels in it. Synapse admits an empty text or list, and fails with "
        "an internal error on what is sent in the room after it.",
        explains=_explained_by(_TABLES),
    ),
    Deviation(
        name="several of these at once",
        reason="As above.",
        explains=_explained_by({**_FEDERATING, **_LEVELS, **_TABLES, **_USERS}),
    ),
    Deviation(
        name="unreadable levels",
        reason="Until version 9 nothing keeps a first m.room.power_levels out of a room whose "
        "levels cannot be read. Synapse reads levels that the rule at hand does not ask for, and "
        "fails with an internal error: it gives no answer, for resolution of the whole room.",
        explains=_by_unreadable_levels,
    ),
    Deviation(
        name="keys of third party invites",
        reason="5.4.1.7 allows if any signature is by any key. Synapse fails with an internal "
        "error on the first text that is no key, where noaber goes on to the next.",
        explains=_by_third_party_keys,
    ),
    Deviation(
        name="rejected events in a state",
        reason="A state that a peer gave may hold a rejected event: a membership that lacks what "
        "its auth events are selected by, or an event with a message among its auth events. "
        "Resolution leaves it out; Synapse fails with an internal error instead.",
        explains=_by_malformed_rejected,
    ),
)


def known_deviation(room: ReplayedRoom, difference: Difference) -> Deviation | None:
    """Give the known deviation that explains the difference, if there is one."""
    return next((known for known in DEVIATIONS if known.explains(room, difference)), None)
