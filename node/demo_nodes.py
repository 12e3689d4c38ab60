"""Throw-away nodes on loopback for `noaber demo`: whole ones, that are watched at their inboxes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from aiohttp import web

from communities.people import ActorKey
from federation.request_signatures import read_signature
from node.acting import Acting
from node.answers import problem_of
from node.clock import now
from node.compose import Node, open_node
from node.config_text import load
from node.config_writing import Value, filled
from node.errors import AddressTaken
from node.finding import Finder
from node.founding import CommunityPlan, Newcomer, found_community, found_person, make_keys
from node.holding import hold
from node.running import answering_requests
from node.settings import Settings
from node.verbs.desk import desk_of
from protocols.errors import ProtocolError
from protocols.signed_request import RequestParts
from protocols.strict_json import JsonObject, load_object
from storage.actors import Profile

HOST = "127.0.0.1"
PORTS_TRIED = 100
ACCEPTED = 202


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One signed POST that came to an inbox.

    `about` are the types of the activity from the outside in ("Announce", "Create", "Page");
    `refusal` is the reason when it was not accepted, `at` a time that only grows.
    """

    at: float
    signed_by: str
    about: tuple[str, ...]
    refusal: str | None = None


@dataclass(slots=True, kw_only=True)
class DemoNode:
    """A running node, with those who live there by name, and what has come to its inboxes."""

    node: Node
    acting: Acting
    finder: Finder
    config: Path
    people: dict[str, Profile] = field(default_factory=dict)
    groups: dict[str, Profile] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the node is called in the demo: its host and port."""
        return self.node.uris.domain

    async def add_person(self, name: str) -> Profile:
        """Make a person who lives here."""
        newcomer = await self._newcomer(name, name.capitalize())
        made = await self.acting.run(found_person, self.node.uris, newcomer)
        self.people[name] = made
        return made

    async def add_group(self, name: str, title: str, owner: Profile, about: str) -> Profile:
        """Make a public group that lives here."""
        newcomer = await self._newcomer(name, title)
        plan = CommunityPlan(description=about)
        await self.acting.run(found_community, self.node.uris, newcomer, owner.id, plan)
        made = await self.finder.own_community(name)
        self.groups[name] = made
        return made

    async def _newcomer(self, name: str, title: str) -> Newcomer:
        return Newcomer(
            key=ActorKey(self.node.snowflakes.mint()),
            localpart=name,
            name=title,
            at=now(),
            keys=await asyncio.to_thread(make_keys),
        )


@asynccontextmanager
async def demo_node(
    folder: Path,
    *,
    port: int,
    title: str,
    allow_networks: Sequence[str],
    more: Mapping[str, Value] | None = None,
) -> AsyncIterator[DemoNode]:
    """A node in an own folder, that answers at this port inside the block.

    Its settings file stands beside its data, so that other commands can act on it meanwhile;
    `more` are settings that differ from the usual ones.

    Raises:
        AddressTaken: something else listens there.
    """
    settings, config = _settled(folder, port, title, allow_networks, more or {})
    with hold(settings.node.data_dir):
        async with open_node(settings) as node:
            desk = desk_of(node)
            made = DemoNode(node=node, acting=desk.acting, finder=desk.finder, config=config)
            app = node.app()
            app.middlewares.append(_watching(made.arrivals))
            async with answering_requests(node, app):
                yield made


def _settled(
    folder: Path,
    port: int,
    title: str,
    allow_networks: Sequence[str],
    more: Mapping[str, Value],
) -> tuple[Settings, Path]:
    """The settings of a node on loopback, and the file in which they were written down."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "node.toml"
    config.write_text(
        filled(
            {
                "node.domain": f"{HOST}:{port}",
                "node.name": title,
                "node.data_dir": "data",
                "http.port": port,
                "http.public_scheme": "http",
                "metrics.port": 0,
                "federation.allow_networks": list(allow_networks),
                **more,
            }
        ),
        "utf-8",
    )
    return load(config), config


def free_port(start: int) -> int:
    """The first port from `start` on where nothing listens.

    Raises:
        AddressTaken: none of the next hundred is free.
    """
    for port in range(start, start + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AddressTaken(f"no port from {start} to {start + PORTS_TRIED - 1} is free on {HOST}")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _watching(arrivals: list[Arrival]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware that notes what came to an inbox, and whether it was taken."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST" or not request.path.endswith("/inbox"):
            return await handler(request)
        try:
            answer = await handler(request)
        except Exception as error:
            problem = problem_of(error)
            reason = str(error) if problem is None else problem.sentence
            arrivals.append(await _arrival(request, reason))
            raise
        refusal = None if answer.status == ACCEPTED else f"status {answer.status}"
        arrivals.append(await _arrival(request, refusal))
        return answer

    return watch


async def _arrival(request: web.Request, refusal: str | None) -> Arrival:
    body = await request.read()
    parts = RequestParts(
        method=request.method,
        target=request.raw_path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )
    try:
        signed_by = read_signature(parts, scheme="http").key_id
        activity = load_object(body)
    except ProtocolError as error:
        return Arrival(at=monotonic(), signed_by="", about=(), refusal=refusal or str(error))
    return Arrival(at=monotonic(), signed_by=signed_by, about=_types(activity), refusal=refusal)


def _types(activity: Mapping[str, object]) -> tuple[str, ...]:
    found: list[str] = []
    inner: object = activity
    while isinstance(inner, dict) and "type" in inner:
        found.append(str(inner["type"]))
        inner = inner.get("object")
    return tuple(found)


async def published(asking: DemoNode, uri: str) -> JsonObject:
    """A document as another node serves it, fetched over HTTP and signed by nobody.

    Raises:
        FederationError: it is not served.
    """
    return (await asking.node.client.get_json(uri)).document
