"""Tokens of apps: which hold, and how soon one that ended is known."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from communities.accounts import delete_person
from communities.membership import MembershipState, Role
from communities.people import ActorState
from communities.registration import AccountState
from node.app_tokens import IN_MIND, Hindrance
from node.auth import Caller
from storage.store import Storage
from tests.support.apps import digest
from tests.support.token_town import Town, token_town


@pytest.fixture
async def town(sqlite_storage: Storage) -> Town:
    return await token_town(sqlite_storage)


@dataclass(slots=True)
class Caught:
    """Counts how often storage was read."""

    storage: Storage
    reads: int = 0

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read = self.storage.read

        async def counted(*arguments: Any) -> Any:
            self.reads += 1
            return await read(*arguments)

        monkeypatch.setattr(self.storage, "read", counted)


async def test_token_tells_whom_it_stands_for(town: Town) -> None:
    caller = await town.tokens.identify("ada's")

    assert caller == Caller(
        token_id=town.token.id,
        app_id=town.app.id,
        scopes=frozenset({"read", "write"}),
        actor_id=town.ada.id,
        person_id=town.ada.id,
    )


@pytest.mark.parametrize("token", ["", "nobody's", "é", "\udcff", "a" * 10_000])
async def test_what_is_no_token_is_nobodys(town: Town, token: str) -> None:
    assert await town.tokens.identify(token) is None


async def test_token_is_looked_up_once_in_a_while(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught = Caught(town.storage)
    caught.watch(monkeypatch)

    for _time in range(10):
        await town.tokens.identify("ada's")
    first = caught.reads
    town.clock.advance(IN_MIND)
    await town.tokens.identify("ada's")

    assert (first, caught.reads) == (1, 2)


async def test_revoked_token_is_known_at_once(town: Town) -> None:
    before = await town.hindrance()

    await town.storage.write(lambda uow: uow.app_tokens.revoke(town.token.id, town.clock()))

    assert (before, await town.hindrance()) == (None, Hindrance.REVOKED)
    assert await town.tokens.identify("ada's") is None


async def test_revocation_during_a_look_up_is_not_overwritten(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = town.storage.read

    async def overtaken(*arguments: Any) -> Any:
        found = await read(*arguments)
        await town.storage.write(lambda uow: uow.app_tokens.revoke(town.token.id, town.clock()))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(town.storage, "read", overtaken)
        await town.tokens.find("ada's")

    assert await town.hindrance() is Hindrance.REVOKED


async def test_all_tokens_of_a_person_end_together(town: Town) -> None:
    await town.give("ada's other", town.ada)
    await town.tokens.identify("ada's other")

    await town.storage.write(lambda uow: uow.app_tokens.end_all(town.ada.id, town.clock()))

    assert await town.hindrance() is Hindrance.REVOKED
    assert await town.hindrance("ada's other") is Hindrance.REVOKED


@pytest.mark.parametrize(
    ("state", "hindrance"),
    [
        (AccountState.DISABLED, Hindrance.DISABLED),
        (AccountState.UNCONFIRMED, Hindrance.UNCONFIRMED),
        (AccountState.PENDING, Hindrance.PENDING),
    ],
)
async def test_account_that_is_not_open_hinders_its_tokens(
    town: Town, state: AccountState, hindrance: Hindrance
) -> None:
    await town.storage.write(lambda uow: uow.accounts.set_state(town.ada.id, state))

    assert await town.hindrance() is hindrance
    assert await town.tokens.identify("ada's") is None


@pytest.mark.parametrize("state", [ActorState.SUSPENDED, ActorState.DELETED])
async def test_person_who_is_suspended_or_gone_has_no_token_that_holds(
    town: Town, state: ActorState
) -> None:
    await town.storage.write(lambda uow: uow.people.set_state(town.ada.id, state))

    assert await town.tokens.identify("ada's") is None


async def test_deletion_of_a_person_is_known_at_once(town: Town) -> None:
    await town.tokens.identify("ada's")

    await town.storage.write(lambda uow: delete_person(uow, town.ada.id))

    assert await town.tokens.identify("ada's") is None


async def test_token_of_a_community_is_of_no_use_to_who_moderates_it_no_longer(town: Town) -> None:
    bees = await town.storage.write(town.world.community, "bees")
    await town.storage.write(town.world.member, bees, town.ada, Role.MODERATOR)
    await town.give("as bees", town.ada, actor_id=bees.id)

    acting = await town.tokens.identify("as bees")
    await town.storage.write(town.world.member, bees, town.ada, Role.MEMBER, MembershipState.MEMBER)
    town.clock.advance(IN_MIND)

    assert acting is not None
    assert (acting.actor_id, acting.person_id) == (bees.id, town.ada.id)
    assert await town.hindrance("as bees") is Hindrance.REVOKED
    assert await town.hindrance() is None


async def test_memory_of_tokens_is_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.app_tokens.MOST_IN_MIND", 2)
    for name in ("1", "2", "3"):
        await town.give(name, town.ada)
    caught = Caught(town.storage)
    caught.watch(monkeypatch)

    for name in ("1", "2", "3", "3", "2", "1"):
        await town.tokens.identify(name)

    assert caught.reads == 4


async def test_use_is_written_down_once_an_hour(town: Town) -> None:
    async def used_at() -> Any:
        found = await town.storage.read(lambda uow: uow.app_tokens.find(digest("ada's")))
        assert found is not None
        return found.used_at

    await town.tokens.identify("ada's")
    await town.tokens.step()
    first = await used_at()
    begin = town.clock()
    town.clock.advance(timedelta(minutes=59))
    await town.tokens.identify("ada's")
    await town.tokens.step()
    second = await used_at()
    town.clock.advance(timedelta(minutes=1))
    await town.tokens.identify("ada's")
    await town.tokens.step()

    assert (first, second, await used_at()) == (begin, begin, town.clock())


async def test_who_holds_a_stream_open_is_told_when_its_token_ends(town: Town) -> None:
    caller = await town.tokens.identify("ada's")
    other = await town.give("other", town.ada)
    stays = await town.tokens.identify("other")
    assert caller is not None
    assert stays is not None
    heard: list[str] = []
    town.tokens.on_end(caller, lambda: heard.append("first"))
    stop = town.tokens.on_end(caller, lambda: heard.append("stopped"))
    town.tokens.on_end(stays, lambda: heard.append("other"))
    stop()
    stop()

    await town.tokens.step()
    before = list(heard)
    await town.storage.write(lambda uow: uow.app_tokens.revoke(town.token.id, town.clock()))
    await town.tokens.step()
    await town.tokens.step()
    after = list(heard)
    await town.storage.write(lambda uow: uow.people.set_state(town.ada.id, ActorState.SUSPENDED))
    await town.tokens.step()

    assert other.id == stays.token_id
    assert (before, after, heard) == ([], ["first"], ["first", "other"])


async def test_end_of_a_token_wakes_the_loop_that_tells_of_it(town: Town) -> None:
    caller = await town.tokens.identify("ada's")
    assert caller is not None
    heard = asyncio.Event()
    town.tokens.on_end(caller, heard.set)
    running = asyncio.ensure_future(town.tokens.run())

    await town.storage.write(lambda uow: uow.app_tokens.revoke(town.token.id, town.clock()))

    try:
        async with asyncio.timeout(5):
            await heard.wait()
    finally:
        running.cancel()
