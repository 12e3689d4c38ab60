"""People of a node who listen to its streams, and their tokens."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import msgspec
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient

from communities.community import Community, CommunityVisibility, JoinPolicy
from communities.people import Person
from communities.posting import PublishPost, submit
from communities.posts import (
    Post,
    PostContent,
    PostKey,
    PostKind,
    Visibility,
)
from node.auth import Caller
from node.streaming.hub import Hub
from storage.unit_of_work import UnitOfWork
from tests.support.app_caller import caller_of_token
from tests.support.clock import Clock
from tests.support.factories import World

PATH = "/api/v1/streaming"


@dataclass
class TokensOfTests:
    """Believes tokens that name a person's key, and ends them on demand."""

    scopes: frozenset[str] | None = None
    watched: dict[int, Callable[[], None]] = field(default_factory=dict)

    async def identify(self, token: str) -> Caller | None:
        caller = caller_of_token(token)
        if caller is not None and self.scopes is not None:
            return replace(caller, scopes=self.scopes)
        return caller

    def on_end(self, caller: Caller, call: Callable[[], None]) -> Callable[[], None]:
        self.watched[caller.token_id] = call
        return lambda: None


class Home:
    """Ada, Ben and Cyd live here, Ada follows Ben; `bees` is open, `hive` is private."""

    def __init__(self, uow: UnitOfWork, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.numbers = count()
        self.ada = world.person(uow, "ada")
        self.ben = world.person(uow, "ben")
        self.cyd = world.person(uow, "cyd")
        self.bees = world.community(uow, "bees")
        self.hive = world.community(
            uow, "hive", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK
        )
        for community in (self.bees, self.hive):
            world.member(uow, community, self.ben)
        world.follow(uow, self.ada, self.ben)
        world.now = clock()

    def write(
        self,
        uow: UnitOfWork,
        author: Person,
        community: Community | None = None,
        *,
        parent: Post | None = None,
        to: tuple[Person, ...] = (),
        visibility: Visibility = Visibility.PUBLIC,
        **content: Any,
    ) -> Post:
        """Publish through the domain, at the clock's time."""
        key = PostKey((int(self.clock().timestamp() * 1000) << 16) + next(self.numbers))
        words = {"html": "<p>Moin.</p>", "source": "Moin.", **content}
        return submit(
            uow,
            PublishPost(
                id=key,
                uri=f"https://noaber.example/post/{key}",
                author_id=author.id,
                kind=PostKind.NOTE,
                content=PostContent(**words),
                published_at=self.clock(),
                at=self.clock(),
                community_id=None if community is None else community.id,
                parent_id=None if parent is None else parent.id,
                visibility=visibility,
                recipients=tuple(person.id for person in to),
                local=True,
            ),
        )


class Ear:
    """Listens over a WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse, hub: Hub) -> None:
        self.socket = socket
        self.hub = hub

    async def ask(self, kind: str, stream: str, **more: Any) -> None:
        """Subscribe or unsubscribe; the hub has heard of it once this returns."""
        await self.socket.send_str(
            msgspec.json.encode({"type": kind, "stream": stream, **more}).decode()
        )
        # An answer to a frame that asks for nothing shows that those before it were read.
        await self.socket.send_str('{"type":"subscribe","stream":"?"}')
        told = await self.frame()
        if "Unknown stream type" not in str(told):
            raise AssertionError(told)

    async def frame(self) -> Any:
        """The next frame."""
        async with asyncio.timeout(5):
            return await self.socket.receive_json()

    async def heard(self) -> list[tuple[str, str]]:
        """Stream and event of everything that the hub tells now."""
        return [(" ".join(each["stream"]), each["event"]) for each in await self.frames()]

    async def frames(self) -> list[Any]:
        """Everything that the hub tells now."""
        while await self.hub.step():
            continue
        await self.socket.send_str('{"type":"subscribe","stream":"?"}')
        found = []
        while "error" not in (told := await self.frame()):
            found.append(told)
        return found


Listen = Callable[..., AbstractAsyncContextManager[Ear]]
"""Opens a WebSocket for somebody."""
Client = TestClient[web.Request, web.Application]
