"""The life of a serving node: take the data folder, open, listen, work, stop within ten seconds."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from node.compose import Node, open_node
from node.control import answering
from node.holding import hold
from node.ownership import refuse_foreign_owners
from node.serving import listening, showing_metrics, until_stopped
from node.settings import Settings
from node.verbs.answers import Answer
from node.verbs.words import Form

log = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Run the node until a signal stops it.

    Raises:
        PackageClash: another distribution owns one of our packages.
        DataInUse: another process works on the data folder.
        AddressTaken: something else listens at the address.
        StorageError: the database cannot be opened or brought to its schema.
    """
    refuse_foreign_owners()
    with hold(settings.node.data_dir):
        async with open_node(settings) as node, answering_requests(node):
            # The start is over: nothing of it is ever looked at again for garbage.
            gc.freeze()
            gc.enable()
            await until_stopped(node.readiness)
        log.info("stopped")


@asynccontextmanager
async def answering_requests(node: Node, app: web.Application | None = None) -> AsyncIterator[None]:
    """Everything that a running node does, inside the block; `app` if not the node's usual one.

    The listener opens last and closes first, so that whoever is answered 200 has a whole node.

    Raises:
        AddressTaken: something else listens at the address.
    """
    settings = node.settings
    await node.start()
    try:
        async with (
            answering(settings.node.data_dir, lambda form: _run(node, form)),
            showing_metrics(node.metrics, settings.metrics),
            listening(app or node.app(), settings.http),
        ):
            yield
    finally:
        await node.stop()


async def _run(node: Node, form: Form) -> Answer:
    """Do what a command asks."""
    # 30 ms that the start of the node need not wait for.
    from node.verbs.table import run  # noqa: PLC0415

    return await run(node, form)
