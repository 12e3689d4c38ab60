"""The part of HTTP structured fields that signatures need: dictionaries of items and inner lists.

Every value keeps its canonical text, because that text is what a signature covers. Decimals, dates
and display strings are refused: no signature parameter has one.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from protocols.errors import RemoteProtocolError

MAX_CHARACTERS: Final = 8_192
MAX_ITEMS: Final = 64

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]{0,63}")
_SPACES: Final = re.compile(r" *")
_COMMA: Final = re.compile(r"[ \t]*(?:,[ \t]*(?=.)|\Z)")
_BARE: Final = re.compile(
    r'"(?P<string>(?:[ !#-\[\]-~]|\\["\\])*)"'
    r"|:(?P<bytes>[A-Za-z0-9+/]*={0,2}):"
    r"|(?P<integer>-?[0-9]{1,15})(?![0-9.])"
    r"|\?(?P<boolean>[01])"
    r"|(?P<token>[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*)"
)
_ESCAPE: Final = re.compile(r"\\(.)")


class Token(str):
    """A word without quotes; never equal in meaning to the string of the same letters."""

    __slots__ = ()


Bare = str | Token | bytes | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value with its parameters; `text` is its canonical form, parameters included."""

    value: Bare
    parameters: Mapping[str, Bare]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerList:
    """A list in parentheses with parameters; `text` is its canonical form."""

    items: tuple[Item, ...]
    parameters: Mapping[str, Bare]
    text: str


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """Give the members of a dictionary field, in order.

    Spec: RFC 9651 sections 3.2 and 4.2.2; stricter in that a key or parameter twice is refused.

    Raises:
        RemoteProtocolError: not of the form, over 8 kB or over 64 items in a list.
    """
    if len(text) > MAX_CHARACTERS or not text.isascii():
        raise _refusal()
    members: dict[str, Item | InnerList] = {}
    position = _skip(text, 0)
    while position < len(text):
        key, position = _key(text, position)
        if key in members:
            raise _refusal()
        if text.startswith("=(", position):
            members[key], position = _inner_list(text, position + 1)
        elif text.startswith("=", position):
            members[key], position = _item(text, position + 1)
        else:
            parameters, suffix, position = _parameters(text, position)
            members[key] = Item(value=True, parameters=parameters, text="?1" + suffix)
        comma = _COMMA.match(text, position)
        if comma is None:
            raise _refusal()
        position = comma.end()
    return members


def render_string(text: str) -> str:
    """Give the quoted form of printable ASCII text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def render_bytes(raw: bytes) -> str:
    """Give the form of a byte sequence: base64 between colons."""
    return f":{base64.b64encode(raw).decode('ascii')}:"


def _refusal() -> RemoteProtocolError:
    return RemoteProtocolError("not a structured field")


def _skip(text: str, position: int) -> int:
    match = _SPACES.match(text, position)
    return position if match is None else match.end()


def _key(text: str, position: int) -> tuple[str, int]:
    match = _KEY.match(text, position)
    if match is None:
        raise _refusal()
    return match.group(), match.end()


def _inner_list(text: str, position: int) -> tuple[InnerList, int]:
    items: list[Item] = []
    position = _skip(text, position + 1)
    while not text.startswith(")", position):
        item, after = _item(text, position)
        position = _skip(text, after)
        separated = position > after or text.startswith(")", position)
        if not separated or len(items) >= MAX_ITEMS:
            raise _refusal()
        items.append(item)
    parameters, suffix, position = _parameters(text, position + 1)
    canonical = f"({' '.join(item.text for item in items)}){suffix}"
    return InnerList(items=tuple(items), parameters=parameters, text=canonical), position


def _item(text: str, position: int) -> tuple[Item, int]:
    value, canonical, position = _bare(text, position)
    parameters, suffix, position = _parameters(text, position)
    return Item(value=value, parameters=parameters, text=canonical + suffix), position


def _parameters(text: str, position: int) -> tuple[dict[str, Bare], str, int]:
    parameters: dict[str, Bare] = {}
    canonical = ""
    while text.startswith(";", position):
        key, position = _key(text, _skip(text, position + 1))
        value: Bare = True
        written = "?1"
        if text.startswith("=", position):
            value, written, position = _bare(text, position + 1)
        if key in parameters or len(parameters) >= MAX_ITEMS:
            raise _refusal()
        parameters[key] = value
        canonical += f";{key}" if value is True else f";{key}={written}"
    return parameters, canonical, position


def _bare(text: str, position: int) -> tuple[Bare, str, int]:
    match = _BARE.match(text, position)
    if match is None:
        raise _refusal()
    kind, found = match.lastgroup, match.group(match.lastgroup or 0)
    if kind == "string":
        return _ESCAPE.sub(r"\1", found), match.group(), match.end()
    if kind == "integer":
        return int(found), str(int(found)), match.end()
    if kind == "boolean":
        return found == "1", match.group(), match.end()
    if kind == "token":
        return Token(found), found, match.end()
    try:
        raw = base64.b64decode(found + "=" * (-len(found) % 4), validate=True)
    except ValueError:
        raise _refusal() from None
    return raw, render_bytes(raw), match.end()
