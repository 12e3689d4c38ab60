"""Sans-IO plans: rules that must ask again and again, written without any I/O.

A plan is a generator. It yields a need, is sent the answer, and returns its verdict. The same plan
runs over a database, over a peer and over a dictionary of a test: whoever drives it decides where
answers come from. A rule that can ask once for all that it needs is a plain function, not a plan.

    def auth_chain(start: str) -> Plan[frozenset[str], Mapping[str, Event], set[str]]:
        seen, todo = set(), {start}
        while todo:
            found = yield frozenset(todo)
            seen |= todo
            todo = {parent for event in found.values() for parent in event.auth_events} - seen
        return seen

What a peer sends decides how long a plan runs, so every plan counts its steps against a budget.
"""

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

from protocols.errors import RemoteProtocolError

Need = TypeVar("Need")
Answer = TypeVar("Answer")
Verdict = TypeVar("Verdict")

Plan: TypeAlias = Generator[Need, Answer, Verdict]
"""Yields needs, is sent answers, returns a verdict."""


class StepBudgetError(RemoteProtocolError):
    """The plan would take more steps than it was given.

    Attributes:
        steps: the number of steps that was allowed.
    """

    def __init__(self, steps: int) -> None:
        """Keep the number of steps."""
        super().__init__("this takes too many steps")
        self.steps = steps


class StepBudget:
    """Steps that a plan may still take; shared by a plan and the plans that it runs inside it.

    A step is one edge followed or one event looked at: some microseconds, never more.
    """

    __slots__ = ("_left", "_steps")

    def __init__(self, steps: int) -> None:
        """Allow so many steps."""
        self._steps = steps
        self._left = steps

    @property
    def spent(self) -> int:
        """The number of steps taken so far."""
        return self._steps - self._left

    def spend(self, steps: int = 1) -> None:
        """Take steps.

        Raises:
            StepBudgetError: there are not so many left.
        """
        self._left -= steps
        if self._left < 0:
            raise StepBudgetError(self._steps)


def run_plan(plan: Plan[Need, Answer, Verdict], answer: Callable[[Need], Answer]) -> Verdict:
    """Give the verdict of the plan, asking `answer` for each need in turn.

    What `answer` raises ends the plan.
    """
    try:
        need = next(plan)
        while True:
            need = plan.send(answer(need))
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict
    finally:
        plan.close()
