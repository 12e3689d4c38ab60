"""Indexes that hold few of many rows are used by what they were made for, on SQLite.

A partial index serves only conditions that are spelled as its own: `filtered IS 1` is served by
none that was made for `filtered = 1`, and nothing but the plan says so.
"""

import pytest

from storage import accounts, follow_options, notice_policies
from storage.statements import Statement
from storage.store import Storage
from storage.unit_of_work import UnitOfWork


def plan(uow: UnitOfWork, statement: Statement) -> str:
    compiled = statement.for_dialect(is_sqlite=True)
    names = ("person", "actor", "followee")
    values = {name: 1 for name in names if f":{name}" in compiled.sql}
    rows = uow.connection.raw.execute(
        f"EXPLAIN QUERY PLAN {compiled.sql}", compiled.parameters(values)
    )
    return " ".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (notice_policies._RELEASE, "ix_notifications_filtered"),
        (notice_policies._DROP_HELD, "ix_notifications_filtered"),
        (follow_options._TO_NOTIFY, "ix_follow_options_notify"),
        (accounts._STAFF, "ix_accounts_staff"),
    ],
)
async def test_the_index_is_used(sqlite_storage: Storage, statement: Statement, index: str) -> None:
    assert index in await sqlite_storage.read(plan, statement)
