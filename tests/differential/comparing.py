"""Where the answers of noaber and of Synapse about a room part."""

from dataclasses import dataclass

from protocols.matrix.auth_rules_state import CREATE
from tests.differential.replaying import Question, QuestionKind, ReplayedRoom
from tests.differential.synapse_oracle import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing about which the two do not agree.

    Attributes:
        kind: as of the question, or "id" for an event that has another id there.
        event: the number of the event; -1 if it is about none.
        ours: what noaber says.
        theirs: what Synapse says.
        question: what was asked, if it was a question.
        answer: what Synapse answered.
    """

    kind: QuestionKind | str
    event: int
    ours: str
    theirs: str
    question: Question | None = None
    answer: object = None

    @property
    def is_crash(self) -> bool:
        """Whether Synapse stumbled instead of deciding."""
        return is_crash(self.answer)

    @property
    def sort(self) -> tuple[str, str, str]:
        """What stays the same of it while a room shrinks around it."""
        theirs = "crash" if self.is_crash else "allow" if self.theirs == "allow" else "other"
        return (self.kind, self.ours if self.ours.startswith("deny") else "other", theirs)


def differences(room: ReplayedRoom, answers: Answers) -> list[Difference]:
    """Give all differences, in the order of the questions."""
    found = [
        Difference(kind="id", event=number, ours=event.event_id, theirs=other)
        for number, (event, other) in enumerate(zip(room.events, answers.event_ids, strict=True))
        if other is not None and event.event_id != other
    ]
    for question, answer in zip(room.questions, answers.to, strict=True):
        difference = _compared(room, question, answer)
        if difference is not None:
            found.append(difference)
    return found


def _compared(room: ReplayedRoom, question: Question, answer: object) -> Difference | None:
    ours, theirs = question.ours, answer
    if isinstance(ours, str):
        # Synapse refuses an event also when its rules stumble over it.
        if isinstance(theirs, str) and (ours == "allow") == (theirs == "allow"):
            return None
        if question.kind == "signers" and is_crash(theirs) and question.event in room.rejected:
            return None
    elif isinstance(theirs, list):
        if isinstance(ours, dict):
            if sorted(theirs) == sorted(ours.values()):
                return None
            ours, theirs = _apart(room, ours, theirs)
        else:
            ours = sorted({*ours, *_implied(room, question.event)})
            theirs = sorted((kind, key) for kind, key in theirs)
            if ours == theirs:
                return None
    return Difference(
        kind=question.kind,
        event=question.event,
        ours=str(ours),
        theirs=str(theirs),
        question=question,
        answer=answer,
    )


def is_crash(answer: object) -> bool:
    """Tell whether the answer is an error that Synapse did not expect."""
    return isinstance(answer, str) and answer.startswith("crash")


def _implied(room: ReplayedRoom, number: int) -> list[tuple[str, str]]:
    """In version 12 Synapse counts the create event among the auth events."""
    return [] if room.events[number].type == "m.room.create" else [CREATE]


def _apart(
    room: ReplayedRoom, ours: dict[tuple[str, str], int], theirs: list[int]
) -> tuple[str, str]:
    """Only the places where two states differ, to be read."""
    held = {(room.events[i].type, room.events[i].state_key or ""): i for i in theirs}
    places = sorted(key for key in ours.keys() | held.keys() if ours.get(key) != held.get(key))
    return (
        str({key: ours.get(key) for key in places}),
        str({key: held.get(key) for key in places}),
    )
