"""Activities of peers: what is inside them, how deep, and how many."""

import json
import timeit

import pytest

from protocols.activitypub.parsing import parse_activity, parse_collection, parse_document
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityType,
    Actor,
    Collection,
    Emoji,
    Post,
    Reference,
    Tombstone,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue
from tests.support.fixture_outcomes import FIXTURES

ADA = "https://a.example/u/ada"
NOTE: JsonObject = {"type": "Note", "id": "https://a.example/n/1", "attributedTo": ADA}
PERSON: JsonObject = {
    "type": "Person",
    "id": ADA,
    "preferredUsername": "ada",
    "inbox": f"{ADA}/inbox",
}


def raw(kind: JsonValue, found: JsonValue, **properties: JsonValue) -> JsonObject:
    """An activity of Ada."""
    return {
        "type": kind,
        "id": "https://a.example/a/1",
        "actor": ADA,
        "object": found,
        **properties,
    }


def read(kind: JsonValue, found: JsonValue, **properties: JsonValue) -> Activity:
    """The same, parsed."""
    return parse_activity(raw(kind, found, **properties))


def like(number: int) -> JsonObject:
    """A vote without anything around it, as in a batch."""
    return {
        "type": "Like",
        "id": f"https://b.example/l/{number}",
        "actor": "https://b.example/u",
        "object": "https://a.example/n/1",
    }


def refused(document: JsonValue, status: int, sentence: str) -> None:
    """The document is refused so."""
    with pytest.raises(RemoteProtocolError, match=sentence) as caught:
        parse_activity(document)
    assert caught.value.status_hint == status


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"actor": None}, "no actor"),
        ({"actor": 7}, "actor of the activity"),
        ({"actor": {"type": "Person"}}, "actor of the activity"),
        ({"actor": [ADA, "https://b.example/u"]}, "one actor"),
        ({"actor": []}, "one actor"),
        ({"id": "not a url"}, "id of the activity"),
        ({"id": ["https://a.example/a/1"]}, "id of the activity"),
        ({"id": "http://127.0.0.1:999999/x"}, "id of the activity"),
        ({"id": "https://a.example/" + "a" * 100_000}, "id of the activity"),
        ({"object": None}, "no object"),
        ({"object": 5}, "no id"),
        ({"object": True}, "no id"),
        ({"object": []}, "no object"),
        ({"object": {}}, "no id"),
        ({"type": None}, "no type"),
        ({"type": {"a": 1}}, "no type"),
    ],
)
def test_malformed_activity_is_refused(changes: JsonObject, sentence: str) -> None:
    refused({**raw("Like", NOTE["id"]), **changes}, 400, sentence)


@pytest.mark.parametrize("document", [None, 42, "x", [], [raw("Like", ADA)], True])
def test_what_is_no_object_is_refused(document: JsonValue) -> None:
    refused(document, 400, "not a JSON object")


def test_actor_may_be_embedded() -> None:
    assert read("Like", NOTE["id"], actor=PERSON).actor == ADA


def test_activity_may_have_no_id() -> None:
    assert read("Delete", NOTE["id"], id=None).id is None  # GoToSocial


def test_create_brings_the_post_whole() -> None:
    found = read("Create", NOTE, to=[PUBLIC], cc="https://a.example/u/ada/followers")

    assert isinstance(found.object, Post)
    assert found.to == (PUBLIC,)
    assert found.cc == ("https://a.example/u/ada/followers",)


def test_create_of_a_bad_post_is_refused() -> None:
    refused(raw("Create", {**NOTE, "attributedTo": None}), 422, "no attributedTo")


@pytest.mark.parametrize("kind", ["Announce", "Add"])
def test_bad_post_that_was_only_shown_becomes_a_reference(kind: str) -> None:
    found = read(kind, {**NOTE, "attributedTo": None})

    assert found.object == Reference(id="https://a.example/n/1", type="Note")


@pytest.mark.parametrize("kind", ["Like", "Delete", "Follow", "Flag", "Remove", "Block", "Lock"])
def test_activity_that_only_points_takes_no_embedded_words(kind: str) -> None:
    found = read(kind, {**NOTE, "content": "words put into another's mouth"})

    assert found.object == Reference(id="https://a.example/n/1", type="Note")


def test_update_brings_an_actor_or_a_pointer_to_one() -> None:
    pointer: JsonObject = {"type": "Group", "id": "https://a.example/g"}

    assert isinstance(read("Update", PERSON).object, Actor)
    assert read("Update", pointer).object == Reference(id="https://a.example/g", type="Group")


def test_delete_names_an_id_or_a_tombstone() -> None:
    gone: JsonObject = {"type": "Tombstone", "id": "https://a.example/n/1"}

    assert read("Delete", NOTE["id"]).object == Reference(id="https://a.example/n/1")
    assert read("Delete", gone).object == Tombstone(id="https://a.example/n/1")


def test_announce_of_undo_of_like_is_read_to_the_end() -> None:
    found = read("Announce", raw("Undo", like(1)))

    undo = found.object
    assert isinstance(undo, Activity)
    assert isinstance(undo.object, Activity)
    assert undo.object.type is ActivityType.LIKE
    assert undo.object.object_id == "https://a.example/n/1"


def test_activity_nested_deeper_is_refused() -> None:
    refused(raw("Announce", raw("Undo", raw("Undo", like(1)))), 400, "nested too deeply")


@pytest.mark.parametrize("kind", ["Undo", "Announce", "Accept", "View"])
def test_fifty_levels_are_refused_or_cut(kind: str) -> None:
    document = raw("Like", NOTE["id"])
    for _ in range(50):
        document = raw(kind, document)

    if kind == "View":
        assert parse_activity(document).type is ActivityType.OTHER
    else:
        refused(document, 400, "nested too deeply")


def test_announce_of_an_announce_is_one_announce() -> None:
    group = "https://g.example/g"

    found = read("Announce", raw("Announce", raw("Create", NOTE), actor=group))

    assert found.actor == ADA
    assert isinstance(found.object, Activity)
    assert found.object.type is ActivityType.CREATE


def test_answer_may_name_what_it_answers_by_id_and_type() -> None:
    found = read("Undo", {"type": "Follow", "id": "https://a.example/f"})

    assert found.object == Reference(id="https://a.example/f", type="Follow")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda items: items,
        lambda items: {"type": "OrderedCollection", "orderedItems": items},
        lambda items: {"type": "Collection", "items": items, "totalItems": 3},
    ],
)
def test_batch_of_votes_is_read_in_every_form(wrap: object) -> None:
    assert callable(wrap)

    found = read("Announce", wrap([like(1), like(2), like(3)]))

    assert [item.id for item in found.objects] == [f"https://b.example/l/{n}" for n in (1, 2, 3)]


def test_bad_vote_does_not_cost_the_others() -> None:
    found = read("Announce", [like(1), {"type": "Like"}, 5, like(2)])

    assert len(found.objects) == 2


def test_batch_over_the_limit_is_refused() -> None:
    refused(raw("Announce", [like(n) for n in range(501)]), 400, "more than 500")


def test_announce_in_a_batch_counts_what_it_holds() -> None:
    inner = raw("Announce", [like(n) for n in range(400)])

    refused(raw("Announce", [inner, inner]), 422, "more objects")


def test_empty_batch_is_a_reference_to_the_collection() -> None:
    empty: JsonObject = {"type": "Collection", "id": "https://a.example/c", "items": []}

    assert read("Announce", empty).object == Reference(id="https://a.example/c", type="Collection")


def test_create_of_several_objects_is_refused() -> None:
    refused(raw("Create", [NOTE, NOTE]), 422, "more objects")


def test_report_names_the_person_and_the_posts() -> None:
    found = read("Flag", [ADA, NOTE["id"], NOTE], content="rude")

    assert [item.id for item in found.objects] == [ADA, NOTE["id"], NOTE["id"]]
    assert found.content == "rude"


def test_relay_is_followed_through_the_public_collection() -> None:
    assert read("Follow", "as:Public").object_id == PUBLIC


def test_reaction_has_its_emoji() -> None:
    cat: JsonObject = {"type": "Emoji", "name": ":cat:", "icon": {"url": "https://a.example/c"}}

    found = read("EmojiReact", NOTE["id"], content=":cat:", tag=[cat])

    assert found.content == ":cat:"
    assert found.emojis == (Emoji(name="cat", icon_url="https://a.example/c"),)
    assert read("litepub:EmojiReact", NOTE["id"]).type is ActivityType.EMOJI_REACT


@pytest.mark.parametrize("key", ["endTime", "expires"])
def test_ban_has_an_end_and_removes_content(key: str) -> None:
    ban = read("Block", ADA, target="https://g.example/g", removeData=True, **{key: "2026-01-01"})

    assert ban.target == "https://g.example/g"
    assert ban.end_time is not None
    assert ban.remove_data


def test_target_may_be_a_collection() -> None:
    target: JsonObject = {"type": "Collection", "id": "https://a.example/wall", "attributedTo": ADA}

    assert read("Add", NOTE, target=target).target == "https://a.example/wall"


def test_unknown_activity_keeps_the_name_of_its_type() -> None:
    found = read(["Bite", "Activity"], "https://b.example/u")

    assert (found.type, found.type_name) == (ActivityType.OTHER, "Bite")
    assert read("Travel", None).objects == ()
    assert parse_document(raw("Resolve", raw("Flag", ADA))).id == "https://a.example/a/1"


def test_hidden_recipients_and_proofs_are_noticed() -> None:
    found = read("Create", NOTE, bcc=["https://b.example/u"], proof={"type": "DataIntegrityProof"})

    assert found.hidden_recipients
    assert found.has_proof
    assert not read("Create", NOTE, bto=[], proof=None).hidden_recipients


def test_audience_is_the_first_that_is_not_public() -> None:
    assert read("Like", ADA, audience=[PUBLIC, "https://g.example/g"]).audience == (
        "https://g.example/g"
    )


def test_document_of_an_unknown_type_is_of_no_use() -> None:
    with pytest.raises(RemoteProtocolError, match="not one that we read") as caught:
        parse_document({"type": "Torrent", "id": "https://a.example/t"})
    assert caught.value.status_hint == 422


def test_post_is_not_taken_for_an_activity() -> None:
    refused({**NOTE, "actor": ADA}, 422, "not one of an activity")


def test_collection_lends_the_items_of_its_first_page() -> None:
    found = parse_collection(
        {
            "type": "Collection",
            "id": "https://a.example/r",
            "first": {
                "type": "CollectionPage",
                "next": "https://a.example/r?page=2",
                "items": ["https://a.example/n/1", 5, None, NOTE, "javascript:x"],
            },
        }
    )

    assert found == Collection(
        id="https://a.example/r",
        type="Collection",
        next="https://a.example/r?page=2",
        items=("https://a.example/n/1", NOTE),
    )


@pytest.mark.parametrize(
    ("document", "status"),
    [(5, 400), ({"type": "Note"}, 422), ({"type": "Collection", "id": "x"}, 400)],
)
def test_what_is_no_collection_is_refused(document: JsonValue, status: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_collection(document)
    assert caught.value.status_hint == status


def test_collection_is_read_up_to_a_limit() -> None:
    many: JsonValue = [f"https://a.example/{number}" for number in range(3000)]

    found = parse_collection({"type": "OrderedCollection", "orderedItems": many, "totalItems": -1})

    assert len(found.items) == 2000
    assert found.total_items is None


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="../shared/fixtures is missing")
def test_mastodon_create_is_parsed_far_below_a_millisecond() -> None:
    recorded = FIXTURES / "lemmy-assets/mastodon/activities/create_note.json"
    document = json.loads(recorded.read_bytes())

    best = min(timeit.repeat(lambda: parse_activity(document), number=20, repeat=10)) / 20

    assert best < 0.0005  # 40 us when measured alone; the bound leaves room for a busy machine
