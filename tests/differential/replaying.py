"""A room as noaber comes to know it, with every decision on the way written down as a question.

Synapse is asked the same questions about the same events, with the same events rejected, so that
the first difference does not drag others behind it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from protocols.errors import ProtocolError
from protocols.key_formats import render_unpadded_base64
from protocols.matrix.auth_rules import check, check_against_state
from protocols.matrix.auth_rules_selection import auth_events_for
from protocols.matrix.auth_rules_state import ALLOWED, Denied, StateKey, Verdict
from protocols.matrix.event import Event, content_to_hash, parse_event
from protocols.matrix.event_building import EventDraft, draft_document
from protocols.matrix.event_json import canonical
from protocols.matrix.identifiers import EventId, RoomId, UserId
from protocols.matrix.room_versions import RoomVersion
from protocols.matrix.signing import required_signers
from protocols.matrix.state_resolution import resolve
from protocols.matrix.state_resolution_known import StateAnswer, StateNeed
from protocols.plan import run_plan
from protocols.strict_json import JsonObject
from tests.differential.room_steps import ELSEWHERE, ROOM, Branch, Dag, Step

State: TypeAlias = Mapping[StateKey, int]
"""The state of a room: each place with the number of its event."""

QuestionKind = Literal["signers", "check", "select", "before", "current", "resolve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that was decided.

    Attributes:
        kind: who must sign; the verdict by the event's own auth events; which auth events are
            selected; the verdict by the state before it; that by the current state; what states
            resolve to.
        event: the number of the event; -1 for `resolve`.
        states: the state that it was decided by, or those that were resolved.
        ours: "allow" or "deny" with the rule; for `select` and `resolve` what came out.
    """

    kind: QuestionKind
    event: int
    states: tuple[State, ...]
    ours: str | list[StateKey] | dict[StateKey, int]


class ReplayedRoom:
    """The events of a room in the order in which they were received.

    Attributes:
        version: the rules.
        events: all that were received.
        rejected: the numbers of those that were refused.
        soft_failed: the numbers of those that the current state alone refused.
        after: the state after each event.
        questions: all that was decided.
    """

    def __init__(self, version: RoomVersion) -> None:
        self.version = version
        self.events: list[Event] = []
        self.rejected: set[int] = set()
        self.soft_failed: set[int] = set()
        self.after: list[State] = []
        self.questions: list[Question] = []
        self._numbers: dict[EventId, int] = {}
        self._by_id: dict[EventId, Event] = {}
        self._rejected_ids: set[EventId] = set()
        self._heads: dict[int, None] = {}
        self._auth: list[tuple[int, ...]] = []
        self._resolved: dict[frozenset[int], State] = {}

    def receive(self, step: Step) -> int:
        """Take an event and decide about it; gives its number.

        Raises:
            ProtocolError: the step cannot be an event, or the same one was there.
        """
        event = self._built(step)
        if event.event_id in self._numbers:
            raise ProtocolError("the same event twice")
        number = len(self.events)
        before = self.resolve([self.after[found] for found in step.prev])
        self.events.append(event)
        self._numbers[event.event_id] = number
        self._by_id[event.event_id] = event
        self._auth.append(step.auth)
        if step.is_refused or not self._admits(event, number, before):
            self.rejected.add(number)
            self._rejected_ids.add(event.event_id)
            self.after.append(before)
            return number
        if self._judge("current", number, self.current()):
            for found in step.prev:
                self._heads.pop(found, None)
            self._heads[number] = None
        else:
            self.soft_failed.add(number)
        held = (
            before if event.state_key is None else {**before, (event.type, event.state_key): number}
        )
        self.after.append(held)
        return number

    def current(self) -> State:
        """The state of the room now."""
        return self.resolve([self.after[found] for found in self._heads])

    def state_of(self, branch: Branch) -> State:
        """The state that a branch stands for."""
        state = self.after[branch.after]
        event = None if branch.with_event is None else self.events[branch.with_event]
        if event is None or event.state_key is None or branch.with_event is None:
            return state
        return {**state, (event.type, event.state_key): branch.with_event}

    def resolve(self, states: Sequence[State]) -> State:
        """What the states come to; asked once, and only where they differ."""
        apart: list[State] = []
        for state in states:
            if state not in apart:
                apart.append(state)
        if len(apart) < 2:
            return apart[0] if apart else {}
        key = frozenset(hash(frozenset(state.items())) for state in apart)
        if key not in self._resolved:
            self._resolved[key] = found = self.by_resolution(apart)
            self.questions.append(
                Question(kind="resolve", event=-1, states=tuple(apart), ours=found)
            )
        return self._resolved[key]

    def by_auth_events(self, number: int) -> Verdict:
        """The verdict about an event by its own auth events."""
        event = self.events[number]
        create = self._by_id.get(EventId("$" + event.room_id[1:]))
        return check(event, self._by_id, self.version, create=create, rejected=self._rejected_ids)

    def by_state(self, number: int, state: State) -> Verdict:
        """The verdict about an event by a state."""
        held = {key: self.events[found] for key, found in state.items()}
        return check_against_state(self.events[number], held, self.version)

    def by_resolution(self, states: Sequence[State]) -> dict[StateKey, int]:
        """What states come to."""
        return run_plan(resolve(states, self.version), self._answer)

    def _answer(self, need: StateNeed[int]) -> StateAnswer[int]:
        return StateAnswer(
            auth_events={number: self._auth[number] for number in need.auth_events},
            events={number: self.events[number] for number in need.events},
            rejected=self.rejected & need.events,
        )

    def _admits(self, event: Event, number: int, before: State) -> bool:
        if not self._is_signed(event, number):
            return False
        verdict = self.by_auth_events(number)
        self._ask("check", number, (), _word(verdict))
        if verdict == ALLOWED:
            self._ask("select", number, (), sorted(auth_events_for(event, self.version)))
        if event.type == "m.room.create" or event.room_id != self.events[0].room_id:
            return verdict == ALLOWED
        return self._judge("before", number, before) and verdict == ALLOWED

    def _is_signed(self, event: Event, number: int) -> bool:
        try:
            missing = [str(i) for i in required_signers(event) if i not in event.signatures]
        except ProtocolError as error:
            missing = [str(error)]
        self._ask("signers", number, (), f"deny {missing}" if missing else "allow")
        return not missing

    def _judge(self, kind: Literal["before", "current"], number: int, state: State) -> bool:
        verdict = self.by_state(number, state)
        self._ask(kind, number, (state,), _word(verdict))
        return verdict == ALLOWED

    def _ask(
        self,
        kind: QuestionKind,
        number: int,
        states: tuple[State, ...],
        ours: str | list[StateKey],
    ) -> None:
        self.questions.append(Question(kind=kind, event=number, states=states, ours=ours))

    def _built(self, step: Step) -> Event:
        draft = EventDraft(
            room_id=self._room_id(step),
            sender=UserId(step.sender),
            type=step.type,
            state_key=step.state_key,
            content=step.content,
            prev_events=[self.events[found].event_id for found in step.prev],
            auth_events=[self.events[found].event_id for found in step.auth],
            depth=step.depth,
            origin_server_ts=step.at,
            redacts=None if step.redacts is None else self.events[step.redacts].event_id,
        )
        document = draft_document(draft, self.version)
        document["signatures"] = _signatures(step) if step.is_signed else {}
        strict = self.version.strict_json
        digest = hashlib.sha256(canonical(content_to_hash(document), strict=strict)).digest()
        document["hashes"] = {"sha256": render_unpadded_base64(digest)}
        return parse_event(document, self.version)

    def _room_id(self, step: Step) -> RoomId | None:
        if not self.version.room_id_is_create_hash:
            return RoomId(ELSEWHERE if step.is_elsewhere else ROOM)
        if step.type == "m.room.create" and not self.events:
            return None
        return RoomId("!" + "A" * 43) if step.is_elsewhere else self.events[0].room_id


def replayed(dag: Dag) -> ReplayedRoom:
    """Give the room of the steps, with all questions.

    Raises:
        ProtocolError: a step cannot be an event.
    """
    room = ReplayedRoom(dag.version)
    for step in dag.steps:
        room.receive(step)
    for merge in dag.merges:
        room.resolve([room.state_of(branch) for branch in merge])
    return room


def decided(room: ReplayedRoom, question: Question) -> str | list[StateKey] | dict[StateKey, int]:
    """Decide once more about a question; of who must sign and of selections as it was."""
    if question.kind == "check":
        return _word(room.by_auth_events(question.event))
    if question.kind == "resolve":
        return room.by_resolution(question.states)
    if question.kind in ("before", "current"):
        return _word(room.by_state(question.event, question.states[0]))
    return question.ours


def _signatures(step: Step) -> JsonObject:
    """Names of those who must sign: what they signed is not looked at here."""
    servers = {step.sender.partition(":")[2]}
    voucher = step.content.get("join_authorised_via_users_server")
    if isinstance(voucher, str):
        servers.add(voucher.partition(":")[2])
    return {name: {"ed25519:1": "c2lnbmVk"} for name in sorted(servers)}


def _word(verdict: Verdict) -> str:
    return f"deny {verdict.step}" if isinstance(verdict, Denied) else "allow"
