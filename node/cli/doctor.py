"""`noaber doctor`: look at everything a node needs, and say what is wrong."""

import asyncio

import click

from node.checkup import Finding, Verdict, examine
from node.cli.frame import with_settings
from node.settings import Settings

_MARKS = {
    Verdict.OK: click.style("ok     ", fg="green"),
    Verdict.WARNING: click.style("warning", fg="yellow"),
    Verdict.FAULT: click.style("FAULT  ", fg="red"),
    Verdict.UNKNOWN: click.style("unknown", fg="cyan"),
}


@click.command()
@with_settings
def doctor(settings: Settings) -> int:
    """Check what this node needs: settings, data, database, domain, clock, queues.

    Ends with 0 when there is no fault, else with 1.
    """
    return asyncio.run(_show(settings))


async def _show(settings: Settings) -> int:
    faults = 0
    click.echo(f"{_MARKS[Verdict.OK]}  settings: {settings.base_url}")
    async for finding in examine(settings):
        click.echo(_line(finding))
        faults += finding.verdict is Verdict.FAULT
    return 1 if faults else 0


def _line(finding: Finding) -> str:
    return f"{_MARKS[finding.verdict]}  {finding.about}: {finding.sentence}"
