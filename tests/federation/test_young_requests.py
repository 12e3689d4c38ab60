"""A bound on young requests that those which hang do not use up."""

import asyncio

import pytest

from federation import young_requests
from federation.young_requests import YoungRequests


async def turns() -> None:
    """Let everything that can run now run."""
    for _turn in range(5):
        await asyncio.sleep(0)


async def test_one_more_begins_when_one_has_ended() -> None:
    young = YoungRequests(1)
    first = await young.enter()
    waiting = asyncio.ensure_future(young.enter())
    await turns()
    was_waiting = not waiting.done()

    first.leave()
    second = await waiting

    assert was_waiting
    second.leave()


async def test_one_that_hangs_lets_another_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(young_requests, "YOUNG_SECONDS", 0.0)
    young = YoungRequests(1)
    hanging = await young.enter()

    second = await young.enter()
    hanging.leave()
    second.leave()
    third = await young.enter()

    assert young._places.locked()
    third.leave()


async def test_a_place_is_left_once() -> None:
    young = YoungRequests(1)
    place = await young.enter()

    place.leave()
    place.leave()
    await young.enter()

    assert young._places.locked()
