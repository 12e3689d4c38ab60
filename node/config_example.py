"""The settings file written: node.example.toml, with what each setting is and its default."""

import dataclasses
import json
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from node.config_text import bounds
from node.settings import Settings
from node.settings_values import Networks

_HEAD = """\
# Settings of a noaber node. Written by `noaber config example`.
# Copy it to node.toml and change what you need: what is commented out shows its default, or an
# example where there is no default. `noaber config check` reads the file and says what is wrong.
"""
_WIDTH = 96


def example() -> str:
    """The text of node.example.toml."""
    sections = get_type_hints(Settings).items()
    return "\n".join([_HEAD, *(_table(name, section) for name, section in sections)])


def _table(name: str, section: type) -> str:
    lines = _wrapped(section.__doc__ or "")
    lines.append(f"[{name}]")
    hints = get_type_hints(section, include_extras=True)
    for field in dataclasses.fields(section):
        lines += ["", *_explained(hints[field.name]), _assigned(field, hints[field.name])]
    return "\n".join([*lines, ""])


def _explained(annotation: object) -> list[str]:
    meta = get_args(annotation)[1]
    unit = f" unit: {meta.extra['unit']}," if meta.extra["unit"] else ""
    limits = (unit + bounds(annotation)).strip()
    return _wrapped(f"{meta.description} {limits[:1].upper()}{limits[1:]}{'.' if limits else ''}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text.strip(), _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _assigned(field: dataclasses.Field[Any], annotation: object) -> str:
    """A required setting with its example; any other commented out, with its default."""
    shown = get_args(annotation)[1].extra["example"]
    if field.default is dataclasses.MISSING:
        return f"{field.name} = {_toml(shown)}"
    return f"#{field.name} = {_toml(shown if field.default is None else field.default)}"


def _toml(value: Any) -> str:  # noqa: ANN401 - the value of any setting
    """A value as TOML, whose texts, numbers, truths and lists are those of JSON."""
    if isinstance(value, Networks):
        return _toml([str(network) for network in value.items])
    if isinstance(value, Path | StrEnum):
        return _toml(str(value))
    return json.dumps(value, ensure_ascii=False)
