"""A settings file with values put in: the example, where each given setting takes its place."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from node.config_example import example

Value = str | int | bool | Path | Sequence[str]


def filled(values: Mapping[str, Value]) -> str:
    """The text of node.example.toml with these settings ("http.port") set.

    Raises:
        KeyError: there is no setting of that name.
    """
    wanted = dict(values)
    section = ""
    lines: list[str] = []
    for line in example().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        name, equals, _default = line.lstrip("#").partition(" = ")
        path = f"{section}.{name}"
        if equals and path in wanted:
            lines.append(f"{name} = {_toml(wanted.pop(path))}")
        else:
            lines.append(line)
    if wanted:
        raise KeyError(", ".join(wanted))
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    """A value as TOML, whose texts, numbers, truths and lists are those of JSON."""
    plain = str(value) if isinstance(value, Path) else value
    return json.dumps(plain, ensure_ascii=False)
