"""The one writer: what a commit holds, what a failure leaves, who waits and who is refused."""

import asyncio
import logging
import threading
from functools import partial

import pytest
from sqlalchemy import Engine

from communities.errors import NotFound
from communities.events import PersonChanged
from communities.people import ActorKey
from storage import threads
from storage.errors import Busy, Closed
from storage.store import Storage
from storage.unit_of_work import DELIVERIES, EVENTS, JOBS, UnitOfWork
from tests.support.units import Gate, names_in, put, put_and_refuse

EVENT = PersonChanged(person_id=ActorKey(1))


async def test_what_was_written_is_read_and_answered(threaded_storage: Storage) -> None:
    answer = await threaded_storage.write(put, "a")

    assert answer == "a"
    assert await names_in(threaded_storage, "a", "b") == ["a"]


async def test_units_that_wait_share_one_commit(
    threaded_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BATCH_SECONDS", 30.0)
    gate = Gate()
    held = await gate.close(threaded_storage)
    writes = [asyncio.ensure_future(threaded_storage.write(put, f"n{n}")) for n in range(200)]
    await asyncio.sleep(0)
    before = threaded_storage.figures()

    gate.opened.set()
    await asyncio.gather(held, *writes)

    after = threaded_storage.figures()
    assert before["waiting"] == 200
    assert after["units"] - before["units"] == 201
    assert after["batches"] - before["batches"] <= 2
    assert after["dead_batches"] == 0


async def test_a_batch_waits_for_as_many_as_the_one_before(
    threaded_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BATCH_SECONDS", 30.0)
    monkeypatch.setattr(threads, "GATHER_SECONDS", 30.0)
    gate = Gate()
    held = await gate.close(threaded_storage)
    first = [asyncio.ensure_future(threaded_storage.write(put, f"a{n}")) for n in range(3)]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(held, *first)
    before = threaded_storage.figures()["batches"]

    again = [asyncio.ensure_future(threaded_storage.write(put, f"b{n}")) for n in range(4)]
    await asyncio.gather(*again)

    assert threaded_storage.figures()["batches"] - before == 1


async def test_a_unit_that_comes_alone_waits_for_nobody(
    threaded_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "GATHER_SECONDS", 30.0)

    async with asyncio.timeout(20):
        answers = [await threaded_storage.write(put, f"n{n}") for n in range(20)]

    assert answers == [f"n{n}" for n in range(20)]


async def test_a_batch_that_stays_smaller_waits_but_a_moment(
    threaded_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BATCH_SECONDS", 30.0)
    monkeypatch.setattr(threads, "GATHER_SECONDS", 0.01)
    gate = Gate()
    held = await gate.close(threaded_storage)
    crowd = [asyncio.ensure_future(threaded_storage.write(put, f"a{n}")) for n in range(50)]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(held, *crowd)

    async with asyncio.timeout(20):
        assert await threaded_storage.write(put, "last") == "last"


async def test_no_answer_comes_before_the_commit(
    threaded_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = threaded_storage.writer._connection
    commit, answered = connection.commit, threading.Event()
    seen: list[bool] = []

    def look_then_commit(_self: object) -> None:
        seen.append(answered.is_set())
        commit()

    monkeypatch.setattr(type(connection), "commit", look_then_commit)
    waiting = asyncio.ensure_future(threaded_storage.write(put, "a"))
    waiting.add_done_callback(lambda _future: answered.set())
    await waiting

    assert seen == [False]


async def test_a_failing_unit_leaves_its_neighbours(threaded_storage: Storage) -> None:
    gate = Gate()
    held = await gate.close(threaded_storage)
    writes = [
        asyncio.ensure_future(threaded_storage.write(put, "before")),
        asyncio.ensure_future(threaded_storage.write(put_and_refuse, "refused")),
        asyncio.ensure_future(threaded_storage.write(put, "after")),
    ]

    gate.opened.set()
    await held
    before, refused, after = await asyncio.gather(*writes, return_exceptions=True)

    assert (before, after) == ("before", "after")
    assert isinstance(refused, NotFound)
    assert await names_in(threaded_storage, "before", "refused", "after") == ["before", "after"]
    assert threaded_storage.figures()["dead_batches"] == 0


async def test_a_unit_that_a_constraint_stops_leaves_its_neighbours(
    threaded_storage: Storage,
) -> None:
    def break_a_rule(uow: UnitOfWork) -> None:
        put(uow, "half")
        uow.connection.run_text("INSERT INTO names (localpart) VALUES ('ada')")

    results = await asyncio.gather(
        threaded_storage.write(put, "a"),
        threaded_storage.write(break_a_rule),
        threaded_storage.write(put, "b"),
        return_exceptions=True,
    )

    assert type(results[1]).__name__ in ("IntegrityError", "NotNullViolation")
    assert await names_in(threaded_storage, "a", "half", "b") == ["a", "b"]


async def test_a_refused_unit_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await storage.write(put_and_refuse, "a")

    assert await names_in(storage, "a") == []


async def test_positions_in_the_log_have_no_gap_where_a_unit_was_rolled_back(
    storage: Storage,
) -> None:
    def record(uow: UnitOfWork) -> None:
        uow.record(EVENT)
        uow.record(EVENT)

    def record_and_refuse(uow: UnitOfWork) -> None:
        record(uow)
        raise NotFound("No")

    await storage.write(record)
    with pytest.raises(NotFound):
        await storage.write(record_and_refuse)
    await storage.write(record)

    logged = await storage.read(lambda uow: uow.events.after(0, 10))
    assert [one.seq for one in logged] == [1, 2, 3, 4]


async def test_positions_have_no_gap_within_one_commit(threaded_storage: Storage) -> None:
    def record(uow: UnitOfWork, keep: bool) -> int:
        uow.record(EVENT)
        if not keep:
            raise NotFound("No")
        return uow.events.upcoming - 1

    results = await asyncio.gather(
        *(threaded_storage.write(record, number % 3 != 0) for number in range(30)),
        return_exceptions=True,
    )

    assert [seq for seq in results if isinstance(seq, int)] == list(range(1, 21))


async def test_cause_and_time_of_a_unit_do_not_reach_the_next(storage: Storage) -> None:
    def caused(uow: UnitOfWork) -> None:
        uow.cause, uow.at_ms = 7, 99
        uow.record(EVENT)

    await storage.write(caused)
    await storage.write(lambda uow: uow.record(EVENT))

    logged = await storage.read(lambda uow: uow.events.after(0, 10))
    assert [(one.cause, one.at_ms, one.event) for one in logged] == [
        (7, 99, EVENT),
        (None, 0, EVENT),
    ]


async def test_listeners_are_woken_after_the_commit_for_what_it_touched(
    threaded_storage: Storage,
) -> None:
    woken: list[str] = []
    for topic in (EVENTS, JOBS, DELIVERIES):
        threaded_storage.on_commit(topic, partial(woken.append, topic))

    def record_and_refuse(uow: UnitOfWork) -> None:
        uow.record(EVENT)
        raise NotFound("No")

    await threaded_storage.write(put, "a")
    with pytest.raises(NotFound):
        await threaded_storage.write(record_and_refuse)
    assert woken == []

    await threaded_storage.write(lambda uow: uow.record(EVENT))
    await threaded_storage.write(lambda uow: uow.jobs.enqueue("a", b"", run_ms=0))

    assert woken == [EVENTS, JOBS]


async def test_work_from_outside_is_refused_when_too_much_waits(engine: Engine) -> None:
    storage = Storage(engine, max_waiting=2, durable=False)
    gate = Gate()
    held = await gate.close(storage)
    waiting = [asyncio.ensure_future(storage.write(put, name)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)

    with pytest.raises(Busy, match="too much is waiting"):
        await storage.write(put, "outside", from_outside=True)
    inside = asyncio.ensure_future(storage.write(put, "inside"))
    gate.opened.set()
    await asyncio.gather(held, inside, *waiting)

    assert await storage.write(put, "outside", from_outside=True) == "outside"
    await storage.close()


async def test_a_caller_that_went_away_harms_nobody(threaded_storage: Storage) -> None:
    gate = Gate()
    held = await gate.close(threaded_storage)
    gone = asyncio.ensure_future(threaded_storage.write(put, "gone"))
    stays = asyncio.ensure_future(threaded_storage.write(put, "stays"))
    await asyncio.sleep(0)

    gone.cancel()
    gate.opened.set()
    await asyncio.gather(held, stays)

    assert gone.cancelled()
    assert await names_in(threaded_storage, "stays") == ["stays"]


async def test_close_finishes_what_waits_and_refuses_what_follows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "BATCH_UNITS", 10)
    storage = Storage(engine, durable=False)
    gate = Gate()
    held = await gate.close(storage)
    writes = [asyncio.ensure_future(storage.write(put, f"n{number}")) for number in range(50)]
    await asyncio.sleep(0)

    closing = asyncio.ensure_future(storage.close())
    gate.opened.set()
    results = await asyncio.gather(*writes)
    await asyncio.gather(held, closing)

    assert len(results) == 50
    with pytest.raises(Closed):
        await storage.write(put, "late")
    with pytest.raises(Closed):
        await storage.read(lambda uow: uow.instance.get("a"))
    again = Storage(engine, threads=False, durable=False)
    assert len(await names_in(again, *(f"n{number}" for number in range(50)))) == 50
    await again.close()


async def test_a_slow_unit_is_named_in_the_log(
    sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threads, "SLOW_UNIT_SECONDS", -1.0)

    with caplog.at_level(logging.WARNING, logger="storage.threads"):
        await sqlite_storage.write(put, "a")

    assert caplog.messages == ["a unit of work took 0 ms: put"]


async def test_a_read_sees_one_state_of_the_database(threaded_storage: Storage) -> None:
    began, written = threading.Event(), threading.Event()

    def look_twice(uow: UnitOfWork) -> tuple[str | None, str | None]:
        first = uow.instance.get("a")
        began.set()
        assert written.wait(20)
        return first, uow.instance.get("a")

    reading = asyncio.ensure_future(threaded_storage.read(look_twice))
    await asyncio.to_thread(began.wait, 20)
    await threaded_storage.write(put, "a")
    written.set()

    assert await reading == (None, None)


async def test_a_reader_cannot_write(storage: Storage) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        await storage.read(put, "a")

    assert await names_in(storage, "a") == []


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


async def test_a_read_that_takes_too_long_is_ended_and_the_next_one_runs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.store.READ_LIMIT_SECONDS", 0.05)
    monkeypatch.setattr("storage.engine.READ_LIMIT_SECONDS", 0.05)
    storage = Storage(engine, durable=False)

    with pytest.raises(Busy):
        await storage.read(lambda uow: uow.connection.run_text(ENDLESS))

    assert await names_in(storage, "a") == []
    await storage.close()
