"""Peers, what came in, what goes out; on both databases."""

from datetime import UTC, datetime, timedelta

from communities.people import ActorKey
from storage.audiences import Mailbox
from storage.deliveries import Delivery, GivenUp, Postponed
from storage.peers import PeerPolicy
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PEER, OTHER = "https://peer.example", "https://other.example"
BOX, SECOND_BOX = f"{PEER}/inbox", f"{PEER}/u/1/inbox"


async def test_a_peer_is_new_once(storage: Storage) -> None:
    new = [await storage.write(lambda uow: uow.peers.ensure(PEER, at=NOON)) for _ in range(2)]

    peer = await storage.read(lambda uow: uow.peers.get(PEER))

    assert new == [True, False]
    assert peer is not None
    assert (peer.first_seen_at, peer.policy) == (NOON, PeerPolicy.NONE)


async def test_a_decision_stands_for_peers_known_or_not(storage: Storage) -> None:
    def decide(uow: UnitOfWork, policy: PeerPolicy, reason: str) -> None:
        uow.peers.decide(PEER, policy, reason=reason, at=NOON)

    await storage.write(decide, PeerPolicy.BLOCK, "spam")
    blocked = await storage.read(lambda uow: uow.peers.decided())
    await storage.write(decide, PeerPolicy.NONE, "")

    assert [(peer.origin, peer.policy, peer.reason) for peer in blocked] == [
        (PEER, PeerPolicy.BLOCK, "spam")
    ]
    assert await storage.read(lambda uow: uow.peers.decided()) == []


async def test_what_nodeinfo_said_is_kept(storage: Storage) -> None:
    def note(uow: UnitOfWork) -> None:
        uow.peers.ensure(PEER, at=NOON)
        uow.peers.set_software(
            PEER,
            software="lemmy",
            version="0.19.5",
            capabilities=frozenset({"rfc9421", "groups"}),
            at=NOON,
        )

    await storage.write(note)

    (peer,) = await storage.read(lambda uow: uow.peers.page())
    assert (peer.software, peer.version, peer.nodeinfo_at) == ("lemmy", "0.19.5", NOON)
    assert peer.capabilities == {"rfc9421", "groups"}


async def test_a_peer_is_outdated_when_nodeinfo_was_never_read_or_long_ago(
    storage: Storage,
) -> None:
    def note(uow: UnitOfWork, origin: str, at: datetime) -> None:
        uow.peers.ensure(origin, at=NOON)
        uow.peers.set_software(origin, software=None, version=None, capabilities=frozenset(), at=at)

    await storage.write(lambda uow: uow.peers.ensure(PEER, at=NOON))
    await storage.write(note, OTHER, NOON)
    await storage.write(note, "https://fresh.example", NOON + timedelta(days=8))

    asked = [PEER, OTHER, "https://fresh.example", "https://unknown.example"]
    before = NOON + timedelta(days=7)
    outdated = await storage.read(lambda uow: uow.peers.outdated(asked, before=before))

    assert sorted(outdated) == [OTHER, PEER]


async def test_failures_are_forgotten_when_the_peer_answers(storage: Storage) -> None:
    await storage.write(lambda uow: uow.peers.ensure(PEER, at=NOON))
    later = NOON + timedelta(minutes=1)

    await storage.write(
        lambda uow: uow.peers.note_failure(
            PEER, failures=3, next_try_at=later, error="timeout " * 100
        )
    )
    (failing,) = await storage.read(lambda uow: uow.peers.failing())
    await storage.write(lambda uow: uow.peers.note_success(PEER, at=later))

    assert (failing.failures, failing.next_try_at) == (3, later)
    assert failing.last_error is not None
    assert len(failing.last_error) == 300
    well = await storage.read(lambda uow: uow.peers.get(PEER))
    assert well is not None
    assert (well.failures, well.next_try_at, well.last_error) == (0, None, None)
    assert well.last_success_at == later


async def test_an_activity_is_seen_once_for_each_origin(storage: Storage) -> None:
    def see(uow: UnitOfWork, origin: str) -> bool:
        return uow.inbox.see(origin, "https://peer.example/activities/1", at_ms=1)

    seen = [await storage.write(see, origin) for origin in (PEER, PEER, OTHER)]

    assert seen == [True, False, True]
    assert await storage.read(
        lambda uow: uow.inbox.has_seen(PEER, "https://peer.example/activities/1")
    )
    assert not await storage.read(
        lambda uow: uow.inbox.has_seen(PEER, "https://peer.example/activities/2")
    )


async def test_kept_bytes_come_back_unchanged(storage: Storage) -> None:
    body = '{"type":"Create","naam":"ünïcödé \\u0000"}'.encode() * 50

    row = await storage.write(lambda uow: uow.inbox.keep(body, at_ms=1))

    assert await storage.read(lambda uow: uow.inbox.body(row)) == body
    assert await storage.read(lambda uow: uow.inbox.body(row + 1)) is None


def queue(uow: UnitOfWork, *boxes: Mailbox, at_ms: int = 1, order_key: int = 7) -> int:
    seq = uow.deliveries.add_body(ActorKey(3), b"body", order_key=order_key, at_ms=at_ms)
    uow.deliveries.address(seq, boxes)
    return seq


HERE, THERE, SECOND = (
    Mailbox(BOX, PEER),
    Mailbox(f"{OTHER}/inbox", OTHER),
    Mailbox(SECOND_BOX, PEER),
)


async def test_a_body_is_stored_once_and_addressed_to_each_inbox_once(storage: Storage) -> None:
    def twice(uow: UnitOfWork) -> int:
        seq = queue(uow, HERE, THERE)
        uow.deliveries.address(seq, [HERE])
        return seq

    seq = await storage.write(twice)

    found = await storage.read(lambda uow: uow.deliveries.after(0, 10))
    assert [(one.inbox, one.peer) for one in found] == [
        (THERE.inbox, THERE.peer),
        (HERE.inbox, HERE.peer),
    ]
    assert found[0] == Delivery(seq, THERE.inbox, OTHER, 0, 0, ActorKey(3), 7, False, 1)
    assert await storage.read(lambda uow: uow.deliveries.bodies([seq, seq + 1])) == {seq: b"body"}


async def test_a_page_of_deliveries_never_cuts_a_body_in_two(storage: Storage) -> None:
    boxes = [Mailbox(f"https://p{n}.example/inbox", f"https://p{n}.example") for n in range(5)]
    await storage.write(lambda uow: queue(uow, *boxes))
    second = await storage.write(lambda uow: queue(uow, *boxes))

    page = await storage.read(lambda uow: uow.deliveries.after(0, 3))
    rest = await storage.read(lambda uow: uow.deliveries.after(page[-1].seq, 100))

    assert sorted(one.inbox for one in page) == [box.inbox for box in boxes]
    assert {one.seq for one in rest} == {second}


async def test_settled_deliveries_are_gone_put_off_or_dead(storage: Storage) -> None:
    seq = await storage.write(lambda uow: queue(uow, HERE, THERE, SECOND))

    await storage.write(
        lambda uow: uow.deliveries.settle(
            [(seq, HERE.inbox)],
            [Postponed(seq, SECOND.inbox, attempts=1, run_ms=99, error="503")],
            [GivenUp(seq, THERE.inbox, "410")],
            at_ms=5,
        )
    )

    found = await storage.read(lambda uow: uow.deliveries.after(0, 10))
    assert [(one.inbox, one.attempts, one.run_ms) for one in found] == [(SECOND.inbox, 1, 99)]
    assert await storage.read(lambda uow: uow.deliveries.dead_count()) == 1


async def test_a_page_of_a_peer_may_end_between_the_inboxes_of_one_body(storage: Storage) -> None:
    seq = await storage.write(lambda uow: queue(uow, HERE, SECOND, THERE))
    later = await storage.write(lambda uow: queue(uow, HERE))

    first = await storage.read(lambda uow: uow.deliveries.of_peer(PEER, most=1))
    begin = (first[0].seq, first[0].inbox)
    rest = await storage.read(lambda uow: uow.deliveries.of_peer(PEER, after=begin, up_to=seq))
    newer = await storage.read(lambda uow: uow.deliveries.of_peer(PEER, after=begin))

    assert [(one.seq, one.inbox) for one in rest] == [(seq, SECOND.inbox)]
    assert [one.seq for one in newer] == [seq, later]


async def test_deliveries_of_a_peer_are_in_order(storage: Storage) -> None:
    seqs = [await storage.write(lambda uow: queue(uow, HERE, THERE, at_ms=5)) for _ in range(3)]

    begin = (seqs[0], HERE.inbox)
    of_peer = await storage.read(lambda uow: uow.deliveries.of_peer(PEER, after=begin))

    assert [one.seq for one in of_peer] == seqs[1:]
    assert sorted(await storage.read(lambda uow: uow.deliveries.peers())) == [OTHER, PEER]
    assert await storage.read(lambda uow: uow.deliveries.waiting_by_peer()) in (
        [(PEER, 3, 5), (OTHER, 3, 5)],
        [(OTHER, 3, 5), (PEER, 3, 5)],
    )


async def test_the_node_remembers_its_own_words(storage: Storage) -> None:
    await storage.write(lambda uow: uow.instance.put("domain", "a.example"))
    await storage.write(lambda uow: uow.instance.put("domain", "b.example"))

    assert await storage.read(lambda uow: uow.instance.get("domain")) == "b.example"
    assert await storage.read(lambda uow: uow.instance.get("web_host")) is None
