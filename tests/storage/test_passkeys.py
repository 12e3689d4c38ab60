"""Passkeys as they are kept: one device's key belongs to one person, and counts only go up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.people import ActorKey
from storage.erasing import erase_own_rows
from storage.passkeys import NewPasskey, Passkey
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NEW = NewPasskey(
    credential_id=b"\x00\xff" * 16,
    user_handle=b"\x01" * 64,
    public_key=b"\xa5cose",
    sign_count=3,
    transports=("internal", "hybrid"),
)


@pytest.fixture
async def people(storage: Storage) -> tuple[ActorKey, ActorKey]:
    """Ada and Ben."""
    world = World()
    return await storage.write(
        lambda uow: (world.person(uow, "ada").id, world.person(uow, "ben").id)
    )


async def kept(storage: Storage, person_id: ActorKey, new: NewPasskey = NEW) -> int:
    return await storage.write(lambda uow: uow.passkeys.add(person_id, new, name="key", at=NOW))


async def found(storage: Storage, credential_id: bytes = NEW.credential_id) -> Passkey | None:
    return await storage.read(lambda uow: uow.passkeys.find(credential_id))


async def test_passkey_is_kept_as_it_was_made(
    storage: Storage, people: tuple[ActorKey, ActorKey]
) -> None:
    number = await kept(storage, people[0])

    assert await found(storage) == Passkey(
        id=number,
        person_id=people[0],
        name="key",
        created_at=NOW,
        credential_id=NEW.credential_id,
        user_handle=NEW.user_handle,
        public_key=NEW.public_key,
        sign_count=3,
        transports=("internal", "hybrid"),
    )
    assert await found(storage, b"other") is None


@pytest.mark.parametrize(
    ("before", "told", "counts"),
    [(3, 4, True), (3, 3, False), (3, 2, False), (3, 0, False), (0, 0, True), (0, 1, True)],
)
async def test_count_of_signatures_never_goes_back(
    storage: Storage, people: tuple[ActorKey, ActorKey], before: int, told: int, *, counts: bool
) -> None:
    number = await kept(storage, people[0], replace(NEW, sign_count=before))

    used = await storage.write(lambda uow: uow.passkeys.use(number, sign_count=told, at=LATER))

    passkey = await found(storage)
    assert passkey is not None
    assert used is counts
    assert (passkey.sign_count, passkey.used_at) == ((told, LATER) if counts else (before, None))


async def test_passkey_is_renamed_and_removed_by_its_owner_alone(
    storage: Storage, people: tuple[ActorKey, ActorKey]
) -> None:
    ada, ben = people
    number = await kept(storage, ada)

    def meddle(uow: UnitOfWork, who: ActorKey) -> tuple[bool, bool]:
        return uow.passkeys.rename(who, number, "mine"), uow.passkeys.remove(who, number)

    assert await storage.write(meddle, ben) == (False, False)
    assert [one.name for one in await storage.read(lambda uow: uow.passkeys.of_person(ada))] == [
        "key"
    ]
    assert await storage.write(meddle, ada) == (True, True)
    assert await found(storage) is None
    assert not await storage.write(lambda uow: uow.passkeys.use(number, sign_count=9, at=LATER))


async def test_list_has_one_persons_passkeys_in_the_order_they_came(
    storage: Storage, people: tuple[ActorKey, ActorKey]
) -> None:
    ada, ben = people
    first = await kept(storage, ada)
    await kept(storage, ben, replace(NEW, credential_id=b"bens"))
    second = await kept(storage, ada, replace(NEW, credential_id=b"second"))

    listed = await storage.read(lambda uow: uow.passkeys.of_person(ada))

    assert [one.id for one in listed] == [first, second]
    assert await storage.write(lambda uow: uow.passkeys.remove_all(ada)) == 2
    assert len(await storage.read(lambda uow: uow.passkeys.of_person(ben))) == 1


async def test_nothing_is_left_of_an_account_that_ends(
    storage: Storage, people: tuple[ActorKey, ActorKey]
) -> None:
    await kept(storage, people[0])

    await storage.write(erase_own_rows, people[0])

    assert await found(storage) is None


async def test_session_says_when_it_began(
    storage: Storage, people: tuple[ActorKey, ActorKey]
) -> None:
    ada, ben = people
    number = await storage.write(
        lambda uow: uow.sessions.start(ada, b"s" * 32, at=NOW, address="", agent="")
    )

    assert await storage.read(lambda uow: uow.sessions.started_at(ada, number)) == NOW
    assert await storage.read(lambda uow: uow.sessions.started_at(ben, number)) is None
