"""What became of deliveries, gathered until it is written down in one unit of work."""

from dataclasses import dataclass, field
from datetime import datetime

from federation.wanted_jobs import ask_outdated, ask_whether_gone
from storage.deliveries import GivenUp, Postponed
from storage.times import from_ms
from storage.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Settlement:
    """What became of items since the last unit.

    Attributes:
        gone: inboxes that said 410.
        health: of peers that did not answer: failures in a row, when to try again, why.
        healthy: peers that answered after they had failed.
        met: peers that answered, and whose software should be known.
    """

    done: list[tuple[int, str]] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    health: dict[str, tuple[int, datetime | None, str]] = field(default_factory=dict)
    healthy: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many items it holds."""
        return len(self.done) + len(self.postponed) + len(self.given_up)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write down."""
        return not (self.size or self.health or self.healthy or self.met)

    def put_before(self, later: "Settlement") -> None:
        """Add what came afterwards: this could not be written yet."""
        self.done.extend(later.done)
        self.postponed.extend(later.postponed)
        self.given_up.extend(later.given_up)
        self.gone.extend(later.gone)
        for peer in later.healthy:
            self.health.pop(peer, None)
        self.healthy = (self.healthy - later.health.keys()) | later.healthy
        self.health.update(later.health)
        self.met |= later.met


def write_down(uow: UnitOfWork, ended: Settlement, at_ms: int) -> None:
    """The unit that settles deliveries and notes how peers answer.

    Spec: security 3.2 (410 ends a follow only when a fetch of the actor confirms it).
    """
    # An item that was put off and has come through since: the last word counts.
    settled = {*ended.done, *((one.seq, one.inbox) for one in ended.given_up)}
    postponed = [one for one in ended.postponed if (one.seq, one.inbox) not in settled]
    uow.deliveries.settle(ended.done, postponed, ended.given_up, at_ms=at_ms)
    for peer, (failures, next_try, words) in ended.health.items():
        uow.peers.note_failure(peer, failures=failures, next_try_at=next_try, error=words)
    for peer in ended.healthy:
        uow.peers.note_success(peer, at=from_ms(at_ms))
    for inbox in ended.gone:
        ask_whether_gone(uow, inbox, at_ms=at_ms)
    if ended.met:
        ask_outdated(uow, ended.met, at_ms=at_ms)
