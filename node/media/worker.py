"""One process that decodes files of strangers, started when needed and ended when it overruns.

Orders stand in line. A process that takes too long, or is asked for by a request that went away,
is killed; the next order starts another. One that has nothing to do for a while is ended.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Final

import msgspec

from node.media.orders import Made, Order, decode_made, encode
from storage.errors import Busy

log = logging.getLogger(__name__)

MOST_WAITING: Final = 32
IDLE_SECONDS: Final = 120.0
ORDERS_A_PROCESS: Final = 200
"""Then it is replaced: whatever leaks in decoders does not add up."""
_ANSWER_BYTES: Final = 64 * 1024
_PATIENCE: Final = 2.0
"""How much longer than its share of the processor an order may take by the clock."""


class Worker:
    """A process of `workshop`, by whatever number of processes one after another."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        """Start nothing yet."""
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._process: Process | None = None
        self._orders = 0
        self._idle_seconds = idle_seconds
        self._idle: asyncio.TimerHandle | None = None
        self._is_retired = False

    @property
    def pid(self) -> int | None:
        """The id of the process, while there is one."""
        return None if self._process is None else self._process.pid

    async def make(self, order: Order) -> Made:
        """Have a file made; what cannot be made comes back with its refusal.

        Raises:
            Busy: too many orders stand in line.
        """
        if self._waiting >= MOST_WAITING:
            raise Busy("too many uploads are being processed; try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._make(order)
        finally:
            self._waiting -= 1

    async def _make(self, order: Order) -> Made:
        self._stay()
        process = await self._started()
        line = b""
        try:
            async with asyncio.timeout(order.seconds * _PATIENCE):
                line = await _asked(process, order)
        except TimeoutError:
            log.warning("a file took too long to decode; the process is ended")
        finally:
            if not line:
                await self._end()
        if not line:
            return Made(refused="The file could not be processed")
        self._orders += 1
        if self._orders >= ORDERS_A_PROCESS or process.stdin is None:
            await self._end()
        else:
            self._rest()
        return _believed(line)

    async def _started(self) -> Process:
        running = self._process
        if running is not None and running.returncode is None and not self._is_retired:
            return running
        await self._end()
        self._is_retired = False
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "node.media.workshop"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            limit=_ANSWER_BYTES,
            start_new_session=True,
            # Nothing of ours: settings may stand in the environment of a service.
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._orders = 0
        return self._process

    async def close(self) -> None:
        """End the process; a later order would start another."""
        self._stay()
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await asyncio.shield(process.communicate())

    def _rest(self) -> None:
        """Let the process end by itself when nothing comes for a while: its input ends."""
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._idle_seconds, self._retire)

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _retire(self) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            self._is_retired = True
            process.stdin.close()


async def _asked(process: Process, order: Order) -> bytes:
    """The line that the process answers; nothing when it has died."""
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        return b""
    try:
        stdin.write(encode(order) + b"\n")
        await stdin.drain()
        line = await stdout.readline()
    except (ConnectionError, ValueError):
        # It died as it was asked, or answers more than an answer can be.
        return b""
    return line if line.endswith(b"\n") else b""


def _believed(line: bytes) -> Made:
    try:
        return decode_made(line)
    except msgspec.MsgspecError:
        log.warning("the process that decodes answered what is no answer")
        return Made(refused="The file could not be processed")
