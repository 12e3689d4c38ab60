"""The featured collection of a person: what they pinned, for peers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.people import Person
from communities.posts import Post, PostState, Visibility
from federation.policies import Policies
from federation.signed_reads import PeerReader
from node.app import Parts, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.peer_http.actors import ActorDocuments
from node.peer_http.documents import Readers
from node.settings import HttpSettings
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.postbox import Postbox


@asynccontextmanager
async def serving(postbox: Postbox) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The documents of actors, for anyone."""
    reader = PeerReader(
        postbox.keys,
        Policies(),
        base=HOME.base,
        required=False,
        now=postbox.now,
        window=timedelta(hours=1),
    )
    documents = ActorDocuments(
        storage=postbox.storage, uris=HOME, readers=Readers(reader), now=postbox.now
    )
    parts = Parts(
        settings=HttpSettings(),
        routes=documents.routes(),
        readiness=Readiness({}),
        metrics=Metrics(),
    )
    async with TestClient(TestServer(build_app(parts))) as client:
        yield client


async def featured(postbox: Postbox, person: Person) -> list[str]:
    async with (
        serving(postbox) as client,
        client.get(
            f"/u/{person.id}/featured", headers={"Accept": "application/activity+json"}
        ) as answer,
    ):
        document: dict[str, Any] = await answer.json(content_type=None)
        assert answer.status == 200
        return [item["id"] for item in document["orderedItems"]]


async def test_peers_see_the_public_posts_that_a_person_pinned(storage: Storage) -> None:
    postbox = Postbox(storage)
    ada = await postbox.resident("ada")
    world = postbox.world

    def write(uow: UnitOfWork) -> list[Post]:
        found = [
            world.post(uow, ada, visibility=Visibility.PUBLIC),
            world.post(uow, ada, visibility=Visibility.UNLISTED),
            world.post(uow, ada, visibility=Visibility.FOLLOWERS),
            world.post(uow, ada, state=PostState.REMOVED),
            world.post(uow, ada),
        ]
        for post in found[:4]:
            uow.profile_pins.add(ada.id, post.id, at=world.tick())
        return found

    posts = await postbox.storage.write(write)

    assert await featured(postbox, ada) == [posts[1].uri, posts[0].uri]
