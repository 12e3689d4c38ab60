"""Trends and suggestions on both databases: the same counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities.people import ActorKey, Person
from communities.posts import PostContent, Reaction, ReactionKind
from storage.store import Storage
from storage.tags import Use
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


@pytest.fixture
def world() -> World:
    return World()


def listed(uow: UnitOfWork, world: World, name: str) -> Person:
    person = world.person(uow, name)
    profile = uow.actors.get(person.id)
    assert profile is not None
    uow.actors.put(replace(profile, discoverable=True))
    return person


async def test_what_is_talked_about_is_counted(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada, bob = (listed(uow, world, name) for name in ("ada", "bob"))
        content = PostContent(title="Bees", link="https://bees.example/", hashtags=("Bees",))
        first = world.post(uow, ada, content=content)
        second = world.post(uow, bob, content=replace(content, title="Bees again"))
        uow.reactions.put(
            Reaction(
                actor_id=bob.id,
                post_id=first.id,
                kind=ReactionKind.LIKE,
                uri="https://a.example/1",
                at=world.now,
            )
        )
        since = world.now - timedelta(days=1)
        assert uow.trends.posts(since, most=5) == [first.id]
        assert uow.trends.tags(since, most=5) == ["bees"]
        (link,) = uow.trends.links(world.now, most=5)
        assert (link.url, link.title) == ("https://bees.example/", "Bees again")
        assert link.uses[0] == Use(day=world.now.date(), posts=2, people=2)
        assert uow.tags.history(["BEES"], world.now)["bees"][0] == link.uses[0]
        assert uow.tags.beginning("BE", most=5) == ["bees"]
        assert uow.tags.often_used_by(ada.id, since=since, most=5) == ["bees"]
        uow.tags.feature(7, ada.id, "Bees")
        (featured,) = uow.tags.featured(ada.id)
        assert (featured.posts, featured.last_on) == (1, world.now.date())
        assert second.id not in uow.trends.posts(since, most=5)

    await storage.write(write)


async def test_whom_a_person_may_like_is_found(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> list[tuple[ActorKey, str, int]]:
        ada, bob, eve = (listed(uow, world, name) for name in ("ada", "bob", "eve"))
        bees, wax = (world.community(uow, name) for name in ("bees", "wax"))
        for community in (bees, wax):
            profile = uow.actors.get(community.id)
            assert profile is not None
            uow.actors.put(replace(profile, discoverable=True))
            world.member(uow, community, bob)
        world.member(uow, bees, ada)
        world.follow(uow, ada, bob)
        world.follow(uow, bob, eve)
        found = uow.trends.suggestions(ada.id, [], most=5)
        assert [each.account_id for each in found] == [wax.id, eve.id]
        assert uow.trends.suggestions(ada.id, [eve.id], most=5) == found[:1]
        uow.trends.decline(ada.id, wax.id)
        uow.trends.decline(ada.id, wax.id)
        assert uow.trends.suggestions(ada.id, [], most=5) == found[1:]
        return [(each.account_id, each.source, each.number) for each in found]

    found = await storage.write(write)

    assert [number for _key, _source, number in found] == [1, 1]


async def test_weeks_and_peers_are_counted(storage: Storage, world: World) -> None:
    def write(uow: UnitOfWork) -> None:
        ada = listed(uow, world, "ada")
        world.post(uow, ada)
        weeks = uow.instance_facts.weeks(world.now)
        assert (weeks[0].posts, weeks[0].writers, weeks[0].newcomers) == (1, 1, 1)
        assert weeks[0].begins.weekday() == 0
        assert uow.instance_facts.oldest_person() == ada.id
        uow.peers.note_success("https://peer.example", at=world.now)
        uow.peers.ensure("https://peer.example", at=world.now)
        uow.peers.note_success("https://peer.example", at=world.now)
        assert uow.instance_facts.peers() == ["peer.example"]
        assert uow.instance_facts.peer_count() == 1

    await storage.write(write)
