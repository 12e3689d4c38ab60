"""The one reader of parameters: query, form, multipart and JSON say the same."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from node.app import Access, Parts, Route, build_app
from node.health import Readiness
from node.mastodon.parameters import parameters_of
from node.mastodon.replies import API_DIALECT, reply
from node.metrics import Metrics
from node.settings import HttpSettings

Client = TestClient[web.Request, web.Application]


async def _echo(request: web.Request) -> web.Response:
    told = await parameters_of(request)
    return reply(
        {
            "text": told.text("text"),
            "list": told.texts("list"),
            "inner": told.inside("inner").text("word"),
            "fields": [each.text("name") for each in told.each("fields")],
        }
    )


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = build_app(
        Parts(
            settings=HttpSettings(),
            routes=[
                Route(
                    method=method,
                    path="/api/v1/echo",
                    handler=_echo,
                    access=Access.PUBLIC,
                    name=f"echo-{method}",
                )
                for method in ("POST", "DELETE")
            ],
            readiness=Readiness({}),
            metrics=Metrics(),
            dialects=(API_DIALECT,),
        )
    )
    async with TestClient(TestServer(app)) as running:
        yield running


PAIRS = [
    ("text", "Moin, Wörld"),
    ("list[]", "a"),
    ("list[]", "b"),
    ("inner[word]", "x"),
    ("fields[0][name]", "one"),
    ("fields[1][name]", "two"),
]
JSON = {
    "text": "Moin, Wörld",
    "list": ["a", "b"],
    "inner": {"word": "x"},
    "fields": [{"name": "one"}, {"name": "two"}],
}
ECHO = {"text": "Moin, Wörld", "list": ["a", "b"], "inner": "x", "fields": ["one", "two"]}


def _multipart() -> FormData:
    form = FormData(default_to_multipart=True)
    for name, value in PAIRS:
        form.add_field(name, value)
    form.add_field("file", b"\x00\xff", filename="a.png", content_type="image/png")
    return form


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("way", ["query", "form", "multipart", "json"])
async def test_all_ways_to_send_say_the_same(client: Client, method: str, way: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "query": {"params": PAIRS},
        "form": {"data": PAIRS},
        "multipart": {"data": _multipart()},
        "json": {"json": JSON},
    }

    async with client.request(method, "/api/v1/echo", **ways[way]) as answer:
        assert answer.status == 200
        assert await answer.json() == ECHO


async def test_of_a_name_in_both_the_body_is_believed(client: Client) -> None:
    async with client.post("/api/v1/echo?text=query&list[]=q", data=PAIRS[:2]) as answer:
        assert await answer.json() == {**ECHO, "list": ["a"], "inner": None, "fields": []}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"half": ', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"text=%ff%fe\xff", "application/x-www-form-urlencoded"),
        (b"a=1&" * 600, "application/x-www-form-urlencoded"),
    ],
)
async def test_what_cannot_be_read_is_refused(client: Client, body: bytes, kind: str) -> None:
    headers = {"Content-Type": kind}
    async with client.post("/api/v1/echo", data=body, headers=headers) as answer:
        assert answer.status == 400
        assert "error" in await answer.json()
