"""What is dropped after its time, and what stays."""

from node.pruning import prune_all
from storage.maintenance import Prunable
from storage.store import Storage
from storage.unit_of_work import UnitOfWork

DAY_MS = 24 * 60 * 60 * 1000
OLD, YOUNG = 0, 40 * DAY_MS
PEER = "https://peer.example"


def _see(uow: UnitOfWork, count: int, at_ms: int) -> None:
    for number in range(count):
        uow.inbox.see(PEER, f"{PEER}/{at_ms}/{number}", at_ms=at_ms)


async def test_more_than_one_step_of_old_rows_goes_and_young_ones_stay(storage: Storage) -> None:
    await storage.write(_see, 1100, OLD)
    await storage.write(_see, 3, YOUNG)

    dropped = await prune_all(storage, YOUNG)

    assert dropped[Prunable.SEEN] == 1100
    assert await storage.read(lambda uow: uow.inbox.has_seen(PEER, f"{PEER}/{YOUNG}/2"))
    assert not await storage.read(lambda uow: uow.inbox.has_seen(PEER, f"{PEER}/{OLD}/2"))
