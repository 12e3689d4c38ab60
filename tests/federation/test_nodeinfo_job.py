"""Asking peers what they run."""

from datetime import timedelta

import pytest

from federation.activitypub.profiles import store_actor
from federation.errors import Failure, FetchForbidden, Forbidden, PeerUnreachable
from federation.nodeinfo_job import nodeinfo_job
from federation.policies import Policies
from federation.snowflakes import Snowflakes
from federation.wanted_jobs import NODEINFO_JOB, ask_nodeinfo
from protocols.activitypub.parsing_actors import parse_actor
from protocols.strict_json import JsonObject
from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.job_bench import Bench, Pages
from tests.support.postbox import actor_document

PEER = "https://peer.example"
INDEX = f"{PEER}/.well-known/nodeinfo"
DOCUMENT = f"{PEER}/nodeinfo/2.1"


def index(href: str = DOCUMENT) -> JsonObject:
    rel = "http://nodeinfo.diaspora.software/ns/schema/2.1"
    return {"links": [{"rel": rel, "href": href}]}


def piefed() -> JsonObject:
    return {
        "version": "2.1",
        "software": {"name": "PieFed", "version": "1.2.0"},
        "metadata": {"capabilities": ["fep-1b12", "fep-1a11"]},
    }


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def bench(storage: Storage, clock: Clock, pages: Pages) -> Bench:
    job = nodeinfo_job(storage, pages, Policies(), now=clock)
    return Bench(storage, clock, {NODEINFO_JOB: job})


async def ask(storage: Storage, clock: Clock) -> None:
    def meet(uow: UnitOfWork) -> None:
        uow.peers.ensure(PEER, at=clock())
        ask_nodeinfo(uow, PEER, at_ms=0)

    await storage.write(meet)


async def peer(storage: Storage) -> Peer:
    found = await storage.read(lambda uow: uow.peers.get(PEER))
    assert found is not None
    return found


async def test_what_a_peer_says_of_itself_is_kept(
    storage: Storage, bench: Bench, pages: Pages, clock: Clock
) -> None:
    pages.pages = {INDEX: index(), DOCUMENT: piefed()}
    await ask(storage, clock)

    await bench.run()

    found = await peer(storage)
    assert (found.software, found.version) == ("piefed", "1.2.0")
    assert found.capabilities == {"fep-1b12", "fep-1a11"}
    assert found.nodeinfo_at == clock()
    assert pages.asked == [INDEX, DOCUMENT]


@pytest.mark.parametrize(
    "pages_there",
    [
        {},
        {INDEX: {"links": []}},
        {INDEX: {"links": "none"}},
        {INDEX: index()},
        {INDEX: index("gopher://peer.example/")},
        {INDEX: index(), DOCUMENT: {"software": {"name": 7}}},
        {INDEX: FetchForbidden(Forbidden.TOO_LARGE)},
    ],
)
async def test_a_peer_without_usable_nodeinfo_is_not_asked_again_for_a_week(
    storage: Storage, bench: Bench, pages: Pages, clock: Clock, pages_there: dict[str, JsonObject]
) -> None:
    pages.pages = dict(pages_there)
    await ask(storage, clock)

    await bench.run()

    found = await peer(storage)
    assert (found.software, found.nodeinfo_at) == (None, clock())
    assert await bench.left() == 0


async def test_what_was_known_stays_when_nodeinfo_is_gone(
    storage: Storage, bench: Bench, clock: Clock
) -> None:
    await ask(storage, clock)
    await storage.write(
        lambda uow: uow.peers.set_software(
            PEER, software="lemmy", version="1.0", capabilities=frozenset(), at=clock()
        )
    )
    clock.advance(timedelta(days=8))

    await bench.run()

    found = await peer(storage)
    assert (found.software, found.version, found.nodeinfo_at) == ("lemmy", "1.0", clock())


async def test_a_peer_that_does_not_answer_is_asked_again(
    storage: Storage, bench: Bench, pages: Pages, clock: Clock
) -> None:
    pages.pages = {INDEX: PeerUnreachable(Failure.TIMEOUT)}
    await ask(storage, clock)
    await bench.run()
    pages.pages = {INDEX: index(), DOCUMENT: piefed()}

    clock.advance(timedelta(minutes=1))
    await bench.run()

    assert (await peer(storage)).software == "piefed"


async def test_a_blocked_peer_is_not_asked(storage: Storage, clock: Clock, pages: Pages) -> None:
    policies = Policies()
    policies.replace([Peer(origin=PEER, first_seen_at=clock(), policy=PeerPolicy.BLOCK)])
    bench = Bench(storage, clock, {NODEINFO_JOB: nodeinfo_job(storage, pages, policies, now=clock)})
    await ask(storage, clock)

    await bench.run()

    assert pages.asked == []
    assert await bench.left() == 0


async def test_the_first_actor_of_a_peer_has_it_asked_some_seconds_later(
    storage: Storage, bench: Bench, pages: Pages, clock: Clock
) -> None:
    """Spec: performance G12: three requests in all, the actor included."""
    pages.pages = {INDEX: index(), DOCUMENT: piefed()}
    snowflakes = Snowflakes(clock, first=0)

    def meet(uow: UnitOfWork, name: str) -> None:
        actor = parse_actor(actor_document(f"{PEER}/users/{name}"))
        store_actor(uow, actor, at=clock(), snowflakes=snowflakes)

    for name in ("ada", "bob", "eve"):
        await storage.write(meet, name)
    at_once = await bench.run()
    clock.advance(timedelta(seconds=11))
    later = await bench.run()

    assert (at_once, later) == (0, 1)
    assert len(pages.asked) == 2
