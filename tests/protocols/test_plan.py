"""Plans ask, are answered, and give their verdict within their budget."""

from collections.abc import Generator

import pytest

from protocols.errors import RemoteProtocolError
from protocols.plan import StepBudget, StepBudgetError, run_plan


def sum_of(count: int, budget: StepBudget) -> Generator[int, int, int]:
    total = 0
    for index in range(count):
        budget.spend()
        total += yield index
    return total


def test_plan_is_answered_until_it_has_a_verdict() -> None:
    asked: list[int] = []

    def answer(need: int) -> int:
        asked.append(need)
        return need * 10

    assert run_plan(sum_of(3, StepBudget(3)), answer) == 30
    assert asked == [0, 1, 2]


def test_plan_that_needs_nothing_is_not_answered() -> None:
    assert run_plan(sum_of(0, StepBudget(0)), lambda need: 1 // need) == 0


def test_plan_over_its_budget_ends_with_the_number_of_steps() -> None:
    budget = StepBudget(2)

    with pytest.raises(StepBudgetError) as failure:
        run_plan(sum_of(3, budget), lambda need: need)

    assert failure.value.steps == 2
    assert isinstance(failure.value, RemoteProtocolError)


def test_budget_tells_what_was_spent() -> None:
    budget = StepBudget(10)

    budget.spend(3)
    budget.spend()

    assert budget.spent == 4


def test_failure_to_answer_closes_the_plan() -> None:
    closed: list[str] = []

    def plan() -> Generator[int, int, None]:
        try:
            yield 1
        finally:
            closed.append("yes")

    def answer(need: int) -> int:
        raise LookupError(need)

    with pytest.raises(LookupError):
        run_plan(plan(), answer)
    assert closed == ["yes"]
