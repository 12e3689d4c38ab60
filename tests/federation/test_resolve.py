"""Fetching by id: what is taken for a document, what for gone, and what is never asked."""

import asyncio
from datetime import timedelta

import pytest

from federation.activitypub.resolve import Resolver
from federation.documents import ACTIVITY_DOCUMENT, Fetched, Wanted
from federation.errors import (
    Failure,
    FetchForbidden,
    Forbidden,
    PeerRefused,
    PeerUnreachable,
)
from federation.fetch_budget import FetchBudget
from federation.policies import Policies
from federation.reading import DocumentReader
from federation.signing import Signer
from protocols.activitypub.vocabulary import Actor, Post, Tombstone
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject
from storage.errors import Busy
from storage.peers import Peer, PeerPolicy
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.loopback_client import RSA_SIGNER
from tests.support.postbox import AS, Wire, activity, actor_document, note

AUTHOR = "https://peer.example/users/eve"


class SlowWire(Wire):
    """Answers when it is let; notes who signed."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.signers: list[Signer | None] = []

    async def get_json(
        self, url: str, wanted: Wanted = ACTIVITY_DOCUMENT, *, signer: Signer | None = None
    ) -> Fetched:
        self.signers.append(signer)
        await self.open.wait()
        return await super().get_json(url, wanted, signer=signer)


@pytest.fixture
def wire() -> SlowWire:
    made = SlowWire()
    made.open.set()
    return made


@pytest.fixture
def policies() -> Policies:
    return Policies()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def resolver(wire: SlowWire, policies: Policies, clock: Clock) -> Resolver:
    budget = FetchBudget(3, now=clock)
    return Resolver(wire, policies, budget, DocumentReader(), HOME, signer=lambda: RSA_SIGNER)


def served(wire: SlowWire, document: JsonObject) -> str:
    """Serve a document under its id."""
    uri = str(document["id"])
    wire.documents[uri] = document
    return uri


async def test_posts_and_actors_are_fetched_with_the_signature_of_the_node(
    wire: SlowWire, resolver: Resolver
) -> None:
    post = await resolver.fetch(served(wire, note(AUTHOR)))
    actor = await resolver.fetch(served(wire, actor_document(AUTHOR)))

    assert isinstance(post, Post)
    assert isinstance(actor, Actor)
    assert wire.signers == [RSA_SIGNER, RSA_SIGNER]


@pytest.mark.parametrize("status", [404, 410])
async def test_what_its_origin_does_not_have_is_gone(
    wire: SlowWire, resolver: Resolver, status: int
) -> None:
    wire.documents[f"{AUTHOR}/1"] = PeerRefused(status)

    assert await resolver.fetch(f"{AUTHOR}/1") == Tombstone(id=f"{AUTHOR}/1")


@pytest.mark.parametrize(
    "error",
    [
        PeerRefused(401),
        PeerRefused(403),
        FetchForbidden(Forbidden.MEDIA_TYPE),
        FetchForbidden(Forbidden.ADDRESS),
    ],
    ids=str,
)
async def test_ori_06_what_cannot_be_had_is_not_taken_for_deleted(
    wire: SlowWire, resolver: Resolver, error: Exception
) -> None:
    wire.documents[f"{AUTHOR}/1"] = error

    assert await resolver.fetch(f"{AUTHOR}/1") is None


async def test_documents_that_speak_for_another_server_are_not_taken(
    wire: SlowWire, resolver: Resolver
) -> None:
    forged_post = note("https://victim.example/u/1", id=f"{AUTHOR}/1")
    forged_act = activity("Like", "https://victim.example/u/1", f"{AUTHOR}/2", id=f"{AUTHOR}/3")

    found = [await resolver.fetch(served(wire, forged)) for forged in (forged_post, forged_act)]

    assert found == [None, None]


async def test_what_cannot_be_read_is_not_taken(wire: SlowWire, resolver: Resolver) -> None:
    strange: JsonObject = {"@context": AS, "id": f"{AUTHOR}/1", "type": "Place"}

    assert await resolver.fetch(served(wire, strange)) is None


@pytest.mark.parametrize(
    "uri",
    [
        "https://noaber.example/post/1",
        "https://sub.blocked.example/1",
        "ftp://peer.example/1",
        "not a url",
    ],
)
async def test_some_are_never_asked_for(
    wire: SlowWire, policies: Policies, resolver: Resolver, clock: Clock, uri: str
) -> None:
    blocked = Peer(origin="https://blocked.example", first_seen_at=clock(), policy=PeerPolicy.BLOCK)
    policies.replace([blocked])

    assert await resolver.fetch(uri) is None
    assert wire.signers == []


async def test_a_peer_that_does_not_answer_may_be_asked_again(
    wire: SlowWire, resolver: Resolver
) -> None:
    wire.documents[f"{AUTHOR}/1"] = PeerUnreachable(Failure.TIMEOUT)

    for _ in range(2):
        with pytest.raises(PeerUnreachable):
            await resolver.fetch(f"{AUTHOR}/1")

    assert len(wire.signers) == 2


async def test_those_who_want_the_same_document_wait_for_one_fetch(
    wire: SlowWire, resolver: Resolver
) -> None:
    wire.open.clear()
    uri = served(wire, note(AUTHOR))

    waiting = [asyncio.ensure_future(resolver.fetch(uri)) for _ in range(10)]
    await asyncio.sleep(0)
    wire.open.set()
    found = await asyncio.gather(*waiting)

    assert len(wire.asked) == 1
    assert {post.id for post in found if isinstance(post, Post)} == {uri}
    assert len(found) == 10


async def test_those_who_wait_for_a_fetch_that_fails_hear_of_it(
    wire: SlowWire, resolver: Resolver
) -> None:
    wire.open.clear()
    wire.documents[f"{AUTHOR}/1"] = PeerUnreachable(Failure.TLS)

    waiting = [asyncio.ensure_future(resolver.fetch(f"{AUTHOR}/1")) for _ in range(3)]
    await asyncio.sleep(0)
    wire.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(error) for error in found] == [PeerUnreachable] * 3
    assert len(wire.asked) == 1


async def test_a_fetch_that_is_given_up_leaves_nobody_waiting(
    wire: SlowWire, resolver: Resolver
) -> None:
    wire.open.clear()
    uri = served(wire, note(AUTHOR))
    first = asyncio.ensure_future(resolver.fetch(uri))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(resolver.fetch(uri))
    await asyncio.sleep(0)

    first.cancel()
    found = await asyncio.gather(first, second, return_exceptions=True)
    wire.open.set()

    assert [type(error) for error in found] == [asyncio.CancelledError, Busy]
    assert isinstance(await resolver.fetch(uri), Post)


async def test_fld_04_one_peer_is_asked_only_so_often_in_a_minute(
    wire: SlowWire, resolver: Resolver, clock: Clock
) -> None:
    uris = [served(wire, note(AUTHOR)) for _ in range(4)]
    other = served(wire, note("https://far.example/u/1"))
    for uri in uris[:3]:
        await resolver.fetch(uri)

    with pytest.raises(Busy):
        await resolver.fetch(uris[3])
    from_elsewhere = await resolver.fetch(other)
    clock.advance(timedelta(minutes=1))

    assert isinstance(from_elsewhere, Post)
    assert isinstance(await resolver.fetch(uris[3]), Post)


async def test_unusual_json_ld_is_compacted_one_document_at_a_time() -> None:
    reader = DocumentReader()
    renamed: JsonObject = {
        "@context": [AS, {"words": "as:content"}],
        "id": f"{AUTHOR}/1",
        "type": "Note",
        "words": "Moin.",
    }

    found = await asyncio.gather(*(reader.plain(renamed) for _ in range(3)))

    assert [document["content"] for document in found] == ["Moin."] * 3


async def test_json_ld_that_cannot_be_compacted_is_refused() -> None:
    reader = DocumentReader()
    nested: JsonObject = {"id": f"{AUTHOR}/1"}
    for _ in range(30):
        nested = {"x": nested}

    with pytest.raises(RemoteProtocolError):
        await reader.plain({"@context": [AS, {"@vocab": "https://evil.example/"}], **nested})
