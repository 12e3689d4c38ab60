"""Damaged rows cost one item each, and the log names them (F-18)."""

import logging

import pytest

from communities.events import PersonChanged
from communities.people import ActorKey
from communities.posts import Attachment, PostContent
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.factories import World

EVENT = PersonChanged(person_id=ActorKey(1))
BLOBS = ["'{\"half\": '", "'[1]'", "X'FF00FE'", "''"]


def run(uow: UnitOfWork, sql: str) -> None:
    uow.connection.run_text(sql)


def blob(text: str, dialect: str) -> str:
    """A literal of bytes in the dialect's own words."""
    if dialect == "sqlite":
        return f"CAST({text} AS BLOB)"
    return "'\\xFF00FE'::bytea" if text.startswith("X") else f"{text}::bytea"


def seqs_after(uow: UnitOfWork, seq: int) -> list[int]:
    return [one.seq for one in uow.events.after(seq, 2)]


@pytest.mark.parametrize("damage", BLOBS)
async def test_a_damaged_event_is_passed_over_and_named(
    storage: Storage, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    def record(uow: UnitOfWork) -> None:
        for _ in range(5):
            uow.record(EVENT)
        damaged = blob(damage, uow.connection.dialect)
        run(uow, f"UPDATE event_log SET payload = {damaged} WHERE seq IN (2, 3)")

    await storage.write(record)

    with caplog.at_level(logging.ERROR, logger="storage.damage"):
        pages = [await storage.read(seqs_after, at) for at in (0, 1, 5)]

    assert pages == [[1], [4, 5], []]
    assert any("damaged row: event 2 does not read" in line for line in caplog.messages)


async def test_an_event_of_a_kind_that_is_not_known_is_passed_over(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    await storage.write(lambda uow: uow.record(EVENT))
    await storage.write(run, "UPDATE event_log SET kind = 'Dreamt'")

    with caplog.at_level(logging.ERROR, logger="storage.event_log"):
        assert await storage.read(lambda uow: uow.events.after(0, 10)) == []

    assert caplog.messages == ["event 1 is of a kind that is not known: Dreamt"]


async def test_a_post_with_damaged_extras_is_shown_without_them(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    ada = await storage.write(world.person, "ada")
    content = PostContent(
        title="Bees", attachments=(Attachment(kind="image", url="https://x.example/a.png"),)
    )
    whole = await storage.write(lambda uow: world.post(uow, ada, content=content))
    damaged = await storage.write(lambda uow: world.post(uow, ada, content=content))

    def damage(uow: UnitOfWork) -> None:
        bytes_ = blob(BLOBS[0], uow.connection.dialect)
        run(uow, f"UPDATE posts SET extra = {bytes_} WHERE id = {damaged.id}")

    await storage.write(damage)
    with caplog.at_level(logging.ERROR, logger="storage.damage"):
        entries = await storage.read(lambda uow: uow.timelines.by_author(ada.id))

    assert [(entry.post.id, len(entry.post.content.attachments)) for entry in entries] == [
        (damaged.id, 0),
        (whole.id, 1),
    ]
    assert any(f"extra of post {damaged.id}" in line for line in caplog.messages)


async def test_bytes_that_do_not_unpack_are_as_good_as_gone(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    row = await storage.write(lambda uow: uow.inbox.keep(b"{}" * 100, at_ms=1))

    def damage(uow: UnitOfWork) -> None:
        run(uow, f"UPDATE received SET body = {blob(BLOBS[2], uow.connection.dialect)}")

    await storage.write(damage)

    with caplog.at_level(logging.ERROR, logger="storage.damage"):
        assert await storage.read(lambda uow: uow.inbox.body(row)) is None

    assert any("received" in line for line in caplog.messages)
