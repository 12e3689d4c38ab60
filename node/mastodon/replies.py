"""Answers of the API: JSON, pages of lists, and refusals in Mastodon's words."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from node.answers import Problem
from node.app import Dialect

_JSON = "application/json; charset=utf-8"
_encode = msgspec.json.Encoder().encode


def reply(
    entity: object, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An entity, or a list of them, as JSON that no cache keeps."""
    return reply_encoded(_encode(entity), status=status, headers=headers)


def reply_encoded(
    body: bytes, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """The same for what is JSON already: two megabytes of it are not copied once more."""
    told = {"Content-Type": _JSON, "Cache-Control": "private, no-store", **(headers or {})}
    return web.Response(status=status, body=body, headers=told)


def refuse(_request: web.Request, problem: Problem) -> web.Response:
    """A refusal as apps understand it: always JSON with `error`, never a page.

    Spec: reference client-apis 1.7, "Errors".
    """
    details = {name: value for name, value in problem.details.items() if name != "field"}
    if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        details.setdefault("details", _by_field(problem))
    sentence = problem.sentence
    if problem.status == HTTPStatus.NOT_FOUND:
        sentence = "Record not found"
    body = _encode({"error": sentence, **details})
    headers = {"Content-Type": _JSON, "Cache-Control": "no-store", **problem.headers}
    return web.Response(status=problem.status, body=body, headers=headers)


def _by_field(problem: Problem) -> dict[str, object]:
    """What is wrong with which field, where that is known. Spec: Mastodon API "ValidationError"."""
    field = problem.details.get("field")
    if not isinstance(field, str):
        return {}
    return {field: [{"error": "ERR_INVALID", "description": problem.sentence}]}


API_DIALECT = Dialect(
    prefixes=("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo"), answer=refuse
)
