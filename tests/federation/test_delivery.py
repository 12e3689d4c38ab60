"""Delivery against scripted peers: order, side by side, isolation, and what is never sent."""

from federation.policies import Policies
from storage.peers import Peer, PeerPolicy
from storage.store import Storage
from tests.support.clock import Clock
from tests.support.factories import World
from tests.support.scripted_peers import (
    FAR,
    FAR_BOX,
    NEAR,
    NEAR_BOX,
    Ledger,
    ScriptedPeers,
    Sender,
    peer_of,
)


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


async def test_items_of_a_sender_without_a_key_are_dropped(
    sender: Sender, storage: Storage, peers: ScriptedPeers, clock: Clock
) -> None:
    keyless = await storage.write(World(clock()).person, "keyless")
    ledger = Ledger(storage, keyless.id, clock)
    await ledger.queue("unsigned", NEAR_BOX)

    await sender.turn()

    assert peers.got == []
    assert await ledger.dead() == 1
