"""Answers what Synapse decides about a room: a line of JSON in, a line of JSON out.

Run by the Python of Synapse's own environment, where nothing of noaber is. A request holds the
events of a room and questions about them; events are named by their place in the list. Verdicts
are "allow", or a text that starts with "deny" or "crash": the latter for errors that Synapse's
rules do not expect, by which the event is refused as well.

Auth chains come from `_Store` for events that count as stored, and from Synapse's own walk for
those that count as not yet stored. That walk takes every path, so it gets as many of the newest
events as it can walk in MAX_PATHS steps.
"""

import json
import logging
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from synapse import event_auth
from synapse.api.errors import SynapseError
from synapse.api.room_versions import KNOWN_ROOM_VERSIONS
from synapse.events import make_event_from_dict
from synapse.state import v2
from synapse.storage.databases.main.event_federation import StateDifference

MAX_PATHS: Final = 2_000

Json = dict[str, Any]


class _Store:
    """The events of one room, as Synapse asks its database for them."""

    def __init__(self, events: dict[str, Any]) -> None:
        self.events = events

    async def get_events(
        self, event_ids: Iterable[str], *_args: object, **_options: object
    ) -> dict[str, Any]:
        return {name: self.events[name] for name in event_ids if name in self.events}

    async def get_auth_chain_difference(
        self,
        _room_id: str,
        state_sets: list[set[str]],
        conflicted: set[str] | None,
        reachable_from_others: set[str] | None,
    ) -> Any:
        """The difference by its definition, and for 2.1 what lies between conflicted events."""
        reached = [self._reached(state) for state in state_sets]
        difference = reached[0].union(*reached) - reached[0].intersection(*reached)
        if conflicted is None:
            return StateDifference(difference, None)
        behind = self._reached(conflicted | (reachable_from_others or set()))
        between = {name for name in behind if self._reached({name}) & conflicted}
        return StateDifference(difference, between)

    def _reached(self, start: Iterable[str]) -> set[str]:
        found: set[str] = set()
        todo = list(start)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self.events[name].auth_event_ids()
        return found


class _Clock:
    async def sleep(self, _duration: object) -> None:
        """Go on at once."""


class _Room:
    def __init__(self, request: Json) -> None:
        self.version = KNOWN_ROOM_VERSIONS[request["version"]]
        self.events = [self._read(entry) for entry in request["events"]]
        known = [event for event in self.events if not isinstance(event, str)]
        self.numbers = {
            event.event_id: number
            for number, event in enumerate(self.events)
            if not isinstance(event, str)
        }
        # An event of version 12 that names the create event cannot be asked for its auth events.
        self.linked = [event for event in known if _has_auth_events(event)]
        self.by_id = {event.event_id: event for event in self.linked}
        self.store = _Store(self.by_id)
        self.not_stored = self._not_stored()

    def _read(self, entry: Json) -> Any:
        """The event, or why there is none."""
        reason = "auth" if entry["rejected"] else None
        try:
            return make_event_from_dict(entry["pdu"], self.version, rejected_reason=reason)
        except Exception as error:  # noqa: BLE001  # every error of Synapse is an answer
            return _crash(error)

    def answer(self, question: Json) -> Any:
        asked = question["kind"]
        if asked == "resolve":
            return self._resolve(question["states"])
        event = self.events[question["event"]]
        if isinstance(event, str):
            return event
        if asked == "select":
            return _verdict(lambda: event_auth.auth_types_for_event(self.version, event))
        if asked == "signers":
            return _verdict(lambda: event_auth.validate_event_for_room_version(event))
        if asked == "check":
            return _verdict(lambda: self._check(event))
        state = [self.events[number] for number in question["state"]]
        return _verdict(lambda: self._check_against(event, state))

    def _check(self, event: Any) -> None:
        _finished(event_auth.check_state_independent_auth_rules(self.store, event))
        claimed = [self.by_id[name] for name in event.auth_event_ids()]
        event_auth.check_state_dependent_auth_rules(event, claimed)

    def _check_against(self, event: Any, state: Sequence[Any]) -> None:
        wanted = event_auth.auth_types_for_event(self.version, event)
        held = [found for found in state if (found.type, found.state_key) in wanted]
        event_auth.check_state_dependent_auth_rules(event, held)

    def _resolve(self, states: Sequence[Sequence[int]]) -> Any:
        sets = []
        for numbers in states:
            held = [self.events[number] for number in numbers]
            sets.append({(found.type, found.state_key): found.event_id for found in held})
        try:
            resolved = _finished(
                v2.resolve_events_with_store(
                    _Clock(), self._room_id(), self.version, sets, {**self.not_stored}, self.store
                )
            )
        except Exception as error:  # noqa: BLE001  # every error of Synapse is an answer
            return _crash(error)
        return [self.numbers[name] for name in resolved.values()]

    def _room_id(self) -> str:
        room_id: str = self.events[0].room_id
        return room_id

    def _not_stored(self) -> dict[str, Any]:
        """The newest events, as many as Synapse can walk from in reasonable time."""
        start = next(
            number for number in range(len(self.linked) + 1) if self._paths(number) <= MAX_PATHS
        )
        room_id = self._room_id()
        return {event.event_id: event for event in self.linked[start:] if event.room_id == room_id}

    def _paths(self, start: int) -> int:
        paths: dict[str, int] = {}
        for event in self.linked[start:]:
            behind = event.auth_event_ids()
            paths[event.event_id] = 1 + sum(paths.get(name, 0) for name in behind)
        return sum(paths.values())


def _has_auth_events(event: Any) -> bool:
    try:
        event.auth_event_ids()
    except RuntimeError:
        return False
    return True


def _finished(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives that never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("Synapse waits for something")


def _verdict(ask: Callable[[], Any]) -> Any:
    try:
        found = ask()
    except SynapseError as error:
        return f"deny {error.msg}"
    except Exception as error:  # noqa: BLE001  # every error of Synapse is an answer
        return _crash(error)
    return sorted([kind, str(key)] for kind, key in found) if found is not None else "allow"


def _crash(error: Exception) -> str:
    return f"crash {type(error).__name__}: {error}"


def _answers(request: Json) -> Json:
    room = _Room(request)
    return {
        "event_ids": [None if isinstance(event, str) else event.event_id for event in room.events],
        "answers": [room.answer(question) for question in request["questions"]],
    }


def main() -> None:
    """Answer until the input ends."""
    logging.disable()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answers(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
