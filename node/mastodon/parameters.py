"""The one reader of parameters: query, form, multipart or JSON, all at once, as clients send them.

Clients differ (some POST with a query, some send `a[]`, some `a[0]`, some JSON), so handlers never
look at the request themselves. Spec: reference client-apis 1.5.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from node.errors import Refusal

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
        """A text; None when it was not sent, or as null."""
        value = self._values.get(name)
        if value is None or isinstance(value, list | dict):
            return None
        return ("true" if value else "false") if isinstance(value, bool) else str(value)

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
        """A list of texts: `a[]`, `a[0]`, a JSON list, or one value alone."""
        value = self._values.get(name)
        if value is None:
            return []
        parts: Iterable[Value] = _in_order(value)
        return [
            str(part) for part in parts if part is not None and not isinstance(part, dict | list)
        ]

    def inside(self, name: str) -> "Parameters":
        """The parameters inside another one: `poll[multiple]`; none when it was not sent."""
        value = self._values.get(name)
        return Parameters(value if isinstance(value, dict) else {})

    def each(self, name: str) -> "Sequence[Parameters]":
        """A list of groups: `fields_attributes[0][name]`, or a JSON list of objects."""
        value = self._values.get(name)
        return [Parameters(part) for part in _in_order(value) if isinstance(part, dict)]


def invalid(sentence: str) -> Refusal:
    """The refusal of a value, in Mastodon's words."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Validation failed: {sentence}")


def _in_order(value: Value) -> Sequence[Value]:
    """The parts of a list; a group with numbers for keys is one, too."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        numbered = {key: part for key, part in value.items() if key.isdecimal()}
        return [numbered[key] for key in sorted(numbered, key=lambda key: (len(key), key))]
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
    except (ValueError, RecursionError):
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
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    fields = []
    for part in BytesParser(policy=HTTP).parsebytes(head + body).walk():
        name = part.get_param("name", header="Content-Disposition")
        text = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(text, bytes) and part.get_filename() is None:
            fields.append((name, text.decode()))
    return fields


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
