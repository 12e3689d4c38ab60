"""JSON of events: read without losing what old rooms allow, written in canonical form.

Room versions 6 and later enforce canonical JSON. In versions 3 to 5 fractions and long integers
occur, and a hash over them is only right if they are written as the other servers write them:
as Python does. And a peer may put an event of either kind, or a broken one, beside fifty good
ones, so numbers are judged per event, never when the body is read.

What is not refused, because other servers take it and a refused event tears a hole into the
room: NUL inside strings of the content, and nesting up to MAX_DEPTH.
"""

import json
import re
from typing import Final, NoReturn

import msgspec

from protocols.errors import RemoteProtocolError
from protocols.strict_json import MAX_INTEGER, JsonObject, JsonValue

MAX_DEPTH: Final = 127
"""Nesting of an event up to which serde_json goes on, and with it Synapse and others."""
MAX_BODY_DEPTH: Final = 512
"""Nesting of a body: far more than an event may have, so that a deep event is refused alone."""

# Only an escape can make half a surrogate pair; such a text cannot be written as UTF-8.
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def load_body(raw: bytes, *, max_bytes: int) -> JsonObject:
    """Give the JSON object that a peer sent, its numbers not judged yet.

    Spec: RFC 8259 section 4 (names should be unique), section 8.1 (UTF-8).

    Raises:
        RemoteProtocolError: 413 M_TOO_LARGE, else M_NOT_JSON: no JSON, NaN, a key twice, half a
            surrogate pair; or M_BAD_JSON: not an object.
    """
    if len(raw) > max_bytes:
        raise RemoteProtocolError("JSON too large", status_hint=413, errcode="M_TOO_LARGE")
    try:
        value: JsonValue = _DECODER.decode(raw.decode("utf-8"))
        if _SURROGATE_ESCAPE.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise RemoteProtocolError("not JSON", errcode="M_NOT_JSON") from None
    if not isinstance(value, dict):
        raise RemoteProtocolError("JSON object expected", errcode="M_BAD_JSON")
    return value


def canonical(value: JsonObject, *, strict: bool, max_depth: int = MAX_DEPTH) -> bytes:
    """Give the canonical form; with `strict` refuse what canonical JSON does not have.

    Spec: matrix/v1.19 appendices "Canonical JSON"; rooms/v1 and rooms/v6 "Canonical JSON".

    Raises:
        RemoteProtocolError: M_BAD_JSON for a number, nesting or text without such a form.
    """
    return encode(value, plain=check_tree(value, strict=strict, max_depth=max_depth))


def check_tree(root: JsonObject, *, strict: bool, max_depth: int = MAX_DEPTH) -> bool:
    """Tell whether all numbers are canonical; level by level, without recursion.

    Raises:
        RemoteProtocolError: M_BAD_JSON when nested too deep, for NaN and infinity, and with
            `strict` for every number that is not canonical.
    """
    plain = True
    level: list[JsonObject | list[JsonValue]] = [root]
    for _ in range(max_depth):
        below: list[JsonObject | list[JsonValue]] = []
        for container in level:
            for value in container.values() if isinstance(container, dict) else container:
                kind = type(value)
                if kind is str or kind is bool or value is None:
                    continue
                if isinstance(value, dict | list):
                    below.append(value)
                elif not _is_canonical_number(value):
                    plain = False
        if not below:
            break
        level = below
    else:
        raise _bad("JSON nested too deep")
    if strict and not plain:
        raise _bad("number is not canonical")
    return plain


def encode(value: JsonObject, *, plain: bool) -> bytes:
    """Give the canonical form of a tree that `check_tree` has judged.

    Raises:
        RemoteProtocolError: M_BAD_JSON for half a surrogate pair.
    """
    try:
        if plain:
            return msgspec.json.encode(value, order="sorted")
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        ).encode()
    except (ValueError, RecursionError):
        raise _bad("value has no canonical form") from None


def _is_canonical_number(value: JsonValue) -> bool:
    if isinstance(value, int):
        return -MAX_INTEGER <= value <= MAX_INTEGER
    if isinstance(value, float) and value - value == 0.0:
        return False
    raise _bad("value is no JSON")


def _bad(message: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, errcode="M_BAD_JSON")


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key twice")
    return value


def _constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
