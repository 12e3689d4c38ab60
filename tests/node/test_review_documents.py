"""Documents of posts: who may keep a copy, and what is left of what is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from communities.community import Community, CommunityVisibility
from communities.posts import Post, PostState
from federation.policies import Policies
from federation.signed_reads import PeerReader
from node.app import Parts, build_app
from node.health import Readiness
from node.metrics import Metrics
from node.peer_http.documents import Readers
from node.peer_http.objects import PostDocuments
from node.settings import HttpSettings
from protocols.http_signatures import sign
from storage.store import Storage
from tests.support.factories import HOME
from tests.support.postbox import KEY, Postbox

ACCEPT = {"Accept": "application/activity+json"}
Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(postbox: Postbox) -> AsyncIterator[Client]:
    """The routes of posts, for peers that sign."""
    reader = PeerReader(
        postbox.keys,
        Policies(),
        base=HOME.base,
        required=False,
        now=postbox.now,
        window=timedelta(hours=1),
    )

    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="a page")

    documents = PostDocuments(
        storage=postbox.storage, uris=HOME, readers=Readers(reader), page=page, now=postbox.now
    )
    parts = Parts(
        settings=HttpSettings(),
        routes=documents.routes(),
        readiness=Readiness({}),
        metrics=Metrics(),
    )
    async with TestClient(TestServer(build_app(parts))) as client:
        yield client


def signed(postbox: Postbox, path: str, signer: str) -> dict[str, str]:
    """The headers of a GET as a peer signs it."""
    headers = sign(
        key=KEY,
        method="GET",
        target=path,
        host="noaber.example",
        date=format_datetime(postbox.world.now, usegmt=True),
        body=None,
        content_type=None,
        key_id=f"{signer}#main-key",
    )
    return {**ACCEPT, **headers}


async def closed(
    postbox: Postbox, state: PostState = PostState.PUBLISHED
) -> tuple[Community, Post]:
    """A community that was open when the post came, and is for its members now."""
    group = await postbox.group("bees")
    ada = await postbox.resident("ada")
    post = await postbox.post(ada, group, state=state)
    shut = replace(group, visibility=CommunityVisibility.PRIVATE)
    await postbox.storage.write(lambda uow: uow.communities.update(shut))
    return shut, post


async def test_a_members_document_is_kept_by_no_cache(sqlite_storage: Storage) -> None:
    postbox = Postbox(sqlite_storage)
    group, post = await closed(postbox)
    eve = await postbox.stranger("eve")
    await postbox.member(group, eve)
    path = f"/post/{post.id}"

    async with serving(postbox) as client:
        for asked in (path, f"{path}/replies", f"{path}/likes", f"{path}/context"):
            answer = await client.get(asked, headers=signed(postbox, asked, eve.uri))

            assert answer.status == HTTPStatus.OK
            assert answer.headers["Cache-Control"] == "private, no-store"
        document = await (await client.get(path, headers=signed(postbox, path, eve.uri))).json()

    assert "https://www.w3.org/ns/activitystreams#Public" not in str(document)


async def test_what_was_withdrawn_in_a_private_community_is_nowhere(
    sqlite_storage: Storage,
) -> None:
    postbox = Postbox(sqlite_storage)
    _, post = await closed(postbox, PostState.WITHDRAWN)

    async with serving(postbox) as client:
        withdrawn = await client.get(f"/post/{post.id}", headers=ACCEPT)
        unknown = await client.get("/post/7", headers=ACCEPT)
        bodies = await withdrawn.text(), await unknown.text()

    assert (withdrawn.status, unknown.status) == (404, 404)
    assert bodies[0] == bodies[1]
