"""What delivery holds in memory: little, nothing twice, and nothing that a kill could lose."""

from datetime import timedelta

import pytest

from communities.people import ActorKey
from federation import delivery
from federation.errors import Failure, PeerUnreachable
from storage.errors import Busy
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.scripted_peers import NEAR, NEAR_BOX, Ledger, ScriptedPeers, Sender

UNREACHABLE = PeerUnreachable(Failure.TIMEOUT)


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MOST_IN_MEMORY", 5)


async def test_what_was_not_settled_before_a_kill_is_sent_again_and_nothing_else(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    await ledger.queue("settled", NEAR_BOX, order_key=1)
    await sender.turn()
    peers.hold(NEAR)
    await ledger.queue("under way", NEAR_BOX, order_key=2)
    await ledger.queue("waiting", NEAR_BOX, order_key=2)
    await sender.turn()

    await sender.kill()
    peers.let_go(NEAR)
    fresh = ScriptedPeers()
    restarted = Sender(storage, fresh, clock)
    await restarted.turn()

    assert peers.bodies_at(NEAR) == ["settled", "under way"]
    assert fresh.bodies_at(NEAR) == ["under way", "waiting"]
    assert await ledger.left() == []


@pytest.mark.usefixtures("small_memory")
async def test_what_does_not_fit_into_memory_is_sent_once_and_in_order(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.hold(NEAR)
    for number in range(23):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=1)
    await sender.turn()
    in_memory = sender.deliverer.waiting
    for number in range(23, 30):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=1)

    while await ledger.left():
        await sender.turn()
        peers.let_go(NEAR)

    assert in_memory == 5
    assert peers.bodies_at(NEAR) == [str(number) for number in range(30)]


@pytest.mark.usefixtures("small_memory")
async def test_memory_may_end_between_the_inboxes_of_one_body(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    boxes = [f"{NEAR}/u/{number:02}/inbox" for number in range(17)]
    await ledger.queue("hello", *boxes)
    await ledger.queue("again", *boxes)

    while await ledger.left():
        await sender.turn()

    assert sorted(inbox for inbox, body in peers.got if body == "hello") == boxes
    assert sorted(inbox for inbox, body in peers.got if body == "again") == boxes


@pytest.mark.usefixtures("small_memory")
async def test_items_that_are_put_off_do_not_fill_the_memory(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.reply(NEAR, *[404] * 6)
    for number in range(12):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)

    await sender.turn()
    await sender.turn()

    assert len(peers.bodies_at(NEAR)) == 12
    assert len(await ledger.left()) == 6


@pytest.mark.usefixtures("small_memory")
async def test_new_bodies_that_come_while_more_is_loaded_are_not_doubled(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.hold(NEAR)
    for number in range(8):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)
    await sender.turn()

    for number in range(8, 40):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)
        peers.let_go(NEAR)
        await sender.turn()
    while await ledger.left():
        peers.let_go(NEAR)
        await sender.turn()

    assert sorted(map(int, peers.bodies_at(NEAR))) == list(range(40))


async def test_what_cannot_be_written_down_is_kept_for_the_next_time(
    sender: Sender,
    storage: Storage,
    peers: ScriptedPeers,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await ledger.queue("hello", NEAR_BOX)
    await sender.deliverer.step()
    await sender.quiesce()

    async def refuse(*_arguments: object) -> None:
        raise Busy("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(storage, "write", refuse)
        with pytest.raises(Busy):
            await sender.deliverer.settle()
    left = await ledger.left()
    await sender.deliverer.settle()

    assert len(left) == 1
    assert await ledger.left() == []
    assert peers.bodies_at(NEAR) == ["hello"]


async def test_trouble_of_our_own_loses_no_item(
    sender: Sender,
    storage: Storage,
    peers: ScriptedPeers,
    ledger: Ledger,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await ledger.queue("hello", NEAR_BOX)

    async def refuse(_actor_id: ActorKey) -> None:
        raise Busy("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(sender.deliverer._keys, "signer", refuse)
        await sender.deliverer.step()
        (task,) = sender.tasks
        with pytest.raises(Busy):
            await task
    clock.advance(timedelta(minutes=1))
    await sender.turn()

    assert peers.bodies_at(NEAR) == ["hello"]
    assert await ledger.left() == []


async def test_only_peers_with_something_to_do_are_looked_at(
    sender: Sender,
    peers: ScriptedPeers,
    ledger: Ledger,
) -> None:
    """Ten thousand sleeping peers must not cost ten thousand steps at each commit."""
    boxes = [f"https://peer{number}.example/inbox" for number in range(300)]
    for box in boxes:
        peers.always(box.removesuffix("/inbox"), UNREACHABLE)
    await ledger.queue("hello", *boxes)
    await sender.turn()
    await ledger.queue("more", NEAR_BOX)

    await sender.deliverer.step()
    sender.deliverer.wake()
    await sender.deliverer.step()
    looked_at = sender.deliverer._queues.take(sender.clock())

    assert len(sender.deliverer._queues) == 301
    assert len(looked_at) <= 1
