"""A node in a process of its own, for loads from outside: no proxy, one address, until SIGTERM.

    python -m benchmarks.node_process --data DIR --port 8700 --allow 127.10.0.0/16

It runs on the database that `benchmarks.village` has founded there, with the settings of an
operator but for the addresses; "ready" on standard output says that it answers.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from benchmarks.village import settings_for
from node.compose import open_node
from node.observability import configure
from node.serving import listening, run
from node.settings import Settings


async def serve(settings: Settings) -> None:
    """Run the node until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_node(settings) as node:
        await node.start()
        try:
            async with listening(node.app(), settings.http):
                print("ready", flush=True)
                await stop.wait()
        finally:
            await node.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--allow", action="append", default=[])
    options = parser.parse_args()
    settings = settings_for(options.data, options.port, options.allow)
    configure(settings.logging, sys.stderr)
    run(serve(settings))


if __name__ == "__main__":
    main()
