"""What people settle for themselves, on both databases."""

from datetime import timedelta

import pytest

from communities.people import Person
from communities.ties import (
    USUAL,
    DefaultVisibility,
    ExpandMedia,
    FollowOptions,
    Mute,
    Preferences,
    QuotePolicy,
)
from storage.maintenance import Prunable, prune
from storage.pages import Window
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


async def people(storage: Storage, world: World, *names: str) -> list[Person]:
    return [await storage.write(world.person, name) for name in names]


async def test_a_mute_counts_until_its_time_and_is_kept_until_it_is_swept(
    storage: Storage, world: World
) -> None:
    ada, ben, cyd = await people(storage, world, "ada", "ben", "cyd")
    now = world.tick()

    def mute(uow: UnitOfWork) -> None:
        uow.mutes.put(ada.id, Mute(target_id=ben.id, until=now + HOUR), key=1)
        uow.mutes.put(ada.id, Mute(target_id=cyd.id, hide_notifications=False), key=2)

    await storage.write(mute)

    def found(uow: UnitOfWork) -> None:
        assert uow.mutes.of(ada.id, now) == {ben.id, cyd.id}
        assert uow.mutes.of(ada.id, now + HOUR) == {cyd.id}
        assert uow.mutes.silenced(ada.id, now) == {ben.id}
        assert uow.mutes.page(ada.id, now, Window()) == [(cyd.id, 2), (ben.id, 1)]
        assert uow.mutes.page(ada.id, now + HOUR, Window(after=0, forward=True)) == [(cyd.id, 2)]
        assert uow.mutes.of(ben.id, now) == frozenset()

    await storage.read(found)


async def test_a_mute_that_is_changed_keeps_its_place(storage: Storage, world: World) -> None:
    ada, ben = await people(storage, world, "ada", "ben")

    def change(uow: UnitOfWork) -> None:
        uow.mutes.put(ada.id, Mute(target_id=ben.id), key=1)
        uow.mutes.put(ada.id, Mute(target_id=ben.id, hide_notifications=False), key=2)
        assert uow.mutes.page(ada.id, world.now, Window()) == [(ben.id, 1)]
        assert uow.mutes.silenced(ada.id, world.now) == frozenset()
        assert uow.mutes.drop(ada.id, ben.id)
        assert not uow.mutes.drop(ada.id, ben.id)

    await storage.write(change)


async def test_only_unusual_options_of_a_follow_are_kept(storage: Storage, world: World) -> None:
    ada, ben = await people(storage, world, "ada", "ben")
    wanted = FollowOptions(show_reblogs=False, notify=True, languages=("nl", "nds"))

    def change(uow: UnitOfWork) -> None:
        uow.follow_options.put(ada.id, ben.id, wanted)
        assert uow.follow_options.of(ada.id) == {ben.id: wanted}
        assert uow.follow_options.get(ada.id, ben.id) == wanted
        assert uow.follow_options.to_notify(ben.id) == [ada.id]
        uow.follow_options.put(ada.id, ben.id, USUAL)
        assert uow.follow_options.of(ada.id) == {}
        assert uow.follow_options.get(ada.id, ben.id) == USUAL
        assert uow.follow_options.to_notify(ben.id) == []

    await storage.write(change)


async def test_hosts_and_endorsements_are_listed_newest_first_and_once(
    storage: Storage, world: World
) -> None:
    ada, ben, cyd = await people(storage, world, "ada", "ben", "cyd")

    def change(uow: UnitOfWork) -> None:
        assert uow.domain_blocks.put(ada.id, "a.example", key=1)
        assert uow.domain_blocks.put(ada.id, "b.example", key=2)
        assert not uow.domain_blocks.put(ada.id, "a.example", key=3)
        assert uow.domain_blocks.page(ada.id, Window()) == [("b.example", 2), ("a.example", 1)]
        assert uow.domain_blocks.count(ada.id) == 2
        assert uow.domain_blocks.drop(ada.id, "a.example")
        assert uow.domain_blocks.of(ada.id) == {"b.example"}
        uow.endorsements.put(ada.id, ben.id, key=1)
        uow.endorsements.put(ada.id, cyd.id, key=2)
        uow.endorsements.put(ada.id, ben.id, key=3)
        assert uow.endorsements.page(ada.id, Window(most=1)) == [(cyd.id, 2)]
        assert uow.endorsements.page(ada.id, Window(before=2)) == [(ben.id, 1)]
        assert uow.endorsements.drop(ada.id, cyd.id)
        assert uow.endorsements.count(ada.id) == 1

    await storage.write(change)


async def test_preferences_are_usual_until_they_are_set(storage: Storage, world: World) -> None:
    (ada,) = await people(storage, world, "ada")
    wanted = Preferences(
        visibility=DefaultVisibility.PRIVATE,
        sensitive=True,
        language="nds",
        quote_policy=QuotePolicy.NOBODY,
        expand_media=ExpandMedia.HIDE_ALL,
        expand_spoilers=True,
        autoplay_gifs=True,
    )

    def change(uow: UnitOfWork) -> None:
        assert uow.preferences.of(ada.id) == Preferences()
        uow.preferences.put(ada.id, Preferences(language="nl"))
        uow.preferences.put(ada.id, wanted)
        assert uow.preferences.of(ada.id) == wanted

    await storage.write(change)


async def test_what_a_person_settled_goes_with_them(storage: Storage, world: World) -> None:
    ada, ben = await people(storage, world, "ada", "ben")
    tables = (
        "mutes", "follow_options", "account_notes", "endorsements", "domain_blocks", "preferences"
    )  # fmt: skip

    def change(uow: UnitOfWork) -> list[int]:
        uow.mutes.put(ada.id, Mute(target_id=ben.id), key=1)
        uow.follow_options.put(ada.id, ben.id, FollowOptions(notify=True))
        uow.account_notes.put(ada.id, ben.id, "met at the market")
        uow.endorsements.put(ada.id, ben.id, key=1)
        uow.domain_blocks.put(ada.id, "a.example", key=1)
        uow.preferences.put(ada.id, Preferences())
        uow.connection.run_text(f"DELETE FROM actors WHERE id = {ada.id}")
        return [
            int(uow.connection.run_text(f"SELECT count(*) FROM {table}")[0][0]) for table in tables
        ]

    assert await storage.write(change) == [0] * len(tables)


async def test_the_directory_is_read_for_somebody_and_for_nobody(
    storage: Storage, world: World
) -> None:
    ada, ben = await people(storage, world, "ada", "ben")

    def change(uow: UnitOfWork) -> None:
        world.post(uow, ada)
        uow.mutes.put(ada.id, Mute(target_id=ben.id, until=world.now + HOUR), key=1)
        for viewer, expected in ((None, [ben.id, ada.id]), (ada.id, [ada.id])):
            for local in (True, False):
                found = uow.listed_accounts.page(
                    viewer, world.now, by_age=True, local=local, skip=0, most=9
                )
                assert found == expected
                found = uow.listed_accounts.page(
                    viewer, world.now, by_age=False, local=local, skip=0, most=9
                )
                assert found == [ada.id]

    await storage.write(change)


async def test_mutes_that_have_run_out_are_swept(storage: Storage, world: World) -> None:
    ada, ben, cyd, dan = await people(storage, world, "ada", "ben", "cyd", "dan")
    now = world.tick()

    def change(uow: UnitOfWork) -> None:
        uow.mutes.put(ada.id, Mute(target_id=ben.id, until=now - HOUR), key=1)
        uow.mutes.put(ada.id, Mute(target_id=cyd.id, until=now + HOUR), key=2)
        uow.mutes.put(ada.id, Mute(target_id=dan.id), key=3)
        assert prune(uow, Prunable.MUTES, to_ms(now)) == 1
        assert uow.mutes.of(ada.id, now - 2 * HOUR) == {cyd.id, dan.id}

    await storage.write(change)
