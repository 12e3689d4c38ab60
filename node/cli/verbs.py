"""`noaber account`, `community`, `peer` and `act`: the commands made of the table of verbs.

Each form becomes a command: fields are its arguments and options, its docstring is the help. The
running node does the work; where none runs, the command opens the data itself.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import msgspec

from node.cli.frame import settings_of
from node.control import ask
from node.errors import Unreadable
from node.settings import Settings
from node.verbs.answers import Answer
from node.verbs.forms import GROUPS, forms
from node.verbs.words import Form, Told

_HELP = {
    "account": "Make and manage the accounts of this node.",
    "community": "Make and manage the communities of this node.",
    "peer": "Decide with whom this node talks.",
    "announcement": "Tell everybody of this node something.",
    "act": "Act as a person of this node: follow, post, vote, moderate.",
}


class VerbGroup(click.Group):
    """A group whose commands are made of forms, when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """The verbs of the group, in the order of the table."""
        self._fill()
        return [*self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; None when there is none."""
        self._fill()
        return super().get_command(ctx, cmd_name)

    def _fill(self) -> None:
        if not self.commands:
            for verb, form in forms()[self.name or ""].items():
                self.add_command(_command(verb, form))


def groups() -> Iterator[click.Group]:
    """The groups of commands, one for each group of verbs."""
    for name in GROUPS:
        group = VerbGroup(name, help=_HELP[name])
        if name == "act":
            group.params.append(
                click.Option(["--as", "person"], help="Who acts: the name of an account.")
            )
        yield group


def _command(verb: str, form: type[Form]) -> click.Command:
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    params = [
        _parameter(fields[name], kind, told)
        for name, (kind, told) in _told(form).items()
        if not told.acting
    ]
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="Print JSON.")
    return click.Command(
        verb,
        params=[*params, as_json],
        help=_help(form),
        callback=lambda as_json, **values: _run(form, values, as_json=as_json),
    )


def _help(form: type[Form]) -> str:
    """What a verb does, and what its arguments are; click shows only the options by itself."""
    arguments = {name: told.help for name, (_kind, told) in _told(form).items() if told.argument}
    width = max(map(len, arguments), default=0)
    lines = [f"  {name.upper().ljust(width)}  {words}" for name, words in arguments.items()]
    shown = "\n\n\b\nArguments:\n" + "\n".join(lines) if lines else ""
    return f"{form.__doc__}{shown}"


def _told(form: type[Form]) -> dict[str, tuple[Any, Told]]:
    """The type and the words of each field."""
    hints = get_type_hints(form, include_extras=True)
    found = {}
    for name, hint in hints.items():
        kind, *extras = get_args(hint)
        found[name] = kind, next(extra for extra in extras if isinstance(extra, Told))
    return found


def _parameter(field: msgspec.structs.FieldInfo, kind: Any, told: Told) -> click.Parameter:  # noqa: ANN401 - annotations have no common type
    required = field.required
    plain = _without_none(kind)
    is_list = get_origin(plain) is tuple
    if told.argument:
        return click.Argument(
            [field.name],
            required=required and not told.text,
            nargs=-1 if is_list else 1,
            type=_click_type(plain),
            default=None,
            metavar=_metavar(field.name, plain, required=required and not told.text),
        )
    return click.Option(
        [f"--{field.name.replace('_', '-')}", field.name],
        required=required,
        is_flag=plain is bool,
        multiple=is_list,
        type=None if plain is bool else _click_type(plain),
        default=None if required or is_list else field.default,
        show_default=not required and field.default not in (None, "", False, ()),
        help=told.help,
    )


def _metavar(name: str, kind: Any, *, required: bool) -> str:  # noqa: ANN401 - as above
    shown = "|".join(get_args(kind)) if get_origin(kind) is Literal else name.upper()
    if get_origin(kind) is tuple:
        shown += "..."
    return shown if required else f"[{shown}]"


def _without_none(kind: Any) -> Any:  # noqa: ANN401 - as above
    if get_origin(kind) is UnionType:
        return next(one for one in get_args(kind) if one is not NoneType)
    return kind


def _click_type(kind: Any) -> click.ParamType[Any]:  # noqa: ANN401 - as above
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    return click.INT if kind is int else click.STRING


def _run(form: type[Form], values: Mapping[str, Any], *, as_json: bool) -> None:
    context = click.get_current_context()
    given = {name: value for name, value in values.items() if value is not None}
    for name, (_kind, told) in _told(form).items():
        if told.acting and context.parent is not None:
            given[name] = _acting(context.parent)
        elif told.file:
            given[name] = _text_of(given[name])
        elif told.text and given.get(name) == "-":
            given[name] = sys.stdin.read()
        elif told.text and not told.optional:
            given.setdefault(name, _standard_input())
    settings = settings_of(context)
    filled = form(**given)
    answer = ask(settings.node.data_dir, filled, lambda: asyncio.run(_alone(settings, filled)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answer.data)).decode())
    else:
        click.echo("\n".join(answer.lines))


def _acting(act: click.Context) -> str:
    """Who acts; checked only now, so that every command shows its help without."""
    person = act.params["person"]
    if person is None:
        raise click.UsageError("say who acts: noaber act --as NAME ...")
    return str(person)


def _standard_input() -> str:
    """What was piped in; nothing at a terminal."""
    return "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()


def _text_of(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from error


async def _alone(settings: Settings, form: Form) -> Answer:
    """The answer of a node that is opened for this one act."""
    # Half a second of imports, which a command that asks a running node does not pay.
    from node.compose import open_node  # noqa: PLC0415
    from node.holding import hold  # noqa: PLC0415
    from node.verbs.table import run  # noqa: PLC0415

    with hold(settings.node.data_dir):
        async with open_node(settings) as node:
            return await run(node, form)
