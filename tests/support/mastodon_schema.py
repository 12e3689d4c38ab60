"""What a real Mastodon answers, as a schema that every answer of ours in a test is held against.

The schema is ../shared/reference/mastodon-openapi-4.7.0.schema.json. It describes a little more
strictly than Mastodon answers; `WAIVERS` are the places where recorded answers of Mastodon itself
differ from it, and nothing else is let through. Without the file nothing is checked, and the
summary of the run says so.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SCHEMA = Path(__file__).resolve().parents[3] / "shared/reference/mastodon-openapi-4.7.0.schema.json"
DOCUMENT = "urn:mastodon"
METHODS = ("get", "post", "put", "patch", "delete")
NOT_IN_IT = frozenset({"/api/v1/notifications/policy"})
"""Paths that the schema does not know, though one of its templates fits them."""
_MOST_SHOWN = 5
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_formats = FormatChecker(formats=())


@_formats.checks("date-time")  # type: ignore[untyped-decorator]  # jsonschema has no types
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or _MOMENT.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the 210: a method of a path, by its `operationId`."""

    method: str
    template: str
    name: str
    answers: Mapping[str, Any]
    pattern: re.Pattern[str]


@dataclass(slots=True)
class Oracle:
    """Holds answers against the schema, and keeps count of what was called.

    Attributes:
        exercised: operations that gave an answer of success that fits.
        faults: answers that do not fit, since they were last taken.
        checked: how many answers were looked at.
    """

    operations: tuple[Operation, ...] = ()
    exercised: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    checked: int = 0
    total_faults: int = 0

    def see(self, method: str, path: str, status: int, body: bytes) -> None:
        """Look at one answer."""
        operation = self.operation_of(method, path)
        if operation is None:
            return
        self.checked += 1
        found = list(_faults_of(operation, status, body))
        self.total_faults += len(found)
        self.faults.extend(f"{method} {path} answered {status}: {fault}" for fault in found)
        if not found and status < 300:
            self.exercised.add(operation.name)

    def see_stream(self, path: str) -> None:
        """An event stream was opened: its operation has no body to look at."""
        operation = self.operation_of("GET", path)
        if operation is not None:
            self.exercised.add(operation.name)

    def operation_of(self, method: str, path: str) -> Operation | None:
        """The operation that a request calls; None when the schema has none there."""
        if path in NOT_IN_IT:
            return None
        for operation in self.operations:
            if operation.method == method.lower() and operation.pattern.fullmatch(path):
                return operation
        return None

    def take_faults(self) -> list[str]:
        """The faults since the last call."""
        taken, self.faults = self.faults, []
        return taken


@cache
def oracle() -> Oracle:
    """The one oracle of this run; it knows no operation where the schema is absent."""
    if not SCHEMA.exists():
        return Oracle()
    return Oracle(tuple(sorted(_operations(), key=lambda one: one.template.count("{"))))


@cache
def _schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    for waive in WAIVERS.values():
        waive(document)
    return document


def _operations() -> Iterator[Operation]:
    for template, item in _schema()["paths"].items():
        pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)))
        for method in METHODS:
            if method in item:
                found = item[method]
                yield Operation(method, template, found["operationId"], found["responses"], pattern)


@cache
def _validator(method: str, template: str, status: str) -> Validator:
    pointer = "/".join(
        part.replace("~", "~0").replace("/", "~1")
        for part in ("paths", template, method, "responses", status, "content")
    )
    address = f"{DOCUMENT}#/{pointer}/application~1json/schema"
    return Draft202012Validator({"$ref": address}, registry=_registry(), format_checker=_formats)


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(_schema(), default_specification=DRAFT202012)
    filled: Registry[Any] = Registry().with_resource(DOCUMENT, resource)
    return filled


@cache
def _of_errors() -> Validator:
    return Draft202012Validator(
        {"$ref": f"{DOCUMENT}#/components/schemas/Error"}, registry=_registry()
    )


def _faults_of(operation: Operation, status: int, body: bytes) -> Iterator[str]:
    answer = operation.answers.get(str(status))
    if answer is None and status < 400:
        yield f"{operation.name} has no answer {status}, only {sorted(operation.answers)}"
        return
    if answer is not None and "application/json" not in answer.get("content", {}):
        if status < 400 and body not in (b"", b"{}", b"OK"):
            yield f"{operation.name} has no content for {status}"
        return
    try:
        document = json.loads(body)
    except ValueError:
        yield "it is no JSON"
        return
    validator = (
        _of_errors()
        if answer is None
        else _validator(operation.method, operation.template, str(status))
    )
    for count, error in enumerate(validator.iter_errors(document)):
        if count >= _MOST_SHOWN:
            return
        yield _told(error)


def _told(error: Any) -> str:
    deepest = error
    while deepest.context:
        deepest = min(deepest.context, key=lambda one: (len(one.context or ()), -len(one.path)))
    place = "/".join(str(part) for part in deepest.absolute_path)
    return f"at {place or 'the top'}: {deepest.message[:300]}"


Waive = Callable[[dict[str, Any]], None]


def _answer(
    document: dict[str, Any], path: str, method: str, status: str = "200"
) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]["responses"][status]
    return found


def _property(document: dict[str, Any], schema: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][schema]["properties"][name]
    return found


def _let_deleted_status_be_short(document: dict[str, Any]) -> None:
    required = document["components"]["schemas"]["Status"]["required"]
    _answer(document, "/api/v1/statuses/{id}", "delete")["content"]["application/json"][
        "schema"
    ] = {
        "type": "object",
        "required": [name for name in required if name != "content"],
        "properties": document["components"]["schemas"]["Status"]["properties"],
    }


def _read_one_of_as_any_of(document: dict[str, Any]) -> None:
    for path in ("/api/v1/statuses", "/api/v1/statuses/{id}/quotes/{quoting_status_id}/revoke"):
        operation = document["paths"].get(path, {}).get("post")
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")


def _let_be_null(schema: str, *path: str) -> Waive:
    def waive(document: dict[str, Any]) -> None:
        found = document["components"]["schemas"][schema]
        for name in path:
            found = found["properties"][name]
        before = dict(found)
        found.clear()
        found["anyOf"] = [before, {"type": "null"}]

    return waive


def _let_removed_filter_status_be_empty(document: dict[str, Any]) -> None:
    answer = _answer(document, "/api/v2/filters/statuses/{id}", "delete")
    answer["content"] = {"application/json": {"schema": {"type": "object"}}}


def _let_filters_of_old_be_a_list(document: dict[str, Any]) -> None:
    """The schema calls the answer a list in words, and describes one of its filters."""
    content = _answer(document, "/api/v1/filters", "get")["content"]["application/json"]
    content["schema"] = {"type": "array", "items": content["schema"]}


def _let_push_be_as_answered(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["WebPushSubscription"]["properties"]["id"] = {
        "type": ["string", "integer"]
    }
    alerts = _property(document, "WebPushSubscription", "alerts")
    alerts.pop("required", None)


def _let_preferences_be_told(document: dict[str, Any]) -> None:
    """The schema describes the answer in words alone; the entity it means stands elsewhere."""
    schema = {"$ref": f"{DOCUMENT}#/components/schemas/Preferences"}
    answer = _answer(document, "/api/v1/preferences", "get")
    answer["content"] = {"application/json": {"schema": schema}}


def _let_unfinished_media_be_told(document: dict[str, Any]) -> None:
    """The schema knows the status and no body; Mastodon sends the entity, whose url is null."""
    schema = {"$ref": f"{DOCUMENT}#/components/schemas/MediaAttachment"}
    answer = _answer(document, "/api/v1/media/{id}", "get", "206")
    answer["content"] = {"application/json": {"schema": schema}}


def _let_claims_be_told(document: dict[str, Any]) -> None:
    claims = ("iss", "sub", "name", "preferred_username", "profile", "picture")
    shape = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in claims},
        "required": list(claims),
    }
    _answer(document, "/oauth/userinfo", "get")["content"] = {"application/json": {"schema": shape}}


WAIVERS: Mapping[str, Waive] = {
    "a deleted status has text and no content": _let_deleted_status_be_short,
    "what is posted is a status or a scheduled one": _read_one_of_as_any_of,
    "a scheduled status may have no visibility": _let_be_null(
        "ScheduledStatus", "params", "visibility"
    ),
    "what is told of a person are claims": _let_claims_be_told,
    "filters of old are told as a list": _let_filters_of_old_be_a_list,
    "a removed status of a filter leaves {}": _let_removed_filter_status_be_empty,
    "a description that was never written has no time": _let_be_null(
        "ExtendedDescription", "updated_at"
    ),
    "preferences are the entity of that name": _let_preferences_be_told,
    "media in the making are told with 206": _let_unfinished_media_be_told,
    "a push subscription has a number, and the alerts that were set": _let_push_be_as_answered,
}
"""Where Mastodon itself differs from the schema. Source: reference client-apis, the head."""
