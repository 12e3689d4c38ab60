"""Reports, the moderation log and notifications, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from communities.people import ActorKey, Person
from communities.posts import PostKey
from communities.reports import (
    LogEntry,
    ModerationAction,
    Report,
    ReportCategory,
    ReportKey,
    ReportState,
)
from storage.notifications import Notification
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BEES, ANTS, ADA, BOB = ActorKey(1), ActorKey(2), ActorKey(3), ActorKey(4)
REPORT = Report(
    id=ReportKey(10),
    reporter_id=ADA,
    subject_id=BOB,
    post_id=PostKey(20),
    community_id=BEES,
    reason="Stings.",
    at=NOON,
    uri="https://peer.example/flags/1",
    category=ReportCategory.VIOLATION,
    rules=("1", "3"),
)


async def add(storage: Storage, *reports: Report) -> None:
    def add_all(uow: UnitOfWork) -> None:
        for report in reports:
            uow.reports.add(report)

    await storage.write(add_all)


async def test_a_report_is_read_back_as_stored(storage: Storage) -> None:
    plain = replace(REPORT, id=ReportKey(11), post_id=None, community_id=None, uri=None)

    await add(storage, REPORT, plain)

    found = await storage.read(lambda uow: (uow.reports.get(REPORT.id), uow.reports.get(plain.id)))
    assert found == (REPORT, plain)
    assert await storage.read(lambda uow: uow.reports.get(ReportKey(1))) is None


async def test_a_report_is_resolved_once(storage: Storage) -> None:
    await add(storage, REPORT, replace(REPORT, id=ReportKey(11)))

    def resolve(uow: UnitOfWork) -> bool:
        return uow.reports.resolve(REPORT.id, by=ADA, at=NOON)

    resolved = [await storage.write(resolve) for _ in range(2)]

    assert resolved == [True, False]
    found = await storage.read(lambda uow: uow.reports.get(REPORT.id))
    assert found is not None
    assert found.state is ReportState.RESOLVED


async def test_an_open_report_is_found_by_who_filed_it_about_what(storage: Storage) -> None:
    about_person = replace(REPORT, id=ReportKey(12), post_id=None)
    resolved = replace(REPORT, id=ReportKey(9), state=ReportState.RESOLVED)
    by_bees = replace(REPORT, id=ReportKey(8), reporter_id=BEES)
    await add(storage, about_person, resolved, by_bees, REPORT)

    async def find(reporter: ActorKey, subject: ActorKey, post: int | None) -> Report | None:
        key = None if post is None else PostKey(post)
        return await storage.read(lambda uow: uow.reports.find_open(reporter, subject, key))

    assert await find(ADA, BOB, 20) == REPORT
    assert await find(ADA, BOB, None) == about_person
    assert await find(BEES, BOB, 20) == by_bees
    assert await find(BEES, BOB, None) is None
    assert await find(ADA, ANTS, 20) is None
    assert await find(ADA, BOB, 21) is None


async def test_the_queue_holds_open_reports_oldest_first(storage: Storage) -> None:
    elsewhere = replace(REPORT, id=ReportKey(12), community_id=ANTS)
    of_node = replace(REPORT, id=ReportKey(13), community_id=None)
    done = replace(REPORT, id=ReportKey(11), state=ReportState.RESOLVED)
    await add(storage, elsewhere, of_node, done, REPORT)

    async def queue(community: ActorKey | None, after: int = 0) -> list[int]:
        found = await storage.read(lambda uow: uow.reports.queue(community, after=after, most=2))
        return [report.id for report in found]

    assert await queue(BEES) == [10]
    assert await queue(ANTS) == [12]
    assert await queue(None) == [10, 12]
    assert await queue(None, after=12) == [13]


async def test_the_moderation_log_is_paged_newest_first(storage: Storage) -> None:
    entries = [
        LogEntry(
            at=NOON + timedelta(minutes=number),
            moderator_id=ADA,
            action=action,
            community_id=community,
            subject_id=BOB,
            post_id=PostKey(20),
            reason=f"Reason {number}.",
        )
        for number, (action, community) in enumerate(
            [
                (ModerationAction.REMOVE_POST, BEES),
                (ModerationAction.BAN, ANTS),
                (ModerationAction.UNBAN, BEES),
            ]
        )
    ]

    def log(uow: UnitOfWork) -> None:
        for entry in entries:
            uow.reports.log(entry)

    await storage.write(log)

    everything = await storage.read(lambda uow: uow.reports.entries(most=2))
    older = await storage.read(lambda uow: uow.reports.entries(before=everything[-1][0]))
    of_bees = await storage.read(lambda uow: uow.reports.entries(BEES))
    assert [entry for _, entry in everything] == entries[:0:-1]
    assert [entry for _, entry in older] == entries[:1]
    assert [entry for _, entry in of_bees] == [entries[2], entries[0]]


async def test_the_log_knows_how_the_last_removal_of_a_post_ended(storage: Storage) -> None:
    about = LogEntry(
        at=NOON,
        moderator_id=ADA,
        action=ModerationAction.STAFF_REMOVE_POST,
        community_id=BEES,
        post_id=PostKey(20),
    )

    async def after(**changes: object) -> ModerationAction | None:
        entry = replace(about, **changes)  # type: ignore[arg-type]  # fields of an entry by name
        await storage.write(lambda uow: uow.reports.log(entry))
        return await storage.read(lambda uow: uow.reports.last_removal(PostKey(20)))

    assert await after(post_id=PostKey(21)) is None
    assert await after(action=ModerationAction.LOCK) is None
    assert await after() is ModerationAction.STAFF_REMOVE_POST
    assert await after(action=ModerationAction.UNLOCK) is ModerationAction.STAFF_REMOVE_POST
    assert await after(action=ModerationAction.RESTORE_POST) is ModerationAction.RESTORE_POST
    assert await after(action=ModerationAction.REMOVE_POST) is ModerationAction.REMOVE_POST


@pytest.fixture
async def ada(storage: Storage) -> Person:
    return await storage.write(World().person, "ada")


def liked(person: Person, post: int = 20, actor: ActorKey = BOB) -> Notification:
    return Notification(
        person_id=person.id,
        kind="liked",
        actor_id=actor,
        post_id=PostKey(post),
        community_id=BEES,
        at=NOON,
    )


async def notify(storage: Storage, one: Notification) -> int | None:
    return await storage.write(lambda uow: uow.notifications.add(one))


async def test_a_notification_is_read_back_with_its_position(storage: Storage, ada: Person) -> None:
    position = await notify(storage, liked(ada))

    (found,) = await storage.read(lambda uow: uow.notifications.page(ada.id))

    assert position is not None
    assert found == replace(liked(ada), id=position)


async def test_notifications_are_paged_newest_first(storage: Storage, ada: Person) -> None:
    positions = [await notify(storage, liked(ada, post)) for post in range(5)]
    first, *_, last = [position for position in positions if position is not None]

    async def page(before: int, after: int) -> list[int | None]:
        found = await storage.read(
            lambda uow: uow.notifications.page(ada.id, before=before, after=after, most=2)
        )
        return [one.id for one in found]

    assert await page(last + 1, 0) == [positions[4], positions[3]]
    assert await page(last, 0) == [positions[3], positions[2]]
    assert await page(last, first + 1) == [positions[3], positions[2]]
    assert await page(first, 0) == []


async def test_the_same_act_on_the_same_post_is_told_once(storage: Storage, ada: Person) -> None:
    told = [
        await notify(storage, one)
        for one in (liked(ada), liked(ada), liked(ada, actor=ADA), liked(ada, post=21))
    ]

    assert [position is not None for position in told] == [True, False, True, True]


async def test_two_followers_without_a_post_are_two_notifications(
    storage: Storage, ada: Person
) -> None:
    followed = replace(liked(ada), kind="followed", post_id=None, community_id=None)

    told = [await notify(storage, one) for one in (followed, followed)]

    assert None not in told


async def test_what_was_read_is_no_longer_counted(storage: Storage, ada: Person) -> None:
    positions = [await notify(storage, liked(ada, post)) for post in range(3)]
    second = positions[1]
    assert second is not None

    def mark(uow: UnitOfWork) -> int:
        return uow.notifications.mark_read(ada.id, up_to=second, at=NOON)

    marked = [await storage.write(mark) for _ in range(2)]

    assert marked == [2, 0]
    assert await storage.read(lambda uow: uow.notifications.unread(ada.id)) == 1
    page = await storage.read(lambda uow: uow.notifications.page(ada.id))
    assert [one.read_at for one in page] == [None, NOON, NOON]


async def test_unread_are_counted_up_to_a_hundred(storage: Storage, ada: Person) -> None:
    def notify_often(uow: UnitOfWork) -> None:
        for post in range(120):
            uow.notifications.add(liked(ada, post))

    await storage.write(notify_often)

    assert await storage.read(lambda uow: uow.notifications.unread(ada.id)) == 100


async def test_notifications_about_a_post_go_with_it(storage: Storage, ada: Person) -> None:
    for post in (20, 21):
        await notify(storage, liked(ada, post))

    assert await storage.write(lambda uow: uow.notifications.drop_about(PostKey(20))) == 1
    page = await storage.read(lambda uow: uow.notifications.page(ada.id))
    assert [one.post_id for one in page] == [21]
