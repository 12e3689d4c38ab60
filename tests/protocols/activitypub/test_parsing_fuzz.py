"""No JSON value at all makes parsing raise anything but RemoteProtocolError."""

import json
from collections.abc import Callable
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.activitypub.contexts import compact, is_plain
from protocols.activitypub.parsing import (
    parse_activity,
    parse_actor,
    parse_collection,
    parse_document,
    parse_post,
    parse_tombstone,
)
from protocols.activitypub.vocabulary import ActivityType, ActorType, ObjectType
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue
from tests.support import fixture_outcomes

PARSERS: tuple[Callable[[JsonValue], object], ...] = (
    parse_activity,
    parse_actor,
    parse_collection,
    parse_document,
    parse_post,
    parse_tombstone,
)
PROPERTIES = (
    "id type actor object target to cc bto bcc audience attributedTo inReplyTo content contentMap "
    "name nameMap summary source mediaType url href attachment tag icon image published updated "
    "context replies oneOf anyOf endTime closed location address startTime totalItems items "
    "orderedItems first next inbox preferredUsername endpoints sharedInbox publicKey publicKeyPem "
    "owner assertionMethod publicKeyMultibase alsoKnownAs movedTo moderators capabilities language "
    "identifier proof webfinger matrixUserId width height value votersCount @id @type @context"
)
TYPES = [kind.value for kinds in (ActivityType, ActorType, ObjectType) for kind in kinds] + [
    "Tombstone", "Link", "Image", "Mention", "Hashtag", "Emoji", "PropertyValue", "Multikey",
    "Collection", "OrderedCollection", "CollectionPage", "as:Note", "Person",
]  # fmt: skip
STRINGS = [
    "", " ", "https://a.example/1", "https://a.example/2", "https://b.example/1", "http://[::1/x",
    "as:Public", "2026-01-01T00:00:00Z", "-0001-01-01", "999999-01-01T00:00:00Z", "@ada:a.example",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "javascript:alert(1)", "ada",
    "\udc80",
]  # fmt: skip

scalars: st.SearchStrategy[JsonValue] = (
    st.none()
    | st.booleans()
    | st.integers(-3, 2**60)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(STRINGS)
    | st.sampled_from(TYPES)
)
keys = st.sampled_from(PROPERTIES.split()) | st.text(max_size=4)


def grow(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    """Lists and objects around what is there; some objects have a type and an id."""
    typed = st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES), "id": st.sampled_from(STRINGS), "actor": inner},
        optional={
            "object": inner,
            "attributedTo": inner,
            "inbox": inner,
            "preferredUsername": st.sampled_from(STRINGS),
        },
    )
    objects = st.dictionaries(keys, inner, max_size=6)
    both = st.tuples(objects, typed).map(lambda pair: {**pair[0], **pair[1]})
    return st.lists(inner, max_size=4) | objects | both


anything = st.recursive(scalars, grow, max_leaves=25)
relaxed = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def refusal(parse: Callable[[JsonValue], object], value: JsonValue) -> RemoteProtocolError | None:
    """What the parser raised; anything but a RemoteProtocolError goes through."""
    try:
        parse(value)
    except RemoteProtocolError as error:
        return error
    return None


def parse_all(value: JsonValue) -> None:
    """Put the value through every parser; a refusal is fine, with a sentence and a 4xx."""
    for parse in PARSERS:
        error = refusal(parse, value)
        if error is not None:
            assert error.status_hint in (400, 422)
            assert str(error).endswith(".")
            assert str(error).isascii()


@relaxed
@given(anything)
def test_any_value_is_read_or_refused(value: JsonValue) -> None:
    parse_all(value)


@settings(relaxed, max_examples=30)
@given(st.dictionaries(keys, anything, max_size=8), st.sampled_from(TYPES))
def test_any_object_of_a_known_type_is_read_or_refused(raw: JsonObject, kind: str) -> None:
    parse_all(
        {
            **raw,
            "type": kind,
            "id": "https://a.example/1",
            "actor": "https://a.example/u",
            "attributedTo": "https://a.example/u",
            "inbox": "https://a.example/inbox",
            "preferredUsername": "ada",
        }
    )


@lru_cache(maxsize=1)
def recorded() -> list[JsonObject]:
    """The recorded documents of real software, without the many alike of funfedi."""
    return [
        json.loads(raw)
        for path, raw in fixture_outcomes.documents()
        if not path.startswith(("funfedi/activity", "feps")) and raw.lstrip().startswith(b"{")
    ]


def paths_of(value: JsonValue, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to each value inside a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, entry in value.items():
            found += paths_of(entry, (*path, key))
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            found += paths_of(entry, (*path, position))
    return found


def put(value: JsonValue, path: tuple[str | int, ...], other: JsonValue) -> JsonValue:
    """The document with another value at the end of the path."""
    if not path:
        return other
    if isinstance(value, dict):
        return {k: put(v, path[1:], other) if k == path[0] else v for k, v in value.items()}
    if isinstance(value, list):
        return [put(v, path[1:], other) if k == path[0] else v for k, v in enumerate(value)]
    return value


@pytest.mark.skipif(not fixture_outcomes.FIXTURES.is_dir(), reason="../shared/fixtures is missing")
@relaxed
@given(st.data())
def test_recorded_document_with_a_value_changed_is_read_or_refused(data: st.DataObject) -> None:
    document: JsonValue = data.draw(st.sampled_from(recorded()))
    for _ in range(data.draw(st.integers(1, 3))):
        places = paths_of(document)
        if places:
            document = put(document, data.draw(st.sampled_from(places)), data.draw(anything))

    parse_all(document)


@settings(relaxed, max_examples=40)
@given(anything, anything)
def test_any_context_is_judged_and_compacted_or_refused(value: JsonValue, ctx: JsonValue) -> None:
    raw: JsonObject = {
        "@context": ctx,
        "type": "Note",
        "id": "https://a.example/1",
        "object": value,
    }

    def read(document: JsonValue) -> None:
        assert isinstance(document, dict)
        assert is_plain(document) in (True, False)
        parse_all(compact(document))

    error = refusal(read, raw)
    assert error is None or error.status_hint in (400, 413, 422)
