"""`noaber serve`: run the node."""

import gc

import click

from node.cli.frame import with_settings
from node.observability import configure
from node.settings import Settings


@click.command()
@with_settings
def serve(settings: Settings) -> None:
    """Run the node until SIGTERM or Ctrl-C."""
    configure(settings.logging)
    # What is made during the start lives for ever: looking for garbage in it takes 50 ms.
    gc.disable()
    # Half a second of imports that only a running node needs.
    from node import running, serving  # noqa: PLC0415

    serving.run(running.serve(settings))
