"""What an answer costs without a node: aiohttp serves the bytes of a file to everyone.

    python -m benchmarks.bare_reader FILE --port 8700

This is the bound that G8 is measured against; it shares no code with the node.
"""

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from benchmarks.event_loop import run


async def serve(file: Path, port: int) -> None:
    """Answer until SIGTERM."""
    body = file.read_bytes()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    """Read the command line and serve, on the same event loop as the node."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    run(serve(options.file, options.port))


if __name__ == "__main__":
    main()
