"""Tokens of apps: which hold, how soon one that ended is known, and what guards let through."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.accounts import delete_person
from communities.membership import MembershipState, Role
from communities.people import ActorState, Person
from communities.registration import AccountState
from node.app import Access, Parts, Route, build_app
from node.app_guards import AppGuards
from node.app_tokens import IN_MIND, Hindrance, Tokens
from node.auth import Caller, caller_of
from node.health import Readiness
from node.mastodon.replies import API_DIALECT, reply
from node.metrics import Metrics
from node.rates import Rates
from node.settings import HttpSettings
from storage.app_tokens import AppToken
from storage.apps import App
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.apps import digest, give_token, make_app
from tests.support.clock import Clock
from tests.support.factories import World

INVALID = {"error": "The access token is invalid"}


@dataclass(slots=True)
class Town:
    """Ada with an app, and the node that knows its token `ada's`."""

    storage: Storage
    world: World
    clock: Clock
    tokens: Tokens
    ada: Person
    app: App
    token: AppToken

    async def give(self, name: str, person: Person | None = None, **more: Any) -> AppToken:
        def unit(uow: UnitOfWork) -> AppToken:
            return give_token(uow, self.world, self.app, name, person, **more)

        return await self.storage.write(unit)

    async def hindrance(self, name: str = "ada's") -> Hindrance | None:
        found = await self.tokens.find(name)
        assert found is not None
        return found.hindrance


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def town(sqlite_storage: Storage, world: World) -> Town:
    clock = Clock(world.now + timedelta(days=1))
    ada = await sqlite_storage.write(world.person, "ada")
    app = await sqlite_storage.write(make_app, world)
    token = await sqlite_storage.write(give_token, world, app, "ada's", ada)
    tokens = Tokens(sqlite_storage, now=clock)
    return Town(sqlite_storage, world, clock, tokens, ada, app, token)


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


async def _who(request: web.Request) -> web.StreamResponse:
    caller = caller_of(request)
    return reply({"id": None if caller is None else caller.actor_id})


ROUTES = [
    Route(
        method="GET",
        path=f"/api/{access.value}{'/scoped' if scope else ''}",
        handler=_who,
        access=access,
        name=f"api-{access.value}-{scope}",
        scope=scope,
    )
    for access in (Access.APP, Access.APP_USER, Access.APP_OPTIONAL)
    for scope in ("", "read:statuses")
] + [
    Route(
        method="GET",
        path="/api/admin",
        handler=_who,
        access=Access.APP_USER,
        name="api-admin",
        scope="admin:read:reports",
    )
]


@pytest.fixture
async def client(town: Town) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    rates = Rates(now=town.clock, address_of=lambda request: request.remote or "")
    app = build_app(
        Parts(
            settings=HttpSettings(),
            routes=ROUTES,
            readiness=Readiness({}),
            metrics=Metrics(),
            guards=AppGuards(town.tokens, rates).table(),
            dialects=(API_DIALECT,),
        )
    )
    async with TestClient(TestServer(app)) as serving:
        yield serving


Asked = tuple[int, Any, str]


async def ask(
    client: TestClient[web.Request, web.Application], path: str, token: str | None = None
) -> Asked:
    """Status, JSON and challenge of an answer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with client.get(path, headers=headers) as answer:
        assert answer.headers["X-RateLimit-Limit"] == "300"
        challenge = answer.headers.get("WWW-Authenticate", "")
        return answer.status, await answer.json(), challenge


Client = TestClient[web.Request, web.Application]


@pytest.mark.parametrize("path", ["/api/app", "/api/app-user", "/api/app-user/scoped"])
async def test_token_of_a_person_opens_what_its_scope_opens(
    town: Town, client: Client, path: str
) -> None:
    assert await ask(client, path, "ada's") == (200, {"id": town.ada.id}, "")


@pytest.mark.parametrize("path", ["/api/app", "/api/app-user"])
async def test_request_without_a_token_is_refused(client: Client, path: str) -> None:
    assert await ask(client, path) == (401, INVALID, 'Bearer realm="noaber"')


@pytest.mark.parametrize("path", ["/api/app", "/api/app-user", "/api/app-optional"])
async def test_token_that_never_was_is_refused_everywhere(client: Client, path: str) -> None:
    status, said, challenge = await ask(client, path, "nobody's")

    assert (status, said) == (401, INVALID)
    assert challenge == (
        'Bearer realm="noaber", error="invalid_token",'
        ' error_description="The access token is invalid"'
    )


@pytest.mark.parametrize("path", ["/api/app", "/api/app-user", "/api/app-optional"])
async def test_revoked_token_is_refused_everywhere(town: Town, client: Client, path: str) -> None:
    await ask(client, path, "ada's")
    await town.storage.write(lambda uow: uow.app_tokens.revoke(town.token.id, town.clock()))

    status, said, challenge = await ask(client, path, "ada's")

    assert (status, said) == (401, {"error": "The access token was revoked"})
    assert 'error="invalid_token"' in challenge


async def test_token_in_the_address_counts_for_nothing(client: Client) -> None:
    status, said, _challenge = await ask(client, "/api/app-user?access_token=ada's")
    nobody = await ask(client, "/api/app-optional?access_token=ada's")

    assert (status, said) == (401, INVALID)
    assert nobody == (200, {"id": None}, "")


@pytest.mark.parametrize("header", ["Basic YWRhOng=", "ada's", "Bearer", "Bearer  ", ""])
async def test_header_that_is_no_bearer_token_is_refused(client: Client, header: str) -> None:
    for path in ("/api/app-user", "/api/app-optional"):
        async with client.get(path, headers={"Authorization": header}) as answer:
            assert (answer.status, await answer.json()) == (401, INVALID)


async def test_scheme_is_read_in_any_case(town: Town, client: Client) -> None:
    async with client.get("/api/app", headers={"Authorization": "bearer ada's"}) as answer:
        assert await answer.json() == {"id": town.ada.id}


async def test_token_without_the_scope_is_refused(town: Town, client: Client) -> None:
    await town.give("writes", town.ada, scopes="write")
    outside = {"error": "This action is outside the authorized scopes"}

    for path in ("/api/app/scoped", "/api/app-user/scoped", "/api/app-optional/scoped"):
        status, said, challenge = await ask(client, path, "writes")
        assert (status, said) == (403, outside)
        assert 'error="insufficient_scope", scope="read:statuses"' in challenge
    assert (await ask(client, "/api/admin", "ada's"))[:2] == (403, outside)


async def test_token_of_the_app_alone_is_no_user(town: Town, client: Client) -> None:
    await town.give("own", scopes="read")

    status, said, _challenge = await ask(client, "/api/app-user", "own")

    assert (status, said["error"]) == (422, "This method requires an authenticated user")
    assert await ask(client, "/api/app", "own") == (200, {"id": None}, "")
    assert await ask(client, "/api/app-optional", "own") == (200, {"id": None}, "")


@pytest.mark.parametrize(
    ("state", "sentence", "as_app", "anyhow"),
    [
        (AccountState.DISABLED, "Your login is currently disabled", 403, 403),
        (
            AccountState.UNCONFIRMED,
            "Your login is missing a confirmed e-mail address",
            200,
            200,
        ),
        (AccountState.PENDING, "Your login is currently pending approval", 200, 200),
    ],
)
async def test_account_that_is_not_open_is_told_why(
    town: Town, client: Client, state: AccountState, sentence: str, as_app: int, anyhow: int
) -> None:
    await town.storage.write(lambda uow: uow.accounts.set_state(town.ada.id, state))

    assert await ask(client, "/api/app-user", "ada's") == (403, {"error": sentence}, "")
    assert (await ask(client, "/api/app", "ada's"))[0] == as_app
    status, said, _challenge = await ask(client, "/api/app-optional", "ada's")
    assert status == anyhow
    assert said in ({"id": None}, {"error": sentence}), "whoever waits looks as nobody"


async def test_token_of_a_suspended_account_is_refused(town: Town, client: Client) -> None:
    await town.storage.write(lambda uow: uow.people.set_state(town.ada.id, ActorState.SUSPENDED))

    refused = await ask(client, "/api/app-user", "ada's")

    assert refused == (403, {"error": "Your login is currently disabled"}, "")


async def test_who_calls_too_often_is_told_to_wait_and_others_are_not(
    town: Town, client: Client
) -> None:
    await town.give("own", scopes="read")
    for _time in range(300):
        await ask(client, "/api/app", "ada's")

    status, said, _challenge = await ask(client, "/api/app", "ada's")

    assert (status, said) == (429, {"error": "Too many requests"})
    assert (await ask(client, "/api/app", "own"))[0] == 200
    assert (await ask(client, "/api/app-optional"))[0] == 200
