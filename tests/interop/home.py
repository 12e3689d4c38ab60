"""A node of ours on loopback, in the test's own process, and what its people do."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from communities.community import Community
from communities.membership import Membership, MembershipState
from communities.people import ActorKey
from communities.posts import Post
from node.acting import Acting
from node.compose import Node, open_node
from node.drafts import Draft
from node.finding import Finder
from node.founding import CommunityPlan, KeyPair, Newcomer, found_community, found_person, make_keys
from node.serving import listening
from node.settings import (
    FederationSettings,
    HttpSettings,
    MetricsSettings,
    NodeSettings,
    Settings,
)
from node.settings_values import Networks
from node.verbs.desk import desk_of
from storage.actors import Profile
from storage.unit_of_work import DELIVERIES, EVENTS, JOBS, UnitOfWork

T = TypeVar("T")

HOST = "127.0.0.1"
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A POST as it came to the node, and how it was answered."""

    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int


@dataclass(slots=True)
class Home:
    """The running node, what its people can do, and how they find others.

    `requests` are the POSTs that came to it.
    """

    node: Node
    acts: Acting
    finder: Finder
    requests: list[Request] = field(default_factory=list)
    _committed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base(self) -> str:
        """What its ids begin with."""
        return self.node.uris.base

    async def person(self, name: str) -> Profile:
        """A new person here."""
        return await self.acts.run(found_person, self.node.uris, self._newcomer(name))

    async def community(self, name: str, owner: Profile, plan: CommunityPlan) -> Community:
        """A new community here."""
        return await self.acts.run(
            found_community, self.node.uris, self._newcomer(name), owner.id, plan
        )

    def _newcomer(self, name: str) -> Newcomer:
        return Newcomer(
            key=ActorKey(self.node.snowflakes.mint()),
            localpart=name,
            name=name.capitalize(),
            at=_now(),
            keys=_keys_of(name),
        )

    async def until(self, what: str, find: Callable[[UnitOfWork], T | None]) -> T:
        """What `find` gives when it gives something, looked for after each commit."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    self._committed.clear()
                    found = await self.node.storage.read(find)
                    if found:
                        return found
                    await self._committed.wait()
        except TimeoutError:
            answered = [f"{one.path}: {one.status}" for one in self.requests]
            raise AssertionError(f"not seen: {what}; answered {answered}") from None

    async def key_of(self, uri: str) -> ActorKey:
        """The key of an actor of a peer, waited for if need be."""
        return await self.until(f"actor {uri}", lambda uow: uow.actors.key_of(uri))

    async def post_of(self, uri: str) -> Post:
        """A post by its object id, waited for if need be."""
        return await self.until(f"post {uri}", lambda uow: uow.posts.by_uri(uri))

    def watch(self) -> None:
        """Look again after each commit."""
        for topic in (EVENTS, JOBS, DELIVERIES):
            self.node.storage.on_commit(topic, self._committed.set)

    @web.middleware
    async def record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep the POSTs that come; a middleware before all others."""
        if request.method != "POST":
            return await handler(request)
        body = await request.read()
        response = await handler(request)
        self.requests.append(
            Request(
                path=request.raw_path,
                headers=tuple(request.headers.items()),
                body=body,
                status=response.status,
            )
        )
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Garden:
    """An open community of the node, and who owns it."""

    home: Home
    owner: Profile
    community: Community

    @property
    def uri(self) -> str:
        """The actor id."""
        return self.community.uri

    async def write(
        self, source: str, *, title: str | None = None, parent: Post | None = None
    ) -> Post:
        """Something that the owner writes there."""
        draft = Draft(
            source=source,
            title=title,
            community_id=self.community.id,
            parent_id=None if parent is None else parent.id,
        )
        return await self.home.acts.write(self.owner.id, draft)

    async def membership(self, uri: str) -> Membership | None:
        """What someone is to the community."""
        return await self.home.node.storage.read(self._membership, uri)

    def state(self, uow: UnitOfWork, uri: str) -> MembershipState | None:
        """The state of someone's membership."""
        found = self._membership(uow, uri)
        return None if found is None else found.state

    def _membership(self, uow: UnitOfWork, uri: str) -> Membership | None:
        key = uow.actors.key_of(uri)
        return None if key is None else uow.memberships.get(self.community.id, key)


async def make_garden(home: Home) -> Garden:
    """An open, public community."""
    owner = await home.person("ada")
    community = await home.community("garden", owner, CommunityPlan())
    return Garden(home=home, owner=owner, community=community)


@asynccontextmanager
async def open_home(folder: Path, *, authorized_fetch: bool = False) -> AsyncIterator[Home]:
    """A node that listens, delivers and runs its jobs, with a database in the folder."""
    port = _free_port()
    settings = Settings(
        node=NodeSettings(domain=f"{HOST}:{port}", data_dir=folder),
        http=HttpSettings(host=HOST, port=port, public_scheme="http"),
        metrics=MetricsSettings(port=0),
        federation=FederationSettings(
            allow_networks=Networks(("127.0.0.0/8",)), authorized_fetch=authorized_fetch
        ),
    )
    async with open_node(settings) as node:
        desk = desk_of(node)
        home = Home(node, desk.acting, desk.finder)
        home.watch()
        app = node.app()
        app.middlewares.insert(0, home.record)
        await node.start()
        try:
            async with listening(app, settings.http):
                yield home
        finally:
            await node.stop()


@cache
def _keys_of(_name: str) -> KeyPair:
    """The keys of everybody of this name: making them takes longer than most tests."""
    return make_keys()


def _now() -> datetime:
    return datetime.now(UTC)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
