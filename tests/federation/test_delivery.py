"""Delivery against scripted peers: order, patience, isolation, and what survives a kill."""

import logging
from datetime import timedelta

import pytest

from communities.people import ActorKey
from federation import delivery
from federation.errors import Failure, PeerUnreachable
from federation.exchanges import Answer
from federation.policies import Policies
from federation.wanted_jobs import CONFIRM_GONE_JOB, NODEINFO_JOB
from storage.errors import Busy
from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.scripted_peers import Ledger, ScriptedPeers, Sender, add_sender

NEAR, FAR = "https://near.example", "https://far.example"
NEAR_BOX, FAR_BOX = f"{NEAR}/inbox", f"{FAR}/inbox"
UNREACHABLE = PeerUnreachable(Failure.TIMEOUT)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def peers() -> ScriptedPeers:
    return ScriptedPeers()


@pytest.fixture
async def ledger(storage: Storage, clock: Clock) -> Ledger:
    sender_id = await add_sender(storage, World())
    await storage.write(_meet, NEAR, FAR, clock)
    return Ledger(storage, sender_id, clock)


@pytest.fixture
async def sender(storage: Storage, peers: ScriptedPeers, clock: Clock, ledger: Ledger) -> Sender:
    return Sender(storage, peers, clock)


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MOST_IN_MEMORY", 5)


def _meet(uow: UnitOfWork, near: str, far: str, clock: Clock) -> None:
    for peer in (near, far):
        uow.peers.ensure(peer, at=clock())
        uow.peers.set_software(
            peer, software="lemmy", version="1.0", capabilities=frozenset(), at=clock()
        )


async def peer_of(storage: Storage, origin: str) -> Peer:
    found = await storage.read(lambda uow: uow.peers.get(origin))
    assert found is not None
    return found


async def jobs_of(storage: Storage) -> dict[str, tuple[int, int]]:
    return await storage.read(lambda uow: uow.jobs.counts())


async def test_a_delivered_body_is_settled(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    await ledger.queue("hello", NEAR_BOX, FAR_BOX)

    await sender.turn()

    assert sorted(peers.got) == [(FAR_BOX, "hello"), (NEAR_BOX, "hello")]
    assert await ledger.left() == []
    assert sender.figures.outcomes == {"done": 2}
    assert sender.deliverer.waiting == 0


async def test_bodies_of_one_thread_arrive_in_order(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    for number in range(20):
        await ledger.queue(f"a{number}", NEAR_BOX, order_key=1)
        await ledger.queue(f"b{number}", NEAR_BOX, order_key=2)

    await sender.turn()

    got = peers.bodies_at(NEAR)
    assert [body for body in got if body[0] == "a"] == [f"a{number}" for number in range(20)]
    assert [body for body in got if body[0] == "b"] == [f"b{number}" for number in range(20)]


async def test_the_next_of_a_thread_waits_for_the_answer(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.hold(NEAR)
    for number in range(3):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=1)

    await sender.turn()
    before = peers.bodies_at(NEAR)
    peers.let_go(NEAR)
    await sender.turn()

    assert before == ["0"]
    assert peers.bodies_at(NEAR) == ["0", "1"]


async def test_an_unproven_peer_gets_one_request_at_a_time(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.hold(NEAR)
    for number in range(20):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)

    await sender.turn()

    assert peers.under_way[NEAR] == 1


async def test_a_proven_peer_gets_up_to_the_limit_side_by_side(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.hold(NEAR)
    for number in range(40):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number)

    await sender.turn()
    peers.let_go(NEAR)
    await sender.turn()

    assert peers.under_way[NEAR] == 8
    assert peers.most_under_way[NEAR] == 8


async def test_a_far_peer_gets_more_than_six_bodies_in_a_round_trip(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    """Spec: performance G14: 150 ms away, more than 6 / RTT; each let_go is one round trip."""
    peers.hold(NEAR)
    for number in range(161):
        await ledger.queue(f"{number}", NEAR_BOX, order_key=number % 50)

    await sender.turn()
    peers.let_go(NEAR)
    trips = 0
    while await ledger.left():
        await sender.turn()
        peers.let_go(NEAR)
        trips += 1
        await sender.turn()
        assert trips < 100

    assert 160 / trips > 6
    assert sorted(peers.bodies_at(NEAR), key=int) == [str(number) for number in range(161)]


async def test_a_hanging_peer_delays_nobody(
    sender: Sender, peers: ScriptedPeers, ledger: Ledger
) -> None:
    peers.hold(FAR)
    for number in range(10):
        await ledger.queue(f"{number}", NEAR_BOX, FAR_BOX, order_key=number)

    await sender.turn()

    assert len(peers.bodies_at(NEAR)) == 10
    assert len(peers.bodies_at(FAR)) == 1
    assert {inbox for _, inbox in await ledger.left()} == {FAR_BOX}


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


async def test_a_blocked_peer_gets_nothing(
    storage: Storage, peers: ScriptedPeers, ledger: Ledger, clock: Clock
) -> None:
    policies = Policies()
    policies.replace([Peer(origin=NEAR, first_seen_at=clock(), policy=PeerPolicy.BLOCK)])
    sender = Sender(storage, peers, clock, policies=policies)
    await ledger.queue("secret", NEAR_BOX, FAR_BOX)

    await sender.turn()

    assert peers.got == [(FAR_BOX, "secret")]
    assert await ledger.left() == []
    assert (await peer_of(storage, NEAR)).last_success_at is None


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


async def test_items_of_a_sender_without_a_key_are_dropped(
    sender: Sender, storage: Storage, peers: ScriptedPeers, clock: Clock
) -> None:
    keyless = await storage.write(World(clock()).person, "keyless")
    ledger = Ledger(storage, keyless.id, clock)
    await ledger.queue("unsigned", NEAR_BOX)

    await sender.turn()

    assert peers.got == []
    assert await ledger.dead() == 1


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


async def test_only_peers_with_something_to_do_are_looked_at(
    sender: Sender,
    peers: ScriptedPeers,
    ledger: Ledger,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ten thousand sleeping peers must not cost ten thousand steps at each commit."""
    caplog.set_level(logging.ERROR)
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
