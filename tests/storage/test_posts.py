"""Posts and comments with their counts, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.community import Community
from communities.events import PostPublished
from communities.people import Person
from communities.posts import (
    Attachment,
    Happening,
    Poll,
    PollOption,
    Post,
    PostContent,
    PostCounts,
    PostKey,
    PostKind,
    PostState,
    Visibility,
)
from federation.adoption_job import adoption_job
from node.jobs import JobRunner
from node.metrics import Metrics
from node.tasks import Tasks
from storage.posts import ADOPT_JOB, MOST_ADOPTED_AT_ONCE, MOST_REMOVED_AT_ONCE
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
POLL = Poll(options=(PollOption(name="yes"), PollOption(name="no")), multiple=True, ends_at=NOON)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def ada(storage: Storage, world: World) -> Person:
    return await storage.write(world.person, "ada")


@pytest.fixture
async def bees(storage: Storage, world: World) -> Community:
    return await storage.write(world.community, "bees")


async def post_of(storage: Storage, post_id: PostKey) -> Post | None:
    return await storage.read(lambda uow: uow.posts.get(post_id))


async def counts_of(storage: Storage, post_id: PostKey) -> PostCounts:
    return await storage.read(lambda uow: uow.posts.counts(post_id))


async def totals_of(storage: Storage, community: Community) -> tuple[int, int]:
    listing = await storage.read(lambda uow: uow.directory.listing(community.id))
    assert listing is not None
    return listing.posts, listing.comments


async def test_a_post_with_everything_is_read_back_as_stored(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    content = PostContent(
        title="Bijen \U0001f41d",
        html="<p>Zoem</p>",
        source="Zoem",
        link="https://bees.example/",
        language="nds-NL",
        sensitive=True,
        warning="stings",
        attachments=(Attachment(kind="image", url="https://x.example/a.png", alt="a", width=3),),
        hashtags=("bees", "honey"),
        poll=POLL,
        happening=Happening(starts_at=NOON, location="Twente"),
    )
    post = replace(
        world.draft(ada, bees, content=content, kind=PostKind.QUESTION),
        visibility=Visibility.UNLISTED,
        locked=True,
        pinned=True,
        edited_at=NOON,
        seq=1,
    )

    await storage.write(lambda uow: uow.posts.add(post))

    found = await storage.read(lambda uow: (uow.posts.get(post.id), uow.posts.by_uri(post.uri)))
    assert found == (post, post)


async def test_a_post_is_stored_once(storage: Storage, world: World, ada: Person) -> None:
    post = await storage.write(world.post, ada)
    again = replace(post, id=PostKey(5), root_id=PostKey(5), content=PostContent(title="Other"))

    added = await storage.write(lambda uow: uow.posts.add(again))

    assert not added
    assert await storage.read(lambda uow: uow.posts.by_uri(post.uri)) == post


async def test_a_key_is_never_given_to_a_second_post(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(world.post, ada)

    with pytest.raises(ValueError, match="belongs to another post"):
        await storage.write(lambda uow: uow.posts.add(replace(post, uri="https://x.example/1")))


async def test_a_post_notes_the_log_position_of_its_event(
    storage: Storage, world: World, ada: Person
) -> None:
    def publish(uow: UnitOfWork) -> PostKey:
        post = world.post(uow, ada)
        uow.record(PostPublished(post_id=post.id, author_id=ada.id, community_id=None))
        return post.id

    keys = [await storage.write(publish) for _ in range(3)]

    seqs = [post.seq for key in keys if (post := await post_of(storage, key)) is not None]
    logged = await storage.read(lambda uow: uow.events.after(0, 10))
    assert seqs == [one.seq for one in logged] == [1, 2, 3]


async def test_comments_are_counted_for_parent_thread_and_community(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = await storage.write(world.post, ada, bees)
    first = await storage.write(world.comment, ada, thread)
    second = await storage.write(world.comment, ada, first)
    await storage.write(world.comment, ada, second)

    found = [(await counts_of(storage, post.id)).comments for post in (thread, first, second)]

    assert found == [3, 1, 1]
    assert await totals_of(storage, bees) == (1, 3)
    assert (await counts_of(storage, thread.id)).last_activity_at == world.now


async def test_counts_follow_what_becomes_of_a_comment(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = await storage.write(world.post, ada, bees)
    comment = await storage.write(world.comment, ada, thread)

    async def counted(state: PostState) -> tuple[int, int]:
        await storage.write(lambda uow: uow.posts.set_state(comment.id, state, at=NOON))
        counts = await counts_of(storage, thread.id)
        return counts.comments, (await totals_of(storage, bees))[1]

    assert await counted(PostState.REMOVED) == (0, 0)
    assert await counted(PostState.REMOVED) == (0, 0)
    assert await counted(PostState.PUBLISHED) == (1, 1)
    assert await counted(PostState.WITHDRAWN) == (0, 0)


async def test_a_pending_comment_counts_when_it_is_published(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = await storage.write(world.post, ada, bees)
    comment = await storage.write(
        lambda uow: world.comment(uow, ada, thread, state=PostState.PENDING)
    )
    before = (await counts_of(storage, thread.id)).comments

    await storage.write(lambda uow: uow.posts.set_state(comment.id, PostState.PUBLISHED, at=NOON))

    assert (before, (await counts_of(storage, thread.id)).comments) == (0, 1)


async def test_a_withdrawn_post_keeps_its_place_and_loses_its_words(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(world.post, ada)
    await storage.write(lambda uow: uow.posts.edit(post.id, PostContent(title="New"), at=NOON))

    await storage.write(lambda uow: uow.posts.set_state(post.id, PostState.WITHDRAWN, at=NOON))

    found = await post_of(storage, post.id)
    assert found is not None
    assert found.state is PostState.WITHDRAWN
    assert found.content == PostContent()
    assert await storage.read(lambda uow: uow.posts.revisions(post.id)) == []


async def test_an_edit_keeps_what_was_there_before(
    storage: Storage, world: World, ada: Person
) -> None:
    post = await storage.write(world.post, ada)
    later = NOON + timedelta(hours=1)

    await storage.write(lambda uow: uow.posts.edit(post.id, PostContent(title="Two"), at=NOON))
    await storage.write(
        lambda uow: uow.posts.edit(post.id, PostContent(title="Three", poll=POLL), at=later)
    )

    found = await post_of(storage, post.id)
    revisions = await storage.read(lambda uow: uow.posts.revisions(post.id))
    assert found is not None
    assert (found.content.title, found.content.poll, found.edited_at) == ("Three", POLL, later)
    assert revisions == [(post.published_at, post.content), (NOON, PostContent(title="Two"))]


async def test_a_thread_is_locked_and_pinned_and_back(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    post = await storage.write(world.post, ada, bees)

    def set_both(uow: UnitOfWork, value: bool) -> tuple[Post | None, int]:
        uow.posts.set_locked(post.id, locked=value)
        uow.posts.set_pinned(post.id, pinned=value)
        return uow.posts.get(post.id), uow.posts.pinned_count(bees.id)

    assert await storage.write(set_both, True) == (
        replace(post, locked=True, pinned=True),
        1,
    )
    assert await storage.write(set_both, False) == (post, 0)


def orphan(world: World, author: Person, parent: Post, community: Community) -> Post:
    """A comment that comes before the post it answers: its own root until then."""
    draft = world.draft(author, community, kind=PostKind.NOTE)
    return replace(draft, parent_uri=parent.uri)


async def test_a_comment_that_came_first_is_hung_under_its_parent(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = world.draft(ada, bees)
    answer = orphan(world, ada, thread, bees)
    await storage.write(lambda uow: uow.posts.add(answer))
    below = await storage.write(world.comment, ada, answer)
    deeper = await storage.write(world.comment, ada, below)

    await storage.write(lambda uow: uow.posts.add(thread))

    found = [await post_of(storage, post.id) for post in (answer, below, deeper)]
    assert [(post.root_id, post.depth) for post in found if post is not None] == [
        (thread.id, 1),
        (thread.id, 2),
        (thread.id, 3),
    ]
    assert found[0] is not None
    assert found[0].parent_id == thread.id
    assert (await counts_of(storage, thread.id)).comments == 3
    assert (await counts_of(storage, answer.id)).comments == 1
    assert await totals_of(storage, bees) == (1, 3)


async def test_very_many_comments_that_came_first_are_hung_up_step_by_step(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = world.draft(ada, bees)
    many = MOST_ADOPTED_AT_ONCE + 7

    def add_all(uow: UnitOfWork) -> None:
        for _ in range(many):
            uow.posts.add(orphan(world, ada, thread, bees))

    await storage.write(add_all)
    await storage.write(lambda uow: uow.posts.add(thread))
    at_once = (await counts_of(storage, thread.id)).comments
    runner = JobRunner(
        storage, {ADOPT_JOB: adoption_job(storage)}, Tasks(), Metrics(), now=lambda: NOON
    )
    await runner.step()

    assert at_once == MOST_ADOPTED_AT_ONCE
    assert (await counts_of(storage, thread.id)).comments == many
    assert await totals_of(storage, bees) == (1, many)
    assert await storage.read(lambda uow: uow.jobs.counts()) == {}


async def test_an_orphan_that_was_removed_is_hung_up_and_not_counted(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    thread = world.draft(ada, bees)
    answer = replace(orphan(world, ada, thread, bees), state=PostState.REMOVED)
    await storage.write(lambda uow: uow.posts.add(answer))

    await storage.write(lambda uow: uow.posts.add(thread))

    assert (await counts_of(storage, thread.id)).comments == 0
    assert await totals_of(storage, bees) == (1, 0)


async def test_an_orphan_is_not_hung_into_another_communitys_thread(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    ants = await storage.write(world.community, "ants")
    thread = world.draft(ada, ants)
    answer = orphan(world, ada, thread, bees)
    await storage.write(lambda uow: uow.posts.add(answer))

    await storage.write(lambda uow: uow.posts.add(thread))

    found = await post_of(storage, answer.id)
    assert found is not None
    assert (found.root_id, found.parent_id) == (answer.id, None)
    assert (await counts_of(storage, thread.id)).comments == 0


async def test_a_private_answer_stays_out_of_the_public_thread_that_follows_it(
    storage: Storage, world: World, ada: Person
) -> None:
    """GRP-10."""
    thread = world.draft(ada)
    answer = replace(
        world.draft(ada, kind=PostKind.NOTE),
        parent_uri=thread.uri,
        visibility=Visibility.DIRECT,
    )
    await storage.write(lambda uow: uow.posts.add(answer))

    await storage.write(lambda uow: uow.posts.add(thread))

    found = await post_of(storage, answer.id)
    assert found is not None
    assert found.root_id == answer.id


async def test_posts_that_answer_each_other_make_no_ring(
    storage: Storage, world: World, ada: Person
) -> None:
    second = world.draft(ada, kind=PostKind.NOTE)
    first = replace(world.draft(ada, kind=PostKind.NOTE), parent_uri=second.uri)
    await storage.write(lambda uow: uow.posts.add(first))
    ring = replace(second, parent_uri=first.uri, parent_id=first.id, root_id=first.root_id, depth=1)

    await storage.write(lambda uow: uow.posts.add(ring))

    found = await post_of(storage, first.id)
    assert found is not None
    assert (found.root_id, found.depth, found.parent_id) == (first.id, 0, None)


async def test_recipients_are_kept_with_the_post(
    storage: Storage, world: World, ada: Person
) -> None:
    bob = await storage.write(world.remote_person, "bob")
    draft = world.draft(ada, visibility=Visibility.DIRECT)

    await storage.write(lambda uow: uow.posts.add(draft, recipients=[bob.id, bob.id]))

    assert await storage.read(lambda uow: uow.posts.recipients(draft.id)) == [bob.id]


async def test_an_id_that_was_deleted_first_is_remembered(storage: Storage) -> None:
    uri = "https://peer.example/post/1"

    before = await storage.read(lambda uow: uow.posts.is_forgotten(uri))
    await storage.write(lambda uow: uow.posts.forget(uri, until=NOON))
    await storage.write(lambda uow: uow.posts.forget(uri, until=NOON + timedelta(days=1)))

    assert not before
    assert await storage.read(lambda uow: uow.posts.is_forgotten(uri))


async def test_posts_of_one_author_are_removed_in_steps(
    storage: Storage, world: World, ada: Person, bees: Community
) -> None:
    bob = await storage.write(world.person, "bob")

    def fill(uow: UnitOfWork) -> None:
        for _ in range(MOST_REMOVED_AT_ONCE + 1):
            world.post(uow, ada, bees)

    await storage.write(fill)
    elsewhere = await storage.write(world.post, ada)
    of_bob = await storage.write(world.post, bob, bees)

    removed = [
        await storage.write(lambda uow: uow.posts.remove_by_author(ada.id, bees.id, at=NOON))
        for _ in range(3)
    ]

    assert removed == [MOST_REMOVED_AT_ONCE, 1, 0]
    assert await totals_of(storage, bees) == (1, 0)
    for kept in (elsewhere, of_bob):
        assert await post_of(storage, kept.id) == kept
    assert await storage.write(lambda uow: uow.posts.remove_by_author(ada.id, None, at=NOON)) == 1
