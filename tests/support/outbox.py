"""What goes out: a village of peers with their software, and the bodies that a step queues."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from communities import editing, moderation
from communities.community import Community
from communities.editing import EditPost
from communities.events import Event
from communities.membership import Role
from communities.moderation import ModeratePost
from communities.people import ActorKey, Person
from communities.posting import PublishPost, submit
from communities.posts import Post, PostContent, PostKey, PostKind
from federation.activitypub import outbound
from protocols.activitypub.parsing import parse_activity, parse_post
from protocols.activitypub.parsing_origins import origin
from protocols.activitypub.vocabulary import Activity
from protocols.strict_json import JsonObject, load_object
from storage.actors import Profile
from storage.keys import SigningKey
from storage.names import NameKind
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support import spec_keys
from tests.support.factories import HOME, World

LEMMY, OLD_LEMMY = "lemmy.example", "old.example"
MASTODON, PIEFED, UNKNOWN = "mastodon.example", "piefed.example", "unknown.example"
SOFTWARE = {
    LEMMY: ("lemmy", "1.0.0", frozenset[str]()),
    OLD_LEMMY: ("lemmy", "0.19.5", frozenset[str]()),
    MASTODON: ("mastodon", "4.5.0", frozenset[str]()),
    PIEFED: ("piefed", "1.2.0", frozenset({"fep-1b12", "fep-1a11"})),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One body to one inbox."""

    inbox: str
    body: bytes
    sender_id: ActorKey
    order_key: int
    twin: bool

    @property
    def host(self) -> str:
        """Whose inbox."""
        return origin(self.inbox).removeprefix("https://")

    @property
    def document(self) -> JsonObject:
        """As JSON."""
        return load_object(self.body)

    @property
    def activity(self) -> Activity:
        """As a peer would read it."""
        return parse_activity(self.document)


@dataclass(slots=True)
class Village:
    """People, communities and peers; written by `found`."""

    storage: Storage
    world: World
    ada: Person
    bob: Person
    bees: Community
    trees: Community
    members: dict[str, Person]

    async def do(self, function: Callable[..., object], *arguments: object) -> object:
        """Run a domain function in a unit of its own."""
        at_ms = to_ms(self.world.tick())

        def unit(uow: UnitOfWork) -> object:
            uow.at_ms = at_ms
            return function(uow, *arguments)

        return await self.storage.write(unit)

    async def record(self, *events: Event, cause: bytes | None = None) -> None:
        """Put events in the log, caused by an activity of a peer or by one of ours."""

        def unit(uow: UnitOfWork) -> None:
            uow.at_ms = to_ms(self.world.now)
            if cause is not None:
                uow.cause = uow.inbox.keep(cause, at_ms=uow.at_ms)
            for event in events:
                uow.record(event)

        await self.storage.write(unit)

    async def step(self) -> list[Sent]:
        """Step the consumer until it has come to the end; what it queued since the last time."""
        before = await self.storage.read(_last_outbound)
        while await self.storage.write(outbound.step, HOME, to_ms(self.world.now)):
            continue
        return await self.storage.read(sent_after, before)

    async def skip(self) -> None:
        """Step over what happened until now, and forget what it queued."""
        await self.step()

    async def publish(
        self,
        author: Person,
        community: Community | None = None,
        *,
        cause: bytes | None = None,
        **changes: object,
    ) -> Post:
        """Publish (or ask for) a post through the domain."""
        command = self.draft(author, community, **changes)

        def unit(uow: UnitOfWork) -> Post:
            uow.at_ms = to_ms(command.at)
            if cause is not None:
                uow.cause = uow.inbox.keep(cause, at_ms=uow.at_ms)
            return submit(uow, command)

        return await self.storage.write(unit)

    def draft(
        self, author: Person, community: Community | None = None, **changes: object
    ) -> PublishPost:
        """A titled post; `changes` replace its fields."""
        key = PostKey(self.world.key())
        local = author.host is None
        values: dict[str, object] = {
            "kind": PostKind.PAGE,
            "content": PostContent(title="Moin", html="<p>Moin.</p>", source="Moin."),
            "community_id": None if community is None else community.id,
            "uri": HOME.post(key) if local else f"https://{author.host}/post/{key}",
            **changes,
        }
        return PublishPost(
            id=key,
            author_id=author.id,
            published_at=self.world.now,
            at=self.world.now,
            local=local,
            url=str(values["uri"]),
            **values,  # type: ignore[arg-type]  # the fields of a command by name
        )

    async def edit(self, post: Post, text: str = "Moin moin.") -> None:
        """Let the author edit a post."""
        at = self.world.tick()
        content = PostContent(title="Moin", html=f"<p>{text}</p>", source=text)
        command = EditPost(
            post_id=post.id, editor_id=post.author_id, content=content, edited_at=at, at=at
        )
        await self.do(editing.edit, command)

    async def withdraw(self, post: Post) -> None:
        """Let the author delete a post."""
        await self.do(editing.withdraw, post.id, post.author_id, self.world.tick())

    async def remove(self, post: Post, *, back: bool = False, reason: str = "spam") -> None:
        """Let ada remove a post, or bring it back."""
        act = ModeratePost(
            post_id=post.id, moderator_id=self.ada.id, at=self.world.tick(), reason=reason
        )
        await self.do(moderation.restore if back else moderation.remove, act)

    async def post(self, post_id: PostKey) -> Post:
        """The post as it is now."""
        found = await self.storage.read(lambda uow: uow.posts.get(post_id))
        assert found is not None
        return found


def _last_outbound(uow: UnitOfWork) -> int:
    found = uow.deliveries.after(0, 100_000)
    return max((one.seq for one in found), default=0)


def sent_after(uow: UnitOfWork, seq: int) -> list[Sent]:
    """What was queued behind a body."""
    found = uow.deliveries.after(seq, 100_000)
    bodies = uow.deliveries.bodies(sorted({one.seq for one in found}))
    return [
        Sent(one.inbox, bodies[one.seq], one.sender_id, one.order_key, one.twin) for one in found
    ]


async def found(storage: Storage) -> Village:
    """Make the village: `bees` is ours, `trees` is of the Lemmy peer."""
    world = World()
    return await storage.write(_found, storage, world)


def _found(uow: UnitOfWork, storage: Storage, world: World) -> Village:
    for host, (software, version, capabilities) in SOFTWARE.items():
        peer = f"https://{host}"
        uow.peers.ensure(peer, at=world.now)
        uow.peers.set_software(
            peer, software=software, version=version, capabilities=capabilities, at=world.now
        )
    _add_node_actor(uow, world)
    ada, bob = world.person(uow, "ada"), world.person(uow, "bob")
    bees = world.community(uow, "bees")
    for local in (ada, bob, bees):
        add_keys(uow, local.id, local.uri, world.now)
    world.member(uow, bees, ada, Role.OWNER)
    world.member(uow, bees, bob)
    trees = world.remote_community(uow, "trees", LEMMY)
    world.member(uow, trees, bob)
    members = {}
    for host in (LEMMY, MASTODON, PIEFED, UNKNOWN):
        members[host] = world.remote_person(uow, host.split(".")[0], host)
        world.member(uow, bees, members[host])
    members[OLD_LEMMY] = world.remote_person(uow, "old", OLD_LEMMY)
    return Village(storage, world, ada, bob, bees, trees, members)


def _add_node_actor(uow: UnitOfWork, world: World) -> None:
    key = ActorKey(world.key())
    uow.names.claim("_node", NameKind.NODE, key)
    uri = HOME.node_actor()
    uow.actors.add(
        Profile(
            id=key,
            uri=uri,
            kind="person",
            type="Application",
            localpart="_node",
            host=None,
            name="noaber.example",
            inbox=HOME.inbox(uri),
        )
    )
    add_keys(uow, key, uri, world.now)


def add_keys(uow: UnitOfWork, actor_id: ActorKey, uri: str, at: datetime) -> None:
    """Give a local actor the keys of a specification."""
    for algorithm, key_id, pem in (
        ("rsa", HOME.main_key(uri), spec_keys.RFC9421_RSA_PRIVATE),
        ("ed25519", HOME.ed25519_key(uri), spec_keys.RFC9421_ED25519_PRIVATE),
    ):
        key = SigningKey(actor_id=actor_id, algorithm=algorithm, key_id=key_id, private_pem=pem)
        uow.keys.put_signing(key, created_at=at)


def to_hosts(sent: list[Sent]) -> list[str]:
    """The hosts of inboxes, sorted."""
    return sorted(one.host for one in sent)


def at_host(sent: list[Sent], host: str) -> list[Sent]:
    """What one peer gets."""
    return [one for one in sent if one.host == host]


def inner(document: JsonObject) -> JsonObject:
    """The object of an activity, which must be embedded."""
    found = document["object"]
    assert isinstance(found, dict)
    return found


def mentions_in(document: JsonObject) -> list[str]:
    """Whom a post mentions."""
    post = parse_post(document)
    return [mention.href for mention in post.mentions]


def bytes_of(document: JsonObject) -> bytes:
    """An activity as a peer sends it."""
    return msgspec.json.encode(document)
