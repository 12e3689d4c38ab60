"""Actors, people, follows, blocks, names and keys, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.errors import Invalid
from communities.people import ActorKey, ActorState, FollowState
from storage.actors import ProfileExtra
from storage.keys import SigningKey
from storage.names import NameKind
from storage.store import Storage
from tests.support.factories import World

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_person_is_read_back_as_stored(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")

    found = await storage.read(lambda uow: (uow.people.get(ada.id), uow.people.by_uri(ada.uri)))

    assert found == (ada, ada)
    assert ada.is_local
    assert ada.created_at == world.now


async def test_nobody_is_found_under_a_key_or_uri_that_is_not_there(storage: Storage) -> None:
    found = await storage.read(
        lambda uow: (
            uow.people.get(ActorKey(7)),
            uow.people.by_uri("https://x.example/u/1"),
            uow.actors.key_of("https://x.example/u/1"),
            uow.actors.by_name("ada", None),
            uow.actors.many([]),
        )
    )

    assert found == (None, None, None, None, {})


async def test_a_handle_finds_local_and_remote_apart(storage: Storage, world: World) -> None:
    here = await storage.write(world.person, "ada")
    there = await storage.write(world.remote_person, "ada")

    local, remote = await storage.read(
        lambda uow: (uow.actors.by_name("ada", None), uow.actors.by_name("ada", "peer.example"))
    )

    assert local is not None
    assert local.id == here.id
    assert remote is not None
    assert remote.id == there.id


async def test_profiles_are_read_in_one_go(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")

    found = await storage.read(lambda uow: uow.actors.many([ada.id, bob.id, ActorKey(1)]))

    assert set(found) == {ada.id, bob.id}
    assert found[bob.id].delivery_inbox == "https://peer.example/inbox"


async def test_a_refetched_profile_keeps_its_key_and_the_state_we_gave_it(
    storage: Storage, world: World
) -> None:
    bob = await storage.write(world.remote_person, "bob")
    await storage.write(lambda uow: uow.people.set_state(bob.id, ActorState.SUSPENDED))
    known = await storage.read(lambda uow: uow.actors.get(bob.id))
    assert known is not None
    extra = ProfileExtra(fields=(("Web", "bob.example"),), also_known_as=("https://a.example/u",))
    fetched = replace(
        known,
        id=ActorKey(99),
        localpart="robert",
        name="Robert",
        extra=extra,
        state=ActorState.ACTIVE,
        fetched_at=NOON,
    )

    stored = await storage.write(lambda uow: uow.actors.put(fetched))

    assert stored == replace(
        known, name="Robert", extra=extra, fetched_at=NOON, state=ActorState.SUSPENDED
    )


async def test_a_key_is_never_given_to_a_second_actor(storage: Storage, world: World) -> None:
    bob = await storage.write(world.remote_person, "bob")
    profile = await storage.read(lambda uow: uow.actors.get(bob.id))
    assert profile is not None
    other = replace(profile, uri="https://other.example/u/eve")

    with pytest.raises(ValueError, match="belongs to another actor"):
        await storage.write(lambda uow: uow.actors.put(other))

    assert await storage.read(lambda uow: uow.actors.key_of(other.uri)) is None


async def test_a_moved_actor_remembers_where_to(storage: Storage, world: World) -> None:
    bob = await storage.write(world.remote_person, "bob")

    await storage.write(
        lambda uow: uow.actors.set_state(
            bob.id, ActorState.MOVED, moved_to="https://new.example/u/bob"
        )
    )

    found = await storage.read(lambda uow: uow.actors.get(bob.id))
    assert found is not None
    assert (found.state, found.moved_to) == (ActorState.MOVED, "https://new.example/u/bob")


async def test_a_block_is_set_once_and_lifted_once(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")

    async def set_blocked(*, blocked: bool) -> bool:
        return await storage.write(
            lambda uow: uow.people.set_blocked(ada.id, bob.id, blocked=blocked, uri="b", at=NOON)
        )

    assert [await set_blocked(blocked=True), await set_blocked(blocked=True)] == [True, False]
    assert await storage.read(lambda uow: uow.people.has_blocked(ada.id, bob.id))
    assert not await storage.read(lambda uow: uow.people.has_blocked(bob.id, ada.id))
    assert [await set_blocked(blocked=False), await set_blocked(blocked=False)] == [True, False]


async def test_a_follow_is_replaced_and_ended(storage: Storage, world: World) -> None:
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")
    asked = await storage.write(
        lambda uow: world.follow(uow, ada, bob, state=FollowState.REQUESTED)
    )
    accepted = replace(asked, state=FollowState.ACCEPTED)

    await storage.write(lambda uow: uow.people.put_follow(accepted))

    assert await storage.read(lambda uow: uow.people.follow(ada.id, bob.id)) == accepted
    assert await storage.write(lambda uow: uow.people.end_follow(ada.id, bob.id))
    assert not await storage.write(lambda uow: uow.people.end_follow(ada.id, bob.id))
    assert await storage.read(lambda uow: uow.people.follow(ada.id, bob.id)) is None


async def test_followers_of_a_peer_count_once_they_are_accepted(
    storage: Storage, world: World
) -> None:
    ada = await storage.write(world.person, "ada")
    bob = await storage.write(world.remote_person, "bob")
    await storage.write(lambda uow: world.follow(uow, bob, ada, state=FollowState.REQUESTED))

    async def has_follower(host: str) -> bool:
        return await storage.read(lambda uow: uow.people.has_follower_at(ada.id, host))

    before = await has_follower("peer.example")
    await storage.write(world.follow, bob, ada)

    assert not before
    assert await has_follower("peer.example")
    assert not await has_follower("other.example")
    assert await storage.read(lambda uow: uow.directory.followers(ada.id)) == 1
    assert await storage.read(lambda uow: uow.directory.following(bob.id)) == 1


async def test_a_name_is_claimed_once_and_for_ever(storage: Storage) -> None:
    ada, bob = ActorKey(1), ActorKey(2)

    first = await storage.write(lambda uow: uow.names.claim("ada", NameKind.PERSON, ada))
    second = await storage.write(lambda uow: uow.names.claim("ada", NameKind.COMMUNITY, bob))
    retired = await storage.write(lambda uow: uow.names.retire("ada", at=NOON))
    third = await storage.write(lambda uow: uow.names.claim("ada", NameKind.PERSON, ada))

    assert (first, second, retired, third) == (True, False, True, False)
    found = await storage.read(lambda uow: uow.names.find("ada"))
    assert found is not None
    assert (found.owner_id, found.kind, found.retired_at) == (ada, NameKind.PERSON, NOON)
    assert not await storage.write(lambda uow: uow.names.retire("ada", at=NOON))


@pytest.mark.parametrize(
    "localpart",
    ["", "Ada", "_ada", "a" * 31, "a-b", "a.b", "a b", "ad\u00e4", "ada\n", "\u0430da", "a/b"],
)
async def test_a_name_outside_the_grammar_is_refused(
    sqlite_storage: Storage, localpart: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await sqlite_storage.write(
            lambda uow: uow.names.claim(localpart, NameKind.PERSON, ActorKey(1))
        )

    assert refusal.value.field == "localpart"


async def test_a_name_with_a_leading_underscore_is_the_nodes_alone(
    sqlite_storage: Storage,
) -> None:
    claimed = await sqlite_storage.write(
        lambda uow: uow.names.claim("_node", NameKind.NODE, ActorKey(1))
    )

    assert claimed
    with pytest.raises(Invalid):
        await sqlite_storage.write(lambda uow: uow.names.claim("node", NameKind.NODE, ActorKey(1)))


async def test_keys_of_an_actor_are_what_its_document_holds_now(
    storage: Storage, world: World
) -> None:
    bob = await storage.write(world.remote_person, "bob")
    first, second = f"{bob.uri}#main-key", f"{bob.uri}#second"
    await storage.write(
        lambda uow: uow.keys.replace(bob.id, [(first, "PEM 1"), (second, "z6Mk")], fetched_at=NOON)
    )

    await storage.write(lambda uow: uow.keys.replace(bob.id, [(first, "PEM 2")], fetched_at=NOON))

    found, gone = await storage.read(lambda uow: (uow.keys.find(first), uow.keys.find(second)))
    assert found is not None
    assert (found.material, found.owner_id, found.owner_uri) == ("PEM 2", bob.id, bob.uri)
    assert (found.fetched_at, found.owner_state) == (NOON, ActorState.ACTIVE)
    assert gone is None


async def test_a_document_cannot_take_over_the_key_id_of_another_actor(
    storage: Storage, world: World
) -> None:
    """SIG-16."""
    bob = await storage.write(world.remote_person, "bob")
    eve = await storage.write(world.remote_person, "eve", "evil.example")
    key_id = f"{bob.uri}#main-key"
    await storage.write(lambda uow: uow.keys.replace(bob.id, [(key_id, "bob's")], fetched_at=NOON))

    await storage.write(lambda uow: uow.keys.replace(eve.id, [(key_id, "eve's")], fetched_at=NOON))

    found = await storage.read(lambda uow: uow.keys.find(key_id))
    assert found is not None
    assert (found.owner_id, found.material) == (bob.id, "bob's")


async def test_a_signing_key_is_kept_for_each_algorithm_and_can_be_rotated(
    storage: Storage, world: World
) -> None:
    ada = await storage.write(world.person, "ada")
    rsa = SigningKey(actor_id=ada.id, algorithm="rsa", key_id="k1", private_pem="PEM 1")
    rotated = replace(rsa, key_id="k2", private_pem="PEM 2")

    await storage.write(lambda uow: uow.keys.put_signing(rsa, created_at=NOON))
    await storage.write(
        lambda uow: uow.keys.put_signing(rotated, created_at=NOON + timedelta(days=1))
    )

    found, other = await storage.read(
        lambda uow: (uow.keys.signing(ada.id, "rsa"), uow.keys.signing(ada.id, "ed25519"))
    )
    assert found == rotated
    assert other is None
