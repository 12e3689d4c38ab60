"""Bookmarks, pins, muted threads, scheduled posts and idempotency keys, on both databases."""

from datetime import timedelta

from communities.people import ActorKey, Person
from communities.posts import Post, PostKey, PostState
from storage import maintenance
from storage.maintenance import UNPUBLISHED_KEPT, Prunable
from storage.scheduled import ScheduledPost
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import BEGINNING, World

LATER = BEGINNING + timedelta(days=100)
NOBODY = ActorKey(1)


async def written(storage: Storage) -> tuple[World, Person, list[Post]]:
    world = World()
    ada = await storage.write(world.person, "ada")
    return world, ada, [await storage.write(world.post, ada) for _ in range(3)]


async def test_bookmarks_are_kept_once_and_read_in_pages(storage: Storage) -> None:
    _world, ada, posts = await written(storage)
    keys = [post.id for post in posts]

    def act(uow: UnitOfWork) -> list[bool]:
        return [uow.bookmarks.add(10 + place, ada.id, key) for place, key in enumerate(keys)]

    assert await storage.write(act) == [True] * 3
    assert not await storage.write(lambda uow: uow.bookmarks.add(99, ada.id, keys[0]))
    newest = await storage.read(lambda uow: uow.bookmarks.page(ada.id, after=0, before=99, most=2))
    oldest = await storage.read(
        lambda uow: uow.bookmarks.page(ada.id, after=10, before=99, most=2, forward=True)
    )
    assert newest == [(12, keys[2]), (11, keys[1])]
    assert oldest == [(11, keys[1]), (12, keys[2])]
    assert await storage.write(lambda uow: uow.bookmarks.remove(ada.id, keys[0]))
    assert not await storage.write(lambda uow: uow.bookmarks.remove(ada.id, keys[0]))
    among = await storage.read(lambda uow: uow.bookmarks.among(ada.id, [*keys, PostKey(5)]))
    assert among == set(keys[1:])
    assert await storage.read(lambda uow: uow.bookmarks.among(NOBODY, keys)) == set()


async def test_pins_count_what_is_published(storage: Storage) -> None:
    world, ada, posts = await written(storage)

    def pin(uow: UnitOfWork) -> list[bool]:
        return [uow.profile_pins.add(ada.id, post.id, at=world.tick()) for post in posts]

    assert await storage.write(pin) == [True] * 3
    assert await storage.write(pin) == [False] * 3
    await storage.write(
        lambda uow: uow.posts.set_state(posts[0].id, PostState.WITHDRAWN, at=world.now)
    )

    assert await storage.read(lambda uow: uow.profile_pins.count(ada.id)) == 2
    shown = await storage.read(lambda uow: uow.profile_pins.of(ada.id))
    assert [post.id for post in shown] == [posts[2].id, posts[1].id]
    assert not await storage.write(lambda uow: uow.profile_pins.remove(NOBODY, posts[1].id))
    assert await storage.write(lambda uow: uow.profile_pins.remove(ada.id, posts[1].id))
    among = await storage.read(
        lambda uow: uow.profile_pins.among(ada.id, [posts[1].id, posts[2].id])
    )
    assert among == {posts[2].id}


async def test_threads_are_muted_by_each_for_themselves(storage: Storage) -> None:
    world, ada, posts = await written(storage)
    ben = await storage.write(world.person, "ben")
    root = posts[0].id

    assert await storage.write(lambda uow: uow.thread_mutes.add(ben.id, root))
    assert not await storage.write(lambda uow: uow.thread_mutes.add(ben.id, root))
    assert await storage.read(lambda uow: uow.thread_mutes.muting(root)) == {ben.id}
    assert await storage.read(lambda uow: uow.thread_mutes.among(ada.id, [root])) == set()
    assert await storage.read(lambda uow: uow.thread_mutes.among(ben.id, [root])) == {root}
    assert await storage.write(lambda uow: uow.thread_mutes.remove(ben.id, root))
    assert not await storage.write(lambda uow: uow.thread_mutes.remove(ben.id, root))


async def test_scheduled_posts_are_counted_for_a_time(storage: Storage) -> None:
    _world, ada, _posts = await written(storage)

    def fill(uow: UnitOfWork) -> None:
        for number in (1, 2, 3):
            at = LATER + timedelta(days=number)
            uow.scheduled.add(ScheduledPost(id=number, person_id=ada.id, at=at, params=b"{}"))

    await storage.write(fill)
    begin, end = LATER + timedelta(days=2), LATER + timedelta(days=3)

    assert await storage.read(lambda uow: uow.scheduled.count(ada.id)) == 3
    assert await storage.read(lambda uow: uow.scheduled.count(ada.id, begin=begin, end=end)) == 1
    assert await storage.write(lambda uow: uow.scheduled.move(3, ada.id, at=begin))
    assert not await storage.write(lambda uow: uow.scheduled.move(3, NOBODY, at=begin))
    assert await storage.read(lambda uow: uow.scheduled.count(ada.id, begin=begin, end=end)) == 2
    assert await storage.read(lambda uow: uow.scheduled.find(3, NOBODY)) is None
    found = await storage.read(lambda uow: uow.scheduled.get(3))
    assert found is not None
    assert found.at == begin
    page = await storage.read(
        lambda uow: uow.scheduled.page(ada.id, after=0, before=3, most=5, forward=True)
    )
    assert [one.id for one in page] == [1, 2]
    assert await storage.write(lambda uow: uow.scheduled.remove(1))
    assert not await storage.write(lambda uow: uow.scheduled.remove(1))


async def test_a_key_means_what_it_made_until_its_end(storage: Storage) -> None:
    _world, ada, posts = await written(storage)

    def put(uow: UnitOfWork, result_id: int) -> None:
        uow.idempotency_keys.put(7, b"k", person_id=ada.id, result_id=result_id, until=LATER)

    await storage.write(put, posts[0].id)
    before, after = LATER - timedelta(seconds=1), LATER

    assert await storage.read(lambda uow: uow.idempotency_keys.find(7, b"k", before)) == posts[0].id
    assert await storage.read(lambda uow: uow.idempotency_keys.find(7, b"k", after)) is None
    assert await storage.read(lambda uow: uow.idempotency_keys.find(8, b"k", before)) is None
    await storage.write(put, posts[1].id)
    assert await storage.read(lambda uow: uow.idempotency_keys.find(7, b"k", before)) == posts[1].id


async def test_old_keys_and_what_could_not_be_published_are_swept(storage: Storage) -> None:
    _world, ada, posts = await written(storage)

    def fill(uow: UnitOfWork) -> None:
        for number, age in ((1, timedelta(0)), (2, UNPUBLISHED_KEPT + timedelta(seconds=1))):
            scheduled = ScheduledPost(id=number, person_id=ada.id, at=LATER - age, params=b"{}")
            uow.scheduled.add(scheduled)
        for key, until in ((b"old", LATER - timedelta(seconds=1)), (b"young", LATER)):
            uow.idempotency_keys.put(7, key, person_id=ada.id, result_id=posts[0].id, until=until)

    await storage.write(fill)
    for what in (Prunable.SCHEDULED, Prunable.IDEMPOTENCY_KEYS):
        assert await storage.write(maintenance.prune, what, to_ms(LATER)) == 1

    assert await storage.read(lambda uow: uow.scheduled.get(1)) is not None
    young = await storage.read(
        lambda uow: uow.idempotency_keys.find(7, b"young", LATER - timedelta(seconds=1))
    )
    assert young == posts[0].id
