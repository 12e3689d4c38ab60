"""NodeInfo: our documents fit the schema, and of others only the readable part is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.nodeinfo import NodeInfo, Schema, Usage, parse, parse_index, render, render_index
from protocols.strict_json import JsonObject, JsonValue

USAGE = Usage(
    users_total=12, active_month=5, active_half_year=8, local_posts=100, local_comments=250
)


def rendered(schema: Schema) -> JsonObject:
    return render(
        schema,
        version="0.1.0",
        repository="https://example.org/noaber",
        open_registrations=False,
        usage=USAGE,
        capabilities={"fep-7888", "fep-1b12"},
        metadata={"nodeName": "Garden"},
    )


def test_document_of_2_0_has_all_that_the_schema_requires_and_no_more() -> None:
    assert rendered("2.0") == {
        "version": "2.0",
        "software": {"name": "noaber", "version": "0.1.0"},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {
            "users": {"total": 12, "activeMonth": 5, "activeHalfyear": 8},
            "localPosts": 100,
            "localComments": 250,
        },
        "metadata": {"nodeName": "Garden", "capabilities": ["fep-1b12", "fep-7888"]},
    }


def test_document_of_2_1_also_names_the_repository() -> None:
    document = rendered("2.1")

    assert document["version"] == "2.1"
    assert document["software"] == {
        "name": "noaber",
        "version": "0.1.0",
        "repository": "https://example.org/noaber",
    }


def test_index_leads_to_both_documents_and_to_the_actor_of_the_node() -> None:
    index = render_index(base_url="https://node.example", actor_id="https://node.example/actor")

    assert index == {
        "links": [
            {
                "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
                "href": "https://node.example/nodeinfo/2.0",
            },
            {
                "rel": "http://nodeinfo.diaspora.software/ns/schema/2.1",
                "href": "https://node.example/nodeinfo/2.1",
            },
            {
                "rel": "https://www.w3.org/ns/activitystreams#Application",
                "href": "https://node.example/actor",
            },
        ]
    }
    assert parse_index(index) == "https://node.example/nodeinfo/2.1"


def test_what_we_say_of_ourselves_is_read_back() -> None:
    assert parse(rendered("2.1")) == NodeInfo(
        software="noaber", version="0.1.0", capabilities=frozenset({"fep-1b12", "fep-7888"})
    )


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ([("http://nodeinfo.diaspora.software/ns/schema/2.0", "https://h/2")], "https://h/2"),
        ([("https://nodeinfo.diaspora.software/ns/schema/2.0", "https://h/2")], "https://h/2"),
        ([("http://nodeinfo.diaspora.software/ns/schema/1.0", "http://h/1")], "http://h/1"),
        (
            [
                ("http://nodeinfo.diaspora.software/ns/schema/2.1", "javascript:alert(1)"),
                ("http://nodeinfo.diaspora.software/ns/schema/2.0", "https://h/2"),
            ],
            "https://h/2",
        ),
        (
            [
                ("http://nodeinfo.diaspora.software/ns/schema/2.0", "https://h/a"),
                ("http://nodeinfo.diaspora.software/ns/schema/2.0", "https://h/b"),
            ],
            "https://h/a",
        ),
    ],
)
def test_newest_readable_document_of_an_index_is_taken(
    links: list[tuple[str, str]], url: str
) -> None:
    assert parse_index({"links": [{"rel": rel, "href": href} for rel, href in links]}) == url


@pytest.mark.parametrize("links", [None, [], "x", [1], [{"rel": "x", "href": "https://h"}], [{}]])
def test_index_without_a_readable_document_is_refused(links: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_index({"links": links})


def test_document_of_a_peer_is_read_whatever_else_is_wrong_with_it() -> None:
    document: JsonObject = {
        "version": 2,
        "software": {"name": "PieFed", "version": "1.5.1"},
        "usage": None,
        "metadata": {"capabilities": ["FEP-1a11", "fep-1b12", 7, None, "x\n", " "]},
    }

    assert parse(document) == NodeInfo(
        software="piefed", version="1.5.1", capabilities=frozenset({"fep-1a11", "fep-1b12"})
    )


@pytest.mark.parametrize("metadata", [None, [], "x", {"capabilities": {"a": 1}}, {}])
def test_peer_without_a_list_of_capabilities_has_none(metadata: JsonValue) -> None:
    document: JsonObject = {"software": {"name": "lemmy"}, "metadata": metadata}

    assert parse(document) == NodeInfo(software="lemmy", version="", capabilities=frozenset())


def test_long_texts_of_a_peer_are_cut() -> None:
    document: JsonObject = {
        "software": {"name": "a" * 5_000, "version": "1" * 5_000},
        "metadata": {"capabilities": [f"c{n}" for n in range(5_000)]},
    }

    info = parse(document)

    assert (len(info.software), len(info.version), len(info.capabilities)) == (100, 100, 100)


@pytest.mark.parametrize(
    "software", [None, [], "mastodon", {}, {"name": 1}, {"name": ""}, {"name": "a\nb"}]
)
def test_peer_whose_software_has_no_name_is_refused(software: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError):
        parse({"software": software})


keys = st.sampled_from(["links", "rel", "href", "software", "name", "metadata", "capabilities"])
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner),
    max_leaves=6,
)


@given(st.dictionaries(keys, json_values))
def test_any_document_is_read_or_refused(document: JsonObject) -> None:
    try:
        info = parse(document)
    except RemoteProtocolError:
        info = None
    assert info is None or info.software

    with pytest.raises(RemoteProtocolError):
        parse_index(document)
