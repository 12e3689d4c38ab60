"""Which documents are read as plain JSON, and how the others are brought into that shape."""

import subprocess
import sys
import time

import pytest

from protocols.activitypub.contexts import (
    MAX_COMPACT_BYTES,
    MAX_COMPACT_CONTEXTS,
    MAX_COMPACT_DEPTH,
    MAX_COMPACT_VALUES,
    compact,
    is_plain,
)
from protocols.activitypub.parsing import parse_activity, parse_post
from protocols.activitypub.rendering_contexts import (
    ACTIVITY_CONTEXT,
    ACTOR_CONTEXT,
    EVERYTHING,
    GROUP_CONTEXT,
    POST_CONTEXT,
    Context,
    render_context,
)
from protocols.activitypub.vocabulary import AS_CONTEXT, PUBLIC, Post
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue, load_object
from tests.support import fixture_outcomes

UNKNOWN = "https://evil.example/context.json"
NOTE: JsonObject = {
    "id": "https://a.example/n/1",
    "type": "Note",
    "attributedTo": "https://a.example/u",
    "content": "hi",
}


def with_context(context: JsonValue) -> JsonObject:
    """A Note under this @context."""
    return {"@context": context, **NOTE}


def refused(document: JsonObject, status: int) -> None:
    """Compaction refuses the document so."""
    with pytest.raises(RemoteProtocolError) as caught:
        compact(document)
    assert caught.value.status_hint == status


@pytest.mark.parametrize(
    "context",
    [
        AS_CONTEXT,
        [AS_CONTEXT],
        [AS_CONTEXT, "https://w3id.org/security/v1"],
        [AS_CONTEXT, {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"}],
        [AS_CONTEXT, {"toot": "http://joinmastodon.org/ns#", "Emoji": "toot:Emoji"}],
        [AS_CONTEXT, {"alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"}}],
        [AS_CONTEXT, {"focalPoint": {"@container": "@list", "@id": "toot:focalPoint"}}],
        [AS_CONTEXT, {"sc": "http://schema.org#", "location": {"@id": "sc:location"}}],  # Mobilizon
        [AS_CONTEXT, {"diaspora": "https://diasporafoundation.org/ns/", "@language": "nl"}],
        [AS_CONTEXT, {"id": "@id", "type": "@type", "content": {"@id": "as:content"}}],
        [AS_CONTEXT, UNKNOWN],
        UNKNOWN,
        "as:broken",
        None,
        5,
        [],
    ],
)
def test_context_that_leaves_our_terms_alone_is_plain(context: JsonValue) -> None:
    assert is_plain(with_context(context))


@pytest.mark.parametrize(
    "terms",
    [
        {"content": "urn:hidden"},
        {"actor": {"@id": "urn:x"}},
        {"actor": "as:attributedTo"},
        {"id": "urn:x"},
        {"type": None},
        {"inbox": {"@id": "http://schema.org/outbox"}},
        {"as": "https://evil.example/ns#"},
        {"author": "as:attributedTo"},
        {"text": {"@id": "https://www.w3.org/ns/activitystreams#content"}},
        {"uri": "@id"},
        {"x": "https://www.w3.org/ns/activitystreams#", "words": "x:content"},
        {"@base": "https://evil.example/"},
        {"@vocab": "https://evil.example/ns#"},
        {"@import": UNKNOWN},
        {"@propagate": False},
        {"foo": {"@id": "urn:foo", "@context": {"content": "urn:hidden"}}},
        {"foo": {"@reverse": "as:actor"}},
        {"foo": {"@id": "urn:foo", "@nest": "@nest"}},
    ],
)
def test_context_that_changes_what_we_read_is_not_plain(terms: JsonObject) -> None:
    assert not is_plain(with_context([AS_CONTEXT, terms]))
    assert not is_plain(with_context(terms))


def test_context_inside_the_object_counts_too() -> None:
    inner = with_context([AS_CONTEXT, {"content": "urn:hidden"}])
    announce: JsonObject = {"@context": AS_CONTEXT, "type": "Announce", "object": inner}

    assert not is_plain(announce)
    assert not is_plain({**announce, "object": [inner]})
    assert not is_plain({"@context": AS_CONTEXT, "type": "Announce", "object": announce})


@pytest.mark.parametrize("key", ["as:actor", "https://www.w3.org/ns/activitystreams#actor"])
def test_expanded_keys_are_not_plain(key: str) -> None:
    assert not is_plain({"@context": AS_CONTEXT, key: "https://a.example/u"})


@pytest.mark.parametrize("value", [None, 5, "x", [], [5], True])
def test_what_is_no_document_is_left_to_parsing(value: JsonValue) -> None:
    assert is_plain(value)


@pytest.mark.parametrize(
    "context", [ACTIVITY_CONTEXT, ACTOR_CONTEXT, EVERYTHING, GROUP_CONTEXT, POST_CONTEXT]
)
def test_what_we_send_is_plain_and_is_json_ld_without_other_contexts(context: Context) -> None:
    document = with_context(render_context(context))

    assert is_plain(document)
    assert parse_post(compact(document)).content_html == "hi"


@pytest.mark.skipif(not fixture_outcomes.FIXTURES.is_dir(), reason="../shared/fixtures is missing")
def test_what_real_servers_send_is_plain() -> None:
    odd = [
        path
        for path, raw in fixture_outcomes.documents()
        if raw.startswith(b"{")
        and not path.startswith(("feps", "mastodon-http/json-ld"))  # the latter are contexts
        and not is_plain(load_object(raw))
    ]

    assert odd == []


def test_renamed_terms_are_brought_back() -> None:
    terms: JsonObject = {
        "who": {"@id": "as:actor", "@type": "@id"},
        "what": {"@id": "as:object", "@type": "@id"},
        "uri": "@id",
        "kind": "@type",
    }
    document: JsonObject = {
        "@context": [AS_CONTEXT, terms],
        "uri": "https://a.example/l",
        "kind": "Like",
        "who": "https://a.example/u",
        "what": "https://b.example/n",
        "to": PUBLIC,
    }

    assert not is_plain(document)
    found = parse_activity(compact(document))

    assert (found.id, found.actor, found.object_id) == (
        "https://a.example/l",
        "https://a.example/u",
        "https://b.example/n",
    )
    assert found.to == (PUBLIC,)


def test_expanded_document_is_brought_back() -> None:
    space = "https://www.w3.org/ns/activitystreams#"
    document: JsonObject = {
        "@id": "https://a.example/l",
        "@type": [f"{space}Like"],
        f"{space}actor": [{"@id": "https://a.example/u"}],
        f"{space}object": [{"@id": "https://b.example/n"}],
    }

    assert not is_plain(document)
    assert parse_activity(compact(document)).object_id == "https://b.example/n"


def test_hidden_term_is_not_read_as_ours() -> None:
    """A reader of JSON-LD does not see this content; neither do we."""
    document = with_context([AS_CONTEXT, {"content": "urn:hidden"}])

    assert parse_post(compact(document)).content_html is None


def test_language_of_the_context_leaves_strings_strings() -> None:
    document = with_context([AS_CONTEXT, {"@language": "nl", "words": "as:content"}])

    assert parse_post(compact(document)).content_html == "hi"


def test_proof_is_kept_as_it_was_sent() -> None:
    proof: JsonObject = {"type": "DataIntegrityProof", "proofValue": "z1"}

    assert compact({**with_context(AS_CONTEXT), "proof": proof})["proof"] == proof


@pytest.mark.parametrize(
    "context",
    [
        UNKNOWN,
        [AS_CONTEXT, UNKNOWN],
        [AS_CONTEXT, {"@import": UNKNOWN}],
        [AS_CONTEXT, {"x": {"@id": "urn:x", "@context": UNKNOWN}}],
    ],
)
def test_unknown_context_is_an_error_and_not_a_download(context: JsonValue) -> None:
    # Nothing listens at that host; the loader refuses before any name is looked up.
    refused({**with_context(context), "x": {"content": "y"}}, 422)


def test_document_with_an_unknown_context_beside_ours_is_read_as_json() -> None:
    document = with_context([AS_CONTEXT, UNKNOWN])

    assert is_plain(document)
    assert isinstance(parse_post(document), Post)


def deep(levels: int) -> JsonValue:
    """Lists in lists."""
    value: JsonValue = "https://a.example/1"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"content": "a" * MAX_COMPACT_BYTES}, 413),
        ({"to": deep(MAX_COMPACT_DEPTH)}, 400),
        ({"to": ["https://a.example/1"] * (MAX_COMPACT_VALUES + 1)}, 400),
        ({"@context": [{}] * (MAX_COMPACT_CONTEXTS + 1)}, 400),
        ({"tag": [{"@context": {}}] * (MAX_COMPACT_CONTEXTS + 1)}, 400),
        ({"@graph": [{"@id": "_:a"}, {"@id": "_:b"}]}, 422),
    ],
)
def test_costly_document_is_refused_before_work_is_done(changes: JsonObject, status: int) -> None:
    started = time.perf_counter()

    refused({**with_context(AS_CONTEXT), **changes}, status)

    assert time.perf_counter() - started < 1


def test_clique_of_blank_nodes_costs_nothing() -> None:
    """URDNA2015 needs 72 s for these 700 bytes (security.md 0.1): nothing here canonicalises."""
    nodes: JsonValue = [
        {"id": f"_:b{i}", "k": [f"_:b{j}" for j in range(9) if j != i]} for i in range(9)
    ]
    context: JsonValue = [AS_CONTEXT, {"k": {"@id": "urn:k", "@type": "@id"}}]
    document: JsonObject = {**with_context(context), "attachment": nodes}
    started = time.perf_counter()

    assert is_plain(document)
    assert parse_post(compact(document)).content_html == "hi"

    assert time.perf_counter() - started < 1


def test_json_ld_library_is_not_loaded_before_it_is_needed() -> None:
    program = (
        "import sys; from protocols.activitypub import contexts, parsing, rendering; "
        "contexts.is_plain({'@context': [{'content': 'urn:x'}]}); sys.exit('pyld' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
