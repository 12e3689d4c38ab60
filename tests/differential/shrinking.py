"""A small room that still shows a difference, and how it is printed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from protocols.errors import ProtocolError
from protocols.strict_json import JsonObject
from tests.differential.comparing import Difference
from tests.differential.replaying import Question, ReplayedRoom, replayed
from tests.differential.room_steps import Dag, Step, without_steps

Find = Callable[[ReplayedRoom], "list[Difference]"]
"""The differences of a room that count."""

MAX_TRIES = 2_000


def shrunk(dag: Dag, wanted: Difference, find: Find) -> tuple[Dag, Difference]:
    """Give the smallest room found that has a difference of the same sort, and that difference."""
    tries = 0
    shown = wanted

    def still_differs(smaller: Dag) -> Difference | None:
        nonlocal tries
        tries += 1
        if tries > MAX_TRIES:
            return None
        try:
            found = find(replayed(smaller))
        except (ProtocolError, IndexError):
            return None
        return next((one for one in found if one.sort == wanted.sort), None)

    changed = True
    while changed and tries < MAX_TRIES:
        changed = False
        for smaller in _smaller(dag):
            found = still_differs(smaller)
            if found is not None:
                dag, shown, changed = smaller, found, True
                break
    return dag, shown


def _smaller(dag: Dag) -> Iterator[Dag]:
    """Rooms that are a little smaller, the most promising first."""
    size = len(dag.steps)
    chunk = size // 2
    while chunk:
        for start in range(size - chunk, 0, -chunk):
            yield without_steps(dag, range(start, start + chunk))
        chunk //= 2
    for number in range(len(dag.merges)):
        yield replace(dag, merges=dag.merges[:number] + dag.merges[number + 1 :])
    for number, merge in enumerate(dag.merges):
        for left_out in range(len(merge)):
            less = merge[:left_out] + merge[left_out + 1 :]
            yield replace(dag, merges=(*dag.merges[:number], less, *dag.merges[number + 1 :]))
    for number, step in enumerate(dag.steps):
        for simpler in _simpler(step):
            steps = (*dag.steps[:number], simpler, *dag.steps[number + 1 :])
            yield replace(dag, steps=steps)


def _simpler(step: Step) -> Iterator[Step]:
    for left_out in range(len(step.prev)):
        if len(step.prev) > 1:
            yield replace(step, prev=step.prev[:left_out] + step.prev[left_out + 1 :])
    for left_out in range(len(step.auth)):
        yield replace(step, auth=step.auth[:left_out] + step.auth[left_out + 1 :])
    for content in _less(step.content):
        yield replace(step, content=content)


def _less(content: JsonObject) -> Iterator[JsonObject]:
    for name, value in content.items():
        if name == "n":
            continue
        yield {key: kept for key, kept in content.items() if key != name}
        if isinstance(value, dict):
            for smaller in _less(value):
                yield {**content, name: smaller}


def printed(dag: Dag, difference: Difference) -> str:
    """Give the room and the difference as text, one event a line."""
    lines = [f"room version {dag.version.identifier}"]
    for number, step in enumerate(dag.steps):
        marks = [
            name
            for name, is_set in (
                ("unsigned", not step.is_signed),
                ("refused", step.is_refused),
                ("elsewhere", step.is_elsewhere),
            )
            if is_set
        ]
        key = "" if step.state_key is None else f" {step.state_key!r}"
        target = "" if step.redacts is None else f" redacts {step.redacts}"
        lines.append(
            f"{number:3} {step.type}{key} by {step.sender}{target} at {step.at}"
            f" after {[*step.prev]} auth {[*step.auth]} {' '.join(marks)}\n"
            f"      {json.dumps(step.content, ensure_ascii=False)}"
        )
    about = "" if difference.event < 0 else f" about {difference.event}"
    lines.append(f"{difference.kind}{about}: noaber {difference.ours}; Synapse {difference.theirs}")
    lines += _states(difference.question)
    return "\n".join(lines)


def _states(question: Question | None) -> list[str]:
    if question is None:
        return []
    return [f"  state {[*state.values()]}" for state in question.states]
