"""The event log and its cursors, on both databases."""

import pytest

from communities.events import MembershipChanged, PersonChanged, PostPublished
from communities.people import ActorKey
from communities.posts import PostKey
from storage.event_log import Logged
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

PUBLISHED = PostPublished(
    post_id=PostKey(1 << 60), author_id=ActorKey(2), community_id=None, requested=True
)
CHANGED = MembershipChanged(
    community_id=ActorKey(3),
    person_id=ActorKey(4),
    state="banned",
    was="member",
    actor_id=ActorKey(2),
    reason="Stings \U0001f41d",
    also_tell=("peer.example", "other.example"),
)


async def record(storage: Storage, *at_ms: int) -> None:
    def append(uow: UnitOfWork) -> None:
        for moment in at_ms:
            uow.at_ms = moment
            uow.record(PersonChanged(person_id=ActorKey(1)))

    await storage.write(append)


async def test_an_event_comes_back_as_it_was_recorded(storage: Storage) -> None:
    def append(uow: UnitOfWork) -> None:
        uow.record(PUBLISHED)
        uow.record(CHANGED)

    await storage.write(append)

    logged = await storage.read(lambda uow: uow.events.after(0, 10))
    assert logged == [
        Logged(seq=1, event=PUBLISHED, cause=None, at_ms=0),
        Logged(seq=2, event=CHANGED, cause=None, at_ms=0),
    ]


async def test_events_are_read_behind_a_position_and_not_too_many(storage: Storage) -> None:
    await record(storage, 1, 2, 3, 4)

    logged = await storage.read(lambda uow: uow.events.after(1, 2))

    assert [one.seq for one in logged] == [2, 3]
    assert await storage.read(lambda uow: uow.events.last()) == 4


async def test_a_new_cursor_stands_before_everything(storage: Storage) -> None:
    assert await storage.read(lambda uow: uow.events.cursor("search")) == 0
    assert await storage.read(lambda uow: uow.events.last()) == 0


async def test_a_cursor_is_moved_and_forgotten(storage: Storage) -> None:
    def move(uow: UnitOfWork) -> dict[str, int]:
        uow.events.move_cursor("search", 5)
        uow.events.move_cursor("search", 7)
        uow.events.move_cursor("old", 2)
        uow.events.drop_cursor("old")
        return uow.events.cursors()

    assert await storage.write(move) == {"search": 7}


async def test_a_cursor_does_not_move_when_the_effect_failed(storage: Storage) -> None:
    def consume(uow: UnitOfWork) -> None:
        uow.events.move_cursor("search", 5)
        raise ValueError("The effect failed")

    with pytest.raises(ValueError, match="effect failed"):
        await storage.write(consume)

    assert await storage.read(lambda uow: uow.events.cursor("search")) == 0
