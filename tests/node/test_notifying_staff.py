"""Who runs the node is told of newcomers, and of reports that are for no community."""

from communities.events import PersonRegistered
from communities.people import ActorKey
from communities.registration import AccountRole
from communities.reporting import file_report
from communities.reports import Report, ReportKey
from node import notifying
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


async def test_staff_is_told_of_newcomers_and_of_reports_to_the_node(storage: Storage) -> None:
    world = World()

    def happen(uow: UnitOfWork) -> tuple[ActorKey, ActorKey]:
        ada, ben = world.person(uow, "ada").id, world.person(uow, "ben").id
        cyd = world.remote_person(uow, "cyd").id
        uow.accounts.set_role(ada, AccountRole.MODERATOR)
        uow.record(PersonRegistered(person_id=ben, state="pending-approval"))
        report = Report(
            id=ReportKey(world.key()),
            reporter_id=cyd,
            subject_id=ben,
            reason="spam",
            at=world.tick(),
            post_id=None,
            community_id=None,
        )
        file_report(uow, report)
        return ada, ben

    ada, ben = await storage.write(happen)
    await storage.write(notifying.step, to_ms(world.now))

    def told(uow: UnitOfWork) -> list[list[str]]:
        return [[one.kind for one in uow.notifications.page(key)] for key in (ada, ben)]

    assert await storage.read(told) == [["report", "sign-up"], []]
