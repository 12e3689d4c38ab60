"""A deleted account leaves nothing that was its owner's alone."""

from sqlalchemy import Table, select

from communities.people import ActorKey, Person
from storage.erasing import OWNER, SHARED, erase_own_rows, own_tables
from storage.statements import Statement
from storage.store import Storage
from storage.tables import metadata
from storage.tables.social import actors
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World


def refers_to_people(table: Table) -> bool:
    return OWNER in table.columns


def owners(uow: UnitOfWork, table: Table) -> set[ActorKey]:
    """Whose rows a table has."""
    return {ActorKey(row[0]) for row in uow.connection.rows(Statement(select(table.c[OWNER])))}


def test_every_table_of_people_is_their_own_or_shared() -> None:
    named = {table.name for table in metadata.sorted_tables if refers_to_people(table)}

    assert {table.name for table in own_tables()} | SHARED == named
    assert {"accounts", "sessions", "bookmarks", "filters", "lists", "notifications"} <= named


async def test_rows_of_one_person_go_and_those_of_others_stay(storage: Storage) -> None:
    world = World()

    def fill(uow: UnitOfWork) -> tuple[Person, Person]:
        ada, ben = world.person(uow, "ada"), world.person(uow, "ben")
        for person in (ada, ben):
            uow.welcomes.put(person.id, bytes([person.id % 251]) * 32, until=world.now)
            uow.sessions.start(
                person.id, bytes([person.id % 241]) * 32, at=world.now, address="", agent=""
            )
        assert erase_own_rows(uow, ada.id) == 3
        assert erase_own_rows(uow, ada.id) == 0
        return ada, ben

    ada, ben = await storage.write(fill)

    def left(uow: UnitOfWork) -> list[set[ActorKey]]:
        return [rows for table in own_tables() if (rows := owners(uow, table))]

    assert await storage.read(left) == [{ben.id}] * 3
    kept = await storage.read(
        lambda uow: uow.connection.rows(Statement(select(actors.c.id).where(actors.c.id == ada.id)))
    )
    assert kept == [(ada.id,)]
