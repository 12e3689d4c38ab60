"""The world that a benchmark runs in: fake peers on 127.10.x.y, and a node that knows them.

The node's database is written by its own repositories before it starts, so that a run measures
what it is about and not the introduction of a thousand peers.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from communities import posting
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorKey
from communities.posting import PublishPost
from communities.posts import PostContent, PostKey, PostKind
from federation.snowflakes import Snowflakes
from federation.uris import Uris
from node.compose import Node, open_node
from node.config_text import parse
from node.founding import CommunityPlan, Newcomer, found_community, found_person, make_keys
from protocols.key_formats import PrivateKey, public_half, public_pem
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

ALLOWED = ("127.10.0.0/16",)
HOSTS_A_NET = 250
KEYS = 4
CHUNK = 100
"""Actors stored in one unit of work."""


@dataclass(frozen=True, slots=True)
class KeyPool:
    """A few RSA keys that all fake actors share: making one for each would take minutes."""

    keys: tuple[PrivateKey, ...]
    pems: tuple[str, ...]

    @classmethod
    def make(cls, count: int = KEYS) -> "KeyPool":
        """Generate the keys."""
        keys = tuple(
            PrivateKey(algorithm="rsa", key=rsa.generate_private_key(65_537, 2_048))
            for _ in range(count)
        )
        return cls(keys, tuple(public_pem(public_half(key)) for key in keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePeers:
    """The address plan: hosts on 127.10.x.y, all at one port, each with some actors.

    Attributes:
        hosts: how many there are.
        people: how many actors live on each.
        port: where all hosts listen.
        pool: the keys of the actors.
        first: the number of the first host, so that two plans do not overlap.
    """

    hosts: int
    people: int
    port: int
    pool: KeyPool
    first: int = 0

    def address(self, host: int) -> str:
        """The IP address of a host."""
        number = self.first + host
        return f"127.10.{number // HOSTS_A_NET}.{number % HOSTS_A_NET + 1}"

    def origin(self, host: int) -> str:
        """Scheme, address and port of a host."""
        return f"http://{self.address(host)}:{self.port}"

    @property
    def actors(self) -> int:
        """How many actors there are on all hosts."""
        return self.hosts * self.people

    def actor(self, number: int) -> str:
        """The id of an actor; neighbours in number live on different hosts."""
        return f"{self.origin(number % self.hosts)}/users/u{number}"

    def key(self, number: int) -> PrivateKey:
        """The private key of an actor."""
        return self.pool.keys[number % len(self.pool.keys)]

    def pem(self, number: int) -> str:
        """The public key of an actor."""
        return self.pool.pems[number % len(self.pool.pems)]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a load needs to know about a founded node."""

    base: str
    port: int
    data_dir: str
    person: str
    group: str
    posts: tuple[str, ...]
    allow: tuple[str, ...]

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return Path(self.data_dir) / "noaber.db"

    @property
    def shared_inbox(self) -> str:
        """The inbox that everything is sent to."""
        return f"{self.base}/inbox"


def settings_text(facts: Facts) -> str:
    """The settings file of a node on loopback; what it does not name is as for any operator."""
    authority = f"127.0.0.1:{facts.port}"
    networks = ", ".join(f'"{network}"' for network in facts.allow)
    return "\n".join(
        (
            "[node]",
            f'domain = "{authority}"',
            f'web_host = "{authority}"',
            f'data_dir = "{facts.data_dir}"',
            "[http]",
            f"port = {facts.port}",
            'public_scheme = "http"',
            "[metrics]",
            "port = 0",
            "[federation]",
            f"allow_networks = [{networks}]",
            "[limits]",
            "client_rates = false",
            "[logging]",
            'level = "warning"',
            'format = "text"',
            "",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a node is founded with.

    Attributes:
        peers: the actors it knows already; none are known without.
        followers: whether one actor of each host is a member of the group.
        software: what NodeInfo of every peer says; None leaves it unknown.
        posts: how many threads the local person has begun in the group.
        allow: the networks of peers.
    """

    peers: FakePeers | None = None
    followers: bool = False
    software: str | None = None
    posts: int = 0
    allow: tuple[str, ...] = ALLOWED


def opened(facts: Facts) -> AbstractAsyncContextManager[Node]:
    """The node in this process, not listening."""
    return open_node(parse(settings_text(facts), Path(facts.data_dir) / "node.toml"))


def found_node(data_dir: Path, port: int, plan: Plan) -> Facts:
    """Make the database of a node with a person, a group, threads and known peers."""
    return asyncio.run(_found(data_dir, port, plan))


async def _found(data_dir: Path, port: int, plan: Plan) -> Facts:
    unfounded = Facts(
        base="", port=port, data_dir=str(data_dir), person="", group="", posts=(), allow=plan.allow
    )
    async with opened(unfounded) as node:
        person = await _person(node)
        group = await _group(node, person)
        posts = [
            await node.storage.write(_thread, node.uris, node.snowflakes, person.id, group.id, n)
            for n in range(plan.posts)
        ]
        # Now, while nobody follows, so that the first start has nothing to tell a thousand peers.
        while await node.consumers.step():
            continue
        if plan.peers is not None:
            for numbers in _chunks(range(plan.peers.actors)):
                await node.storage.write(
                    _know, plan, plan.peers, numbers, node.snowflakes, group.id
                )
        return msgspec.structs.replace(
            unfounded,
            base=node.uris.base,
            person=person.uri,
            group=group.uri,
            posts=tuple(posts),
        )


@dataclass(frozen=True, slots=True)
class _Founded:
    id: ActorKey
    uri: str


def _newcomer(node: Node, localpart: str) -> Newcomer:
    return Newcomer(
        key=ActorKey(node.snowflakes.mint()),
        localpart=localpart,
        name=localpart.capitalize(),
        at=datetime.now(UTC),
        keys=make_keys(),
    )


async def _person(node: Node) -> _Founded:
    found = await node.storage.write(found_person, node.uris, _newcomer(node, "ada"))
    return _Founded(found.id, found.uri)


async def _group(node: Node, owner: _Founded) -> _Founded:
    plan = CommunityPlan(description="What the hive does.")
    newcomer = _newcomer(node, "bees")
    found = await node.storage.write(found_community, node.uris, newcomer, owner.id, plan)
    return _Founded(found.id, found.uri)


def _chunks(numbers: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _know(
    uow: UnitOfWork,
    plan: Plan,
    peers: FakePeers,
    numbers: Sequence[int],
    snowflakes: Snowflakes,
    group: ActorKey,
) -> None:
    """Store actors of peers as if they had been fetched; the first of each host may follow."""
    now = datetime.now(UTC)
    for number in numbers:
        origin = peers.origin(number % peers.hosts)
        uow.peers.ensure(origin, at=now)
        if plan.software is not None:
            uow.peers.set_software(
                origin, software=plan.software, version="1", capabilities=frozenset(), at=now
            )
        profile = fake_profile(peers, number, ActorKey(snowflakes.mint()), now)
        uow.actors.add(profile)
        uow.keys.replace(
            profile.id, [(f"{profile.uri}#main-key", peers.pem(number))], fetched_at=now
        )
        if plan.followers and number < peers.hosts:
            uow.memberships.put(
                Membership(
                    community_id=group,
                    person_id=profile.id,
                    state=MembershipState.MEMBER,
                    role=Role.MEMBER,
                    since=now,
                    uri=f"{profile.uri}/follow",
                )
            )


def fake_profile(peers: FakePeers, number: int, key: ActorKey, at: datetime) -> Profile:
    """The row of an actor of a fake peer."""
    uri = peers.actor(number)
    origin = peers.origin(number % peers.hosts)
    return Profile(
        id=key,
        uri=uri,
        kind="person",
        type="Person",
        localpart=f"u{number}",
        host=origin.removeprefix("http://"),
        name=f"u{number}",
        inbox=f"{uri}/inbox",
        url=uri,
        shared_inbox=f"{origin}/inbox",
        outbox=f"{uri}/outbox",
        followers_uri=f"{uri}/followers",
        published_at=at,
        fetched_at=at,
    )


def _thread(
    uow: UnitOfWork,
    uris: Uris,
    snowflakes: Snowflakes,
    author: ActorKey,
    group: ActorKey,
    number: int,
) -> str:
    """A thread of the local person in the group; its object id."""
    key = PostKey(snowflakes.mint())
    now = datetime.now(UTC)
    posting.publish(
        uow,
        PublishPost(
            id=key,
            uri=uris.post(key),
            author_id=author,
            kind=PostKind.PAGE,
            content=PostContent(title=f"Thread {number}", html="<p>Moin.</p>", source="Moin."),
            published_at=now,
            at=now,
            community_id=group,
            local=True,
        ),
    )
    return uris.post(key)
