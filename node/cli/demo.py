"""`noaber demo`: see nodes federate, on this machine."""

import asyncio
import ipaddress
import sys
from pathlib import Path
from typing import Any

import click

from node.observability import configure
from node.settings import LoggingSettings

THREE = 3


@click.command()
@click.option("--once", is_flag=True, help="End when all is shown: with 0, or with 1 if it is not.")
@click.option("--nodes", type=click.IntRange(1, THREE), default=THREE, help="3, or 1 for checks.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where the first node listens.")
@click.option(
    "--facts", type=click.Path(path_type=Path), help="With --nodes 1: where to write its facts."
)
@click.option(
    "--allow-peer", multiple=True, metavar="CIDR", help="With --nodes 1: a network of its peers."
)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the data in this folder.")
@click.option("--verbose", is_flag=True, help="Show the nodes' own log lines.")
@click.option("--break", "broken", hidden=True, metavar="STEP", help="Let this step fail.")
def demo(
    nodes: int,
    facts: Path | None,
    allow_peer: tuple[str, ...],
    verbose: bool,  # noqa: FBT001 - an option of the command
    **plan: Any,  # noqa: ANN401 - the other options
) -> int:
    """Start three nodes that federate, and show what goes from where to where.

    They are whole nodes with their own databases, on this machine alone. Everything is removed at
    the end. --nodes 1 starts one for checks from outside instead.
    """
    _check(nodes, facts, allow_peer)
    # Half a second of imports that only a running node needs.
    from node import demo as playing  # noqa: PLC0415
    from node.demo_steps import STEPS  # noqa: PLC0415
    from node.serving import SWITCH_SECONDS  # noqa: PLC0415

    if plan["broken"] not in (None, *STEPS):
        raise click.BadParameter(f"the steps are {', '.join(STEPS)}", param_hint="--break")

    configure(LoggingSettings(level="info" if verbose else "error", format="text"))
    sys.setswitchinterval(SWITCH_SECONDS)
    chosen = playing.DemoPlan(alone=nodes == 1, facts=facts, allow_peers=allow_peer, **plan)
    return asyncio.run(playing.demo(chosen, click.echo))


def _check(nodes: int, facts: Path | None, allow_peer: tuple[str, ...]) -> None:
    if nodes not in (1, THREE):
        raise click.BadParameter("there is a demo of 3 nodes, and 1 for checks", param_hint="nodes")
    if nodes != 1 and (facts is not None or allow_peer):
        raise click.UsageError("--facts and --allow-peer are for --nodes 1")
    for network in allow_peer:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--allow-peer") from error
