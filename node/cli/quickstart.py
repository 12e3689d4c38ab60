"""`noaber quickstart`: from a domain to a node that can be served."""

import asyncio
from pathlib import Path
from typing import Any

import click

from node.proxies import DEFAULT_PORT, Place, caddyfile, dns_records, nginx_conf


@click.command()
@click.option("--domain", help="The name behind the @ in handles; it can never change.")
@click.option("--web-host", help="The host of pages and ids, when it is another name.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where the settings and the data go; left out, this folder.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("data"),
    help="Where the data goes, if not in the folder data beside the settings.",
)
@click.option("--name", help="The first account: 1 to 30 of a-z, 0-9 and _.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"Where the node listens; left out, {DEFAULT_PORT}, or with --dev the domain's.",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option(
    "--dev", "is_trial", is_flag=True, help="Let the domain be local, with a port, over plain http."
)
def quickstart(
    domain: str | None,
    web_host: str | None,
    folder: Path,
    name: str | None,
    port: int | None,
    yes: bool,  # noqa: FBT001 - an option
    is_trial: bool,  # noqa: FBT001 - as above
    **rest: Any,  # noqa: ANN401 - the other options
) -> None:
    """Make a node: settings, keys, the first account; and print what its server needs.

    The domain is asked for when it is not given. Nothing is overwritten without a question.
    """
    # Half a second of imports that only a new node needs.
    from node import quickstart as beginning  # noqa: PLC0415

    if domain is None and yes:
        raise click.UsageError("--yes needs --domain")
    if domain is None:
        click.echo("Handles will end in the domain: @name@example.org. It can never change.")
        domain = click.prompt("domain", prompt_suffix="? ")
    host = beginning.checked_host(domain, is_trial=is_trial)
    pages = beginning.checked_host(web_host or host, is_trial=is_trial)
    if name is None:
        name = "admin" if yes else click.prompt("name of the first account", default="admin")
    beginning.check_name(name)
    start = beginning.Start(
        domain=host,
        web_host=pages,
        folder=folder,
        account=name,
        port=port or _port(pages, is_trial=is_trial),
        is_trial=is_trial,
        **rest,
    )
    if start.config.exists():
        _allow_overwriting(start.config, yes=yes)
    beginning.write_settings(start)
    click.echo(f"wrote {start.config}")
    answer = asyncio.run(beginning.make_account(start))
    for line in answer.lines:
        click.echo(f"  {line}")
    if not is_trial:
        _tell_server(start.place)
    _tell_next(start.config, is_trial=is_trial)


def _port(pages: str, *, is_trial: bool) -> int:
    """Where to listen. Nothing stands in front of a trial, so its links name that very port."""
    named = pages.partition(":")[2]
    if is_trial and not named:
        raise click.UsageError(
            f"in a trial the domain names the port, too: --domain {pages}:{DEFAULT_PORT}"
        )
    return int(named or DEFAULT_PORT)


def _allow_overwriting(config: Path, *, yes: bool) -> None:
    if yes:
        raise click.UsageError(f"{config} is there already; move it away first, or leave --yes out")
    click.confirm(f"{config} is there already. Overwrite it?", abort=True)


def _tell_server(place: Place) -> None:
    click.echo("\nDNS:")
    for line in dns_records(place):
        click.echo(f"  {line}")
    click.echo("\n/etc/caddy/Caddyfile, if Caddy is the proxy:\n")
    click.echo(_indented(caddyfile(place)))
    click.echo("/etc/nginx/sites-available/noaber, if it is nginx:\n")
    click.echo(_indented(nginx_conf(place)))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines()) + "\n"


def _tell_next(config: Path, *, is_trial: bool) -> None:
    click.echo("Next:")
    steps = [f"noaber --config {config} serve"]
    if not is_trial:
        steps.insert(0, f"noaber --config {config} doctor   looks whether all is well")
    steps.append(f"noaber --config {config} community create NAME --owner ACCOUNT")
    for step in steps:
        click.echo(f"  {step}")
