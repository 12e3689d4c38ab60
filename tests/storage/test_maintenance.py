"""Maintenance: what is old goes, in steps; what is young or still needed stays."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert

from communities.events import PersonChanged
from communities.people import ActorKey
from storage import maintenance
from storage.audiences import Mailbox
from storage.deliveries import GivenUp
from storage.maintenance import STEP, Prunable
from storage.statements import Statement
from storage.store import Storage
from storage.tables.federation import inbox_seen
from storage.unit_of_work import UnitOfWork

DAY = 24 * 60 * 60 * 1000
NOW = 100 * DAY
BOX = Mailbox("https://peer.example/inbox", "https://peer.example")
EVENT = PersonChanged(person_id=ActorKey(1))


async def prune(storage: Storage, what: Prunable) -> int:
    return await storage.write(maintenance.prune, what, NOW)


async def test_activities_are_remembered_for_thirty_days(storage: Storage) -> None:
    def see(uow: UnitOfWork) -> None:
        uow.inbox.see("https://peer.example", "old", at_ms=NOW - 30 * DAY - 1)
        uow.inbox.see("https://peer.example", "young", at_ms=NOW - 30 * DAY)

    await storage.write(see)

    assert await prune(storage, Prunable.SEEN) == 1
    assert not await storage.read(lambda uow: uow.inbox.has_seen("https://peer.example", "old"))
    assert await storage.read(lambda uow: uow.inbox.has_seen("https://peer.example", "young"))


async def test_a_step_deletes_no_more_than_it_may(storage: Storage) -> None:
    statement = Statement(
        insert(inbox_seen).values(digest=bindparam("digest"), at_ms=bindparam("at_ms"))
    )
    rows = [{"digest": number.to_bytes(16), "at_ms": number} for number in range(STEP + 1)]
    await storage.write(lambda uow: uow.connection.run_many(statement, rows))

    assert [await prune(storage, Prunable.SEEN) for _ in range(3)] == [STEP, 1, 0]


async def test_kept_bytes_go_after_thirty_days(storage: Storage) -> None:
    def keep(uow: UnitOfWork) -> list[int]:
        return [uow.inbox.keep(b"{}", at_ms=NOW - days * DAY) for days in (40, 31, 29)]

    old, older, young = await storage.write(keep)

    assert await prune(storage, Prunable.RECEIVED) == 2
    left = await storage.read(
        lambda uow: [row for row in (old, older, young) if uow.inbox.body(row) is not None]
    )
    assert left == [young]


async def test_bytes_that_a_lagging_consumer_will_relay_stay(storage: Storage) -> None:
    def fill(uow: UnitOfWork) -> None:
        kept = [uow.inbox.keep(b"{}", at_ms=NOW - 40 * DAY) for _ in range(3)]
        uow.cause = kept[1]
        uow.record(EVENT)
        uow.events.move_cursor("outbound", 0)

    await storage.write(fill)

    assert await prune(storage, Prunable.RECEIVED) == 1
    await storage.write(lambda uow: uow.events.move_cursor("outbound", 1))
    assert await prune(storage, Prunable.RECEIVED) == 2


def record(uow: UnitOfWork, *days: int) -> None:
    for age in days:
        uow.at_ms = NOW - age * DAY
        uow.record(EVENT)


async def positions(storage: Storage) -> list[int]:
    logged = await storage.read(lambda uow: uow.events.after(0, 100))
    return [one.seq for one in logged]


async def test_events_go_when_all_have_read_them_and_they_are_old(storage: Storage) -> None:
    await storage.write(record, 20, 19, 18, 5, 4)

    def move(uow: UnitOfWork, search: int, outbound: int) -> None:
        uow.events.move_cursor("search", search)
        uow.events.move_cursor("outbound", outbound)

    await storage.write(move, 5, 2)
    assert await prune(storage, Prunable.EVENTS) == 2
    assert await positions(storage) == [3, 4, 5]

    await storage.write(move, 5, 5)
    assert await prune(storage, Prunable.EVENTS) == 1
    assert await positions(storage) == [4, 5]


async def test_events_stay_while_there_is_nobody_to_read_them(storage: Storage) -> None:
    await storage.write(record, 20, 19)

    assert await prune(storage, Prunable.EVENTS) == 0


async def test_the_newest_event_stays_so_that_positions_are_never_given_out_again(
    storage: Storage,
) -> None:
    await storage.write(record, 20, 19)
    await storage.write(lambda uow: uow.events.move_cursor("search", 2))

    pruned = await prune(storage, Prunable.EVENTS)
    await storage.write(record, 0)

    assert pruned == 1
    assert await positions(storage) == [2, 3]


async def test_tombstones_go_at_their_time(storage: Storage) -> None:
    def forget(uow: UnitOfWork) -> None:
        for name, until in (("old", NOW - 1), ("young", NOW)):
            uow.posts.forget(name, until=datetime.fromtimestamp(until / 1000, UTC))

    await storage.write(forget)

    assert await prune(storage, Prunable.TOMBSTONES) == 1
    assert await storage.read(lambda uow: uow.posts.is_forgotten("young"))


async def test_dead_letters_are_shown_for_fourteen_days(storage: Storage) -> None:
    def give_up(uow: UnitOfWork) -> None:
        for number, days in enumerate((15, 13)):
            dead = [GivenUp(number, BOX.inbox, "410")]
            uow.deliveries.settle([], [], dead, at_ms=NOW - days * DAY)

    await storage.write(give_up)

    assert await prune(storage, Prunable.DEAD_LETTERS) == 1
    assert await storage.read(lambda uow: uow.deliveries.dead_count()) == 1


async def test_failed_jobs_are_shown_for_fourteen_days_and_waiting_ones_stay(
    storage: Storage,
) -> None:
    def fill(uow: UnitOfWork) -> None:
        for _ in range(3):
            uow.jobs.enqueue("fetch", b"", run_ms=0)
        first, second, _waiting = uow.jobs.lease(now_ms=0, until_ms=1)
        uow.jobs.fail(first, at_ms=NOW - 15 * DAY, error="")
        uow.jobs.fail(second, at_ms=NOW - 13 * DAY, error="")

    await storage.write(fill)

    assert await prune(storage, Prunable.FAILED_JOBS) == 1
    assert await storage.read(lambda uow: uow.jobs.counts()) == {"fetch": (1, 1)}


async def test_bodies_go_when_nobody_waits_for_them(storage: Storage) -> None:
    def send(uow: UnitOfWork, at_ms: int, *boxes: Mailbox) -> int:
        seq = uow.deliveries.add_body(ActorKey(1), b"{}", order_key=1, at_ms=at_ms)
        uow.deliveries.address(seq, boxes)
        return seq

    waiting = await storage.write(send, 0, BOX)
    done = await storage.write(send, 0)
    young = await storage.write(send, NOW)

    assert await prune(storage, Prunable.SENT) == 1
    left = await storage.read(lambda uow: uow.deliveries.bodies([waiting, done, young]))
    assert set(left) == {waiting, young}


@pytest.mark.parametrize("what", Prunable)
async def test_an_empty_node_has_nothing_to_drop(storage: Storage, what: Prunable) -> None:
    assert await prune(storage, what) == 0


async def test_sizes_grow_with_what_is_stored(storage: Storage) -> None:
    before = await storage.read(maintenance.storage_sizes)

    await storage.write(lambda uow: uow.instance.put("much", "x" * 3_000_000))

    after = await storage.read(maintenance.storage_sizes)
    assert before.database > 0
    assert after.database + after.log > before.database + before.log
    assert after.free >= 0
