"""The one place that creates asyncio tasks: each has a name, a logged end and a place in the stop.

`spawn` runs a coroutine once; `keep` runs a loop that must not end by an error: a crash is logged
with its traceback and the loop starts again after a back-off. `stop` cancels all of them, the
latest first, so that what was started early (storage, the client) outlives what leans on it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
STOP_SECONDS = 10.0

Work = Coroutine[object, object, None]
"""What a task runs."""


class Tasks:
    """All tasks of one running node."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Start with no task.

        Args:
            sleep: how to wait between a crash and the next start; tests give their own.
        """
        self._sleep = sleep
        self._running: dict[asyncio.Task[None], None] = {}
        self._stopping = False

    @property
    def names(self) -> list[str]:
        """What runs now, in the order of its start."""
        return [task.get_name() for task in self._running]

    def spawn(self, work: Work, name: str) -> None:
        """Run a coroutine once; an error that leaves it is logged, not raised to anybody.

        After `stop` began, the work does not begin.
        """
        if self._stopping:
            work.close()
            return
        task = asyncio.create_task(self._once(work, name), name=name)
        self._running[task] = None
        task.add_done_callback(partial(self._forget, work))

    def keep(self, make: Callable[[], Work], name: str) -> None:
        """Run a loop, and run it again when it crashes: after 1 s, doubling up to 60 s.

        A loop that held out for a minute starts again at 1 s. A loop that returns has ended.
        """
        self.spawn(self._again_and_again(make, name), name)

    async def stop(self, within: float = STOP_SECONDS) -> list[str]:
        """Cancel everything, latest first; the names of what did not end in time, also logged.

        Each task has a share of the time that is left, so that one that does not listen leaves
        time for the others.
        """
        self._stopping = True
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        left_over: list[str] = []
        for task in reversed(list(self._running)):
            task.cancel()
            patience = max(0.0, end - loop.time()) / 2
            done, _pending = await asyncio.wait([task], timeout=patience)
            if not done:
                left_over.append(task.get_name())
        if left_over:
            log.error("did not stop in time: %s", ", ".join(left_over))
        return left_over

    async def _once(self, work: Work, name: str) -> None:
        try:
            await work
        except Exception:
            log.exception("%s failed", name)

    async def _again_and_again(self, make: Callable[[], Work], name: str) -> None:
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE_SECONDS
        while True:
            started = clock()
            try:
                await make()
            except Exception:
                if clock() - started >= LONGEST_PAUSE_SECONDS:
                    pause = FIRST_PAUSE_SECONDS
                log.exception("%s crashed; it starts again in %g s", name, pause)
            else:
                log.info("%s ended", name)
                return
            await self._sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _forget(self, work: Work, task: asyncio.Task[None]) -> None:
        work.close()  # a task that was cancelled before its first step has not begun it
        self._running.pop(task, None)
