"""Posts that are kept are used only while they stand as they did."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Column, Select, Update

from communities.people import Person
from communities.posts import Poll, PollOption, Post, PostContent, PostKey, PostState, Reaction
from communities.posts import ReactionKind as Kind
from storage import post_statements
from storage.post_cache import PostCache, PostRow
from storage.post_page_statements import STATES
from storage.statements import Statement, Tools
from storage.store import Storage
from storage.tables.social import posts
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

TEXTS = {"title", "html", "source", "link", "language", "sensitive", "warning"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


@pytest.fixture
async def post(storage: Storage, world: World, ada: Person) -> Post:
    content = PostContent(html="<p>Moin</p>", poll=Poll(options=(PollOption(name="yes"),)))
    return await storage.write(lambda uow: world.post(uow, ada, content=content))


async def read(storage: Storage, post: Post, cache: PostCache | None) -> PostRow:
    found = await storage.read(lambda uow: uow.post_pages.posts([post.id], cache))
    return found[post.id]


def built(statement: Statement) -> object:
    build = statement._build
    return build(Tools(is_sqlite=True)) if callable(build) else build


def test_the_state_of_a_post_holds_all_that_an_update_of_posts_sets() -> None:
    states = built(STATES)
    assert isinstance(states, Select)
    watched = {
        column.key
        for column in states.selected_columns
        if isinstance(column, Column) and column.table is posts
    }
    updates = {
        name: frozenset(getattr(key, "key", key) for key in update._values)
        for name, found in vars(post_statements).items()
        if isinstance(found, Statement)
        and isinstance(update := built(found), Update)
        and update.table is posts
        and update._values
    }

    for name, columns in updates.items():
        # `depth` is set with `root_id` alone, texts with the time of the edit.
        rest = columns - watched - {"depth"}
        assert not rest or (rest <= TEXTS and "edited_ms" in columns), name
    assert len(updates) >= 8


CHANGES: dict[str, Callable[[UnitOfWork, World, Post], object]] = {
    "edited": lambda uow, world, post: uow.posts.edit(
        post.id, PostContent(html="<p>New</p>"), at=world.tick()
    ),
    "locked": lambda uow, _world, post: uow.posts.set_locked(post.id, locked=True),
    "pinned": lambda uow, _world, post: uow.posts.set_pinned(post.id, pinned=True),
    "removed": lambda uow, world, post: uow.posts.set_state(
        post.id, PostState.REMOVED, at=world.now
    ),
    "withdrawn": lambda uow, world, post: uow.posts.set_state(
        post.id, PostState.WITHDRAWN, at=world.now
    ),
    "voted": lambda uow, _world, post: uow.posts.vote(post.id, post.author_id, 0),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_post_that_changed_is_read_anew(
    storage: Storage, world: World, post: Post, change: str
) -> None:
    cache = PostCache(10)
    before = await read(storage, post, cache)

    await storage.write(lambda uow: CHANGES[change](uow, world, post) and None)

    after = await read(storage, post, cache)
    assert after == await read(storage, post, None)
    assert after != before


async def test_a_post_stays_the_same_while_only_its_counts_change(
    storage: Storage, world: World, ada: Person, post: Post
) -> None:
    cache = PostCache(10)
    before = await read(storage, post, cache)
    like = Reaction(actor_id=ada.id, post_id=post.id, kind=Kind.LIKE, uri=None, at=world.now)
    await storage.write(lambda uow: uow.reactions.put(like) and None)

    after = await read(storage, post, cache)

    assert after.post is before.post
    assert (before.counts.likes, after.counts.likes) == (0, 1)
    assert await read(storage, post, cache) is after


async def test_the_older_half_goes_when_there_are_too_many(storage: Storage, post: Post) -> None:
    row = await read(storage, post, None)
    cache = PostCache(4)
    states = [(key, 1, None, "published", 0, 0, None, None, key, 0, 0, 0, 0) for key in range(5)]

    for state in states:
        cache.keep(state, replace(row, post=replace(row.post, id=PostKey(state[0]))))

    assert [cache.find(state) is not None for state in states] == [False, False, True, True, True]
