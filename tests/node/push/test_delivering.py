"""Pushes on their way: to a push service on loopback, where an app reads them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from communities.notifications import NoticeKind
from communities.people import ActorKey, Person
from communities.posts import Post, PostContent
from federation.client import Client
from node.jobs import JobRunner
from node.metrics import Metrics
from node.push.delivering import LIFETIME, Pusher
from node.push.keys import PushKey
from node.push.wanted import PUSH_JOB, want_pushes
from node.tasks import Tasks
from protocols.mastodon.accounts import Entity
from protocols.web_push import Receiver, public_point
from storage.notifications import Notification
from storage.push_subscriptions import PushSubscription
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.loopback_client import ONLY_ONE, SHORT, loopback_client
from tests.support.loopback_peer import LoopbackPeer, hang, reply

pytest.importorskip("http_ece", reason="pip install http-ece")

from tests.support.push_app import AUTH, PushApp, give_token

KEY = PushKey(ec.derive_private_key(7, ec.SECP256R1()))


def account_of(uow: UnitOfWork, key: ActorKey) -> Entity | None:
    person = uow.people.get(key)
    assert person is not None
    return {
        "acct": person.localpart,
        "display_name": person.name,
        "note": "<p>Keeps bees.</p>",
        "avatar": "https://noaber.example/avatar.png",
    }


@dataclass
class Scene:
    """Ada, whose phone wants pushes; Ben, who does things; the push service."""

    storage: Storage
    world: World
    clock: Clock
    peer: LoopbackPeer
    pusher: Pusher
    jobs: JobRunner
    ada: Person
    ben: Person
    post: Post
    phone: PushApp

    async def subscribe(self, path: str = "/send", **changes: Any) -> PushSubscription:
        values: dict[str, Any] = {
            "id": self.world.key(),
            "token_id": self.ada.id,
            "person_id": self.ada.id,
            "endpoint": self.peer.url(path),
            "receiver": Receiver(p256dh=public_point(self.phone.key), auth=AUTH),
            "standard": True,
            "alerts": frozenset({"mention", "favourite", "follow"}),
            "policy": "all",
            "sealed_token": KEY.seal("token-of-ada", bytes(12)),
            **changes,
        }
        subscription = PushSubscription(**values)
        await self.storage.write(lambda uow: uow.push_subscriptions.put(subscription))
        return subscription

    async def tell(self, kind: NoticeKind, *, about: bool = True) -> int:
        """Tell Ada that Ben did something, and have it pushed."""
        one = Notification(
            person_id=self.ada.id,
            kind=kind.value,
            actor_id=self.ben.id,
            at=self.clock(),
            post_id=self.post.id if about else None,
        )

        def add(uow: UnitOfWork) -> int:
            key = uow.notifications.add(one)
            assert key is not None
            stored = uow.notice_pages.get(self.ada.id, key)
            assert stored is not None
            want_pushes(uow, stored, to_ms(self.clock()))
            return key

        return await self.storage.write(add)

    async def waiting(self) -> int:
        counts = await self.storage.read(lambda uow: uow.jobs.counts())
        return counts.get(PUSH_JOB, (0, 0))[0]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with loopback_client(limits=SHORT) as client:
        yield client


@pytest.fixture
async def scene(storage: Storage, client: Client) -> AsyncIterator[Scene]:
    world, clock = World(), Clock()

    def people(uow: UnitOfWork) -> tuple[Person, Person, Post]:
        ada, ben = world.person(uow, "ada"), world.person(uow, "ben")
        give_token(uow, world, ada)
        content = PostContent(html="<p>Moin &amp; <b>welcome</b>.</p>", source="Moin")
        return ada, ben, world.post(uow, ada, content=content)

    ada, ben, post = await storage.write(people)
    async with LoopbackPeer() as peer:
        pusher = Pusher(
            storage=storage,
            client=client,
            key=KEY,
            account_of=account_of,
            subject="https://noaber.example",
            now=clock,
            allow_networks=ONLY_ONE,
        )
        jobs = JobRunner(storage, {PUSH_JOB: pusher}, Tasks(), Metrics(), now=clock)
        yield Scene(
            storage=storage,
            world=world,
            clock=clock,
            peer=peer,
            pusher=pusher,
            jobs=jobs,
            ada=ada,
            ben=ben,
            post=post,
            phone=PushApp(),
        )


@pytest.mark.parametrize("standard", [True, False])
async def test_an_app_reads_who_did_what(scene: Scene, standard: bool) -> None:
    scene.peer.behaviours["/send"] = reply(201)
    await scene.subscribe(standard=standard)
    key = await scene.tell(NoticeKind.REACTION)

    await scene.jobs.step()

    (received,) = scene.peer.requests
    assert scene.phone.read(received) == {
        "access_token": "token-of-ada",
        "preferred_locale": "en",
        "notification_id": key,
        "notification_type": "favourite",
        "icon": "https://noaber.example/avatar.png",
        "title": "Ben likes your post",
        "body": "Moin & welcome.",
    }
    assert (received.headers["ttl"], received.headers["urgency"]) == ("172800", "normal")
    assert await scene.waiting() == 0


async def test_the_words_are_in_the_language_of_who_reads(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(201)
    await scene.subscribe()
    await scene.storage.write(lambda uow: uow.accounts.set_locale(scene.ada.id, "nl"))
    await scene.tell(NoticeKind.FOLLOW, about=False)

    await scene.jobs.step()

    payload = scene.phone.read(scene.peer.requests[0])
    assert (payload["title"], payload["body"]) == ("Ben volgt jou nu", "Keeps bees.")


async def test_only_what_an_app_wants_is_pushed(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(201)
    await scene.subscribe(policy="followed")
    await scene.tell(NoticeKind.REACTION)
    await scene.storage.write(scene.world.follow, scene.ada, scene.ben)
    await scene.tell(NoticeKind.BOOST)
    await scene.tell(NoticeKind.POST_REMOVED)
    wanted = await scene.tell(NoticeKind.MENTION)

    await scene.jobs.step()

    assert [scene.phone.read(each)["notification_id"] for each in scene.peer.requests] == [wanted]


@pytest.mark.parametrize("status", [404, 410])
async def test_an_app_that_is_gone_is_forgotten(scene: Scene, status: int) -> None:
    scene.peer.behaviours["/send"] = reply(status)
    await scene.subscribe()
    await scene.tell(NoticeKind.MENTION)

    await scene.jobs.step()

    assert await scene.storage.read(lambda uow: uow.push_subscriptions.of(scene.ada.id)) == []
    assert await scene.waiting() == 0


async def test_a_push_that_is_refused_is_not_tried_again(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(413)
    await scene.subscribe()
    await scene.tell(NoticeKind.MENTION)

    await scene.jobs.step()

    assert await scene.waiting() == 0
    assert len(await scene.storage.read(lambda uow: uow.push_subscriptions.of(scene.ada.id))) == 1


async def test_a_service_that_is_down_is_tried_again_later(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(503)
    await scene.subscribe()
    await scene.tell(NoticeKind.MENTION)
    await scene.jobs.step()
    scene.peer.behaviours["/send"] = reply(201)
    await scene.jobs.step()
    assert len(scene.peer.requests) == 1

    scene.clock.advance(timedelta(minutes=2))
    await scene.jobs.step()

    assert len(scene.peer.requests) == 2
    assert await scene.waiting() == 0


async def test_a_service_that_hangs_is_not_asked_for_each_push(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = hang()
    await scene.subscribe()
    for kind in (NoticeKind.MENTION, NoticeKind.REACTION, NoticeKind.FOLLOW):
        await scene.tell(kind)

    await scene.jobs.step()

    assert len(scene.peer.requests) == 1
    assert await scene.waiting() == 3


async def test_what_is_no_news_any_more_is_not_pushed(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(201)
    await scene.subscribe()
    await scene.tell(NoticeKind.MENTION)
    scene.clock.advance(LIFETIME + timedelta(minutes=1))

    await scene.jobs.step()

    assert scene.peer.requests == []
    assert await scene.waiting() == 0


async def test_nothing_is_pushed_for_a_token_that_ended(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(201)
    await scene.subscribe()
    await scene.tell(NoticeKind.MENTION)
    await scene.storage.write(lambda uow: uow.app_tokens.revoke(scene.ada.id, scene.world.now))

    await scene.jobs.step()

    assert scene.peer.requests == []


async def test_an_address_inside_is_not_connected_to(scene: Scene) -> None:
    await scene.subscribe(endpoint="https://127.0.0.2/send")
    await scene.tell(NoticeKind.MENTION)

    await scene.jobs.step()

    assert await scene.waiting() == 0


async def test_a_long_post_fits_into_a_push(scene: Scene) -> None:
    scene.peer.behaviours["/send"] = reply(201)
    long = PostContent(html=f"<p>{'<b>x</b>' * 9000}</p>", source="x")
    await scene.storage.write(lambda uow: uow.posts.edit(scene.post.id, long, at=scene.world.now))
    await scene.subscribe()
    await scene.tell(NoticeKind.MENTION)

    await scene.jobs.step()

    (received,) = scene.peer.requests
    assert len(received.body) <= 4096
    assert len(scene.phone.read(received)["body"]) <= 140
    assert msgspec.json.encode(scene.phone.read(received))
