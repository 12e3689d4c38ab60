"""The command line `noaber`: one module for each group of commands, all of them listed here.

What a person typed wrong is one sentence on standard error with exit code 2; an act that a rule, a
peer or the machine refused ends with exit code 1.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from node.cli.archives import backup, restore, verify
from node.cli.config import config
from node.cli.demo import demo
from node.cli.doctor import doctor
from node.cli.quickstart import quickstart
from node.cli.serve import serve
from node.cli.verbs import groups
from node.config_text import CONFIG_VARIABLE, SettingsError
from node.control import FORESEEN, is_input
from node.ownership import PackageClash

BAD_INPUT = 2
FAILED = 1
INTERRUPTED = 130

COMMANDS: tuple[click.Command, ...] = (
    demo,
    quickstart,
    serve,
    *groups(),
    backup,
    restore,
    verify,
    config,
    doctor,
)


@click.group(commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="noaber", prog_name="noaber")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar=CONFIG_VARIABLE,
    help="The settings file; without it, node.toml in this folder.",
)
def noaber(config_file: Path | None) -> None:
    """A community node that federates."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    try:
        code = noaber.main(args=arguments, prog_name="noaber", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return BAD_INPUT
    except click.ClickException as error:
        return _refuse(error.format_message(), BAD_INPUT)
    except (SettingsError, PackageClash) as error:
        return _refuse(str(error), BAD_INPUT)
    except FORESEEN as error:
        return _refuse(str(error), BAD_INPUT if is_input(error) else FAILED)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _refuse(sentence: str, code: int) -> int:
    """Say why on standard error, in one line."""
    click.echo(f"noaber: {' '.join(sentence.split())}", err=True)
    return code
