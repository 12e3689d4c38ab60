"""Accounts by what somebody types, and the directory of those who want to be found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from communities.community import CommunityVisibility, JoinPolicy
from communities.errors import NotFound
from communities.people import ActorState, Person
from communities.posts import Visibility
from communities.ties import Mute
from federation.errors import Failure, PeerUnreachable
from node.finding import Finder
from node.mastodon.desk import Desk
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import App, calling
from tests.support.factories import World

As = Callable[[Person | None], App]
SEARCH = "/api/v1/accounts/search"


@pytest.fixture
async def ada(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ada")


@pytest.fixture
async def ben(desk: Desk, world: World) -> Person:
    return await desk.storage.write(world.person, "ben")


def ids(accounts: list[dict[str, Any]]) -> list[int]:
    return [int(account["id"]) for account in accounts]


async def test_accounts_are_found_by_how_names_and_handles_begin(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    cyd = await desk.storage.write(world.remote_person, "bernhard", "far.example")

    assert ids(await as_(ada).get(f"{SEARCH}?q=be")) == [ben.id, cyd.id]
    assert ids(await as_(ada).get(f"{SEARCH}?q=@bernhard@far")) == [cyd.id]
    assert ids(await as_(ada).get(f"{SEARCH}?q=BEN")) == [ben.id]
    assert ids(await as_(ada).get(f"{SEARCH}?q=be&limit=1&offset=1")) == [cyd.id]
    assert await as_(ada).get(f"{SEARCH}?q=zz") == []
    assert (await as_(ada).call("GET", f"{SEARCH}?q=")).status == 422


async def test_only_those_one_follows_when_that_is_asked(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bea = await desk.storage.write(world.person, "bea")
    await desk.storage.write(world.follow, ada, bea)

    assert ids(await as_(ada).get(f"{SEARCH}?q=be&following=true")) == [bea.id]


async def test_a_secret_community_is_not_found_by_those_outside(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    hive = await desk.storage.write(
        lambda uow: world.community(
            uow, "hive", visibility=CommunityVisibility.SECRET, join=JoinPolicy.INVITE
        )
    )
    await desk.storage.write(world.member, hive, ada)

    assert ids(await as_(ada).get(f"{SEARCH}?q=hive")) == [hive.id]
    assert await as_(ben).get(f"{SEARCH}?q=hive&resolve=true") == []


class Elsewhere:
    """Answers for other servers, in place of what asks them."""

    def __init__(self, answer: Profile | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def actor(self, words: str) -> Profile:
        self.asked.append(words)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_whole_handle_is_looked_up_at_its_server_when_that_is_asked(
    desk: Desk, world: World, ada: Person
) -> None:
    cyd = await desk.storage.write(world.remote_person, "cyd", "far.example")
    profile = await desk.storage.read(lambda uow: uow.actors.get(cyd.id))
    assert profile is not None
    elsewhere = Elsewhere(profile)

    async with calling(replace(desk, finder=cast("Finder", elsewhere))) as client:
        app = App(client, ada.id)
        found = await app.get(f"{SEARCH}?q=@carla@far.example&resolve=true")
        await app.get(f"{SEARCH}?q=@carla@far.example")
        await app.get(f"{SEARCH}?q=carla&resolve=true")
        await app.get(f"{SEARCH}?q=@carla@far.example&resolve=true&offset=40")

    assert ids(found) == [cyd.id]
    assert elsewhere.asked == ["@carla@far.example"]


@pytest.mark.parametrize("error", [NotFound("Nobody"), PeerUnreachable(Failure.TIMEOUT)])
async def test_a_server_that_does_not_answer_leaves_what_is_known_here(
    desk: Desk, world: World, ada: Person, error: Exception
) -> None:
    cyd = await desk.storage.write(world.remote_person, "cyd", "far.example")
    elsewhere = Elsewhere(error)

    async with calling(replace(desk, finder=cast("Finder", elsewhere))) as client:
        found = await App(client, ada.id).get(f"{SEARCH}?q=cyd@far.example&resolve=true")

    assert ids(found) == [cyd.id]
    assert elsewhere.asked == ["cyd@far.example"]


async def directory(app: App, **asked: str) -> list[int]:
    return ids(await app.get("/api/v1/directory", params=asked))


async def test_the_directory_lists_those_who_wrote_last_or_came_last(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    bees = await desk.storage.write(world.community, "bees")
    cyd = await desk.storage.write(world.remote_person, "cyd", "far.example")
    await desk.storage.write(world.post, ben)
    await desk.storage.write(world.post, cyd)
    await desk.storage.write(world.post, ada, bees)

    assert set((await directory(as_(None)))[:2]) == {ada.id, bees.id}
    assert (await directory(as_(None)))[2:] == [cyd.id, ben.id]
    assert set(await directory(as_(None), local="true")) == {ada.id, bees.id, ben.id}
    assert await directory(as_(None), order="new") == [cyd.id, bees.id, ben.id, ada.id]
    assert await directory(as_(None), order="new", limit="2", offset="1") == [bees.id, ben.id]
    assert (await as_(None).call("GET", "/api/v1/directory?order=age")).status == 422


async def test_the_directory_does_not_tell_of_those_who_do_not_want_it(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    def make(uow: UnitOfWork) -> None:
        world.community(uow, "nest", visibility=CommunityVisibility.UNLISTED)
        world.community(uow, "hive", visibility=CommunityVisibility.SECRET, join=JoinPolicy.INVITE)
        gone = world.person(uow, "gone")
        uow.people.set_state(gone.id, ActorState.SUSPENDED)
        appearance = uow.people.appearance(ben.id)
        assert appearance is not None
        uow.people.set_appearance(ben.id, replace(appearance, discoverable=False))

    await desk.storage.write(make)

    assert await directory(as_(None), order="new") == [ada.id]


async def test_what_is_written_for_few_does_not_show_in_the_order(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    await desk.storage.write(world.post, ada)
    await desk.storage.write(lambda uow: world.post(uow, ben, visibility=Visibility.FOLLOWERS))

    assert await directory(as_(None)) == [ada.id]


async def test_whom_one_hides_is_not_in_ones_directory(
    desk: Desk, world: World, as_: As, ada: Person, ben: Person
) -> None:
    cyd, dan = [await desk.storage.write(world.person, name) for name in ("cyd", "dan")]
    eve = await desk.storage.write(world.remote_person, "eve", "far.example")

    def hide(uow: UnitOfWork) -> None:
        at = desk.now()
        uow.mutes.put(ada.id, Mute(target_id=ben.id), key=1)
        uow.mutes.put(ada.id, Mute(target_id=ada.id, until=at), key=2)
        uow.people.set_blocked(ada.id, cyd.id, blocked=True, uri="https://x/1", at=at)
        uow.people.set_blocked(dan.id, ada.id, blocked=True, uri="https://x/2", at=at)
        uow.domain_blocks.put(ada.id, "far.example", key=1)

    await desk.storage.write(hide)

    assert await directory(as_(ada), order="new") == [ada.id]
    assert await directory(as_(None), order="new") == [eve.id, dan.id, cyd.id, ben.id, ada.id]
