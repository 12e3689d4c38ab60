"""The node listens, stops when told, and has let go of everything within its time."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, ClientSession, web

from node.app import Access, Handler, Parts, Route, build_app
from node.errors import AddressTaken
from node.health import Readiness
from node.metrics import Metrics
from node.serving import listening, showing_metrics, tell_systemd, until_stopped
from node.settings import HttpSettings, MetricsSettings

ANY_PORT = HttpSettings(port=0)


def app_with(handler: Handler, readiness: Readiness | None = None) -> web.Application:
    route = Route(method="GET", path="/", handler=handler, access=Access.PUBLIC, name="home")
    return build_app(
        Parts(
            settings=ANY_PORT,
            routes=[route],
            readiness=readiness or Readiness({}),
            metrics=Metrics(),
        )
    )


async def greet(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_site_serves_inside_its_block_and_refuses_after_it() -> None:
    async with ClientSession() as session:
        async with listening(app_with(greet), ANY_PORT) as site:
            url = f"http://127.0.0.1:{site.port}/"
            async with session.get(url) as answer:
                text = await answer.text()
        with pytest.raises(ClientConnectorError):
            await session.get(url)

    assert text == "hello"
    assert site.name == url.rstrip("/")


async def test_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    async with listening(app_with(greet), ANY_PORT) as site:
        taken = HttpSettings(port=site.port)
        with pytest.raises(AddressTaken, match=r"address already in use.*http\.port"):
            async with listening(app_with(greet), taken):
                pass


async def test_request_that_runs_when_the_block_ends_gets_its_answer() -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        began.set()
        await go_on.wait()
        return web.Response(text="done")

    async def ask(session: ClientSession, port: int) -> str:
        async with session.get(f"http://127.0.0.1:{port}/") as answer:
            return await answer.text()

    async with ClientSession() as session:
        async with listening(app_with(slow), ANY_PORT) as site:
            asking = asyncio.ensure_future(ask(session, site.port))
            await began.wait()
            asyncio.get_running_loop().call_later(0.05, go_on.set)

        assert await asking == "done"


async def test_request_whose_client_went_away_is_cancelled() -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return web.Response()

    async with listening(app_with(wait), ANY_PORT) as site:
        _reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await began.wait()
        writer.close()

        async with asyncio.timeout(5):
            await cancelled.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_ends_the_wait_and_readyz_says_503_at_once(number: signal.Signals) -> None:
    readiness = Readiness({})
    app = app_with(greet, readiness)
    async with listening(app, ANY_PORT) as site, ClientSession() as session:
        url = f"http://127.0.0.1:{site.port}/readyz"
        waiting = asyncio.ensure_future(until_stopped(readiness, grace_seconds=0.05))
        await asyncio.sleep(0)
        async with session.get(url) as answer:
            before = answer.status
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        async with session.get(url) as answer:
            during = answer.status
        async with asyncio.timeout(5):
            await waiting

    assert (before, during) == (200, 503)


async def test_metrics_are_served_at_their_own_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    url = f"http://127.0.0.1:{port}/metrics"
    async with (
        showing_metrics(Metrics(), MetricsSettings(port=port)),
        ClientSession() as session,
        session.get(url) as answer,
    ):
        text = await answer.text()

    assert "noaber_inbox_accepted_total" in text


async def test_metrics_at_port_0_are_not_served() -> None:
    async with showing_metrics(Metrics(), MetricsSettings(port=0)):
        pass


def test_systemd_is_told_where_it_asked_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        tell_systemd("READY=1")

        assert systemd.recv(64) == b"READY=1"


def test_nobody_is_told_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    tell_systemd("READY=1")
