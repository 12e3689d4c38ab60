"""Random rooms that fork, quarrel and merge; the same number gives the same room."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from protocols.errors import ProtocolError
from protocols.matrix.auth_rules_selection import select_auth_events
from protocols.matrix.event import MAX_EVENT_DEPTH
from protocols.matrix.room_versions import ROOM_VERSIONS, RoomVersion
from protocols.strict_json import MAX_INTEGER, JsonObject, JsonValue
from tests.differential.replaying import ReplayedRoom, State
from tests.differential.room_acts import Act, any_act
from tests.differential.room_oddities import STRANGE_USERS, made_odd, odd_value
from tests.differential.room_scene import USERS, Scene
from tests.differential.room_steps import Branch, Dag, Step

START = 1_700_000_000_000
MOST_WITHOUT_CREATE = 4
"""Events in a room whose create event is rejected: all of them are, too."""

LARGE_EVERY = 47
"""Each so many rooms one is large; prime, so that all versions have some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habits:
    """What one room is like.

    Attributes:
        events: how many there will be.
        forks: how often an event follows an old one.
        merges: how often an event joins branches.
        oddness: how often a content is strange.
        clock: the most that time goes on between events; 0 for a clock that stands.
    """

    events: int
    forks: float
    merges: float
    oddness: float
    clock: int


def random_dag(seed: int, number: int) -> tuple[Dag, ReplayedRoom]:
    """Give the room of a number, and what noaber decides about it."""
    author = _Author(Random(f"{seed}/{number}"), number)
    author.begin()
    most = author.habits.events if 0 not in author.room.rejected else MOST_WITHOUT_CREATE
    while len(author.steps) < most:
        author.go_on()
    return author.finished()


class _Author:
    """Somebody who writes a room, event by event."""

    def __init__(self, random: Random, number: int) -> None:
        self.random = random
        self.version: RoomVersion = [*ROOM_VERSIONS.values()][number % len(ROOM_VERSIONS)]
        large = number % LARGE_EVERY == LARGE_EVERY - 1
        self.users = (USERS[0], *random.sample(USERS[1:], random.randint(2, len(USERS) - 1)))
        self.habits = _Habits(
            events=random.randint(90, 160) if large else random.randint(12, 48),
            forks=random.choice((0.03, 0.1, 0.25, 0.5)),
            merges=random.choice((0.05, 0.15, 0.4)),
            oddness=random.choice((0.0, 0.0, 0.03, 0.12)),
            clock=random.choice((0, 1, 1000)),
        )
        self.room = ReplayedRoom(self.version)
        self.steps: list[Step] = []
        self.tips: list[int] = []
        self.now = START

    def begin(self) -> None:
        """Create the room, and let some of the users in."""
        creator = self.users[0]
        if self.random.random() < 0.005:
            # Of a server that is not that of the room id.
            self.users = creator, *_ = ("@bob:b.example:8448", *self.users)
        while not self.steps:
            # Again if it is no event at all.
            self._send(_setting(creator, "m.room.create", self._create()))
        if 0 in self.room.rejected:
            return
        self._send(_joined(creator))
        if self.random.random() < 0.9:
            levels = self._first_levels()
            self._send(_setting(creator, "m.room.power_levels", levels))
        self._send(_setting(creator, "m.room.join_rules", {"join_rule": "public"}))
        for user in self.users[1:]:
            if self.random.random() < 0.7:
                self._send(_joined(user))
        if self.random.random() < 0.5:
            rules = ("invite", "knock", "restricted", "knock_restricted")
            rule: JsonValue = self.random.choice(rules)
            self._send(_setting(creator, "m.room.join_rules", {"join_rule": rule}))

    def go_on(self) -> None:
        """Write one more event, somewhere."""
        if 0 in self.room.rejected:
            self._send(self._made_odd(_joined(self.users[0])), after=(0,))
            return
        after = self._place()
        state = self.room.resolve([self.room.after[found] for found in after])
        scene = Scene(
            random=self.random,
            version=self.version,
            users=self.users,
            state={key: self.room.events[found] for key, found in state.items()},
            earlier=len(self.steps),
        )
        act = any_act(scene)
        self._send(self._made_odd(act), after=after)

    def finished(self) -> tuple[Dag, ReplayedRoom]:
        """Give the room, after some states of it were resolved that no event joins."""
        merges: list[tuple[Branch, ...]] = []
        if 0 not in self.room.rejected:
            merges = [self._merge() for _ in range(self.random.randint(1, 5))]
        for merge in merges:
            self.room.resolve([self.room.state_of(branch) for branch in merge])
        dag = Dag(version=self.version, steps=tuple(self.steps), merges=tuple(merges))
        return dag, self.room

    def _merge(self) -> tuple[Branch, ...]:
        count = self.random.choice((2, 2, 2, 3, 3, 4, 6))
        branches = [Branch(after=self._anywhere()) for _ in range(count)]
        if self.random.random() < 0.15:
            # A peer may say that something is in the state which is not.
            number = self._anywhere()
            step = self.steps[number]
            if not step.is_elsewhere and step.type != "m.room.create":
                branches[0] = replace(branches[0], with_event=number)
        return tuple(branches)

    def _anywhere(self) -> int:
        return self.random.randrange(len(self.steps))

    def _place(self) -> tuple[int, ...]:
        dice = self.random.random()
        if len(self.tips) > 8 or (dice < self.habits.merges and len(self.tips) > 1):
            count = min(len(self.tips), self.random.choice((2, 2, 3, 5)))
            return tuple(self.random.sample(self.tips, count))
        if dice < self.habits.merges + self.habits.forks:
            # Forks begin at old events, but seldom at the very first ones.
            return (max(self._anywhere(), self._anywhere()),)
        # The newest branch grows most of the time, so that branches get long.
        return (self.tips[-1] if self.random.random() < 0.6 else self.random.choice(self.tips),)

    def _made_odd(self, act: Act) -> Act:
        if self.random.random() >= self.habits.oddness:
            return act
        return replace(act, content=made_odd(act.content, act.type, self.random, self.version))

    def _send(self, act: Act, after: tuple[int, ...] | None = None) -> None:
        prev = after if after is not None else tuple(self.tips[-1:])
        step = self._step(act, prev)
        try:
            number = self.room.receive(step)
        except ProtocolError:
            # No event, or one that is there already: something else will be tried.
            return
        self.steps.append(step)
        self.tips = [tip for tip in self.tips if tip not in prev]
        self.tips.append(number)

    def _step(self, act: Act, prev: tuple[int, ...]) -> Step:
        random = self.random
        self.now += random.randint(-self.habits.clock, 2 * self.habits.clock)
        depth = max((self.steps[found].depth for found in prev), default=0) + 1
        if random.random() < 0.02:
            depth = random.choice((0, 1, MAX_EVENT_DEPTH))
        return Step(
            sender=act.sender,
            type=act.type,
            state_key=act.state_key,
            # Two events that differ in nothing would be one.
            content={**act.content, "n": len(self.steps)},
            prev=prev,
            auth=self._auth(act, prev),
            depth=min(depth, MAX_EVENT_DEPTH),
            at=random.choice((0, -1, START, MAX_INTEGER)) if random.random() < 0.02 else self.now,
            redacts=act.redacts,
            is_signed=random.random() >= 0.01,
            is_refused=bool(self.steps) and random.random() < 0.01,
            is_elsewhere=bool(self.steps) and random.random() < 0.003,
        )

    def _auth(self, act: Act, prev: Sequence[int]) -> tuple[int, ...]:
        if not self.steps:
            return ()
        places = select_auth_events(
            act.type, act.state_key, act.sender, act.content, version=self.version
        )
        state = self.room.resolve([self.room.after[found] for found in prev])
        if self.random.random() < 0.12:
            # A sender that is behind, or that wants to be.
            state = self._older(state)
        chosen = [state[place] for place in places if place in state]
        if self.random.random() < 0.03:
            self._disarrange(chosen)
        return tuple(chosen[:10])

    def _older(self, state: State) -> State:
        past = self.room.after[self._anywhere()]
        if self.random.random() < 0.4:
            return past
        return {key: past.get(key, found) for key, found in state.items()}

    def _disarrange(self, chosen: list[int]) -> None:
        what = self.random.choice(("shuffle", "drop", "add", "add", "twice", "swap"))
        if what == "add" or not chosen:
            chosen.append(self._anywhere())
        elif what == "shuffle":
            self.random.shuffle(chosen)
        elif what == "drop":
            chosen.pop(self.random.randrange(len(chosen)))
        elif what == "twice":
            chosen.append(self.random.choice(chosen))
        else:
            chosen[self.random.randrange(len(chosen))] = self._anywhere()

    def _create(self) -> JsonObject:
        random = self.random
        content: JsonObject = {"room_version": self.version.identifier}
        if self.version.creator_in_content or random.random() < 0.1:
            content["creator"] = self.users[0] if random.random() < 0.95 else self.users[1]
        if random.random() < 0.06:
            content["m.federate"] = random.random() < 0.3
        if random.random() < 0.5:
            others: list[JsonValue] = [*random.sample(self.users[1:], random.randint(0, 2))]
            if random.random() < 0.04:
                others.append(random.choice(STRANGE_USERS))
            content["additional_creators"] = others
        if random.random() < 0.04:
            content = made_odd(content, "m.room.create", random, self.version)
        return content

    def _first_levels(self) -> JsonObject:
        random = self.random
        users: JsonObject = {}
        if not self.version.privileged_creators:
            users[self.users[0]] = 100
        for user in self.users[1:]:
            if random.random() < 0.5:
                users[user] = random.choice((50, 50, 75, 99, 100, 100))
        creators = self.room.events[0].content.get("additional_creators")
        if self.version.privileged_creators and isinstance(creators, list):
            users = {user: level for user, level in users.items() if user not in creators}
        return {"users": users, **self._thresholds()}

    def _thresholds(self) -> JsonObject:
        random = self.random
        content: JsonObject = {}
        if random.random() < 0.5:
            content["state_default"] = random.choice((0, 0, 25, 50))
        if random.random() < 0.4:
            content["events"] = {"m.room.name": 0, "m.room.topic": 25, "m.room.power_levels": 50}
        for name in ("ban", "kick", "invite", "redact", "users_default"):
            if random.random() < 0.2:
                content[name] = random.choice((0, 25, 50))
        if random.random() < 0.15:
            # Some may kick and not ban.
            content |= {"kick": 25, "ban": 100}
        if self.habits.oddness and random.random() < 0.1 and not self.version.integer_power_levels:
            content["users_default"] = odd_value(random, self.version)
        return content


def _joined(user: str) -> Act:
    return Act(sender=user, type="m.room.member", state_key=user, content={"membership": "join"})


def _setting(user: str, kind: str, content: JsonObject) -> Act:
    return Act(sender=user, type=kind, state_key="", content=content)
