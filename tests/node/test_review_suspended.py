"""What is told of a person whom this node has suspended: how to check a signature, no more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.people import ActorState
from federation.policies import Policies
from federation.signed_reads import PeerReader
from node.app import Parts, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.peer_http.actors import ActorDocuments
from node.peer_http.documents import Readers
from node.settings import HttpSettings
from storage.actors import ProfileExtra
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.outbox import add_keys
from tests.support.postbox import Postbox

ACCEPT = {"Accept": "application/activity+json"}


@asynccontextmanager
async def serving(postbox: Postbox) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The routes of actors."""
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


async def test_the_document_of_a_suspended_person_holds_keys_and_nothing_they_wrote(
    sqlite_storage: Storage,
) -> None:
    postbox = Postbox(sqlite_storage)
    ada = await postbox.resident("ada")

    def write(uow: UnitOfWork) -> None:
        add_keys(uow, ada.id, ada.uri, postbox.world.now)
        profile = uow.actors.get(ada.id)
        assert profile is not None
        boasting = replace(
            profile,
            name="Insult",
            summary_html="<p>Insult</p>",
            summary_source="Insult",
            icon_url="https://noaber.example/insult.png",
            extra=ProfileExtra(fields=(("Insult", "Insult"),)),
        )
        uow.actors.put(boasting)
        uow.people.set_state(ada.id, ActorState.SUSPENDED)

    await sqlite_storage.write(write)

    async with serving(postbox) as client:
        answer = await client.get(f"/u/{ada.id}", headers=ACCEPT)
        document = await answer.json()

    assert answer.status == 200
    assert document["publicKey"]["id"] == f"{ada.uri}#main-key"
    assert "insult" not in str(document).lower()
