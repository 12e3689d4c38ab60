"""Pages of a busy home in both directions, and the indexes that they go by."""

import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.people import Person
from communities.posts import (
    PostKey,
    Reaction,
    ReactionKind,
)
from storage import feed_statements
from storage.engine import make_engine
from storage.feed_sources import ManySources
from storage.feed_statements import OneSource
from storage.feeds import FeedEntry
from storage.pages import Window
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.databases import PostgresServer
from tests.support.factories import World

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Turn = Callable[[UnitOfWork, Window], list[FeedEntry]]

PAGES = {
    name: found
    for name, found in vars(feed_statements).items()
    if isinstance(found, OneSource | ManySources)
}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


async def busy_world(storage: Storage, world: World, ada: Person, seed: int) -> None:
    """Posts, threads and boosts at random moments, many of them in the same one."""
    dice = random.Random(seed)
    people = [await storage.write(world.remote_person, f"p{number}") for number in range(4)]
    places = [await storage.write(world.community, f"c{number}") for number in range(3)]
    for person in people:
        await storage.write(world.follow, ada, person)
    for place in places:
        await storage.write(world.member, place, ada)
    begin = int(NOON.timestamp() * 1000)
    keys = {(begin + dice.randrange(6) << 16) | dice.randrange(1 << 16) for _ in range(60)}

    def fill(uow: UnitOfWork) -> None:
        for key in sorted(keys):
            author = dice.choice(people)
            place = dice.choice([None, *places])
            uri = f"https://peer.example/post/{key}"
            draft = world.draft(author, place)
            uow.posts.add(replace(draft, id=PostKey(key), root_id=PostKey(key), uri=uri, url=uri))
        for key in dice.sample(sorted(keys), 10):
            uow.reactions.put(
                Reaction(
                    actor_id=dice.choice(people).id,
                    post_id=PostKey(key),
                    kind=ReactionKind.BOOST,
                    uri=None,
                    at=NOON + timedelta(milliseconds=dice.randrange(6)),
                )
            )

    await storage.write(fill)


async def walk(storage: Storage, turn: Turn, most: int) -> list[list[FeedEntry]]:
    """All pages from the newest to the oldest."""
    pages: list[list[FeedEntry]] = []
    window = Window(most=most)
    while page := await storage.read(turn, window):
        pages.append(page)
        window = replace(window, before=page[-1].id)
    return pages


async def walk_back(storage: Storage, turn: Turn, most: int) -> list[list[FeedEntry]]:
    """All pages from the oldest to the newest."""
    pages: list[list[FeedEntry]] = []
    window = Window(most=most, forward=True)
    while page := await storage.read(turn, window):
        pages.append(page)
        window = replace(window, after=page[-1].id)
    return pages


@pytest.mark.parametrize("seed", range(4))
async def test_walking_on_and_back_gives_the_same_posts(
    storage: Storage, world: World, ada: Person, seed: int
) -> None:
    await busy_world(storage, world, ada, seed)

    def turn(uow: UnitOfWork, window: Window) -> list[FeedEntry]:
        return uow.feeds.home(ada.id, window, ())

    (everything,) = await walk(storage, turn, 200)
    pages = await walk(storage, turn, 7)
    back = await walk_back(storage, turn, 7)

    posts = {entry.post_id for entry in everything}
    for some in (pages, back):
        assert {entry.post_id for page in some for entry in page} == posts
        assert all(len({entry.post_id for entry in page}) == len(page) for page in some)
        assert all(len(page) == 7 for page in some[:-1])
    ids = [entry.id for page in pages for entry in page]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids)
    onward = [entry.id for page in back for entry in page]
    assert onward == sorted(onward)


@pytest.mark.parametrize("name", sorted(PAGES))
async def test_every_page_goes_by_indexes_on_sqlite(sqlite_storage: Storage, name: str) -> None:
    def plans(uow: UnitOfWork) -> list[str]:
        found = []
        for statement in (PAGES[name].back, PAGES[name].forward):
            compiled = statement.for_dialect(is_sqlite=True)
            text = re.sub(r":\w+|\?", "1", compiled.sql)
            rows = uow.connection.run_text(f"EXPLAIN QUERY PLAN {text}")
            found += [row[3] for row in rows]
        return found

    steps = await sqlite_storage.read(plans)

    scans = [step for step in steps if step.startswith("SCAN ")]
    named = ("near", "heads", "sources", "CONSTANT ROW", "json_each", "(subquery")
    assert [step for step in scans if not step[5:].startswith(named)] == []


@pytest.fixture
async def untouched_postgres(
    postgres_server: PostgresServer, postgres_template: str
) -> AsyncIterator[Storage]:
    """A database of its own: the planner goes by what other tests left of statistics."""
    name = postgres_server.new_database(postgres_template)
    opened = Storage(make_engine(postgres_server.url_of(name)), threads=False, durable=False)
    yield opened
    await opened.close()
    postgres_server.drop_database(name)


@pytest.mark.parametrize("name", ["HOME_THREADS", "HOME_POSTS", "HOME_BOOSTS", "HOME_TAGS"])
async def test_a_home_finds_the_newest_of_each_source_by_one_index_on_postgresql(
    untouched_postgres: Storage, name: str
) -> None:
    wanted = {
        "HOME_THREADS": "ix_posts_threads",
        "HOME_POSTS": "ix_posts_alone",
        "HOME_BOOSTS": "ix_boosts_actor",
        "HOME_TAGS": "pk_post_tags",
    }[name]

    def plan(uow: UnitOfWork) -> str:
        # The tables are empty: without this, reading them whole would be the best plan.
        uow.connection.run_text("SET LOCAL enable_seqscan = off")
        uow.connection.run_text("SET LOCAL enable_bitmapscan = off")
        compiled = PAGES[name].back.for_dialect(is_sqlite=False)
        asked = set(re.findall(r"%\((\w+)\)s", compiled.sql)) - set(compiled.literals)
        words = {"hidden": "[]", "replies": "", "origin": "anywhere", "all_of": "[]"}
        values: dict[str, object] = {**dict.fromkeys(asked, 1), **words, "none_of": "[]"}
        explained = uow.connection.raw.execute(
            f"EXPLAIN {compiled.sql}", compiled.parameters(values)
        )
        return "\n".join(row[0] for row in explained.fetchall())

    steps = await untouched_postgres.read(plan)

    assert wanted in steps
    assert "LATERAL" in PAGES[name].back.for_dialect(is_sqlite=False).sql
