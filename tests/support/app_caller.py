"""The client API over a real database, and an app that calls it for someone.

The guards here believe a token that names a person's key: what a real token is worth is tested
with the guards themselves.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import ec

from communities.people import ActorKey
from federation.snowflakes import Snowflakes
from node.acting import Acting
from node.app import Access, Guard, Parts, Route, build_app
from node.auth import CALLER, Caller
from node.errors import Refusal
from node.finding import Finder
from node.health import Readiness
from node.mastodon.desk import Desk
from node.mastodon.presenting import Presenter
from node.mastodon.presenting_streams import StreamRenderer
from node.mastodon.replies import API_DIALECT
from node.mastodon.surface import api_routes
from node.metrics import Metrics
from node.push.keys import PushKey
from node.settings import NodeSettings, Settings
from node.streaming.doors import Doors
from node.streaming.hub import Hub
from node.tasks import Tasks
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.media_room import media_over


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as an app gets it."""

    status: int
    headers: Mapping[str, str]
    json: Any


class App:
    """An app that calls for one person; None calls without a token.

    `community_id` is the community that the person lets it act as.
    """

    def __init__(
        self,
        client: TestClient[web.Request, web.Application],
        person_id: ActorKey | None,
        community_id: ActorKey | None = None,
    ) -> None:
        self.client = client
        self.person_id = person_id
        self.community_id = community_id

    def acting_as(self, community_id: ActorKey) -> "App":
        """The same app with a token of the same person that acts as a community."""
        return App(self.client, self.person_id, community_id)

    async def call(self, method: str, path: str, **more: Any) -> Reply:
        """Call, and read the JSON of the answer."""
        headers = dict(more.pop("headers", {}))
        if self.person_id is not None:
            headers["Authorization"] = f"Bearer {self.person_id}.{self.community_id or ''}"
        async with self.client.request(method, path, headers=headers, **more) as answer:
            assert answer.content_type == "application/json", await answer.text()
            return Reply(answer.status, answer.headers.copy(), await answer.json())

    async def get(self, path: str, **more: Any) -> Any:
        """What a GET that must succeed gives."""
        return await self.done("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Any:
        """What a POST that must succeed gives."""
        return await self.done("POST", path, **more)

    async def done(self, method: str, path: str, **more: Any) -> Any:
        """What a call that must succeed gives."""
        reply = await self.call(method, path, **more)
        assert reply.status == 200, reply.json
        return reply.json


def desk_over(storage: Storage, clock: Clock, **settings: Any) -> Desk:
    """The node as its API sees it; it cannot look anything up at peers."""
    snowflakes = Snowflakes(clock, first=0)
    acting = Acting(storage=storage, uris=HOME, snowflakes=snowflakes, now=clock)
    nothing = cast("Any", None)
    finder = Finder(
        storage=storage,
        client=nothing,
        resolver=nothing,
        policies=nothing,
        uris=HOME,
        snowflakes=snowflakes,
        now=clock,
    )
    media = media_over(storage, clock, snowflakes.mint)
    presenter = Presenter(uris=HOME, media=media.urls)
    told = Settings(node=NodeSettings(domain=HOME.domain), **settings)
    renderer = StreamRenderer(presenter=presenter)
    return Desk(
        settings=told,
        storage=storage,
        uris=HOME,
        snowflakes=snowflakes,
        acting=acting,
        finder=finder,
        presenter=presenter,
        push_key=PushKey(ec.derive_private_key(7, ec.SECP256R1())),
        media=media,
        streams=Hub(storage, renderer, told.streaming, now=clock),
        doors=Doors(identify=_identify, on_end=lambda *_: lambda: None, spawn=Tasks().spawn),
        now=clock,
    )


def caller_of_token(token: str) -> Caller | None:
    """Whom a token of these tests stands for: `<person>`, or `<person>.<community>`."""
    person, _, community = token.partition(".")
    if not person.isdecimal():
        return None
    return Caller(
        token_id=int(person),
        app_id=1,
        scopes=frozenset({"read", "write", "follow", "push", "profile"}),
        actor_id=ActorKey(int(community or person)),
        person_id=ActorKey(int(person)),
    )


async def _identify(token: str) -> Caller | None:
    return caller_of_token(token)


async def _believe(request: web.Request, route: Route) -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = caller_of_token(token) if kind == "Bearer" else None
    if caller is not None:
        request[CALLER] = caller
    elif route.access is not Access.APP_OPTIONAL:
        raise Refusal(401, "The access token is invalid")


GUARDS: Mapping[Access, Guard] = dict.fromkeys(
    (Access.APP, Access.APP_USER, Access.APP_OPTIONAL), _believe
)


@asynccontextmanager
async def calling(desk: Desk) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Serve the API inside the block; `App(client, person_id)` calls it."""
    app = build_app(
        Parts(
            settings=desk.settings.http,
            routes=api_routes(desk),
            readiness=Readiness({}),
            metrics=Metrics(),
            guards=GUARDS,
            dialects=(API_DIALECT,),
        )
    )
    async with TestClient(TestServer(app)) as client:
        yield client
    await desk.media.close()
