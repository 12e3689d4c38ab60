"""The load: sends prepared requests over kept connections as fast as the answers come.

    python -m benchmarks.generator FILE --port 8700 --connections 32

A process of its own, so that it has a core of its own. Prints one line of JSON: a status and a
latency for each request (status 0: no answer), and when the first went out and the last came in.
`--kill PID --after N` sends SIGKILL to a process at the very moment when the Nth 2xx has come.
"""

import argparse
import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec

from benchmarks.activities import read_requests
from benchmarks.event_loop import run

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)")


class Result(msgspec.Struct, kw_only=True):
    """What became of the requests, in their order; times by the monotonic clock."""

    statuses: list[int]
    latencies_ms: list[float]
    started: float
    ended: float

    @property
    def seconds(self) -> float:
        """From the first byte to the last answer."""
        return self.ended - self.started

    @property
    def accepted(self) -> int:
        """How many were answered with 2xx."""
        return sum(1 for status in self.statuses if 200 <= status < 300)


class Load:
    """All requests, and who is to be killed after how many answers."""

    def __init__(self, requests: list[bytes], kill: int, after: int) -> None:
        """Nothing sent yet."""
        self.requests = requests
        self.result = Result(
            statuses=[0] * len(requests), latencies_ms=[0.0] * len(requests), started=0.0, ended=0.0
        )
        self._turns: Iterator[int] = iter(range(len(requests)))
        self._kill, self._after = kill, after
        self._accepted = 0
        self._open = 0
        self.finished = asyncio.get_running_loop().create_future()

    def next_turn(self) -> int | None:
        """The number of the next request to send."""
        return next(self._turns, None)

    def opened(self) -> None:
        """A connection stands."""
        self._open += 1

    def closed(self) -> None:
        """A connection has ended; with the last one so does the load."""
        self._open -= 1
        if self._open == 0 and not self.finished.done():
            self.finished.set_result(None)

    def answered(self, turn: int, status: int, sent_at: float) -> None:
        """Note an answer; kill when it was the one."""
        now = time.monotonic()
        result = self.result
        result.statuses[turn] = status
        result.latencies_ms[turn] = (now - sent_at) * 1e3
        result.ended = now
        if 200 <= status < 300:
            self._accepted += 1
            if self._accepted == self._after and self._kill:
                os.kill(self._kill, signal.SIGKILL)
                self._turns = iter(())


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, load: Load) -> None:
        """Not connected yet."""
        self._load = load
        self._pending = b""
        self._turn: int | None = None
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports have the methods, but not the base class.
        self._transport = cast(asyncio.Transport, transport)
        self._load.opened()
        self._send()

    def _send(self) -> None:
        self._turn = self._load.next_turn()
        if self._turn is None:
            self._transport.close()
            return
        self._sent_at = time.monotonic()
        self._transport.write(self._load.requests[self._turn])

    def data_received(self, data: bytes) -> None:
        """Take an answer when it is whole."""
        self._pending += data
        head = self._pending.find(b"\r\n\r\n")
        if head < 0 or self._turn is None:
            return
        length = _LENGTH.search(self._pending, 0, head)
        if len(self._pending) < head + 4 + (int(length[1]) if length else 0):
            return
        status = int(self._pending[9:12])
        self._pending = b""
        self._load.answered(self._turn, status, self._sent_at)
        self._send()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The rest goes over the other connections."""
        self._load.closed()


async def fire(load: Load, port: int, connections: int) -> None:
    """Send everything."""
    loop = asyncio.get_running_loop()
    load.result.started = time.monotonic()
    for _ in range(min(connections, len(load.requests))):
        try:
            await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
        except ConnectionError:
            # The node is dead already; the connections that stood have noticed it, or will.
            load.opened()
            load.closed()
            break
    await load.finished


async def measure(options: argparse.Namespace) -> Result:
    """Run the load of the command line."""
    load = Load(read_requests(options.file), options.kill, options.after)
    async with asyncio.timeout(options.seconds):
        await fire(load, options.port, options.connections)
    return load.result


def main() -> None:
    """Read the command line, send, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120.0, help="give up after that time")
    parser.add_argument("--kill", type=int, default=0, help="process to kill")
    parser.add_argument("--after", type=int, default=0, help="2xx before that")
    print(msgspec.json.encode(run(measure(parser.parse_args()))).decode())


if __name__ == "__main__":
    main()
