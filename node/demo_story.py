"""The people and the group of `noaber demo`, and what the three nodes can be asked about them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from communities.membership import MembershipState
from communities.people import ActorKey
from communities.posts import Post, PostState
from federation.errors import FederationError
from node.demo_nodes import DemoNode
from node.drafts import Draft
from node.errors import NodeError
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork

Check = Callable[[], Awaitable[bool]]
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.02


class NotShown(NodeError):  # noqa: N818 - says what happened
    """Something did not become true in time."""


async def until(check: Check, sentence: str) -> None:
    """Wait until something is true.

    Raises:
        NotShown: it was not within ten seconds.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _holds(check):  # noqa: ASYNC110 - what is asked may be a peer
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise NotShown(f"not so within {PATIENCE_SECONDS:g} s: {sentence}") from None


async def _holds(check: Check) -> bool:
    """Whether it is true now; a document that a peer does not serve (yet) makes it false."""
    try:
        return await check()
    except FederationError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Something that must become true at another node, said in a sentence."""

    sentence: str
    holds: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the story: `act` does it, `proofs` show that it arrived, `way` tells how.

    A proof asks another node than the one that acted: its database, or its documents over HTTP.
    """

    title: str
    way: str
    act: Callable[[], Awaitable[None]]
    proofs: Sequence[Proof]


@dataclass(slots=True, kw_only=True)
class Story:
    """The three nodes, and what the steps leave for each other."""

    home: DemoNode
    near: DemoNode
    far: DemoNode
    posts: dict[str, str] = field(default_factory=dict)

    @property
    def alice(self) -> Profile:
        """Who lives with the group and moderates it."""
        return self.home.people["alice"]

    @property
    def bob(self) -> Profile:
        """Who lives on the second node."""
        return self.near.people["bob"]

    @property
    def carol(self) -> Profile:
        """Who lives on the third node."""
        return self.far.people["carol"]

    @property
    def bees(self) -> Profile:
        """The group."""
        return self.home.groups["bees"]

    async def begin(self) -> None:
        """Make the people and the group."""
        await self.home.add_person("alice")
        await self.home.add_group("bees", "Bees", self.alice, "About keeping *bees*.")
        await self.near.add_person("bob")
        await self.far.add_person("carol")

    async def local(self, where: DemoNode) -> ActorKey:
        """The key that a node has given the group."""
        return (await where.finder.community(self.bees.uri)).id

    async def write(self, what: str, where: DemoNode, author: Profile, draft: Draft) -> None:
        """Let somebody write something that later steps speak of."""
        self.posts[what] = (await where.acting.write(author.id, draft)).uri

    async def post(self, what: str, where: DemoNode) -> Post | None:
        """A post of the story as a node has it."""
        uri = self.posts.get(what)
        return None if uri is None else await where.node.storage.read(_post, uri)

    async def found(self, what: str, where: DemoNode) -> Post:
        """A post of the story that a node must have.

        Raises:
            NotShown: it has not.
        """
        post = await self.post(what, where)
        if post is None:
            raise NotShown(f"{where.name} does not have the {what}")
        return post

    def has(
        self, what: str, where: DemoNode, state: PostState = PostState.PUBLISHED, title: str = ""
    ) -> Check:
        """Whether a node has a post in a state (and with a title)."""

        async def check() -> bool:
            post = await self.post(what, where)
            return post is not None and post.state is state and title in (post.content.title or "")

        return check

    def standing(self, where: DemoNode, whom: str, state: MembershipState) -> Check:
        """Whether, at a node, somebody stands so in the group."""

        async def check() -> bool:
            return await where.node.storage.read(_stands, self.bees.uri, whom) is state

        return check

    def likes(self, what: str, where: DemoNode, number: int) -> Check:
        """Whether a node counts so many votes up."""

        async def check() -> bool:
            uri = self.posts.get(what, "")
            return await where.node.storage.read(_likes, uri) == number

        return check


def _post(uow: UnitOfWork, uri: str) -> Post | None:
    return uow.posts.by_uri(uri)


def _likes(uow: UnitOfWork, uri: str) -> int:
    post = uow.posts.by_uri(uri)
    return 0 if post is None else uow.posts.counts(post.id).likes


def _stands(uow: UnitOfWork, community: str, person: str) -> MembershipState | None:
    community_key, person_key = uow.actors.key_of(community), uow.actors.key_of(person)
    if community_key is None or person_key is None:
        return None
    found = uow.memberships.get(community_key, person_key)
    return None if found is None else found.state
