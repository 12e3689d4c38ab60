"""`noaber doctor`: look at everything a node needs, and say what is wrong."""

import asyncio

import click

from node.cli.frame import with_settings
from node.settings import Settings

_MARKS = {
    "ok": click.style("ok     ", fg="green"),
    "warning": click.style("warning", fg="yellow"),
    "fault": click.style("FAULT  ", fg="red"),
    "unknown": click.style("unknown", fg="cyan"),
}


@click.command()
@with_settings
def doctor(settings: Settings) -> int:
    """Check what this node needs: settings, data, database, domain, clock, queues.

    Ends with 0 when there is no fault, else with 1.
    """
    return asyncio.run(_show(settings))


async def _show(settings: Settings) -> int:
    # 0.3 s of imports that only this command needs.
    from node.checkup import Verdict, examine  # noqa: PLC0415

    faults = 0
    click.echo(f"{_MARKS[Verdict.OK]}  settings: {settings.base_url}")
    async for finding in examine(settings):
        click.echo(f"{_MARKS[finding.verdict]}  {finding.about}: {finding.sentence}")
        faults += finding.verdict is Verdict.FAULT
    return 1 if faults else 0
