"""A room as the list of steps that make it: what is generated, shrunk and printed.

Steps name each other by their place in the list, since event ids are hashes and change with
everything that is changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from protocols.matrix.room_versions import RoomVersion
from protocols.strict_json import JsonObject

ROOM = "!room:a.example"
ELSEWHERE = "!elsewhere:a.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event, before it has an id.

    Attributes:
        sender: who sends it.
        type: the event type.
        state_key: None for what is no state.
        content: of any shape.
        prev: the steps before it.
        auth: the steps that it claims to be allowed by.
        depth: as the sender claims.
        at: origin_server_ts.
        redacts: the step that it redacts, where the version wants it.
        is_signed: False if those who must sign it did not.
        is_refused: it is rejected for a reason that rules do not know, such as an unknown parent.
        is_elsewhere: it is of another room.
    """

    sender: str
    type: str
    state_key: str | None
    content: JsonObject
    prev: tuple[int, ...]
    auth: tuple[int, ...]
    depth: int
    at: int
    redacts: int | None = None
    is_signed: bool = True
    is_refused: bool = False
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A state to be resolved with others: that after a step, perhaps with one event put into it."""

    after: int
    with_event: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """A whole room.

    Attributes:
        version: its rules.
        steps: the first is its create event.
        merges: states to be resolved beside those that the steps bring about.
    """

    version: RoomVersion
    steps: tuple[Step, ...]
    merges: tuple[tuple[Branch, ...], ...]


def without_steps(dag: Dag, gone: Collection[int]) -> Dag:
    """Give the room without some of its steps; what followed them follows what they followed."""
    places: dict[int, int] = {}
    stand_ins: dict[int, tuple[int, ...]] = {}
    for number, step in enumerate(dag.steps):
        if number in gone:
            stand_ins[number] = _flat(step.prev, stand_ins)
        else:
            places[number] = len(places)
    steps = [
        replace(
            step,
            prev=tuple(places[found] for found in _flat(step.prev, stand_ins))[:20],
            auth=tuple(places[found] for found in step.auth if found in places),
            redacts=None if step.redacts is None else places.get(step.redacts),
        )
        for number, step in enumerate(dag.steps)
        if number in places
    ]
    merges = [
        tuple(
            Branch(after=places[place], with_event=_kept(branch.with_event, places))
            for branch in merge
            for place in _flat((branch.after,), stand_ins)
        )
        for merge in dag.merges
    ]
    return replace(dag, steps=tuple(steps), merges=tuple(merge for merge in merges if merge))


def _kept(number: int | None, places: dict[int, int]) -> int | None:
    return None if number is None else places.get(number)


def _flat(numbers: Sequence[int], stand_ins: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for number in numbers:
        found.update(dict.fromkeys(stand_ins.get(number, (number,))))
    return tuple(found)
