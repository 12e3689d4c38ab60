"""Lists, filters, markers, hashtags and announcements, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.filtering import Filter, FilterAction, FilterContext, FilteredPost, Keyword
from communities.lists import AccountList, RepliesPolicy
from storage.announcements import Announcement, Cheer
from storage.store import Storage
from storage.tables import metadata, reading
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World()


async def test_lists_keep_their_accounts(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
        friends = AccountList(id=7, person_id=ada.id, title="Friends")
        uow.lists.add(friends)
        changed = replace(
            friends, title="Family", replies_policy=RepliesPolicy.NONE, exclusive=True
        )
        uow.lists.update(changed)
        uow.lists.add_members(7, [bob.id, ada.id])
        uow.lists.add_members(7, [bob.id])
        assert uow.lists.get(ada.id, 7) == changed
        assert uow.lists.get(bob.id, 7) is None
        assert uow.lists.of_person(ada.id) == [changed]
        assert uow.lists.members(7) == [bob.id, ada.id]
        assert uow.lists.members(7, forward=True, most=1) == [ada.id]
        assert uow.lists.holding(ada.id, bob.id) == [changed]
        assert (uow.lists.count(ada.id), uow.lists.member_count(7)) == (1, 2)
        uow.lists.remove_members(7, [bob.id])
        assert uow.lists.members(7) == [ada.id]
        uow.lists.forget(ada.id, ada.id)
        assert uow.lists.members(7) == []
        uow.lists.remove(7)
        assert uow.lists.of_person(ada.id) == []

    await storage.write(write)


async def test_filters_come_back_as_they_were_kept(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada = world.person(uow, "ada")
        post = world.post(uow, ada)
        stored = Filter(
            id=1,
            person_id=ada.id,
            title="Football",
            contexts=frozenset({FilterContext.HOME, FilterContext.THREAD}),
            action=FilterAction.HIDE,
            until=NOW,
            keywords=(Keyword(id=2, word="goal", whole_word=True), Keyword(id=3, word="ball")),
        )
        assert uow.filters.for_person(ada.id) == ()
        uow.filters.add(stored)
        assert uow.filters.for_person(ada.id) == (stored,)
        named = FilteredPost(id=4, post_id=post.id)
        assert uow.filters.add_post(1, named)
        assert not uow.filters.add_post(1, replace(named, id=5))
        uow.filters.put_keyword(1, Keyword(id=3, word="balls"))
        uow.filters.remove_keyword(2)
        changed = replace(stored, until=None, action=FilterAction.BLUR)
        uow.filters.update(changed)
        assert uow.filters.for_person(ada.id) == (
            replace(changed, keywords=(Keyword(id=3, word="balls"),), posts=(named,)),
        )
        uow.filters.remove_post(4)
        uow.filters.remove(1)
        assert uow.filters.count(ada.id) == 0

    await storage.write(write)


async def test_markers_count_their_changes(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada = world.person(uow, "ada")
        for last in (5, 9):
            uow.markers.put(ada.id, "home", last, at=NOW)
        (marker,) = uow.markers.of_person(ada.id)
        assert (marker.last_read_id, marker.version, marker.at) == (9, 2, NOW)

    await storage.write(write)


async def test_hashtags_are_followed_whatever_their_case(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada = world.person(uow, "ada")
        for key, name in enumerate(("Bees", "BEES", "wax"), 1):
            uow.tags.follow(key, ada.id, name)
        window = {"before": 99, "after": 0, "most": 9}
        assert uow.tags.followed(ada.id, **window, forward=False) == [(3, "wax"), (1, "bees")]
        assert uow.tags.followed(ada.id, **window, forward=True)[0] == (1, "bees")
        assert uow.tags.followed_among(ada.id, ["bEEs", "honey"]) == {"bees"}
        uow.tags.unfollow(ada.id, "bees")
        assert uow.tags.followed_count(ada.id) == 1

    await storage.write(write)


async def test_announcements_are_shown_until_they_end(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
        one = Announcement(id=1, source="a", html="<p>a</p>", published_at=NOW)
        ended = replace(one, id=2, ends_at=NOW + timedelta(hours=1), all_day=True)
        for each in (one, ended):
            uow.announcements.add(each)
        uow.announcements.mark_read(1, ada.id)
        uow.announcements.cheer(1, ada.id, "🐝")
        uow.announcements.cheer(1, bob.id, "🐝")
        assert uow.announcements.shown(ada.id, NOW) == [(one, True), (ended, False)]
        assert uow.announcements.shown(bob.id, ended.ends_at or NOW) == [(one, False)]
        assert uow.announcements.cheers(ada.id) == {1: [Cheer(name="🐝", count=2, by_me=True)]}
        uow.announcements.take_back(1, ada.id, "🐝")
        assert uow.announcements.cheers(ada.id) == {1: [Cheer(name="🐝", count=1, by_me=False)]}
        assert uow.announcements.newest() == [ended, one]
        assert uow.announcements.remove(1)
        assert not uow.announcements.remove(1)

    await storage.write(write)


async def test_of_who_is_deleted_nothing_is_left(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> list[str]:
        ada = world.person(uow, "ada")
        uow.lists.add(AccountList(id=7, person_id=ada.id, title="Friends"))
        uow.lists.add_members(7, [ada.id])
        post = world.post(uow, ada)
        uow.filters.add(
            Filter(
                id=1,
                person_id=ada.id,
                title="x",
                contexts=frozenset({FilterContext.HOME}),
                keywords=(Keyword(id=2, word="x"),),
            )
        )
        uow.filters.add_post(1, FilteredPost(id=3, post_id=post.id))
        uow.markers.put(ada.id, "home", 5, at=NOW)
        uow.tags.follow(1, ada.id, "bees")
        uow.tags.feature(2, ada.id, "bees")
        uow.announcements.add(Announcement(id=1, source="a", html="a", published_at=NOW))
        uow.announcements.mark_read(1, ada.id)
        uow.announcements.cheer(1, ada.id, "🐝")
        uow.trends.decline(ada.id, ada.id)
        uow.conversations.note(post, [])
        tables = [
            name
            for name, table in metadata.tables.items()
            if vars(reading).get(name) is table and name != "announcements"
        ]
        assert all(uow.connection.run_text(f"SELECT 1 FROM {name}") for name in tables)
        uow.connection.run_text(f"DELETE FROM actors WHERE id = {ada.id}")
        return [name for name in tables if uow.connection.run_text(f"SELECT 1 FROM {name}")]

    assert await storage.write(write) == []
