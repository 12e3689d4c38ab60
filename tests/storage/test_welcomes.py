"""One-time links: used once, until they expire, one for each account; and what they change."""

from datetime import UTC, datetime, timedelta

import pytest

from communities.people import ActorKey, Appearance
from storage import maintenance
from storage.maintenance import Prunable
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=7)
FIRST, SECOND = b"1" * 32, b"2" * 32


@pytest.fixture
async def ada(storage: Storage) -> ActorKey:
    def found(uow: UnitOfWork) -> ActorKey:
        ada = World().person(uow, "ada").id
        uow.welcomes.put(ada, FIRST, until=UNTIL)
        return ada

    return await storage.write(found)


async def test_a_link_is_used_once(storage: Storage, ada: ActorKey) -> None:
    found = await storage.read(lambda uow: uow.welcomes.find(FIRST, NOW))
    used = [await storage.write(lambda uow: uow.welcomes.use(FIRST, NOW)) for _ in range(2)]

    assert found == ada
    assert used == [ada, None]


async def test_a_link_stands_when_what_it_was_for_fails(storage: Storage, ada: ActorKey) -> None:
    def fail(uow: UnitOfWork) -> None:
        uow.welcomes.use(FIRST, NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await storage.write(fail)

    assert await storage.read(lambda uow: uow.welcomes.find(FIRST, NOW)) == ada


async def test_a_link_works_until_its_time(storage: Storage, ada: ActorKey) -> None:
    last = UNTIL - timedelta(milliseconds=1)

    assert await storage.read(lambda uow: uow.welcomes.find(FIRST, last)) == ada
    assert await storage.read(lambda uow: uow.welcomes.find(FIRST, UNTIL)) is None
    assert await storage.write(lambda uow: uow.welcomes.use(FIRST, UNTIL)) is None


async def test_a_new_link_ends_the_one_before(storage: Storage, ada: ActorKey) -> None:
    await storage.write(lambda uow: uow.welcomes.put(ada, SECOND, until=UNTIL))

    assert await storage.read(lambda uow: uow.welcomes.find(FIRST, NOW)) is None
    assert await storage.read(lambda uow: uow.welcomes.find(SECOND, NOW)) == ada


async def test_expired_links_are_dropped(storage: Storage, ada: ActorKey) -> None:
    early = await storage.write(maintenance.prune, Prunable.WELCOMES, to_ms(UNTIL))
    late = await storage.write(maintenance.prune, Prunable.WELCOMES, to_ms(UNTIL) + 1)

    assert (early, late) == (0, 1)


async def test_how_a_person_appears_is_replaced(storage: Storage, ada: ActorKey) -> None:
    wanted = Appearance(name="Ada B.", about="*Bees*", about_html="<p>Bees</p>", discoverable=False)

    def change(uow: UnitOfWork) -> tuple[str, str]:
        before = uow.people.get(ada)
        uow.people.set_appearance(ada, wanted)
        after = uow.people.get(ada)
        assert before is not None
        assert after is not None
        return before.name, after.name

    names = await storage.write(change)
    profile = await storage.read(lambda uow: uow.actors.get(ada))

    assert names == ("Ada", "Ada B.")
    assert profile is not None
    assert (profile.summary_source, profile.summary_html) == ("*Bees*", "<p>Bees</p>")
    assert not profile.discoverable
