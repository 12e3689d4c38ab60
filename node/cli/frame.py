"""What every command leans on: the settings file it was given, and one sentence when it refuses."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from node.config_text import DEFAULT_FILE, SettingsError, load
from node.settings import Settings

Rest = ParamSpec("Rest")
Result = TypeVar("Result")


def settings_path(context: click.Context) -> Path:
    """The settings file: --config, else the environment, else node.toml in this folder."""
    given = context.find_root().params.get("config_file")
    return given if isinstance(given, Path) else DEFAULT_FILE


def settings_of(context: click.Context) -> Settings:
    """The settings of this command.

    Raises:
        SettingsError: there is no such file, or it cannot be used.
    """
    path = settings_path(context)
    if not path.exists():
        raise SettingsError(
            f"there is no settings file {path}: name one with --config,"
            " or begin with noaber quickstart"
        )
    return load(path)


def with_settings(
    command: Callable[Concatenate[Settings, Rest], Result],
) -> Callable[Rest, Result]:
    """Give a command the settings as its first argument, read when it runs.

    Raises:
        SettingsError: when it runs, and the file cannot be used.
    """

    @wraps(command)
    def run(*arguments: Rest.args, **options: Rest.kwargs) -> Result:
        settings = settings_of(click.get_current_context())
        return command(settings, *arguments, **options)

    return run
