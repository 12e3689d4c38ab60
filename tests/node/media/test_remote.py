"""Media of peers through the proxy: fetched once, looked into, within a budget.

Spec: security FET-14, PRV-07.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from federation.exchanges import ClientLimits
from federation.fetch_budget import FetchBudget
from federation.policies import Policies
from node.app import Parts, build_app
from node.health import Readiness
from node.media.desk import MediaDesk
from node.media.freeing import MediaHousekeeping
from node.media.remote import RemoteMedia, Source
from node.media.serving import FOR_EVER, NOT_KEPT
from node.media.urls import Size
from node.metrics import Metrics
from node.settings import HttpSettings
from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from tests.node.media.conftest import Answer
from tests.support import media_files
from tests.support.clock import Clock
from tests.support.factories import HOME
from tests.support.loopback_client import SHORT, loopback_client
from tests.support.loopback_peer import Flood, LoopbackPeer, redirect, reply
from tests.support.media_room import Later, files_in, media_over

LIMITS: ClientLimits = replace(SHORT, download_total=timedelta(seconds=2))


class Proxy:
    """The proxy of a node, one peer, and a browser."""

    def __init__(
        self,
        client: TestClient[web.Request, web.Application],
        media: MediaDesk,
        peer: LoopbackPeer,
        policies: Policies,
    ) -> None:
        self.client = client
        self.media = media
        self.peer = peer
        self.policies = policies

    async def look(self, path: str, size: Size = Size.ORIGINAL, until: int = 0) -> Answer:
        """Look at something of the peer as this node shows it."""
        return await self.follow(self.media.urls.remote(self.peer.url(path), size, until=until))

    async def follow(self, url: str) -> Answer:
        async with self.client.get(url.removeprefix(HOME.base)) as answer:
            found = Answer(answer.status, answer.headers.copy(), await answer.read(), None)
        assert isinstance(self.media.spawn, Later)
        await self.media.spawn.run()
        return found


@pytest.fixture
async def proxy(sqlite_storage: Storage) -> AsyncIterator[Proxy]:
    """A proxy that keeps 40,000 bytes of peers."""
    clock = Clock()
    media = media_over(sqlite_storage, clock, lambda: 1, cache_bytes=40_000, video_bytes=200_000)
    policies = Policies()
    async with loopback_client(limits=LIMITS) as client, LoopbackPeer() as peer:
        source = Source(client=client, policies=policies, budget=FetchBudget(50, now=clock))
        remote = RemoteMedia(media, source)
        application = build_app(
            Parts(
                settings=HttpSettings(),
                routes=remote.routes(),
                readiness=Readiness({}),
                metrics=Metrics(),
            )
        )
        async with TestClient(TestServer(application)) as browser:
            yield Proxy(browser, media, peer, policies)
    await media.close()


async def test_picture_of_a_peer_is_written_anew_and_fetched_once(proxy: Proxy) -> None:
    photo = media_files.photo_with_place()
    proxy.peer.behaviours["/a"] = reply(200, photo, content_type="text/html")

    answers = [await proxy.look("/a") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].headers["Content-Type"] == "image/jpeg"
    assert answers[0].headers["Cache-Control"] == FOR_EVER
    assert b"Secret Phone" not in answers[0].body
    assert len(proxy.peer.requests) == 1
    assert "authorization" not in proxy.peer.requests[0].headers


async def test_small_form_is_a_small_picture(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = reply(200, media_files.picture(size=(1_000, 500)))

    answer = await proxy.look("/a", Size.SMALL)

    assert answer.headers["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(answer.body)) as picture:
        assert picture.size == (640, 320)


async def test_many_readers_cause_one_fetch(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = reply(200, media_files.picture())

    answers = await asyncio.gather(*(proxy.look("/a") for _ in range(8)))

    assert {answer.status for answer in answers} == {200}
    assert len(proxy.peer.requests) == 1


async def test_sound_is_shown_as_what_it_is_by_content(proxy: Proxy) -> None:
    sound = b"fLaC" + b"\x00" * 100
    proxy.peer.behaviours["/a"] = reply(200, sound, content_type="text/html")

    whole = await proxy.look("/a")
    small = await proxy.look("/a", Size.SMALL)

    assert (whole.status, whole.body) == (200, sound)
    assert whole.headers["Content-Type"] == "audio/flac"
    assert whole.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert small.status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html>",
        b"GIF89a=1;alert(1)",
        media_files.png_of_size(10_000, 10_000),
        media_files.gif_of_frames(40_000),
        b"",
    ],
    ids=["svg", "html", "polyglot", "png-bomb", "gif-bomb", "nothing"],
)
async def test_what_cannot_be_shown_is_not_and_is_not_asked_for_again(
    proxy: Proxy, body: bytes
) -> None:
    proxy.peer.behaviours["/a"] = reply(200, body, content_type="image/png")

    answers = [await proxy.look("/a") for _ in range(2)]

    assert [answer.status for answer in answers] == [404, 404]
    assert len(proxy.peer.requests) == 1
    assert files_in(proxy.media) == []


async def test_endless_file_is_cut_off(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = Flood(b"HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n\x1a\n")

    assert (await proxy.look("/a")).status == 404
    assert files_in(proxy.media) == []


async def test_redirect_to_a_private_address_is_not_followed(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = redirect("http://127.0.0.2/secret.png")

    assert (await proxy.look("/a")).status == 404


async def test_failure_is_forgotten_after_a_while(proxy: Proxy) -> None:
    assert (await proxy.look("/a")).status == 404
    proxy.peer.behaviours["/a"] = reply(200, media_files.picture())
    assert isinstance(proxy.media.now, Clock)
    proxy.media.now.advance(timedelta(minutes=11))

    assert (await proxy.look("/a")).status == 200


async def test_blocked_peer_is_not_asked(proxy: Proxy) -> None:
    blocked = Peer(
        origin=proxy.peer.origin, first_seen_at=proxy.media.now(), policy=PeerPolicy.BLOCK
    )
    proxy.policies.replace([blocked])

    assert (await proxy.look("/a")).status == 404
    assert proxy.peer.requests == []


async def test_proxy_fetches_nothing_that_the_node_did_not_show(proxy: Proxy) -> None:
    url = proxy.media.urls.remote(proxy.peer.url("/a"))
    shown, mac, packed = url.rsplit("/", 2)
    other = proxy.media.urls.remote(proxy.peer.url("/b")).rsplit("/", 1)[1]
    forged = [f"{shown}/{mac}/{other}", f"{shown}/{'A' * 22}/{packed}", f"{shown}/{mac}/{packed}x"]

    answers = [await proxy.follow(address) for address in forged]

    assert [answer.status for answer in answers] == [404, 404, 404]
    assert proxy.peer.requests == []


async def test_address_in_a_private_post_is_over_after_its_time(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = reply(200, media_files.picture())
    assert isinstance(proxy.media.now, Clock)
    until = int(proxy.media.now().timestamp()) + 60

    now = await proxy.look("/a", until=until)
    proxy.media.now.advance(timedelta(seconds=61))
    later = await proxy.look("/a", until=until)

    assert (now.status, later.status) == (200, 404)
    assert now.headers["Cache-Control"] == NOT_KEPT


async def test_flood_of_media_stays_within_the_budget(proxy: Proxy) -> None:
    for number in range(12):
        body = b"fLaC" + bytes([number]) * 9_000
        proxy.peer.behaviours[f"/{number}"] = reply(200, body)
        assert (await proxy.look(f"/{number}")).status in {200, 404}

    kept = sum(path.stat().st_size for path in files_in(proxy.media))

    assert 18_000 <= kept <= 40_000
    assert (await proxy.look("/11")).status == 200
    assert len(proxy.peer.requests) == 12, "the newest is still there"


async def test_file_larger_than_the_whole_budget_is_not_kept(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = reply(200, b"fLaC" + b"\x00" * 50_000)

    assert (await proxy.look("/a")).status == 404
    assert files_in(proxy.media) == []


async def test_file_that_vanished_from_the_disk_is_fetched_again(proxy: Proxy) -> None:
    proxy.peer.behaviours["/a"] = reply(200, media_files.picture())
    await proxy.look("/a")
    for path in files_in(proxy.media):
        path.unlink()

    assert (await proxy.look("/a")).status == 200
    assert len(proxy.peer.requests) == 2
    assert await MediaHousekeeping(media=proxy.media).sweep() == 0
