"""A node with many posts: written by the inbox's own unit, without HTTP and signatures.

What stands in the database afterwards is what the same posts would have left had they been sent:
the rows with their indexes, the log, the seen ids, the kept bytes, the notifications.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.activities import Writer, encode
from benchmarks.scene import Scene
from benchmarks.village import Facts, FakePeers, opened
from communities.people import ActorKey
from federation.activitypub.act import Context
from federation.inbox import Outcome, Receipt, receive
from node.compose import Node
from protocols.activitypub.parsing_activities import parse_activity
from protocols.strict_json import load_object
from storage.unit_of_work import UnitOfWork

CHUNK = 100
"""Activities in one unit of work."""
COMMENTS = 50
"""How many posts share a thread."""


def fill(scene: Scene, facts: Facts, peers: FakePeers, posts: int) -> None:
    """Store that many posts of people of peers, in threads of fifty, and let consumers end."""
    asyncio.run(_fill(scene, facts, peers, posts))


async def _fill(scene: Scene, facts: Facts, peers: FakePeers, posts: int) -> None:
    writer = Writer(peers=peers, facts=facts, tag="fill")
    async with opened(facts) as node:
        senders = [
            await node.storage.read(_key_of, peers.actor(number)) for number in range(peers.actors)
        ]
        for start in range(0, posts, CHUNK):
            numbers = range(start, min(start + CHUNK, posts))
            receipts = [_receipt(writer, senders, number) for number in numbers]
            await node.storage.write(_receive_all, receipts, node.context)
            if start % 10_000 == 0:
                scene.tell(f"filling: {start:,} of {posts:,} posts")
        scene.tell("filling: consumers")
        await _consume(node)


def _key_of(uow: UnitOfWork, uri: str) -> ActorKey:
    key = uow.actors.key_of(uri)
    assert key is not None
    return key


def _receipt(writer: Writer, senders: Sequence[ActorKey], number: int) -> Receipt:
    """The receipt of the Create with this number; every fiftieth begins a thread."""
    actor = number % len(senders)
    root = number - number % COMMENTS
    parent = None if root == number else writer.note_id(root % len(senders), root)
    raw = encode(writer.note(actor, number, parent, page=parent is None))
    return Receipt(
        activity=parse_activity(load_object(raw)),
        raw=raw,
        signer_id=senders[actor],
        peer=writer.peers.origin(actor % writer.peers.hosts),
        at=datetime.now(UTC),
    )


def _receive_all(uow: UnitOfWork, receipts: Sequence[Receipt], context: Context) -> None:
    for receipt in receipts:
        uow.cause = None
        outcome = receive(uow, receipt, context)
        assert outcome is Outcome.APPLIED, outcome


async def _consume(node: Node) -> None:
    while await node.consumers.step():
        continue


def bytes_of(database: Path) -> int:
    """The size of a SQLite database with its log and shared memory."""
    files = (database.with_name(database.name + end) for end in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in files if file.exists())
