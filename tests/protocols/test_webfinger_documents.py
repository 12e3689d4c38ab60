"""WebFinger: the documents we serve, and which actor those of others mean."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue, load_object
from protocols.webfinger import (
    AS_TYPE,
    Acct,
    Preference,
    host_meta_json,
    host_meta_xml,
    parse_handle,
    render_jrd,
    render_server_jrd,
    self_link,
    subject,
)

FIXTURES = Path(__file__).resolve().parents[2].parent / "shared" / "fixtures" / "activitypub"

# Ours.


def test_jrd_of_a_community_is_what_lemmy_and_mastodon_read() -> None:
    jrd = render_jrd(
        acct=Acct(name="bees", host="node.example"),
        actor_id="https://social.node.example/g/1",
        actor_type="Group",
        profile_url="https://social.node.example/c/bees",
        authorize_template="https://social.node.example/authorize_interaction?uri={uri}",
    )

    assert jrd == {
        "subject": "acct:bees@node.example",
        "aliases": ["https://social.node.example/c/bees", "https://social.node.example/g/1"],
        "links": [
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": "https://social.node.example/c/bees",
            },
            {
                "rel": "self",
                "type": "application/activity+json",
                "href": "https://social.node.example/g/1",
                "properties": {"https://www.w3.org/ns/activitystreams#type": "Group"},
            },
            {
                "rel": "http://ostatus.org/schema/1.0/subscribe",
                "template": "https://social.node.example/authorize_interaction?uri={uri}",
            },
            {
                "rel": "https://w3id.org/fep/3b86/Follow",
                "template": "https://social.node.example/authorize_interaction?uri={object}",
            },
        ],
    }


def test_node_itself_answers_as_a_person_would_and_by_its_url() -> None:
    jrd = render_jrd(
        acct=Acct(name="node.example", host="node.example"),
        actor_id="https://node.example/actor",
        actor_type="Application",
        profile_url="https://node.example/actor",
    )

    assert jrd["subject"] == "acct:node.example@node.example"
    assert jrd["aliases"] == ["https://node.example/actor"]
    assert self_link(jrd, prefer=None) == "https://node.example/actor"
    assert render_server_jrd(
        base_url="https://node.example", actor_id="https://node.example/actor"
    ) == {
        "subject": "https://node.example/",
        "links": [
            {
                "rel": "https://www.w3.org/ns/activitystreams#Service",
                "type": "application/activity+json",
                "href": "https://node.example/actor",
            }
        ],
    }


def test_host_meta_leads_to_webfinger_in_both_forms() -> None:
    template = "https://node.example/.well-known/webfinger?resource={uri}"

    root = ElementTree.fromstring(host_meta_xml("https://node.example"))

    link = root.find("{http://docs.oasis-open.org/ns/xri/xrd-1.0}Link")
    assert link is not None
    assert link.attrib == {"rel": "lrdd", "template": template}
    assert host_meta_json("https://node.example") == {
        "links": [{"rel": "lrdd", "template": template}]
    }


# Theirs.


def link(href: JsonValue, actor_type: str | None = None, **change: JsonValue) -> JsonObject:
    made: JsonObject = {"rel": "self", "type": "application/activity+json", "href": href}
    if actor_type is not None:
        made["properties"] = {AS_TYPE: actor_type}
    return {**made, **change}


def jrd_of(*links: JsonValue) -> JsonObject:
    return {"subject": "acct:bees@lemmy.example", "links": list(links)}


@pytest.mark.parametrize(
    ("prefer", "href"),
    [
        ("Group", "https://h.example/c"),
        ("Person", "https://h.example/u"),
        (None, "https://h.example/u"),
    ],
)
def test_of_a_person_and_a_community_of_one_name_the_preferred_is_taken(
    prefer: Preference, href: str
) -> None:
    typed = jrd_of(link("https://h.example/u", "Person"), link("https://h.example/c", "Group"))
    untyped = jrd_of(link("https://h.example/u"), link("https://h.example/c"))

    assert self_link(typed, prefer=prefer) == href
    assert self_link(untyped, prefer=prefer) == href


def test_type_of_a_link_counts_more_than_its_place() -> None:
    jrd = jrd_of(link("https://h.example/c", "Group"), link("https://h.example/u", "Person"))

    assert self_link(jrd, prefer="Group") == "https://h.example/c"
    assert self_link(jrd, prefer="Person") == "https://h.example/u"


@pytest.mark.parametrize(
    "media_type",
    [
        "application/activity+json",
        "Application/Activity+JSON; charset=utf-8",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        'application/ld+json;charset=utf-8;profile="https://www.w3.org/ns/activitystreams"',
    ],
)
def test_both_media_types_of_an_actor_are_known(media_type: str) -> None:
    assert self_link(jrd_of(link("https://h.example/u", type=media_type)), prefer=None)


@pytest.mark.parametrize(
    "links",
    [
        None,
        "links",
        [],
        [None, 1, "x", []],
        [link("https://h.example/u", rel="profile")],
        [link("https://h.example/u", type="text/html")],
        [link("https://h.example/u", type="application/ld+json")],
        [link("https://h.example/u", type=None)],
        [link(None)],
        [link(["https://h.example/u"])],
        [link("javascript:alert(1)")],
        [link("/u/1")],
        [link("https://ann@h.example/u")],
        [link("https://h.example/\n")],
        [link("http://[::1/x")],
        [*[None] * 100, link("https://h.example/u")],
    ],
)
def test_jrd_without_a_usable_actor_is_refused(links: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError):
        self_link({"links": links}, prefer=None)


@pytest.mark.parametrize("value", [None, 1, "", "https://h.example/u", "acct:", "acct:a@b@c"])
def test_subject_that_is_no_address_is_none(value: JsonValue) -> None:
    assert subject({"subject": value}) is None


def recorded(name: str) -> JsonObject:
    if not FIXTURES.is_dir():
        pytest.skip(f"no recorded documents in {FIXTURES}")
    path = FIXTURES / name
    if path.suffix == ".txt":
        return load_object(path.read_bytes().split(b"\r\n\r\n", 1)[1])
    document = load_object(path.read_bytes())
    body = document.get("body")
    return load_object(body.encode()) if isinstance(body, str) else document


@pytest.mark.parametrize(
    ("name", "address", "actor"),
    [
        (
            "mastodon-docs/webfinger_01.json",
            "Gargron@mastodon.social",
            "https://mastodon.social/users/Gargron",
        ),
        (
            "wordpress/lemmy-ml-well-known-webfinger.json",
            "pfefferle@lemmy.ml",
            "https://lemmy.ml/u/pfefferle",
        ),
        (
            "wordpress/notiz-blog-well-known-webfinger.json",
            "pfefferle@notiz.blog",
            "https://notiz.blog/author/matthias-pfefferle/",
        ),
        (
            "feps/fep-3b86_01.json",
            "benpate@mastodon.social",
            "https://mastodon.social/users/benpate",
        ),
        (
            "feps/fep-d556_06.json",
            "mastodon.social@mastodon.social",
            "https://mastodon.social/actor",
        ),
    ],
)
def test_recorded_answers_name_their_subject_and_actor(name: str, address: str, actor: str) -> None:
    jrd = recorded(name)

    assert str(subject(jrd)) == address
    assert self_link(jrd, prefer=None) == actor


@pytest.mark.parametrize("name", ["webfinger.txt", "webfinger-hacker2.txt"])
def test_recorded_answer_of_gnu_social_names_no_actor(name: str) -> None:
    with pytest.raises(RemoteProtocolError):
        self_link(recorded(f"mastodon-http/{name}"), prefer=None)


def test_subject_of_another_than_was_asked_for_is_seen() -> None:
    asked = parse_handle("@gargron@quitter.no")

    assert subject(recorded("mastodon-http/webfinger.txt")) == asked
    assert subject(recorded("mastodon-http/webfinger-hacker2.txt")) != asked


json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.sampled_from(["self", "acct:a@b.c"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["rel", "href", "type", "properties", AS_TYPE]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["subject", "links", "aliases"]), json_values))
def test_any_jrd_gives_an_actor_or_is_refused(jrd: JsonObject) -> None:
    subject(jrd)
    try:
        href = self_link(jrd, prefer="Group")
    except RemoteProtocolError:
        return
    assert href in json.dumps(jrd)
