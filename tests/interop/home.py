"""A node of ours on loopback, in the test's own process, and what its people do."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from communities import editing, following, joining, posting, reactions
from communities.community import Community
from communities.people import ActorKey
from communities.posts import (
    Post,
    PostContent,
    PostKey,
    PostKind,
    Reaction,
    ReactionKind,
    Visibility,
)
from node.compose import Node, open_node
from node.founding import CommunityPlan, Newcomer, found_community, found_person, make_keys
from node.serving import listening
from node.settings import (
    FederationSettings,
    HttpSettings,
    MetricsSettings,
    Networks,
    NodeSettings,
    Settings,
)
from storage.actors import Profile
from storage.unit_of_work import DELIVERIES, EVENTS, JOBS, UnitOfWork

T = TypeVar("T")

HOST = "127.0.0.1"
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A POST as it came to the node, and how it was answered."""

    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int


@dataclass(slots=True)
class Home:
    """The running node; `requests` are the POSTs that came to it."""

    node: Node
    requests: list[Request] = field(default_factory=list)
    _committed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base(self) -> str:
        """What its ids begin with."""
        return self.node.uris.base

    async def person(self, name: str) -> Profile:
        """A new person here."""
        return await self.node.storage.write(found_person, self.node.uris, self._newcomer(name))

    async def community(self, name: str, owner: Profile, plan: CommunityPlan) -> Community:
        """A new community here."""
        return await self.node.storage.write(
            found_community, self.node.uris, self._newcomer(name), owner.id, plan
        )

    def _newcomer(self, name: str) -> Newcomer:
        return Newcomer(
            key=ActorKey(self.node.snowflakes.mint()),
            localpart=name,
            name=name.capitalize(),
            at=_now(),
            keys=make_keys(),
        )

    async def post(
        self,
        author: Profile,
        text: str,
        *,
        title: str | None = None,
        community: Community | None = None,
        parent: Post | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        recipients: tuple[ActorKey, ...] = (),
    ) -> Post:
        """Something that one of ours writes."""
        key = PostKey(self.node.snowflakes.mint())
        command = posting.PublishPost(
            id=key,
            uri=self.node.uris.post(key),
            author_id=author.id,
            kind=PostKind.NOTE if title is None else PostKind.PAGE,
            content=PostContent(title=title, html=f"<p>{text}</p>", source=text),
            published_at=_now(),
            at=_now(),
            community_id=None if community is None else community.id,
            parent_id=None if parent is None else parent.id,
            visibility=visibility,
            recipients=recipients,
            url=self.node.uris.thread_page(key),
            local=True,
        )
        return await self.node.storage.write(posting.submit, command)

    async def react(self, who: Profile, post: Post, kind: ReactionKind) -> None:
        """One of ours reacts."""
        reaction = Reaction(
            actor_id=who.id, post_id=post.id, kind=kind, uri=self._request(), at=_now()
        )
        await self.node.storage.write(reactions.react, reaction)

    async def withdraw_reaction(self, who: Profile, post: Post, kind: ReactionKind) -> None:
        """One of ours takes a reaction back."""
        await self.node.storage.write(reactions.withdraw_reaction, who.id, post.id, kind)

    async def edit(self, who: Profile, post: Post, text: str) -> None:
        """One of ours edits a post."""
        content = PostContent(title=post.content.title, html=f"<p>{text}</p>", source=text)
        command = editing.EditPost(post_id=post.id, editor_id=who.id, content=content, at=_now())
        await self.node.storage.write(editing.edit, command)

    async def withdraw(self, who: Profile, post: Post) -> None:
        """One of ours deletes a post."""
        await self.node.storage.write(editing.withdraw, post.id, who.id, _now())

    async def follow(self, who: Profile, followee: ActorKey) -> None:
        """One of ours follows a person."""
        await self.node.storage.write(
            following.follow, who.id, followee, self._request(), _now()
        )

    async def unfollow(self, who: Profile, followee: ActorKey) -> None:
        """One of ours follows a person no more."""
        await self.node.storage.write(following.unfollow, who.id, followee)

    async def join(self, who: Profile, community: ActorKey) -> None:
        """One of ours joins a community."""
        await self.node.storage.write(
            joining.ask_to_join, community, who.id, self._request(), _now()
        )

    def _request(self) -> str:
        return self.node.uris.request(self.node.snowflakes.mint())

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
        home = Home(node)
        home.watch()
        app = node.app()
        app.middlewares.insert(0, home.record)
        await node.start()
        try:
            async with listening(app, settings.http):
                yield home
        finally:
            await node.stop()


def _now() -> datetime:
    return datetime.now(UTC)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
