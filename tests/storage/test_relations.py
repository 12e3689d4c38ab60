"""Ties between actors, and lists of who follows whom, on both databases."""

from datetime import timedelta

import pytest

from communities.community import CommunityVisibility
from communities.membership import MembershipState
from communities.people import ActorState, FollowState, Person
from communities.ties import (
    NO_TIE,
    FollowOptions,
    Mute,
    Tie,
)
from communities.visibility import can_see_community
from storage.pages import Window
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World
from tests.support.statement_count import counting

HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


async def people(storage: Storage, world: World, *names: str) -> list[Person]:
    return [await storage.write(world.person, name) for name in names]


async def test_every_kind_of_tie_is_told(storage: Storage, world: World) -> None:
    ada, ben, cyd, dan = await people(storage, world, "ada", "ben", "cyd", "dan")
    far = await storage.write(world.remote_person, "eve", "far.example")
    bees = await storage.write(world.community, "bees")
    hive = await storage.write(world.community, "hive")
    ants = await storage.write(world.community, "ants")
    now = world.tick()

    def change(uow: UnitOfWork) -> None:
        world.follow(uow, ada, ben)
        world.follow(uow, ben, ada, FollowState.REQUESTED)
        world.follow(uow, ada, cyd, FollowState.REQUESTED)
        world.follow(uow, cyd, ada)
        uow.people.set_blocked(ada.id, dan.id, blocked=True, uri="https://a/1", at=now)
        uow.people.set_blocked(dan.id, ada.id, blocked=True, uri="https://a/2", at=now)
        world.member(uow, bees, ada)
        world.member(uow, hive, ada, state=MembershipState.REQUESTED)
        world.member(uow, ants, ada, state=MembershipState.BANNED)
        uow.follow_options.put(ada.id, ben.id, FollowOptions(notify=True))
        uow.mutes.put(ada.id, Mute(target_id=ben.id, until=now + HOUR), key=1)
        uow.mutes.put(ada.id, Mute(target_id=cyd.id, until=now), key=2)
        uow.account_notes.put(ada.id, ben.id, "met at the market")
        uow.endorsements.put(ada.id, ben.id, key=1)
        uow.domain_blocks.put(ada.id, "far.example", key=1)

    await storage.write(change)
    everyone = [ben.id, cyd.id, dan.id, far.id, bees.id, hive.id, ants.id]
    ties = await storage.read(lambda uow: uow.relations.between(ada.id, everyone, now))

    assert ties == {
        ben.id: Tie(
            following=True,
            requested_by=True,
            options=FollowOptions(notify=True),
            mute=Mute(target_id=ben.id, until=now + HOUR),
            endorsed=True,
            note="met at the market",
        ),
        cyd.id: Tie(requested=True, followed_by=True),
        dan.id: Tie(blocking=True, blocked_by=True),
        far.id: Tie(blocks_host=True),
        bees.id: Tie(following=True),
        hive.id: Tie(requested=True),
        ants.id: Tie(blocked_by=True),
    }


async def test_a_community_sees_its_members_as_followers(storage: Storage, world: World) -> None:
    ada, ben, cyd = await people(storage, world, "ada", "ben", "cyd")
    bees = await storage.write(world.community, "bees")

    def change(uow: UnitOfWork) -> None:
        world.member(uow, bees, ada)
        world.member(uow, bees, ben, state=MembershipState.REQUESTED)
        world.member(uow, bees, cyd, state=MembershipState.BANNED)

    await storage.write(change)
    keys = [ada.id, ben.id, cyd.id, bees.id]
    ties = await storage.read(lambda uow: uow.relations.between(bees.id, keys, world.now))

    assert ties == {
        ada.id: Tie(followed_by=True),
        ben.id: Tie(requested_by=True),
        cyd.id: Tie(blocking=True),
        bees.id: NO_TIE,
    }


async def test_ties_to_many_are_read_by_one_statement(
    storage: Storage, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = await people(storage, world, *(f"p{number}" for number in range(40)))
    count = counting(monkeypatch)

    keys = [person.id for person in everyone]
    ties = await storage.read(lambda uow: uow.relations.between(keys[0], keys, world.now))

    assert len(ties) == 40
    assert count() == 1


async def test_followers_of_one_moment_are_paged_without_gap_or_repetition(
    storage: Storage, world: World
) -> None:
    ada = await storage.write(world.person, "ada")
    everyone = await people(storage, world, *(f"p{number}" for number in range(7)))
    at_once = world.tick()

    def follow(uow: UnitOfWork) -> None:
        for person in everyone:
            world.follow(uow, person, ada)
            world.now = at_once

    await storage.write(follow)

    def walk(uow: UnitOfWork) -> list[int]:
        seen: list[int] = []
        window = Window(most=2)
        while page := uow.relations.followers(ada.id, window):
            seen += [key for key, _place in page]
            window = Window(most=2, before=page[-1][1])
        back: list[int] = []
        window = Window(most=2, forward=True)
        while page := uow.relations.followers(ada.id, window):
            back += [key for key, _place in page]
            window = Window(most=2, after=page[-1][1], forward=True)
        assert back == seen[::-1]
        return seen

    seen = await storage.read(walk)

    assert sorted(seen) == [person.id for person in everyone]


async def test_whom_someone_follows_holds_communities_where_that_is_wanted(
    storage: Storage, world: World
) -> None:
    ada, ben, cyd = await people(storage, world, "ada", "ben", "cyd")
    bees = await storage.write(world.community, "bees")
    hive = await storage.write(world.community, "hive")

    def change(uow: UnitOfWork) -> None:
        world.follow(uow, ada, ben)
        world.member(uow, bees, ada)
        world.follow(uow, ada, cyd, FollowState.REQUESTED)
        world.member(uow, hive, ada, state=MembershipState.REQUESTED)

    await storage.write(change)

    def keys(uow: UnitOfWork, *, with_communities: bool) -> list[int]:
        found = uow.relations.following(ada.id, Window(), with_communities=with_communities)
        return [key for key, _place in found]

    assert await storage.read(lambda uow: keys(uow, with_communities=True)) == [bees.id, ben.id]
    assert await storage.read(lambda uow: keys(uow, with_communities=False)) == [ben.id]


async def test_who_waits_is_counted_and_listed_apart_from_who_follows(
    storage: Storage, world: World
) -> None:
    ada, ben, cyd = await people(storage, world, "ada", "ben", "cyd")
    bees = await storage.write(world.community, "bees")

    def change(uow: UnitOfWork) -> None:
        world.follow(uow, ben, ada, FollowState.REQUESTED)
        world.follow(uow, cyd, ada)
        world.member(uow, bees, ben, state=MembershipState.REQUESTED)
        world.member(uow, bees, cyd)

    await storage.write(change)

    def found(uow: UnitOfWork) -> None:
        window = Window()
        assert [key for key, _ in uow.relations.requests(ada.id, window)] == [ben.id]
        assert [key for key, _ in uow.relations.followers(ada.id, window)] == [cyd.id]
        assert [key for key, _ in uow.relations.candidates(bees.id, window)] == [ben.id]
        assert [key for key, _ in uow.relations.members(bees.id, window)] == [cyd.id]
        assert uow.relations.count_waiting(ada.id, is_community=False) == 1
        assert uow.relations.count_waiting(bees.id, is_community=True) == 1

    await storage.read(found)


async def test_followers_whom_one_knows_are_those_one_follows(
    storage: Storage, world: World
) -> None:
    ada, ben, cyd, dan = await people(storage, world, "ada", "ben", "cyd", "dan")

    def change(uow: UnitOfWork) -> None:
        world.follow(uow, ada, ben)
        world.follow(uow, ben, dan)
        world.follow(uow, cyd, dan)
        world.follow(uow, ada, cyd, FollowState.REQUESTED)

    await storage.write(change)

    assert await storage.read(lambda uow: uow.relations.familiar(ada.id, [dan.id])) == [
        (dan.id, ben.id)
    ]


async def test_blocks_are_listed_newest_first(storage: Storage, world: World) -> None:
    ada, ben, cyd = await people(storage, world, "ada", "ben", "cyd")

    def change(uow: UnitOfWork) -> None:
        for whom in (ben, cyd):
            uow.people.set_blocked(
                ada.id, whom.id, blocked=True, uri=f"https://a/{whom.id}", at=world.tick()
            )
        assert [key for key, _place in uow.blocks.page(ada.id, Window())] == [cyd.id, ben.id]
        assert uow.blocks.of(ada.id) == {ben.id, cyd.id}

    await storage.write(change)


@pytest.mark.parametrize("visibility", CommunityVisibility)
@pytest.mark.parametrize("state", MembershipState)
@pytest.mark.parametrize("held", [ActorState.ACTIVE, ActorState.SUSPENDED, ActorState.DELETED])
async def test_who_may_know_of_a_community_is_as_the_rules_say(
    sqlite_storage: Storage,
    world: World,
    visibility: CommunityVisibility,
    state: MembershipState,
    held: ActorState,
) -> None:
    ada = await sqlite_storage.write(world.person, "ada")

    def change(uow: UnitOfWork) -> None:
        bees = world.community(uow, "bees", visibility=visibility, state=held)
        if state is not MembershipState.NONE:
            world.member(uow, bees, ada, state=state)
        membership = uow.memberships.get(bees.id, ada.id)
        may_know = can_see_community(bees, membership, world.now)
        assert uow.relations.known(ada.id, [bees.id]) == ([bees.id] if may_know else [])
        has_tie = bees.id in uow.relations.between(ada.id, [bees.id], world.now)
        assert has_tie or not may_know
        anyone = can_see_community(bees, None, world.now)
        assert uow.relations.known(None, [bees.id]) == ([bees.id] if anyone else [])

    await sqlite_storage.write(change)


async def test_a_community_knows_of_itself_and_a_deleted_person_is_known_to_nobody(
    storage: Storage, world: World
) -> None:
    ada, ben = await people(storage, world, "ada", "ben")

    def change(uow: UnitOfWork) -> None:
        hive = world.community(uow, "hive", visibility=CommunityVisibility.SECRET)
        uow.people.set_state(ben.id, ActorState.DELETED)
        assert uow.relations.known(hive.id, [hive.id, ada.id, ben.id]) == [hive.id, ada.id]
        assert uow.relations.known(None, [ada.id, hive.id, ben.id]) == [ada.id]
        assert uow.relations.between(hive.id, [hive.id], world.now) == {hive.id: NO_TIE}
        assert uow.relations.between(ada.id, [hive.id], world.now) == {}

    await storage.write(change)
