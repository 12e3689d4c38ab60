"""The one reader of parameters: query, form, multipart or JSON, all at once, as clients send them.

Clients differ (some POST with a query, some send `a[]`, some `a[0]`, some JSON), so handlers never
look at the request themselves. Spec: reference client-apis 1.5.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from node.errors import Refusal
from protocols.errors import RemoteProtocolError
from protocols.multipart_form import parse_fields

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
"""What a parameter holds: text from forms, any JSON value from JSON."""

_KEY = re.compile(r"[^\[\]]+")
_MAX_FIELDS = 500
_MAX_DEPTH = 4
_TRUE = frozenset({"true", "1", "on", "t", "yes"})
_FALSE = frozenset({"false", "0", "off", "f", "no", ""})
_DIGITS = 19
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Parameters:
    """What a client sent, by name; nested ones as `Parameters` of their own."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        """Keep the values as they came."""
        self._values = values

    def __contains__(self, name: str) -> bool:
        """Whether the client sent it at all, be it empty."""
        return name in self._values

    def __bool__(self) -> bool:
        """Whether anything was sent."""
        return bool(self._values)

    def text(self, name: str) -> str | None:
        """A text; None when it was not sent, or as null.

        Raises:
            Refusal: it is a list, or a group: read as if it were not there, a post that is meant
                for few would be for everyone.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, list | dict):
            raise invalid(f"{name} must be a text")
        return ("true" if value else "false") if isinstance(value, bool) else _without_nul(value)

    def required(self, name: str) -> str:
        """A text that must be there.

        Raises:
            Refusal: it is not, or is empty.
        """
        value = self.text(name)
        if not value:
            raise invalid(f"{name} can't be blank")
        return value

    def flag(self, name: str) -> bool | None:
        """Yes or no; None when it was not sent.

        Raises:
            Refusal: it is neither.
        """
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise invalid(f"{name} must be true or false")

    def is_set(self, name: str) -> bool:
        """Whether a flag was sent as yes."""
        return self.flag(name) is True

    def number(self, name: str) -> int | None:
        """A whole number; None when it was not sent, or empty.

        Raises:
            Refusal: it is none.
        """
        value = self.text(name)
        if value is None or value == "":
            return None
        if len(value) > _DIGITS or re.fullmatch(r"-?[0-9]+", value, re.ASCII) is None:
            raise invalid(f"{name} must be a number")
        return int(value)

    def texts(self, name: str) -> list[str]:
        """A list of texts: `a[]`, `a[0]`, a JSON list, or one value alone.

        Raises:
            Refusal: it holds something else, or too much.
        """
        parts = _in_order(name, self._values.get(name))
        if any(isinstance(part, dict | list) for part in parts):
            raise invalid(f"{name} must be a list of texts")
        return [_without_nul(part) for part in parts if part is not None]

    def inside(self, name: str) -> "Parameters":
        """The parameters inside another one: `poll[multiple]`; none when it was not sent.

        Raises:
            Refusal: it is something else.
        """
        value = self._values.get(name)
        if value is None or value == "":
            return Parameters({})
        if not isinstance(value, dict):
            raise invalid(f"{name} must hold parameters")
        return Parameters(value)

    def each(self, name: str) -> "Sequence[Parameters]":
        """A list of groups: `fields_attributes[0][name]`, or a JSON list of objects.

        Raises:
            Refusal: it holds something else, or too much.
        """
        parts = _in_order(name, self._values.get(name))
        groups = [Parameters(part) for part in parts if isinstance(part, dict)]
        if len(groups) < len(parts):
            raise invalid(f"{name} must be a list of groups")
        return groups


def _without_nul(value: Value) -> str:
    """A value as text; a NUL, which no database keeps in one, is left out."""
    return str(value).replace("\0", "")


def invalid(sentence: str) -> Refusal:
    """The refusal of a value, in Mastodon's words."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Validation failed: {sentence}")


def _in_order(name: str, value: Value) -> Sequence[Value]:
    """The parts of a list; a group with numbers for keys is one, too."""
    if isinstance(value, dict):
        if not all(key.isdecimal() for key in value):
            raise invalid(f"{name} must be a list")
        value = [value[key] for key in sorted(value, key=lambda key: (len(key), key))]
    if isinstance(value, list):
        if len(value) > _MAX_FIELDS:
            raise invalid(f"{name} is too long")
        return value
    return [] if value is None else [value]


async def parameters_of(request: web.Request) -> Parameters:
    """Everything that a request says: of a name in both, the body is believed.

    Raises:
        Refusal: it cannot be read, or is nested too deeply.
    """
    values: dict[str, Value] = {}
    _fill(values, request.query.items())
    if request.body_exists:
        await _read_body(request, values)
    return Parameters(values)


def query_of(request: web.Request) -> Parameters:
    """What the query alone says, for what is read with GET."""
    values: dict[str, Value] = {}
    _fill(values, request.query.items())
    return Parameters(values)


def of_fields(fields: Iterable[tuple[str, str]]) -> Parameters:
    """The parameters of fields that were read elsewhere, as those beside an uploaded file."""
    values: dict[str, Value] = {}
    _fill(values, fields)
    return Parameters(values)


async def _read_body(request: web.Request, values: dict[str, Value]) -> None:
    body = await request.read()
    if not body.strip():
        return
    try:
        if request.content_type in _FORMS:
            sent = _fields_of(request, body)
            for name in {name for name, _text in sent}:
                values.pop(name.partition("[")[0], None)
            _fill(values, sent)
            return
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError, RemoteProtocolError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "The body of the request cannot be read") from None
    if not isinstance(document, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, "The body of the request must be an object")
    values.update(document)


def _fields_of(request: web.Request, body: bytes) -> list[tuple[str, str]]:
    """The fields of a form; a file in it is none.

    The body was read already, of which aiohttp would find nothing left.
    """
    if request.content_type == "application/x-www-form-urlencoded":
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    return parse_fields(request.headers["Content-Type"], body, most=_MAX_FIELDS)


def _fill(values: dict[str, Value], fields: Iterable[tuple[str, str]]) -> None:
    for count, (name, text) in enumerate(fields):
        if count >= _MAX_FIELDS:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Too many parameters")
        _put(values, name, text)


def _put(values: dict[str, Value], name: str, text: str) -> None:
    """Put `a[b][]` where it belongs."""
    keys = _KEY.findall(name)
    if not keys or len(keys) > _MAX_DEPTH:
        return
    place = values
    for key in keys[:-1]:
        inner = place.get(key)
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place = inner
    if not name.endswith("[]"):
        place[keys[-1]] = text
        return
    known = place.get(keys[-1])
    if isinstance(known, list):
        known.append(text)
    else:
        place[keys[-1]] = [text]
