"""Housekeeping: old rows go in steps, unanswered posts are given up, and others pass between."""

import logging
from datetime import timedelta

import pytest

from communities.posts import PostState
from node import maintenance
from node.maintenance import EVERY_SECONDS, Maintenance
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.factories import World


class Sleeps:
    """A sleep that takes no time and remembers how long it was asked to."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


class StopError(Exception):
    """Ends a loop that has no end."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


def see(uow: UnitOfWork, names: list[str], at_ms: int) -> None:
    for name in names:
        uow.inbox.see("https://peer.example", name, at_ms=at_ms)


async def test_a_sweep_drops_everything_that_is_old_in_steps(
    storage: Storage, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sleeps = Sleeps()
    house = Maintenance(storage=storage, now=clock, sleep=sleeps)
    old_ms = to_ms(clock() - timedelta(days=31))
    await storage.write(see, [f"old{number}" for number in range(1100)], old_ms)
    await storage.write(see, ["young"], to_ms(clock()))

    dropped = await house.sweep()
    again = await house.sweep()

    assert (dropped, again) == (1100, 0)
    assert len(sleeps.asked) == 2
    assert await storage.read(lambda uow: uow.inbox.has_seen("https://peer.example", "young"))
    assert "dropped 1100 rows that were kept long enough: seen" in caplog.messages


async def test_posts_that_wait_for_their_community_too_long_are_given_up(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MOST_EXPIRED", 2)
    world = World(clock() - timedelta(days=15))

    def arrange(uow: UnitOfWork) -> list[int]:
        ada = world.person(uow, "ada")
        trees = world.remote_community(uow, "trees")
        waiting = [world.post(uow, ada, trees, state=PostState.PENDING) for _ in range(5)]
        world.tick(timedelta(days=2))
        young = world.post(uow, ada, trees, state=PostState.PENDING)
        published = world.post(uow, ada, trees, published_at=waiting[0].published_at)
        return [post.id for post in (*waiting, young, published)]

    keys = await storage.write(arrange)
    ended = await Maintenance(storage=storage, now=clock, sleep=Sleeps()).sweep()

    def states(uow: UnitOfWork) -> list[PostState]:
        found = [uow.posts.get(key) for key in keys]  # type: ignore[arg-type]  # post keys
        return [post.state for post in found if post is not None]

    assert ended == 5
    assert await storage.read(states) == [
        *[PostState.REFUSED] * 5,
        PostState.PENDING,
        PostState.PUBLISHED,
    ]


async def test_it_sweeps_again_and_again(storage: Storage, clock: Clock) -> None:
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            raise StopError
        clock.advance(timedelta(seconds=seconds))

    with pytest.raises(StopError):
        await Maintenance(storage=storage, now=clock, sleep=sleep).run()

    assert asked == [EVERY_SECONDS] * 3
