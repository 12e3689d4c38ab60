"""Migration 0007 finds the boosts, likes and tags of before, on both databases."""

import importlib

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, text

from communities.posts import PostContent, Reaction, ReactionKind
from storage.feeds import OfAccount, TagQuery
from storage.pages import Window
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

MADE = ("boosts", "favourites", "post_tags")
INDEXES = ("ix_posts_public", "ix_posts_threads", "ix_posts_alone", "ix_posts_open")


@pytest.fixture
def world() -> World:
    return World()


async def test_timelines_know_what_was_there_before_them(
    storage: Storage, engine: Engine, world: World
) -> None:
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")
    content = PostContent(html="<p>#Honey</p>", hashtags=("Honey", "#wax"))
    post = await storage.write(lambda uow: world.post(uow, bob, content=content))

    def react(uow: UnitOfWork) -> None:
        for person in (ada, bob):
            for kind in (ReactionKind.LIKE, ReactionKind.BOOST):
                uow.reactions.put(
                    Reaction(actor_id=person.id, post_id=post.id, kind=kind, uri=None, at=world.now)
                )

    def look(uow: UnitOfWork) -> tuple[object, ...]:
        window = Window()
        return (
            uow.feeds.favourites(ada.id, window),
            uow.feeds.favourites(bob.id, window),
            uow.feeds.reblogged_by(post.id, window),
            uow.feeds.of_account(ada.id, None, window, OfAccount()),
            uow.feeds.tagged(TagQuery(any_of=["honey"], all_of=["wax"]), window),
        )

    await storage.write(react)
    before = await storage.read(look)
    module = importlib.import_module("storage.migrations.versions.0007_feeds")
    with engine.begin() as connection:
        for name in MADE:
            connection.execute(text(f"DROP TABLE {name}"))
        for name in INDEXES:
            connection.execute(text(f"DROP INDEX {name}"))
        with Operations.context(MigrationContext.configure(connection)):
            module.upgrade()

    after = await storage.read(look)

    assert after == before
    assert len(before[2]) == 2  # type: ignore[arg-type]  # both boosts
