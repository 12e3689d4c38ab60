"""Pages are kept only while nothing happens, and for their own reader."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from communities.people import ActorKey, Person
from communities.ties import Mute
from node.mastodon.desk import Desk
from node.mastodon.kept_pages import Answer, KeptPages
from node.mastodon.paging import Around
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App
from tests.support.clock import Clock
from tests.support.factories import World

As = Callable[[Person | None], App]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Reading:
    """Counts how often a page is made; each time it is another one."""

    def __init__(self, kept: KeptPages) -> None:
        self.kept = kept
        self.made = 0

    def page(
        self, uow: UnitOfWork, viewer: int | None = 1, request: str = "/a", at: datetime = NOON
    ) -> bytes:
        def make() -> Answer:
            self.made += 1
            return Answer(b"x" * 10 + str(self.made).encode(), Around())

        viewer_id = None if viewer is None else ActorKey(viewer)
        return self.kept.read(uow, viewer_id, request, at, make).body


async def test_a_page_is_made_once_while_nothing_happens(storage: Storage) -> None:
    reading = Reading(KeptPages())

    pages = {await storage.read(reading.page) for _ in range(3)}

    assert len(pages) == reading.made == 1


async def test_any_change_makes_all_pages_anew(storage: Storage, world: World) -> None:
    reading = Reading(KeptPages())

    before = await storage.read(reading.page)
    await storage.write(world.person, "ada")
    after = await storage.read(reading.page)

    assert before != after


async def test_a_change_by_another_process_makes_pages_anew(storage: Storage, world: World) -> None:
    reading = Reading(KeptPages())
    other = Storage(storage.engine, threads=False, durable=False)

    before = await storage.read(reading.page)
    await other.write(world.person, "ada")
    await other.close()
    after = await storage.read(reading.page)

    assert before != after


async def test_a_page_is_for_one_reader_and_one_request(storage: Storage) -> None:
    reading = Reading(KeptPages())

    def read(uow: UnitOfWork) -> list[bytes]:
        return [
            reading.page(uow, 1, "/a"),
            reading.page(uow, 2, "/a"),
            reading.page(uow, None, "/a"),
            reading.page(uow, 1, "/a?limit=1"),
        ]

    assert len(set(await storage.read(read))) == 4


async def test_a_page_is_not_kept_for_long(storage: Storage) -> None:
    """Mutes and filters end without a change to the database."""
    reading = Reading(KeptPages())

    def read(uow: UnitOfWork) -> list[bytes]:
        moments = (NOON, NOON + timedelta(seconds=4), NOON + timedelta(seconds=6))
        return [reading.page(uow, at=at) for at in moments]

    first, second, third = await storage.read(read)

    assert first == second != third


async def test_of_too_much_what_was_not_asked_for_goes(storage: Storage) -> None:
    reading = Reading(KeptPages(most_bytes=25))

    def read(uow: UnitOfWork) -> None:
        for request in ("/a", "/b", "/a", "/c", "/a", "/b"):
            reading.page(uow, 1, request)

    await storage.read(read)

    assert reading.made == 4, "b had to make room for c"


async def test_a_timeline_changes_with_what_its_reader_does(
    desk: Desk, world: World, as_: As, clock: Clock
) -> None:
    ada = await desk.storage.write(world.person, "ada")
    bob = await desk.storage.write(world.person, "bob")
    await desk.storage.write(world.follow, ada, bob)
    await desk.storage.write(world.post, bob)
    app = as_(ada)
    mute = Mute(target_id=bob.id, until=desk.now() + timedelta(minutes=1))

    found = [len(await app.get("/api/v1/timelines/home"))]
    await desk.storage.write(lambda uow: uow.mutes.put(ada.id, mute, key=1))
    found.append(len(await app.get("/api/v1/timelines/home")))
    clock.advance(timedelta(minutes=2))
    found.append(len(await app.get("/api/v1/timelines/home")))

    assert found == [1, 0, 1]
