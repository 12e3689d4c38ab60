"""An inbox with everything behind it, and peers that sign: only the wire and the clock are made up.

postbox = Postbox(storage)
ada = await postbox.resident("ada")
eve = await postbox.stranger("eve")
await postbox.deliver(activity("Create", eve.uri, note(eve.uri, to=[ada.uri])))
"""

import itertools
import json
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from communities.actors import Actor
from communities.community import Community
from communities.events import Event
from communities.membership import Membership, MembershipState, Role
from communities.people import ActorState, Follow, FollowState, Person
from communities.posts import Post, PostCounts
from federation.activitypub.act import Context
from federation.activitypub.resolve import Resolver
from federation.client import Client
from federation.documents import ACTIVITY_DOCUMENT, Fetched, Wanted
from federation.errors import FetchForbidden, Forbidden, PeerRefused
from federation.fetch_budget import FetchBudget
from federation.inbox import INBOX_JOB, InboxReceiver, Outcome
from federation.inbox_job import inbox_job
from federation.keys import PeerKeys
from federation.policies import Policies
from federation.signing import Signer
from federation.snowflakes import Snowflakes
from node.jobs import JobRunner
from node.metrics import Metrics
from node.tasks import Tasks
from protocols.activitypub.parsing_origins import is_web_url, origin
from protocols.http_signatures import sign
from protocols.key_formats import PrivateKey, load_private_pem
from protocols.signed_request import RequestParts
from protocols.strict_json import JsonObject, JsonValue
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support import spec_keys
from tests.support.factories import HOME, World

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
AS = "https://www.w3.org/ns/activitystreams"
KEY = load_private_pem(spec_keys.RFC9421_RSA_PRIVATE, trusted=True)
"""Everyone's key on the wire, so that tests need no keys of their own."""
OTHER_KEY = load_private_pem(spec_keys.RFC9421_ED25519_PRIVATE, trusted=True)

_numbers = itertools.count(1)


class Wire(Client):
    """What peers serve, by URL: a document, or the error that asking for it ends in."""

    def __init__(self) -> None:
        self.documents: dict[str, JsonObject | Exception] = {}
        self.asked: list[str] = []

    async def get_json(
        self, url: str, wanted: Wanted = ACTIVITY_DOCUMENT, *, signer: Signer | None = None
    ) -> Fetched:
        self.asked.append(url)
        page = url.partition("#")[0]
        found = self.documents.get(url) or self.documents.get(page)
        if found is None:
            raise PeerRefused(404)
        if isinstance(found, Exception):
            raise found
        claimed = found.get("id")
        if not is_web_url(claimed) or origin(str(claimed)) != origin(page):
            raise FetchForbidden(Forbidden.ID)
        return Fetched(url=page, status=200, document=found, body=b"", headers={})


class Postbox:
    """The inbox of a node, its jobs, and the people and peers around it."""

    def __init__(self, storage: Storage, *, fetches_per_minute: int = 300) -> None:
        self.storage = storage
        self.world = World()
        self.wire = Wire()
        self.policies = Policies()
        self.context = Context(uris=HOME, snowflakes=Snowflakes(self.now, first=0))
        budget = FetchBudget(fetches_per_minute, now=self.now)
        self.keys = PeerKeys(
            storage,
            self.wire,
            self.context,
            now=self.now,
            signer=lambda: None,
            budget=budget,
        )
        self.receiver = InboxReceiver(
            storage, self.keys, self.policies, self.context, now=self.now, window=timedelta(hours=1)
        )
        resolver = Resolver(
            self.wire, self.policies, budget, self.keys.reader, HOME, signer=lambda: None
        )
        job = inbox_job(storage, resolver, self.context, now=self.now, reader=self.keys.reader)
        self.jobs = JobRunner(storage, {INBOX_JOB: job}, Tasks(), Metrics(), now=self.now)

    def now(self) -> Any:
        return self.world.now

    async def resident(self, name: str) -> Person:
        """Someone of this node."""
        return await self.storage.write(self.world.person, name)

    async def stranger(self, name: str, host: str = "peer.example") -> Person:
        """Someone of a peer whom we know, with a key."""
        person = await self.storage.write(self.world.remote_person, name, host)
        await self.give_key(person.uri)
        return person

    async def group(self, name: str, **changes: Any) -> Community:
        """A community of this node."""
        return await self.storage.write(lambda uow: self.world.community(uow, name, **changes))

    async def distant_group(
        self, name: str, host: str = "groups.example", **changes: Any
    ) -> Community:
        """A community of a peer, with a key."""
        community = await self.storage.write(
            lambda uow: self.world.remote_community(uow, name, host, **changes)
        )
        await self.give_key(community.uri, "Group")
        return community

    async def give_key(self, uri: str, kind: str = "Person") -> None:
        """Let an actor that we know sign, and serve its document."""
        self.wire.documents[uri] = actor_document(uri, kind)

        def store(uow: UnitOfWork) -> None:
            owner = uow.actors.key_of(uri)
            assert owner is not None
            key = (f"{uri}#main-key", spec_keys.RFC9421_RSA_PUBLIC)
            uow.keys.replace(owner, [key], fetched_at=self.world.now)

        await self.storage.write(store)

    async def member(
        self,
        community: Community,
        person: Person,
        role: Role = Role.MEMBER,
        state: MembershipState = MembershipState.MEMBER,
    ) -> None:
        await self.storage.write(self.world.member, community, person, role, state)

    async def follow(
        self, follower: Person, followee: Person, state: FollowState = FollowState.ACCEPTED
    ) -> None:
        await self.storage.write(self.world.follow, follower, followee, state)

    async def post(
        self, author: Person, community: Community | None = None, **changes: Any
    ) -> Post:
        return await self.storage.write(
            lambda uow: self.world.post(uow, author, community, **changes)
        )

    async def deliver(
        self, sent: JsonObject, *, signer: str | None = None, key: PrivateKey = KEY
    ) -> Outcome:
        """POST an activity to the shared inbox, signed by its actor; then run what was queued."""
        outcome = await self.post_raw(
            json.dumps(sent).encode(), signer=signer or str(sent["actor"]), key=key
        )
        if outcome is Outcome.QUEUED:
            await self.jobs.step()
        return outcome

    async def post_raw(self, body: bytes, *, signer: str, key: PrivateKey = KEY) -> Outcome:
        """POST any bytes, signed by an actor's main key."""
        return await self.receiver.accept(self.signed(body, signer=signer, key=key))

    def signed(
        self, body: bytes, *, signer: str, key: PrivateKey = KEY, target: str = "/inbox"
    ) -> RequestParts:
        """A POST as it would arrive."""
        headers = sign(
            key=key,
            method="POST",
            target=target,
            host="noaber.example",
            date=format_datetime(self.world.now, usegmt=True),
            body=body,
            content_type="application/activity+json",
            key_id=f"{signer}#main-key",
        )
        lowered = {name.lower(): value for name, value in headers.items()}
        return RequestParts(method="POST", target=target, headers=lowered, body=body)

    async def find(self, uri: str) -> Post | None:
        """The post with this object id."""
        return await self.storage.read(lambda uow: uow.posts.by_uri(uri))

    async def events(self) -> list[Event]:
        """What happened so far."""
        logged = await self.storage.read(lambda uow: uow.events.after(0, 1000))
        return [one.event for one in logged]

    async def relayed(self) -> list[bytes]:
        """The bytes that events name as their cause, in order."""
        logged = await self.storage.read(lambda uow: uow.events.after(0, 1000))
        causes = [one.cause for one in logged if one.cause is not None]
        return await self.storage.read(_bodies, causes)

    async def membership(self, community: Community, person: Person) -> Membership | None:
        """How a person stands towards a community."""
        return await self.storage.read(lambda uow: uow.memberships.get(community.id, person.id))

    async def following(self, follower: Actor, followee: Actor) -> Follow | None:
        """The follow between two actors."""
        return await self.storage.read(lambda uow: uow.people.follow(follower.id, followee.id))

    async def counts(self, post: Post) -> PostCounts:
        """The votes and comments of a post."""
        return await self.storage.read(lambda uow: uow.posts.counts(post.id))

    async def set_state(self, actor: Actor, state: ActorState) -> None:
        """Suspend an actor, or let it be again."""
        await self.storage.write(lambda uow: uow.people.set_state(actor.id, state))
        self.keys.forget(actor.id)


def _bodies(uow: UnitOfWork, causes: list[int]) -> list[bytes]:
    found = [uow.inbox.body(cause) for cause in causes]
    return [body for body in found if body is not None]


def actor_document(uri: str, kind: str = "Person", **more: Any) -> JsonObject:
    """An actor as its server serves it, with everyone's key."""
    return {
        "@context": [AS, "https://w3id.org/security/v1"],
        "id": uri,
        "type": kind,
        "preferredUsername": uri.rpartition("/")[2],
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "publicKey": {
            "id": f"{uri}#main-key",
            "owner": uri,
            "publicKeyPem": spec_keys.RFC9421_RSA_PUBLIC,
        },
        **more,
    }


def note(author: str, text: str = "Moin.", **more: Any) -> JsonObject:
    """A public Note with an id of its author's server; `more` replaces and adds."""
    return {
        "id": f"{author}/notes/{next(_numbers)}",
        "type": "Note",
        "attributedTo": author,
        "content": f"<p>{text}</p>",
        "to": [PUBLIC],
        "published": "2026-11-01T11:00:00Z",
        **more,
    }


def page(author: str, group: str, title: str = "A title", **more: Any) -> JsonObject:
    """A titled post to a group, as Lemmy sends it."""
    return note(
        author, **{"type": "Page", "name": title, "audience": group, "to": [group, PUBLIC], **more}
    )


def activity(kind: str, actor: str, obj: JsonValue, **more: Any) -> JsonObject:
    """An activity with an id of its actor's server."""
    return {
        "@context": AS,
        "id": f"{actor}/activities/{next(_numbers)}",
        "type": kind,
        "actor": actor,
        "object": obj,
        "to": [PUBLIC],
        **more,
    }
