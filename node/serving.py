"""Running an application: listen, wait for the signal to stop, and stop within ten seconds."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from node.errors import AddressTaken
from node.health import Readiness
from node.limits import Site
from node.metrics import Metrics, metrics_app
from node.settings import HttpSettings, MetricsSettings

log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
"""What running requests get when the node stops, before they are cancelled."""
GRACE_SECONDS = 1.0
"""How long the node still accepts after /readyz began to say 503, so that balancers notice."""
SWITCH_SECONDS = 0.0005
"""How soon a busy thread hands the interpreter back to the event loop (Python's own: 5 ms)."""


def run(main: Coroutine[object, object, None]) -> None:
    """Run the node's main coroutine, on uvloop where it is installed."""
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        import uvloop  # noqa: PLC0415 - the extra `fast`; 20 ms and only for a running node
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


@asynccontextmanager
async def listening(app: web.Application, settings: HttpSettings) -> AsyncIterator[Site]:
    """Serve the application inside the block; at its end no request is accepted any more.

    Requests that still run then have 3 s to end, and are cancelled after that. A request whose
    client goes away is cancelled too.

    Raises:
        AddressTaken: the address is taken, or not one of this machine.
    """
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    site = Site(runner, settings)
    try:
        with _saying_where(settings.host, settings.port, "http"):
            await site.start()
        log.info("listening on %s", site.name)
        yield site
    finally:
        await runner.cleanup()


@asynccontextmanager
async def showing_metrics(metrics: Metrics, settings: MetricsSettings) -> AsyncIterator[None]:
    """Serve the metrics at their own address inside the block; port 0 serves none.

    Raises:
        AddressTaken: the address is taken, or not one of this machine.
    """
    if settings.port == 0:
        yield
        return
    runner = web.AppRunner(metrics_app(metrics), access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        with _saying_where(settings.host, settings.port, "metrics"):
            await web.TCPSite(runner, settings.host, settings.port).start()
        yield
    finally:
        await runner.cleanup()


@contextmanager
def _saying_where(host: str, port: int, table: str) -> Iterator[None]:
    """Name the address, and the setting that gives it, when nothing can listen there."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise AddressTaken(
            f"cannot listen at {host} port {port}: {why.lower()}; does another node run there?"
            f" {table}.host and {table}.port of the settings say where"
        ) from error


async def until_stopped(readiness: Readiness, grace_seconds: float = GRACE_SECONDS) -> None:
    """Return when the node is to stop: at SIGTERM, or at SIGINT from a terminal.

    /readyz says 503 from that moment; after SIGTERM requests are served for the grace time still.
    systemd is told about both ends, when it started the node. Further signals change nothing:
    the stop is bounded anyway.
    """
    stop: asyncio.Future[signal.Signals] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        readiness.drain()
        if not stop.done():
            stop.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    tell_systemd("READY=1")
    number = await stop
    tell_systemd("STOPPING=1")
    log.info("%s: stopping", number.name)
    if number is signal.SIGTERM:
        await asyncio.sleep(grace_seconds)


def tell_systemd(state: str) -> None:
    """Say a state to systemd (sd_notify), when it asked to be told.

    Spec: sd_notify(3), the datagram protocol of NOTIFY_SOCKET.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
        notify.connect(address)
        notify.send(state.encode())
