"""People and communities found by how their names and handles begin."""

from dataclasses import replace

import pytest

from communities.people import ActorKey, ActorState, Person
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


@pytest.fixture
def world() -> World:
    return World()


async def names_found(storage: Storage, text: str, viewer: int = 0, **more: bool) -> list[str]:
    def find(uow: UnitOfWork) -> list[str]:
        keys = uow.actor_words.find(text, viewer=ActorKey(viewer), **more)
        profiles = uow.actors.many(keys)
        return [
            profiles[key].localpart + (f"@{profiles[key].host}" if profiles[key].host else "")
            for key in keys
        ]

    return await storage.read(find)


@pytest.fixture
async def town(storage: Storage, world: World) -> dict[str, Person]:
    def make(uow: UnitOfWork) -> dict[str, Person]:
        town = {name: world.person(uow, name) for name in ("ada", "adam", "bob_de_bouwer")}
        town["carl"] = world.remote_person(uow, "Ada", "far.example")
        profile = uow.actors.get(town["adam"].id)
        assert profile is not None
        uow.actors.put(replace(profile, name="Ádám Kovács 🐝"))
        world.community(uow, "adas")
        return town

    return await storage.write(make)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada", ["ada", "Ada@far.example", "adas", "adam"]),
        ("@ada", ["ada", "Ada@far.example", "adas", "adam"]),
        ("adam", ["adam"]),
        ("kovacs", ["adam"]),
        ("KOV", ["adam"]),
        ("adam kov", ["adam"]),
        ("kov ada", ["adam"]),
        ("bouw", ["bob_de_bouwer"]),
        ("bob_de", ["bob_de_bouwer"]),
        ("@bob_de_bouwer", ["bob_de_bouwer"]),
        ("ada@far", ["Ada@far.example"]),
        ("@Ada@far.example", ["Ada@far.example"]),
        ("ada@near", []),
        ("zed", []),
        ("", []),
        ("%", []),
        ("@", []),
        ("ada\0", ["ada", "Ada@far.example", "adas", "adam"]),
        ("ada@%", ["ada", "Ada@far.example", "adas", "adam"]),
        ("'; DROP TABLE actors", []),
    ],
)
async def test_accounts_are_found_by_how_their_names_begin(
    storage: Storage, town: dict[str, Person], text: str, found: list[str]
) -> None:
    assert await names_found(storage, text) == found


async def test_whom_one_follows_comes_first_or_alone(
    storage: Storage, world: World, town: dict[str, Person]
) -> None:
    bob = town["bob_de_bouwer"]
    await storage.write(world.follow, bob, town["adam"])

    found = await names_found(storage, "ad", bob.id)

    assert found[0] == "adam"
    assert await names_found(storage, "ad", bob.id, only_tied=True) == ["adam"]


async def test_who_is_suspended_is_not_found(storage: Storage, town: dict[str, Person]) -> None:
    await storage.write(lambda uow: uow.actors.set_state(town["adam"].id, ActorState.SUSPENDED))

    assert await names_found(storage, "adam") == []
