"""Background work: its errors are seen, its loops come back, its end is orderly and bounded."""

import asyncio
import logging

import pytest

from node.tasks import Tasks


class Pauses:
    """A sleep that takes no time and remembers how long it was asked to."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)


async def ends_at_once() -> None:
    return


async def fails() -> None:
    raise RuntimeError("out of luck")


async def waits_for_ever() -> None:
    await asyncio.Event().wait()


async def settle() -> None:
    """Let everything that can run now run."""
    for _turn in range(10):
        await asyncio.sleep(0)


async def test_error_of_a_task_is_logged_with_its_name_and_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = Tasks()

    tasks.spawn(fails(), "unlucky")
    await settle()

    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "unlucky failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)


async def test_task_that_ended_is_forgotten() -> None:
    tasks = Tasks()

    tasks.spawn(ends_at_once(), "short")
    running = tasks.names
    await settle()

    assert running == ["short"]
    assert tasks.names == []


async def test_crashed_loop_is_logged_and_starts_again_after_a_growing_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses = Pauses()
    tasks = Tasks(sleep=pauses)
    runs = 0
    healthy = asyncio.Event()

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs <= 8:
            raise RuntimeError("out of luck")
        healthy.set()
        await waits_for_ever()

    tasks.keep(loop, "loop")
    await healthy.wait()
    await tasks.stop()

    assert pauses.asked == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [record.getMessage() for record in caplog.records][:2] == [
        "loop crashed; it starts again in 1 s",
        "loop crashed; it starts again in 2 s",
    ]
    assert all(record.exc_info for record in caplog.records)


async def test_loop_that_held_out_for_a_minute_pauses_briefly_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = Pauses()
    tasks = Tasks(sleep=pauses)
    late = 0.0
    runs = 0
    done = asyncio.Event()
    running_loop = asyncio.get_running_loop()
    real_time = running_loop.time
    monkeypatch.setattr(running_loop, "time", lambda: real_time() + late)

    async def loop() -> None:
        nonlocal runs, late
        runs += 1
        if runs == 4:
            done.set()
            return
        if runs == 3:
            late += 61
        raise RuntimeError("out of luck")

    tasks.keep(loop, "loop")
    await done.wait()

    assert pauses.asked == [1, 2, 1]


async def test_loop_that_returns_is_not_started_again() -> None:
    pauses = Pauses()
    tasks = Tasks(sleep=pauses)
    runs: list[int] = []

    async def loop() -> None:
        runs.append(1)

    tasks.keep(loop, "loop")
    await settle()

    assert tasks.names == []
    assert runs == [1]
    assert pauses.asked == []


async def test_stop_ends_the_latest_first_and_lets_each_clean_up() -> None:
    tasks = Tasks()
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await waits_for_ever()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    for name in ("storage", "delivery", "http"):
        tasks.spawn(work(name), name)
    await asyncio.sleep(0)

    left_over = await tasks.stop()

    assert ended == ["http", "delivery", "storage"]
    assert left_over == []
    assert tasks.names == []


async def test_task_that_does_not_listen_is_named_and_holds_up_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = Tasks()
    release = asyncio.Event()
    ended: list[str] = []

    async def deaf() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                ended.append("asked")

    async def polite() -> None:
        try:
            await waits_for_ever()
        finally:
            ended.append("polite")

    tasks.spawn(polite(), "polite")
    tasks.spawn(deaf(), "deaf")
    await asyncio.sleep(0)

    left_over = await tasks.stop(within=0.05)
    release.set()

    assert left_over == ["deaf"]
    assert ended == ["asked", "polite"]
    assert caplog.records[-1].getMessage() == "did not stop in time: deaf"


async def test_work_spawned_during_the_stop_does_not_begin() -> None:
    tasks = Tasks()
    began: list[str] = []

    async def late() -> None:
        began.append("late")

    await tasks.stop()
    tasks.spawn(late(), "late")
    await settle()

    assert tasks.names == []
    assert began == []


async def test_work_that_is_cancelled_before_its_first_step_leaves_no_warning() -> None:
    tasks = Tasks()

    tasks.spawn(waits_for_ever(), "never begun")
    left_over = await tasks.stop()

    assert left_over == []
