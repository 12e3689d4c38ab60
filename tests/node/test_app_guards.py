"""The guards of what apps call: whom they let through, and what they tell the others."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.people import ActorState
from communities.registration import AccountState
from node.app import Access, Parts, Route, build_app
from node.app_guards import AppGuards
from node.auth import caller_of
from node.health import Readiness
from node.mastodon.replies import API_DIALECT, reply
from node.metrics import Metrics
from node.rates import Rates
from node.settings import HttpSettings
from storage.store import Storage
from tests.support.token_town import Town, token_town

INVALID = {"error": "The access token is invalid"}


@pytest.fixture
async def town(sqlite_storage: Storage) -> Town:
    return await token_town(sqlite_storage)


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
