"""What state resolution knows of a room so far, and how it asks for more.

Ids are whatever the caller uses to name events: event ids, or the integers of a database. The
plan never looks into them; ties are broken by the event id inside the event.
"""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from protocols.errors import RemoteProtocolError
from protocols.matrix.auth_rules_state import StateKey
from protocols.matrix.event import Event

Id = TypeVar("Id")
Result = TypeVar("Result")

StateMap: TypeAlias = Mapping[StateKey, Id]
"""A state of a room: each place with the id of its event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateNeed(Generic[Id]):
    """What state resolution asks for.

    An answer may hold more than was asked, and is faster for it: whoever can walk auth chains
    cheaply puts the whole chains into `auth_events`.

    Attributes:
        auth_events: of these events, the ids of their auth events.
        events: these events themselves.
    """

    auth_events: frozenset[Id]
    events: frozenset[Id]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAnswer(Generic[Id]):
    """What was found; what could not be found is left out.

    Attributes:
        auth_events: event -> the ids of its auth events, without the implied create event.
        events: the events.
        rejected: those of the events that were rejected.
    """

    auth_events: Mapping[Id, Sequence[Id]]
    events: Mapping[Id, Event]
    rejected: Collection[Id] = ()


StatePlan: TypeAlias = Generator[StateNeed[Id], StateAnswer[Id], Result]
"""A plan (see protocols.plan) of state resolution."""


class EventsMissingError(RemoteProtocolError):
    """Events that the plan needs were not found.

    Attributes:
        ids: the ids, as the caller names events. Fetch them, then run the plan again.
    """

    def __init__(self, ids: frozenset[object]) -> None:
        """Keep the ids."""
        super().__init__("events of the room are missing")
        self.ids = ids


class Known(Generic[Id]):
    """All answers so far."""

    __slots__ = ("auth_events", "events", "rejected")

    def __init__(self) -> None:
        """Know nothing."""
        self.auth_events: dict[Id, Sequence[Id]] = {}
        self.events: dict[Id, Event] = {}
        self.rejected: set[Id] = set()

    def load(
        self, *, auth_events: Iterable[Id] = (), events: Iterable[Id] = ()
    ) -> StatePlan[Id, None]:
        """Ask for what is not known yet, if anything.

        Raises:
            EventsMissingError: the answer lacks a part.
        """
        need = StateNeed(
            auth_events=frozenset(i for i in auth_events if i not in self.auth_events),
            events=frozenset(i for i in events if i not in self.events),
        )
        if not need.auth_events and not need.events:
            return
        answer = yield need
        self.auth_events.update(answer.auth_events)
        self.events.update(answer.events)
        self.rejected.update(answer.rejected)
        missing = (need.auth_events - self.auth_events.keys()) | (need.events - self.events.keys())
        if missing:
            raise EventsMissingError(frozenset(missing))
