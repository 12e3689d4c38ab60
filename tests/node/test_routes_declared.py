"""Every route of a whole node says who may call it, and what is below /api answers apps alone."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from node.app import DECLARED, Access, Route
from node.compose import open_node
from node.settings import LimitsSettings, NodeSettings, Settings
from protocols.oauth_scopes import SCOPES
from tests.support.mastodon_schema import SCHEMA

Client = TestClient[web.Request, web.Application]

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WRITES_WITHOUT_TOKEN: Mapping[str, str] = {
    "api-app-new": "an app registers itself before it can have a token",
}
READS_WITHOUT_PERSON: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("api-emojis", "api-v1-instance", "api-instance", "api-instance-about"),
            *("api-instance-activity", "api-instance-peers", "api-instance-privacy-policy"),
            *("api-instance-rules", "api-instance-terms", "api-instance-terms-of"),
            *("api-instance-translations", "api-streaming-health"),
        ),
        "it is about the node, and the same for everybody",
    ),
    **dict.fromkeys(
        (
            *("api-accounts", "api-account", "api-account-lookup", "api-account-statuses"),
            *("api-account-followers", "api-account-following", "api-account-endorsements"),
            *("api-account-featured-tags", "api-account-identity-proofs", "api-directory"),
            *("api-statuses", "api-status", "api-status-context", "api-status-history"),
            *("api-status-favourited-by", "api-status-reblogged-by", "api-status-quotes"),
            *("api-poll", "api-search", "api-tag", "api-timeline-group", "api-timeline-link"),
            *("api-timeline-public", "api-timeline-tag", "api-trends", "api-trends-links"),
            *("api-trends-statuses", "api-trends-tags"),
        ),
        "it shows what anyone may see; who looks may see more",
    ),
    "api-app-verify": "it is about the app",
}
"""Reads below /api that are no person's own, and why; all others need the token of a person."""
OTHER_SCOPES: Mapping[str, str] = {
    "api-notification-group-accounts": "it changes nothing, so that reading is enough",
}
"""Operations whose scope differs from that of the schema, and why."""
_ANY_SCOPE: Mapping[str, str] = {"api-app-verify": "it says which scopes there are"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the router, and what it declares."""

    method: str
    path: str
    route: Route


@asynccontextmanager
async def whole_node(folder: Path) -> AsyncIterator[web.Application]:
    """The application of a node with every part, that nobody listens at."""
    settings = Settings(
        node=NodeSettings(domain="noaber.example", data_dir=folder),
        limits=LimitsSettings(client_rates=False),
    )
    async with open_node(settings) as node:
        yield node.app()
        await node.apps.close()


def lines_of(app: web.Application) -> list[Line]:
    return [
        Line(each.method, each.resource.canonical, route)
        for each, route in app[DECLARED].items()
        if each.resource is not None
    ]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    async def read() -> list[Line]:
        async with whole_node(tmp_path_factory.mktemp("node")) as app:
            undeclared = [one for one in app.router.routes() if one not in app[DECLARED]]
            assert undeclared == []
            return lines_of(app)

    return asyncio.run(read())


@pytest.fixture(scope="module")
def api(lines: list[Line]) -> list[Line]:
    found = [line for line in lines if line.path.startswith("/api/")]
    assert len(found) > 200
    return found


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with whole_node(tmp_path) as app, TestClient(TestServer(app)) as made:
        yield made


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)


def test_every_route_declares_who_may_call_it(lines: list[Line]) -> None:
    names = {line.route.name for line in lines}

    assert all(isinstance(line.route.access, Access) for line in lines)
    assert {"shared-inbox", "api-status", "settings", "media", "oauth-token"} <= names


def test_whatever_writes_below_the_api_needs_a_token_with_a_scope(api: list[Line]) -> None:
    guarded = (Access.APP_USER, Access.APP)

    unguarded = {
        line.route.name
        for line in api
        if line.method in WRITES and not (line.route.access in guarded and line.route.scope)
    }

    assert unguarded == set(WRITES_WITHOUT_TOKEN)


def test_whatever_is_read_below_the_api_needs_a_person_unless_it_is_named(
    api: list[Line],
) -> None:
    persons = (Access.APP_USER, Access.APP_LISTENING)

    found = {
        line.route.name for line in api if line.method == "GET" and line.route.access not in persons
    }

    assert found == set(READS_WITHOUT_PERSON)


def test_nothing_below_the_api_looks_at_a_cookie(api: list[Line]) -> None:
    sessions = (Access.SESSION, Access.SESSION_OPTIONAL)

    assert [line.route.name for line in api if line.route.access in sessions] == []


def test_every_scope_is_known_and_every_call_for_a_person_needs_one(lines: list[Line]) -> None:
    routes = [line.route for line in lines]

    unknown = {route.name for route in routes if not set(route.scope.split()) <= set(SCOPES)}
    without = {
        route.name
        for route in routes
        if route.access in (Access.APP_USER, Access.APP) and not route.scope
    }

    assert unknown == set()
    assert without == set(_ANY_SCOPE)


@pytest.mark.skipif(not SCHEMA.exists(), reason="../shared/reference is not here")
def test_scopes_are_those_of_the_schema(api: list[Line]) -> None:
    wanted = scopes_of_schema()

    differing = {
        line.route.name
        for line in api
        if line.route.access is not Access.APP_LISTENING
        and (of_schema := wanted.get((line.method, shape(line.path))))
        and not set(line.route.scope.split()) <= of_schema
    }

    assert differing == set(OTHER_SCOPES)


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def scopes_of_schema() -> dict[tuple[str, str], set[str]]:
    document: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    return {
        (method.upper(), shape(path)): {
            scope
            for way in operation.get("security", ())
            for scopes in way.values()
            for scope in scopes
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    }


async def test_nothing_below_the_api_answers_with_a_page(api: list[Line], client: Client) -> None:
    pages = []
    for line in api:
        if line.route.name == "api-streaming-health":
            continue
        headers = {"Accept": "text/html", "Origin": "https://app.example"}
        async with client.request(line.method, filled(line.path), headers=headers) as answer:
            assert answer.status < 500, (line, await answer.text())
            is_json = answer.content_type == "application/json"
            if not is_json or answer.headers["Access-Control-Allow-Origin"] != "*":
                pages.append((line.method, line.path, answer.status, answer.content_type))

    assert pages == []


async def test_every_call_for_a_person_is_refused_without_a_token(
    lines: list[Line], client: Client
) -> None:
    let_in = []
    needing = (Access.APP_USER, Access.APP, Access.APP_LISTENING)
    for line in lines:
        if line.route.access not in needing or line.method == "HEAD":
            continue
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            async with client.request(line.method, filled(line.path), headers=headers) as answer:
                if answer.status != 401:
                    let_in.append((line.method, line.path, answer.status))

    assert let_in == []


async def test_an_unknown_path_below_the_api_is_a_404_in_json(client: Client) -> None:
    paths = (
        *("/api/v9/statuses", "/api/v1/nothing/here", "/api/", "/api/v1/statuses/1/nothing"),
        *("/api//v1/instance", "/api/v1/st%00atuses", "/api/v1/%ff", "/api/v1/%2fetc%2fpasswd"),
    )
    for path in paths:
        for method in ("GET", "POST", "DELETE"):
            headers = {"Accept": "text/html"}
            async with client.request(method, path, headers=headers) as answer:
                assert answer.status == 404, (method, path)
                assert (await answer.json()).keys() == {"error"}
                assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_method_that_is_not_taken_is_a_405_in_json(client: Client) -> None:
    async with client.delete("/api/v2/instance", headers={"Accept": "text/html"}) as answer:
        assert answer.status == 405
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "error" in await answer.json()


async def test_browsers_may_ask_first_wherever_apps_call(api: list[Line], client: Client) -> None:
    paths = {line.path for line in api}
    paths |= {"/api/v9/unknown", "/oauth/token", "/oauth/revoke", "/oauth/userinfo"}
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    refused = []
    for path in sorted(paths):
        async with client.options(filled(path), headers=asked) as answer:
            told = answer.headers
            may = (
                answer.status in (200, 204)
                and told.get("Access-Control-Allow-Origin") == "*"
                and "authorization" in told.get("Access-Control-Allow-Headers", "").lower()
                and "DELETE" in told.get("Access-Control-Allow-Methods", "")
                and "Access-Control-Allow-Credentials" not in told
            )
            if not may:
                refused.append((path, answer.status))

    assert refused == []


async def test_pages_are_not_open_to_scripts_of_other_sites(
    lines: list[Line], client: Client
) -> None:
    sessions = (Access.SESSION, Access.SESSION_OPTIONAL, Access.ONE_TIME_LINK)
    headers = {"Origin": "https://evil.example"}
    opened = []
    for line in lines:
        if line.route.access not in sessions:
            continue
        async with client.request(
            line.method, filled(line.path), headers=headers, allow_redirects=False
        ) as answer:
            if "Access-Control-Allow-Origin" in answer.headers:
                opened.append((line.method, line.path))

    assert opened == []
