"""What the writer remembers within a transaction is what stands in the database."""

import asyncio
import importlib
import pkgutil
import re
from dataclasses import replace

import pytest

import storage as storage_package
from communities.errors import NotFound
from communities.people import ActorState
from communities.posts import Post, PostContent, PostState
from storage.communities import COLUMNS as COMMUNITY_COLUMNS
from storage.post_rows import COLUMNS as POST_COLUMNS
from storage.statements import Statement
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.units import Gate


@pytest.fixture
def world() -> World:
    return World()


def _statements() -> dict[str, Statement]:
    """Every statement of the package, by module and name."""
    found: dict[str, Statement] = {}
    for info in pkgutil.walk_packages(storage_package.__path__, "storage."):
        if "migrations" in info.name:
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, Statement):
                found[f"{info.name}.{name}"] = value
    return found


async def test_what_is_read_again_is_the_same_value(storage: Storage, world: World) -> None:
    def read_twice(uow: UnitOfWork) -> tuple[Post | None, Post | None]:
        post = world.post(uow, world.person(uow, "ada"))
        return uow.posts.get(post.id), uow.posts.by_uri(post.uri)

    first, again = await storage.write(read_twice)

    assert first is not None
    assert again is first


async def test_an_edit_is_seen_in_the_unit_that_makes_it(storage: Storage, world: World) -> None:
    def edit(uow: UnitOfWork) -> tuple[Post | None, Post | None]:
        post = world.post(uow, world.person(uow, "ada"))
        before = uow.posts.get(post.id)
        uow.posts.edit(post.id, PostContent(title="Other", html="<p>Other.</p>"), at=world.tick())
        return before, uow.posts.by_uri(post.uri)

    before, after = await storage.write(edit)

    assert before is not None
    assert after is not None
    assert (before.content.title, after.content.title) == (before.content.title, "Other")
    assert before.content.title != "Other"


async def test_a_state_is_seen_in_the_unit_that_sets_it(storage: Storage, world: World) -> None:
    def set_states(uow: UnitOfWork) -> tuple[PostState, ActorState]:
        ada = world.person(uow, "ada")
        post = world.post(uow, ada)
        assert uow.posts.get(post.id) is not None
        assert uow.people.by_uri(ada.uri) is not None
        uow.posts.set_state(post.id, PostState.REMOVED, at=world.tick())
        uow.people.set_state(ada.id, ActorState.SUSPENDED)
        seen, person = uow.posts.get(post.id), uow.people.get(ada.id)
        assert seen is not None
        assert person is not None
        return seen.state, person.state

    assert await storage.write(set_states) == (PostState.REMOVED, ActorState.SUSPENDED)


async def test_policies_are_seen_in_the_unit_that_changes_them(
    storage: Storage, world: World
) -> None:
    def change(uow: UnitOfWork) -> bool:
        bees = world.community(uow, "bees")
        assert uow.communities.get(bees.id) is not None
        uow.communities.update(replace(bees, downvotes=False))
        found = uow.communities.by_uri(bees.uri)
        assert found is not None
        return found.downvotes

    assert await storage.write(change) is False


async def test_a_unit_that_was_undone_leaves_no_memory_to_the_next(
    threaded_storage: Storage, world: World
) -> None:
    def publish(uow: UnitOfWork) -> Post:
        return world.post(uow, world.person(uow, "ada"))

    def remove_and_fail(uow: UnitOfWork, post: Post) -> None:
        uow.posts.set_state(post.id, PostState.REMOVED, at=post.published_at)
        assert uow.posts.get(post.id) is not None
        raise NotFound("No such thing")

    def state_of(uow: UnitOfWork, post: Post) -> PostState:
        found = uow.posts.get(post.id)
        assert found is not None
        return found.state

    post = await threaded_storage.write(publish)
    gate = Gate()
    held = await gate.close(threaded_storage)
    failing = asyncio.ensure_future(threaded_storage.write(remove_and_fail, post))
    looking = asyncio.ensure_future(threaded_storage.write(state_of, post))
    await asyncio.sleep(0)
    gate.opened.set()

    with pytest.raises(NotFound):
        await failing
    assert await looking is PostState.PUBLISHED
    await held


async def test_readers_see_what_was_committed_since(
    threaded_storage: Storage, world: World
) -> None:
    def publish(uow: UnitOfWork) -> Post:
        return world.post(uow, world.person(uow, "ada"))

    def state_of(uow: UnitOfWork, post: Post) -> PostState:
        found = uow.posts.get(post.id)
        assert found is not None
        return found.state

    def remove(uow: UnitOfWork, post: Post) -> None:
        uow.posts.set_state(post.id, PostState.REMOVED, at=post.published_at)

    post = await threaded_storage.write(publish)
    states = [await threaded_storage.read(state_of, post)]
    await threaded_storage.write(remove, post)
    states += [await threaded_storage.read(state_of, post) for _ in range(8)]

    assert states == [PostState.PUBLISHED, *[PostState.REMOVED] * 8]


def test_what_is_said_to_be_unremembered_changes_nothing_that_is_remembered() -> None:
    remembered = {f"{column.table.name}.{column.name}" for column in POST_COLUMNS}
    remembered |= {f"{column.table.name}.{column.name}" for column in COMMUNITY_COLUMNS}
    changed: set[str] = set()

    for statement in _statements().values():
        if statement._is_unremembered:
            sql = statement.for_dialect(is_sqlite=True).sql
            if re.match(r"(INSERT OR REPLACE INTO|DELETE FROM) search_posts ", sql):
                continue
            found = re.fullmatch(r"UPDATE (\w+) SET (.*) WHERE .*", sql)
            assert found is not None
            changed |= {f"{found[1]}.{column}" for column in re.findall(r"(\w+)=", found[2])}

    assert {"communities.posts", "communities.comments", "communities.members"} <= changed
    assert not changed & remembered


def test_every_update_of_a_table_says_which_it_touches() -> None:
    silent = []
    for name, statement in _statements().items():
        for is_sqlite in (True, False):
            compiled = statement.for_dialect(is_sqlite=is_sqlite)
            changes = compiled.sql.lstrip().startswith(("UPDATE", "DELETE")) or (
                "DO UPDATE" in compiled.sql
            )
            if changes and compiled.touches is None and not statement._is_unremembered:
                silent.append(name)

    assert silent == []
