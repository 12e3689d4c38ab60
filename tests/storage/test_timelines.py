"""Pages of posts: their order, their edges, and what an anonymous reader never gets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product

import pytest

from communities.community import Community, CommunityVisibility
from communities.people import ActorState, Person
from communities.posts import (
    Post,
    PostContent,
    PostKey,
    PostState,
    Reaction,
    ReactionKind,
    Visibility,
)
from communities.visibility import ANONYMOUS, sees
from storage.store import Storage
from storage.timelines import START, Entry, Position, ThreadOrder
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


@pytest.fixture
async def bees(storage: Storage, world: World) -> Community:
    return await storage.write(world.community, "bees")


def keys(entries: "list[Entry] | tuple[Entry, ...] | object") -> list[PostKey]:
    assert isinstance(entries, list)
    return [entry.post.id for entry in entries]


async def read_all(
    storage: Storage, community: Community, order: ThreadOrder, most: int = 2
) -> list[PostKey]:
    """Every thread of a community, page by page."""
    found: list[PostKey] = []
    below = START

    def page(uow: UnitOfWork, below: Position) -> list[Entry]:
        return list(uow.timelines.threads(community.id, order, below=below, most=most))

    while entries := await storage.read(page, below):
        found.extend(keys(entries))
        below = entries[-1].position
    return found


async def like(storage: Storage, post: Post, fans: list[Person], kind: ReactionKind) -> None:
    def react(uow: UnitOfWork) -> None:
        for fan in fans:
            uow.reactions.put(
                Reaction(actor_id=fan.id, post_id=post.id, kind=kind, uri=None, at=NOON)
            )

    await storage.write(react)


async def test_every_order_gives_every_thread_once(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    threads = [await storage.write(world.post, ada, bees) for _ in range(5)]
    await storage.write(world.comment, ada, threads[1])
    fans = [await storage.write(world.person, f"fan{number}") for number in range(3)]
    await like(storage, threads[0], fans, ReactionKind.LIKE)
    await like(storage, threads[4], fans, ReactionKind.DISLIKE)
    first, second, third, fourth, fifth = (post.id for post in threads)

    found = {order: await read_all(storage, bees, order) for order in ThreadOrder}

    assert found[ThreadOrder.NEW] == [fifth, fourth, third, second, first]
    assert found[ThreadOrder.ACTIVE] == [second, fifth, fourth, third, first]
    assert found[ThreadOrder.TOP] == [first, fourth, third, second, fifth]
    assert found[ThreadOrder.HOT] == [first, fifth, fourth, third, second]


async def test_a_hot_thread_cools_down(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    old = await storage.write(world.post, ada, bees)
    fans = [await storage.write(world.person, f"fan{number}") for number in range(4)]
    await like(storage, old, fans, ReactionKind.LIKE)
    world.tick(timedelta(hours=7))
    within = await storage.write(world.post, ada, bees)
    world.tick(timedelta(hours=1))
    after = await storage.write(world.post, ada, bees)

    assert await read_all(storage, bees, ThreadOrder.HOT) == [after.id, old.id, within.id]


async def test_an_entry_carries_the_counts(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)
    await storage.write(world.comment, ada, post)
    await like(storage, post, [ada], ReactionKind.LIKE)

    (entry,) = await storage.read(lambda uow: uow.timelines.threads(bees.id))

    assert entry.post == post
    assert (entry.counts.comments, entry.counts.likes) == (1, 1)
    assert entry.counts.last_activity_at == world.now


async def test_comments_and_orphans_are_no_threads(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)
    await storage.write(world.comment, ada, post)
    orphan = replace(world.draft(ada, bees), parent_uri="https://peer.example/unknown")
    await storage.write(lambda uow: uow.posts.add(orphan))

    assert await read_all(storage, bees, ThreadOrder.ACTIVE) == [post.id]
    assert await read_all(storage, bees, ThreadOrder.NEW) == [post.id]


async def test_pinned_posts_are_featured(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    await storage.write(world.post, ada, bees)
    pinned = await storage.write(partial(world.post, pinned=True), ada, bees)
    await storage.write(partial(world.post, pinned=True, state=PostState.REMOVED), ada, bees)

    featured = await storage.read(lambda uow: uow.timelines.featured(bees.id))

    assert keys(featured) == [pinned.id]


async def test_a_thread_has_each_parent_before_its_answers(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)
    first = await storage.write(world.comment, ada, post)
    below = await storage.write(world.comment, ada, first)
    second = await storage.write(world.comment, ada, post)
    clock_runs_behind = replace(
        world.draft(ada, bees),
        id=PostKey(post.id - 1),
        root_id=post.id,
        parent_id=below.id,
        depth=3,
    )
    await storage.write(lambda uow: uow.posts.add(clock_runs_behind))

    entries = await storage.read(lambda uow: uow.timelines.thread(post.id))

    assert keys(entries) == [post.id, first.id, second.id, below.id, clock_runs_behind.id]


async def test_what_was_taken_away_keeps_its_place_without_a_word(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    eve = await storage.write(world.remote_person, "eve")
    post = await storage.write(world.post, ada, bees)
    removed = await storage.write(world.comment, ada, post)
    withdrawn = await storage.write(world.comment, ada, post)
    by_suspended = await storage.write(world.comment, eve, post)
    answer = await storage.write(world.comment, ada, removed)

    def take_away(uow: UnitOfWork) -> None:
        uow.posts.set_state(removed.id, PostState.REMOVED, at=NOON)
        uow.posts.set_state(withdrawn.id, PostState.WITHDRAWN, at=NOON)
        uow.people.set_state(eve.id, ActorState.SUSPENDED)

    await storage.write(take_away)
    entries = await storage.read(lambda uow: uow.timelines.thread(post.id))

    assert [(entry.post.id, entry.post.state) for entry in entries] == [
        (post.id, PostState.PUBLISHED),
        (removed.id, PostState.REMOVED),
        (withdrawn.id, PostState.WITHDRAWN),
        (by_suspended.id, PostState.REMOVED),
        (answer.id, PostState.PUBLISHED),
    ]
    assert [entry.post.content == PostContent() for entry in entries] == [
        False,
        True,
        True,
        True,
        False,
    ]


async def test_nothing_is_said_of_comments_that_are_not_for_everyone(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)
    whisper = await storage.write(
        partial(world.comment, visibility=Visibility.FOLLOWERS), ada, post
    )
    pending = await storage.write(partial(world.comment, state=PostState.PENDING), ada, post)
    answer = await storage.write(world.comment, ada, whisper)

    entries, context = await storage.read(
        lambda uow: (uow.timelines.thread(post.id), uow.timelines.context(post.id))
    )

    assert keys(entries) == [post.id, answer.id]
    assert pending.id not in keys(entries)
    assert list(context) == [(post.id, post.uri), (answer.id, answer.uri)]


async def test_the_thread_of_a_post_that_is_not_for_everyone_is_empty(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(partial(world.post, visibility=Visibility.FOLLOWERS), ada)
    await storage.write(world.comment, ada, post)

    assert await storage.read(lambda uow: uow.timelines.thread(post.id)) == []


async def test_a_context_is_paged_and_names_what_anyone_may_read(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)
    comments = [await storage.write(world.comment, ada, post) for _ in range(3)]
    await storage.write(lambda uow: uow.posts.set_state(comments[1].id, PostState.REMOVED, at=NOON))

    def page(uow: UnitOfWork, after: int) -> list[str]:
        return [uri for _key, uri in uow.timelines.context(post.id, after=after, most=2)]

    assert await storage.read(page, 0) == [post.uri, comments[0].uri]
    assert await storage.read(page, comments[0].id) == [comments[2].uri]


async def test_an_authors_pages_go_back_from_new_to_old(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = await storage.write(world.post, ada, bees)
    comment = await storage.write(world.comment, ada, thread)
    own = await storage.write(world.post, ada)
    await storage.write(partial(world.post, visibility=Visibility.DIRECT), ada)

    def page(uow: UnitOfWork, before: int) -> list[PostKey]:
        return keys(uow.timelines.by_author(ada.id, before=before, most=2))

    assert await storage.read(page, START.id) == [own.id, comment.id]
    assert await storage.read(page, comment.id) == [thread.id]
    assert await storage.read(lambda uow: uow.timelines.count_by_author(ada.id)) == 3
    threads = await storage.read(lambda uow: uow.timelines.by_author(ada.id, comments=False))
    assert keys(threads) == [own.id, thread.id]


CASES = [
    (visibility, state, author, community)
    for visibility, state, author, community in product(
        Visibility, PostState, ActorState, [None, *CommunityVisibility]
    )
]


async def test_every_query_shows_what_the_rules_show_an_anonymous_reader(
    storage: Storage, world: World
) -> None:
    """PRV-01: the conditions in SQL and `communities.visibility` give one answer."""

    def fill(uow: UnitOfWork) -> list[Post]:
        homes = {
            seen: world.community(uow, seen.value, visibility=seen) for seen in CommunityVisibility
        }
        authors = {state: world.remote_person(uow, state.value) for state in ActorState}
        posts = [
            world.post(
                uow,
                authors[author],
                None if community is None else homes[community],
                visibility=visibility,
                state=state,
                pinned=True,
            )
            for visibility, state, author, community in CASES
        ]
        for state, person in authors.items():
            uow.people.set_state(person.id, state)
        return posts

    posts = await storage.write(fill)

    def compare(uow: UnitOfWork) -> tuple[set[PostKey], set[PostKey], set[PostKey]]:
        seen = {post.id for post in posts if sees(uow, ANONYMOUS, post, NOON)}
        by_author = {
            entry.post.id
            for author in {post.author_id for post in posts}
            for entry in uow.timelines.by_author(author, most=5000)
        }
        in_communities = {
            entry.post.id
            for community in {post.community_id for post in posts} - {None}
            for order in ThreadOrder
            if community is not None
            for entry in (
                *uow.timelines.threads(community, order, most=5000),
                *uow.timelines.featured(community, most=5000),
            )
        }
        return seen, by_author, in_communities

    seen, by_author, in_communities = await storage.read(compare)

    assert by_author == seen
    assert in_communities == {
        post.id for post in posts if post.community_id is not None and post.id in seen
    }
    assert 0 < len(seen) < len(CASES)


async def test_a_suspended_community_shows_nothing(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)
    await storage.write(lambda uow: uow.people.set_state(bees.id, ActorState.SUSPENDED))

    def everything(uow: UnitOfWork) -> list[list[Entry]]:
        return [
            *(list(uow.timelines.threads(bees.id, order)) for order in ThreadOrder),
            list(uow.timelines.thread(post.id)),
            list(uow.timelines.by_author(ada.id)),
            list(uow.timelines.featured(bees.id)),
        ]

    assert not any(await storage.read(everything))


@pytest.mark.parametrize("order", ThreadOrder)
async def test_a_page_reads_an_index_and_not_the_table(
    sqlite_storage: Storage, order: ThreadOrder
) -> None:
    from storage import timelines

    statement = timelines._NEW if order is ThreadOrder.NEW else timelines._RANKED[order]
    compiled = statement.for_dialect(is_sqlite=True)
    values = compiled.parameters({"community": 1, "before": 1, "rank": 1, "most": 20})

    def plan(uow: UnitOfWork) -> list[str]:
        explain = f"EXPLAIN QUERY PLAN {compiled.sql}"
        return [row[3] for row in uow.connection.raw.execute(explain, values).fetchall()]

    steps = await sqlite_storage.read(plan)

    of_threads = ("ix_posts_community (", "ix_posts_threads (community_id=? AND id<?)")
    assert any(index in step for step in steps for index in of_threads), steps
    assert not [step for step in steps if step.startswith("SCAN posts")]
