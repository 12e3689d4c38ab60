"""`noaber config`: write the commented example, and check a settings file."""

from pathlib import Path

import click

from node.cli.frame import settings_path
from node.config_example import example as example_text
from node.config_text import load


@click.group()
def config() -> None:
    """Write an example of the settings, or check a file."""


@config.command()
def example() -> None:
    """Print every setting with its meaning and default."""
    click.echo(example_text(), nl=False)


@config.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_context
def check(context: click.Context, file: Path | None) -> None:
    """Say whether a settings file can be used, and what is wrong when not."""
    path = file or settings_path(context)
    settings = load(path)
    click.echo(f"{path} is fine: {settings.base_url}, handles end in @{settings.node.domain}")
