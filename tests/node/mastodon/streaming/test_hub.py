"""The hub: nothing is missed between two of its steps, and nobody silences it for the others."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from communities.people import Person
from node.mastodon.desk import Desk
from node.streaming.gathering import current_place
from node.streaming.listeners import Listener
from node.streaming.telling import Teller
from node.tasks import Tasks
from protocols.mastodon.streaming import Stream
from storage.store import Storage
from tests.support.listening import Home
from tests.support.statement_count import counting


def listener_of(person: Person, *streams: Stream) -> Listener:
    listener = Listener(person.id, person.id, "127.0.0.1")
    listener.streams.update(dict.fromkeys(streams or (Stream("user"),)))
    return listener


async def test_what_is_committed_while_the_first_one_joins_is_told_without_another_commit(
    desk: Desk, home: Home, sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, slept = sqlite_storage.read, asyncio.Event()

    async def overtaken(function: Callable[..., Any], *arguments: Any) -> Any:
        found = await read(function, *arguments)
        if function is current_place:
            await sqlite_storage.write(home.write, home.ben)
            asyncio.get_running_loop().call_soon(slept.set)
            await slept.wait()
        return found

    monkeypatch.setattr(sqlite_storage, "read", overtaken)
    tasks = Tasks()
    tasks.spawn(desk.streams.run(), "streams")
    listener = listener_of(home.ada)

    await desk.streams.join(listener)

    async with asyncio.timeout(5):
        message = await listener.next()
    assert getattr(message, "event", "") == "update"
    await tasks.stop()


async def test_who_cannot_be_told_something_keeps_it_from_nobody_else(
    desk: Desk,
    home: Home,
    sqlite_storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tell = Teller.messages

    def failing(teller: Teller, person_id: int, streams: Any) -> Any:
        if person_id == home.ada.id:
            raise ValueError("a status that cannot be shown")
        return tell(teller, home.ben.id, streams)

    monkeypatch.setattr(Teller, "messages", failing)
    ada, ben = listener_of(home.ada), listener_of(home.ben)
    await desk.streams.join(ada)
    await desk.streams.join(ben)
    await sqlite_storage.write(home.write, home.ben)

    assert await desk.streams.step() > 0

    async with asyncio.timeout(5):
        await ben.next()
    assert await desk.streams.step() == 0
    assert "not told to all" in caplog.text


async def test_what_cannot_be_read_is_passed_over_and_what_comes_next_is_told(
    desk: Desk,
    home: Home,
    sqlite_storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def damaged(*_arguments: object) -> None:
        raise ValueError("a damaged event")

    ada = listener_of(home.ada)
    await desk.streams.join(ada)
    with monkeypatch.context() as patch:
        patch.setattr("node.streaming.hub.gather", damaged)
        await sqlite_storage.write(home.write, home.ben)
        assert await desk.streams.step() == 0
    assert "cannot be told" in caplog.text

    await sqlite_storage.write(lambda uow: home.write(uow, home.ben, html="<p>Next.</p>"))
    assert await desk.streams.step() > 0
    async with asyncio.timeout(5):
        message = await ada.next()
    assert "Next." in str(message)


async def test_those_with_no_tie_to_what_happened_cost_no_statement(
    desk: Desk, home: Home, sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for extra in (0, 4):
        listeners = [listener_of(home.ada)]
        for number in range(extra):
            stranger = await sqlite_storage.write(home.world.person, f"stranger{number}")
            listeners.append(
                listener_of(stranger, Stream("user"), Stream("user:notification"), Stream("direct"))
            )
        for listener in listeners:
            await desk.streams.join(listener)
        await sqlite_storage.write(home.write, home.ben)
        with monkeypatch.context() as patch:
            count = counting(patch)
            await desk.streams.step()
            costs.append(count())
        for listener in listeners:
            desk.streams.leave(listener)

    assert costs[1] <= costs[0]
