"""Conversations on both databases: what a message leaves for those in it."""

from dataclasses import replace

import pytest

from communities.posts import PostState, Visibility
from storage.conversations import Conversation
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

PAGE = {"before": (1 << 63) - 1, "after": 0, "most": 10}


@pytest.fixture
def world() -> World:
    return World()


async def test_a_thread_is_kept_for_each_of_ours(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> list[list[Conversation]]:
        ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
        carl = world.remote_person(uow, "carl")
        first = world.draft(ada, visibility=Visibility.DIRECT)
        uow.posts.add(first, recipients=[bob.id, carl.id])
        answer = world.draft(bob, visibility=Visibility.DIRECT)
        answer = replace(answer, root_id=first.id, parent_id=first.id, depth=1)
        uow.posts.add(answer, recipients=[ada.id])
        older = replace(
            world.draft(carl, visibility=Visibility.DIRECT), root_id=first.id, parent_id=first.id
        )
        older = replace(older, id=type(older.id)(first.id + 1))
        uow.posts.add(older, recipients=[ada.id, bob.id])
        assert uow.conversations.page(carl.id, **PAGE, forward=False) == []
        assert uow.conversations.participants([first.id])[first.id][0] == ada.id
        before = [
            uow.conversations.page(who.id, **PAGE, forward=forward)
            for who in (ada, bob)
            for forward in (False, True)
        ]
        uow.posts.set_state(answer.id, PostState.REMOVED, at=world.tick())
        assert uow.conversations.page(ada.id, **PAGE, forward=False)[0].last_id == older.id
        uow.posts.set_state(answer.id, PostState.PUBLISHED, at=world.tick())
        assert uow.conversations.page(ada.id, **PAGE, forward=False)[0].last_id == answer.id
        return before

    of_ada, again, of_bob, _again = await storage.write(write)

    assert of_ada == again
    assert len(of_ada) == len(of_bob) == 1
    assert of_ada[0].last_id == of_bob[0].last_id
    assert (of_ada[0].unread, of_bob[0].unread) == (True, False)
