"""Peers whose answers a test writes down beforehand, and a deliverer that talks with them.

Only the wire is scripted: storage, queues, verdicts and settlements are the real ones.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field

from communities.people import ActorKey
from federation.delivery import Deliverer
from federation.errors import FederationError
from federation.exchanges import Answer
from federation.keys import OwnKeys
from federation.policies import Policies
from federation.signing import Signer
from protocols.activitypub.parsing_origins import origin
from storage.audiences import Mailbox
from storage.keys import SigningKey
from storage.peers import Peer
from storage.store import Storage
from storage.times import to_ms
from storage.unit_of_work import UnitOfWork
from tests.support import spec_keys
from tests.support.clock import Clock
from tests.support.factories import World

NEAR, FAR = "https://near.example", "https://far.example"
NEAR_BOX, FAR_BOX = f"{NEAR}/inbox", f"{FAR}/inbox"

Reply = int | Answer | FederationError


@dataclass(slots=True)
class ScriptedPeers:
    """Answers to deliveries: what a test queued for a peer, else 202. Held peers hang."""

    got: list[tuple[str, str]] = field(default_factory=list)
    under_way: Counter[str] = field(default_factory=Counter)
    most_under_way: Counter[str] = field(default_factory=Counter)
    _replies: defaultdict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    _always: dict[str, Reply] = field(default_factory=dict)
    _held: dict[str, list[asyncio.Future[None]]] = field(default_factory=dict)

    def reply(self, peer: str, *replies: Reply) -> None:
        """Answer the next requests like this."""
        self._replies[peer].extend(replies)

    def always(self, peer: str, reply: Reply | None) -> None:
        """Answer like this whenever nothing else is written down; None for 202 again."""
        if reply is None:
            self._always.pop(peer, None)
        else:
            self._always[peer] = reply

    def hold(self, peer: str) -> None:
        """Let requests hang from now on."""
        self._held.setdefault(peer, [])

    def let_go(self, peer: str) -> int:
        """Answer what hangs now; how many that was. What comes later hangs again."""
        hanging, self._held[peer] = self._held[peer], []
        waiting = [future for future in hanging if not future.done()]
        for future in waiting:
            future.set_result(None)
        return len(waiting)

    def bodies_at(self, peer: str) -> list[str]:
        """What a peer got, in order of the requests."""
        return [body for inbox, body in self.got if origin(inbox) == peer]

    async def post_signed(self, inbox: str, body: bytes, signer: Signer) -> Answer:
        """The wire."""
        assert signer.key_id
        peer = origin(inbox)
        self.got.append((inbox, body.decode()))
        self.under_way[peer] += 1
        self.most_under_way[peer] = max(self.most_under_way[peer], self.under_way[peer])
        try:
            if peer in self._held:
                waiting = asyncio.get_running_loop().create_future()
                self._held[peer].append(waiting)
                await waiting
            await asyncio.sleep(0)
            return self._answer(peer)
        finally:
            self.under_way[peer] -= 1

    def _answer(self, peer: str) -> Answer:
        replies = self._replies[peer]
        reply = replies.pop(0) if replies else self._always.get(peer, 202)
        if isinstance(reply, FederationError):
            raise reply
        return reply if isinstance(reply, Answer) else Answer(status=reply)


@dataclass(slots=True)
class Figures:
    """Counts outcomes."""

    outcomes: Counter[str] = field(default_factory=Counter)

    def delivery(self, outcome: str) -> None:
        self.outcomes[outcome] += 1


class Sender:
    """A deliverer on a storage, stepped by hand."""

    def __init__(
        self,
        storage: Storage,
        peers: ScriptedPeers,
        clock: Clock,
        *,
        policies: Policies | None = None,
        in_flight: int = 8,
    ) -> None:
        self.storage = storage
        self.clock = clock
        self.figures = Figures()
        self.deliverer = Deliverer(
            storage,
            peers,
            OwnKeys(storage),
            policies or Policies(),
            self._spawn,
            self.figures,
            now=clock,
            in_flight=in_flight,
        )
        self.tasks: set[asyncio.Task[None]] = set()

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def turn(self) -> None:
        """Do everything that can be done now, and write down what became of it."""
        self.deliverer.wake()
        for _ in range(3):
            await self.deliverer.step()
            await self.quiesce()
        await self.deliverer.settle()

    async def quiesce(self) -> None:
        """Let tasks go on until all of them have ended or hang."""
        for _ in range(200):
            await asyncio.sleep(0)

    async def kill(self) -> None:
        """End it as a kill -9 would: what was not settled is not settled."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def add_sender(storage: Storage, world: World) -> ActorKey:
    """Someone of this node with a key."""

    def make(uow: UnitOfWork) -> ActorKey:
        person = world.person(uow, "sender")
        key = SigningKey(
            actor_id=person.id,
            algorithm="rsa",
            key_id=f"{person.uri}#main-key",
            private_pem=spec_keys.RFC9421_RSA_PRIVATE,
        )
        uow.keys.put_signing(key, created_at=world.now)
        return person.id

    return await storage.write(make)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Puts bodies in the ledger and looks at what is left of them."""

    storage: Storage
    sender_id: ActorKey
    clock: Clock

    async def queue(self, body: str, *inboxes: str, order_key: int = 1, twin: bool = False) -> int:
        """Queue a body for inboxes; its seq."""

        def add(uow: UnitOfWork) -> int:
            seq = uow.deliveries.add_body(
                self.sender_id,
                body.encode(),
                order_key=order_key,
                at_ms=to_ms(self.clock()),
                twin=twin,
            )
            uow.deliveries.address(seq, [Mailbox(inbox, origin(inbox)) for inbox in inboxes])
            return seq

        return await self.storage.write(add)

    async def left(self) -> list[tuple[int, str]]:
        """What is not settled."""
        found = await self.storage.read(lambda uow: uow.deliveries.after(0, 100_000))
        return [(one.seq, one.inbox) for one in found]

    async def dead(self) -> int:
        """How many were given up."""
        return await self.storage.read(lambda uow: uow.deliveries.dead_count())


async def open_ledger(storage: Storage, clock: Clock) -> Ledger:
    """A ledger with someone who sends; NEAR and FAR are known."""
    sender_id = await add_sender(storage, World())
    await storage.write(_meet, clock)
    return Ledger(storage, sender_id, clock)


def _meet(uow: UnitOfWork, clock: Clock) -> None:
    for peer in (NEAR, FAR):
        uow.peers.ensure(peer, at=clock())
        uow.peers.set_software(
            peer, software="lemmy", version="1.0", capabilities=frozenset(), at=clock()
        )


async def peer_of(storage: Storage, origin: str) -> Peer:
    """What is written down about a peer."""
    found = await storage.read(lambda uow: uow.peers.get(origin))
    assert found is not None
    return found


async def jobs_of(storage: Storage) -> dict[str, tuple[int, int]]:
    """For each kind how many jobs wait, and how many failed."""
    return await storage.read(lambda uow: uow.jobs.counts())
