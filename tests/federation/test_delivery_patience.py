"""Delivery to peers that do not answer, refuse, or are gone: the table of security 3.2."""

from datetime import timedelta

from federation.errors import Failure, PeerUnreachable
from federation.exchanges import Answer
from federation.wanted_jobs import CONFIRM_GONE_JOB, NODEINFO_JOB
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.scripted_peers import (
    NEAR,
    NEAR_BOX,
    Ledger,
    ScriptedPeers,
    Sender,
    jobs_of,
    peer_of,
)

UNREACHABLE = PeerUnreachable(Failure.TIMEOUT)


async def test_a_peer_that_does_not_answer_sleeps_and_so_it_is_written_down(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.always(NEAR, UNREACHABLE)
    for number in range(3):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)

    await sender.turn()
    await sender.turn()

    peer = await peer_of(storage, NEAR)
    assert peers.bodies_at(NEAR) == ["0"]
    assert peer.failures == 1
    assert peer.next_try_at is not None
    assert timedelta(seconds=24) <= peer.next_try_at - clock() <= timedelta(seconds=42)
    assert peer.last_error == "the peer did not answer in time"
    assert len(await ledger.left()) == 3


async def test_a_sleeping_peer_is_tried_again_when_its_time_has_come(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.reply(NEAR, UNREACHABLE)
    await ledger.queue("first", NEAR_BOX)
    await ledger.queue("second", NEAR_BOX)
    await sender.turn()

    clock.advance(timedelta(seconds=45))
    await sender.turn()

    assert peers.bodies_at(NEAR) == ["first", "first", "second"]
    assert await ledger.left() == []
    assert (await peer_of(storage, NEAR)).failures == 0


async def test_requests_that_fail_side_by_side_are_one_failure(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger
) -> None:
    await ledger.queue("first", NEAR_BOX)
    await sender.turn()
    peers.hold(NEAR)
    peers.always(NEAR, UNREACHABLE)
    for number in range(8):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)
    await sender.turn()
    assert peers.under_way[NEAR] == 8

    peers.let_go(NEAR)
    await sender.turn()

    assert (await peer_of(storage, NEAR)).failures == 1


async def test_back_off_survives_a_restart(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.always(NEAR, UNREACHABLE)
    await ledger.queue("hello", NEAR_BOX)
    await sender.turn()

    restarted = Sender(storage, peers, clock)
    await restarted.deliverer.load_health()
    await restarted.turn()
    tries_while_asleep = len(peers.bodies_at(NEAR))
    clock.advance(timedelta(seconds=45))
    await restarted.turn()

    assert tries_while_asleep == 1
    assert len(peers.bodies_at(NEAR)) == 2
    assert (await peer_of(storage, NEAR)).failures == 2


async def test_an_item_that_is_put_off_does_not_block_other_threads(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.reply(NEAR, 404)
    await ledger.queue("lost", NEAR_BOX, order_key=1)
    await ledger.queue("behind it", NEAR_BOX, order_key=1)
    await ledger.queue("other", NEAR_BOX, order_key=2)

    await sender.turn()
    soon = list(peers.bodies_at(NEAR))
    clock.advance(timedelta(hours=10))
    await sender.turn()

    assert soon == ["lost", "other"]
    assert peers.bodies_at(NEAR) == ["lost", "other", "lost", "behind it"]


async def test_an_item_that_is_put_off_stays_so_over_a_restart(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.reply(NEAR, 404)
    await ledger.queue("lost", NEAR_BOX)
    await sender.turn()

    restarted = Sender(storage, peers, clock)
    await restarted.turn()
    tries = len(peers.bodies_at(NEAR))
    clock.advance(timedelta(hours=10))
    await restarted.turn()

    assert tries == 1
    assert peers.bodies_at(NEAR) == ["lost", "lost"]


async def test_an_item_is_given_up_after_four_refusals_however_often_the_peer_was_away(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.reply(NEAR, *[UNREACHABLE] * 5)
    peers.always(NEAR, 404)
    await ledger.queue("lost", NEAR_BOX)

    for _ in range(12):
        await sender.turn()
        clock.advance(timedelta(hours=9))

    assert len(peers.bodies_at(NEAR)) == 5 + 4
    assert await ledger.dead() == 1
    assert await ledger.left() == []


async def test_a_refused_item_is_dead_and_the_next_goes_on(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.reply(NEAR, Answer(status=400, excerpt="no"))
    await ledger.queue("bad", NEAR_BOX)
    await ledger.queue("good", NEAR_BOX)

    await sender.turn()

    assert peers.bodies_at(NEAR) == ["bad", "good"]
    assert await ledger.dead() == 1
    assert await ledger.left() == []


async def test_a_refused_twin_counts_as_delivered(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.reply(NEAR, 400)
    await ledger.queue("twin", NEAR_BOX, twin=True)

    await sender.turn()

    assert sender.figures.outcomes == {"done": 1}
    assert await ledger.dead() == 0


async def test_an_inbox_that_is_gone_asks_for_a_confirmation_once(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.always(NEAR, 410)
    await ledger.queue("one", NEAR_BOX, order_key=1)
    await ledger.queue("two", NEAR_BOX, order_key=2)

    await sender.turn()

    assert await jobs_of(storage) == {CONFIRM_GONE_JOB: (1, 0)}
    assert await ledger.left() == []


async def test_a_peer_that_speaks_is_awake(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.reply(NEAR, UNREACHABLE)
    await ledger.queue("hello", NEAR_BOX)
    await sender.turn()

    sender.deliverer.peer_spoke(NEAR)
    await sender.turn()

    assert peers.bodies_at(NEAR) == ["hello", "hello"]
    assert await ledger.left() == []


async def test_after_the_horizon_a_dead_peers_old_items_go_at_once(
    sender: Sender, storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    peers.always(NEAR, UNREACHABLE)
    for number in range(10):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)
    await sender.turn()
    clock.advance(timedelta(days=13))
    await ledger.queue("young", NEAR_BOX, order_key=99)
    await sender.turn()

    clock.advance(timedelta(days=2))
    await sender.turn()

    peer = await peer_of(storage, NEAR)
    assert await ledger.dead() == 10
    assert len(await ledger.left()) == 1
    assert peer.failures == 3
    assert peer.next_try_at is not None
    assert peer.next_try_at > clock()


async def test_a_peer_of_unknown_software_is_asked_for_it_when_it_answers(
    sender: Sender, storage: Storage, ledger: Ledger, clock: Clock
) -> None:
    other = "https://new.example"
    await storage.write(lambda uow: uow.peers.ensure(other, at=clock()))
    await ledger.queue("hello", NEAR_BOX, f"{other}/inbox")
    await sender.turn()
    at_first = await jobs_of(storage)

    clock.advance(timedelta(days=8))
    await ledger.queue("hello", NEAR_BOX)
    await sender.turn()

    assert at_first == {NODEINFO_JOB: (1, 0)}
    assert await jobs_of(storage) == {NODEINFO_JOB: (2, 0)}


async def test_a_clock_that_was_set_back_keeps_no_peer_silent(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    clock.advance(timedelta(days=3650))
    peers.reply(NEAR, UNREACHABLE)
    await ledger.queue("hello", NEAR_BOX)
    await sender.turn()

    clock.advance(timedelta(days=-3650))
    await sender.turn()

    assert peers.bodies_at(NEAR) == ["hello", "hello"]
