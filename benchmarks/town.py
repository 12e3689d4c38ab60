"""A node with somebody who reads: 200 communities, people they follow, a thread of 1,000 comments.

It is written by the node's own repositories before it starts. One person has an app with a token.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec

from benchmarks.village import ALLOWED, Facts, opened
from communities.community import Community
from communities.membership import Membership, MembershipState
from communities.people import ActorKey, Follow, FollowState
from communities.posts import Post, PostContent, PostKey, PostKind, Reaction, ReactionKind
from node.compose import Node
from node.founding import Newcomer, found_person, make_keys
from storage.actors import Profile
from storage.app_tokens import AppToken
from storage.apps import App
from storage.unit_of_work import UnitOfWork

TOKEN = "reader-of-the-benchmark"
COMMENTS = 1_000
_JOINED, _COMMUNITIES = 200, 250
_FOLLOWED, _PEOPLE, _HOSTS = 100, 400, 40
_CHUNK = 250
_BOOSTED = 0.1
_IN_COMMUNITIES = 0.6
_TEXT = "<p>" + "Moin, the bees are fine and the honey is good. " * 8 + "</p>"


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader needs to know of a founded node."""

    facts: Facts
    root: int

    @property
    def home(self) -> str:
        """A page of 40 statuses of the home timeline."""
        return "/api/v1/timelines/home?limit=40"

    @property
    def thread(self) -> str:
        """The thread of 1,000 comments."""
        return f"/api/v1/statuses/{self.root}/context"


def found_town(data_dir: Path, port: int, posts: int) -> Town:
    """Make the database of a node with that many posts and a person who reads them."""
    return asyncio.run(_found(data_dir, port, posts))


async def _found(data_dir: Path, port: int, posts: int) -> Town:
    facts = Facts(
        base="", port=port, data_dir=str(data_dir), person="", group="", posts=(), allow=ALLOWED
    )
    async with opened(facts) as node:
        reader = await _reader(node)
        town = _Town(node=node, dice=random.Random(8), reader=reader, begin=datetime.now(UTC))
        await node.storage.write(town.settle)
        for first in range(0, posts, _CHUNK):
            await node.storage.write(town.write, first, min(_CHUNK, posts - first), posts)
        root = await node.storage.write(town.discuss)
        found = msgspec.structs.replace(facts, base=node.uris.base)
    return Town(facts=found, root=root)


async def _reader(node: Node) -> ActorKey:
    """Somebody of this node, with an app that reads for them."""
    now = datetime.now(UTC)
    newcomer = Newcomer(
        key=ActorKey(node.snowflakes.mint()), localpart="ada", name="Ada", at=now, keys=make_keys()
    )
    await node.storage.write(found_person, node.uris, newcomer)

    def let_in(uow: UnitOfWork) -> None:
        app = App(
            id=1,
            client_id="reader",
            name="Reader",
            website=None,
            redirect_uris=("urn:ietf:wg:oauth:2.0:oob",),
            scopes=frozenset({"read"}),
            created_at=now,
        )
        uow.apps.add(app, b"")
        token = AppToken(
            id=1,
            app_id=1,
            scopes=app.scopes,
            created_at=now,
            used_at=now,
            person_id=newcomer.key,
            actor_id=newcomer.key,
        )
        uow.app_tokens.add(sha256(TOKEN.encode()).digest(), token)

    await node.storage.write(let_in)
    return newcomer.key


@dataclass(slots=True, kw_only=True)
class _Town:
    node: Node
    dice: random.Random
    reader: ActorKey
    begin: datetime
    people: Sequence[Profile] = ()
    places: Sequence[Profile] = ()

    def settle(self, uow: UnitOfWork) -> None:
        """Make people and communities of other servers; the reader joins and follows."""
        self.people = [self._actor(uow, n, "person") for n in range(_PEOPLE)]
        self.places = [self._actor(uow, n, "community") for n in range(_COMMUNITIES)]
        for place in self.places:
            uow.communities.add(
                Community(
                    id=place.id,
                    uri=place.uri,
                    localpart=place.localpart,
                    host=place.host,
                    name=place.name,
                )
            )
        for place in self.places[:_JOINED]:
            uow.memberships.put(
                Membership(
                    community_id=place.id,
                    person_id=self.reader,
                    state=MembershipState.MEMBER,
                    since=self.begin,
                )
            )
        for person in self.people[:_FOLLOWED]:
            uow.people.put_follow(
                Follow(
                    follower_id=self.reader,
                    followee_id=person.id,
                    state=FollowState.ACCEPTED,
                    uri=f"{person.uri}/followed",
                    since=self.begin,
                )
            )

    def _actor(self, uow: UnitOfWork, number: int, kind: str) -> Profile:
        host = f"h{number % _HOSTS}.example"
        uri = f"https://{host}/{kind}/{number}"
        profile = Profile(
            id=ActorKey(self.node.snowflakes.mint()),
            uri=uri,
            kind=kind,
            type="Group" if kind == "community" else "Person",
            localpart=f"{kind}{number}",
            host=host,
            name=f"{kind.capitalize()} {number}",
            inbox=f"{uri}/inbox",
            summary_html="<p>Keeps bees by the canal.</p>",
            url=uri,
            icon_url=f"{uri}/icon.png",
            published_at=self.begin,
            fetched_at=self.begin,
        )
        uow.actors.add(profile)
        return profile

    def write(self, uow: UnitOfWork, first: int, count: int, of: int) -> None:
        """Posts by the people, most in communities, some boosted; the last is an hour old."""
        for number in range(first, first + count):
            author = self.dice.choice(self.people)
            alone = self.dice.random() > _IN_COMMUNITIES
            place = None if alone else self.dice.choice(self.places)
            at = self.begin - timedelta(hours=1, seconds=30 * (of - number))
            post = self._post(author, at, place, title=None if alone else f"Post {number}")
            uow.posts.add(post)
            if self.dice.random() < _BOOSTED:
                booster = self.dice.choice(self.people)
                uow.reactions.put(
                    Reaction(
                        actor_id=booster.id,
                        post_id=post.id,
                        kind=ReactionKind.BOOST,
                        uri=f"{booster.uri}/boost/{number}",
                        at=at + timedelta(minutes=10),
                    )
                )

    def _post(
        self, author: Profile, at: datetime, place: Profile | None, *, title: str | None
    ) -> Post:
        key = PostKey(self.node.snowflakes.mint_at(at, received=self.begin))
        uri = f"https://{author.host}/post/{key}"
        return Post(
            id=key,
            uri=uri,
            author_id=author.id,
            root_id=key,
            kind=PostKind.NOTE if title is None else PostKind.PAGE,
            content=PostContent(title=title, html=_TEXT, source="", language="en"),
            published_at=at,
            community_id=None if place is None else place.id,
            url=uri,
        )

    def discuss(self, uow: UnitOfWork) -> int:
        """A thread with 1,000 comments, as deep as people discuss; its key."""
        place = self.places[0]
        root = self._post(self.people[0], self.begin - timedelta(hours=1), place, title="Honey?")
        uow.posts.add(root)
        thread = [root]
        for number in range(COMMENTS):
            at = self.begin - timedelta(seconds=COMMENTS - number)
            parent = self.dice.choice(thread[-30:])
            draft = self._post(self.dice.choice(self.people), at, place, title=None)
            comment = replace(
                draft,
                root_id=root.id,
                parent_id=parent.id,
                parent_uri=parent.uri,
                depth=parent.depth + 1,
            )
            uow.posts.add(comment)
            thread.append(comment)
        return root.id
