"""Units of work for tests of the writer: that leave a mark, that refuse, that hold it up."""

import asyncio
import threading

from communities.errors import NotFound
from storage.store import Storage
from storage.unit_of_work import UnitOfWork


def put(uow: UnitOfWork, name: str) -> str:
    uow.instance.put(name, "there")
    return name


def put_and_refuse(uow: UnitOfWork, name: str) -> None:
    put(uow, name)
    raise NotFound("Nobody of that name is here")


async def names_in(storage: Storage, *names: str) -> list[str]:
    return await storage.read(
        lambda uow: [name for name in names if uow.instance.get(name) is not None]
    )


class Gate:
    """A unit that holds the writer until the test opens it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def unit(self, _uow: UnitOfWork) -> None:
        self.entered.set()
        assert self.opened.wait(20)

    async def close(self, storage: Storage) -> "asyncio.Future[None]":
        waiting = asyncio.ensure_future(storage.write(self.unit))
        await asyncio.to_thread(self.entered.wait, 20)
        return waiting
