"""Posts of peers in the many ways they are written."""

from datetime import UTC, datetime

import pytest

from protocols.activitypub.parsing import parse_document, parse_post, parse_tombstone
from protocols.activitypub.vocabulary import (
    PUBLIC,
    ObjectType,
    Post,
    Tombstone,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

NOTE: JsonObject = {
    "type": "Note",
    "id": "https://a.example/n/1",
    "attributedTo": "https://a.example/u/ada",
}


def note(**properties: JsonValue) -> Post:
    """A Note with these properties, parsed."""
    return parse_post({**NOTE, **properties})


def refused(status: int, sentence: str, **properties: JsonValue) -> None:
    """The Note with these properties is refused so."""
    with pytest.raises(RemoteProtocolError, match=sentence) as caught:
        note(**properties)
    assert caught.value.status_hint == status


@pytest.mark.parametrize(
    "name", ["Note", "as:Note", "https://www.w3.org/ns/activitystreams#Note", ["x:Y", "Note"]]
)
def test_type_may_be_written_long_or_in_a_list(name: JsonValue) -> None:
    assert note(type=name).type is ObjectType.NOTE


def test_at_id_and_at_type_are_aliases() -> None:
    post = parse_post({"@type": "Note", "@id": NOTE["id"], "attributedTo": NOTE["attributedTo"]})

    assert post == parse_post(NOTE)


def test_two_different_ids_are_refused() -> None:
    refused(400, "two different ids", **{"@id": "https://a.example/n/2"})


@pytest.mark.parametrize("value", [None, [], {}])
def test_post_without_author_is_of_no_use(value: JsonValue) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        note(attributedTo=value)
    assert caught.value.status_hint in (400, 422)


@pytest.mark.parametrize("value", [5, "nobody", "javascript:alert(1)", ["https://a.example/1"]])
def test_id_that_is_no_url_is_refused(value: JsonValue) -> None:
    refused(400, "id of the object", id=value)


@pytest.mark.parametrize(
    "value",
    [
        "https://b.example/u",
        ["https://b.example/u", "https://c.example/u"],
        {"type": "Person", "id": "https://b.example/u"},
        [{"type": "Person", "id": "https://b.example/u"}],
        [{"type": "Group", "id": "https://b.example/g"}, "https://b.example/u"],
    ],
)
def test_author_is_the_first_person_named(value: JsonValue) -> None:
    assert note(attributedTo=value).attributed_to == "https://b.example/u"


def test_group_beside_the_author_is_kept() -> None:
    both: JsonValue = [
        {"type": "Person", "id": "https://a.example/u"},
        {"type": "Group", "id": "https://a.example/channel"},
    ]

    assert note(attributedTo=both).group == "https://a.example/channel"


def test_mobilizon_event_is_by_its_organiser_in_its_group() -> None:
    event = note(
        type="Event",
        actor="https://a.example/@organiser",
        attributedTo="https://a.example/@dancers",
        startTime="2026-12-11T19:00:00+00:00",
        location={
            "type": "Place",
            "name": "The Centre",
            "address": {"streetAddress": "Main St 1", "addressLocality": "Zwolle"},
        },
        maximumAttendeeCapacity=0,
        joinMode="free",
    )

    assert (event.attributed_to, event.group) == (
        "https://a.example/@organiser",
        "https://a.example/@dancers",
    )
    assert event.happening is not None
    assert event.happening.start_time == datetime(2026, 12, 11, 19, tzinfo=UTC)
    assert event.happening.location == "The Centre, Main St 1, Zwolle"
    assert event.happening.maximum_attendees is None


@pytest.mark.parametrize("public", [PUBLIC, "as:Public", "Public"])
def test_public_collection_has_one_name_inside(public: str) -> None:
    post = note(to=public, cc=[public, "mailto:x@a.example", None, {"id": "https://b.example/u"}])

    assert post.to == (PUBLIC,)
    assert post.cc == (PUBLIC, "https://b.example/u")


def test_too_many_recipients_are_refused() -> None:
    many: JsonValue = [f"https://b.example/{number}" for number in range(1001)]

    refused(400, "too many recipients", to=many, cc=many)


def test_content_comes_before_the_language_map() -> None:
    post = note(content="Hoi", contentMap={"en": "Hi", "nl": "Hoi"})

    assert (post.content_html, post.language) == ("Hoi", "nl")


def test_language_map_stands_in_for_content() -> None:
    post = note(contentMap={"de": "Moin"}, nameMap={"de": "Titel"}, summaryMap={"de": "Kurz"})

    assert (post.content_html, post.language) == ("Moin", "de")
    assert (post.name, post.summary) == ("Titel", "Kurz")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"language": {"identifier": "nds", "name": "Plattdüütsch"}}, "nds"),  # Lemmy
        ({"language": "fy"}, "fy"),
        ({"inLanguage": "en"}, "en"),  # Mobilizon
        ({"content": "x", "contentMap": {"en": "y"}}, "en"),
        ({"content": "x", "contentMap": {"en": "y", "nl": "z"}}, None),
        ({"language": {"identifier": "und"}}, None),
        ({"language": "no such tag"}, None),
    ],
)
def test_language_is_read_wherever_it_is(properties: JsonObject, expected: str | None) -> None:
    assert note(**properties).language == expected


def test_content_over_the_limit_is_refused() -> None:
    refused(422, "content is too long", content="a" * 100_001)


@pytest.mark.parametrize("value", [{"a": 1}, ["a", 1, None], 5, True, "", " \n"])
def test_content_that_is_no_text_is_none(value: JsonValue) -> None:
    assert note(content=value).content_html is None


@pytest.mark.parametrize(
    ("kind", "sensitive", "warning"),
    [
        ("Note", False, "spiders"),
        ("Note", True, "spiders"),
        ("Page", False, None),
        ("Article", False, None),
        ("Page", True, "spiders"),
    ],
)
def test_summary_warns_on_a_note_and_introduces_a_page(
    kind: str, sensitive: bool, warning: str | None
) -> None:
    post = note(type=kind, summary="spiders", sensitive=sensitive)

    assert post.summary == "spiders"
    assert post.content_warning == warning


def test_sensitive_attachment_makes_the_post_sensitive() -> None:
    post = note(attachment={"type": "Image", "url": "https://a.example/i", "sensitive": True})

    assert post.sensitive


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"content": "*hi*", "mediaType": "text/markdown"}, ("*hi*", "text/markdown")),
        ("@ada hi", ("@ada hi", None)),  # Pleroma
        ({"mediaType": "text/markdown"}, (None, None)),
        (5, (None, None)),
    ],
)
def test_source_is_read(source: JsonValue, expected: tuple[str | None, str | None]) -> None:
    post = note(source=source)

    assert (post.source, post.source_media_type) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://b.example/1", "https://b.example/1"),
        (["https://b.example/1", "https://b.example/2"], "https://b.example/1"),
        ({"type": "Link", "href": "https://b.example/1"}, "https://b.example/1"),
        ({"type": "Note", "id": "https://b.example/1"}, "https://b.example/1"),
        ({"type": "Collection", "items": []}, None),
        ([1, 2], None),
    ],
)
def test_answered_post_is_read(value: JsonValue, expected: str | None) -> None:
    assert note(inReplyTo=value).in_reply_to == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01t12:00:00z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T14:00:00.5+02:00", datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-01T12:00:00.123456789Z", datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_date_is_read_as_utc(text: str, expected: datetime) -> None:
    assert note(published=text).published == expected


@pytest.mark.parametrize(
    "value",
    ["yesterday", "999999-01-01T00:00:00Z", "-0001-01-01", "1969-12-31T23:59:59Z", "z", "",
     "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", 5, ["2026-01-01"], "PT1e9S"],
)  # fmt: skip
def test_nonsense_is_no_date(value: JsonValue) -> None:
    assert note(published=value).published is None


def test_poll_is_read_with_its_counts() -> None:
    poll = note(
        type="Question",
        anyOf=[
            {"type": "Note", "name": "Yes", "replies": {"type": "Collection", "totalItems": 2}},
            {"type": "Note", "name": "No"},
        ],
        endTime="2026-03-01T12:00:00Z",
        closed=True,
        votersCount=2,
    ).poll

    assert poll is not None
    assert [(option.name, option.votes) for option in poll.options] == [("Yes", 2), ("No", 0)]
    assert poll.multiple
    assert poll.closed == poll.end_time == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert poll.voters == 2


def test_poll_of_more_than_twenty_choices_is_refused() -> None:
    choices: JsonValue = [{"name": str(number)} for number in range(21)]

    refused(422, "more than 20 choices", type="Question", oneOf=choices)


def test_vote_is_told_from_a_comment() -> None:
    vote = note(name="Yes", inReplyTo="https://b.example/poll")

    assert vote.is_poll_vote
    assert not note(name="Yes", inReplyTo="https://b.example/1", content="hi").is_poll_vote


def test_replies_are_an_id_or_a_collection_and_not_the_comments_themselves() -> None:
    collection: JsonValue = {"id": "https://a.example/r", "type": "Collection", "first": {}}

    assert note(replies=collection).replies == "https://a.example/r"
    assert note(comments="https://a.example/c").replies == "https://a.example/c"  # PeerTube
    assert note(replies=[{"id": "https://a.example/n/2", "type": "Note"}]).replies is None


def test_tombstone_tells_what_it_was() -> None:
    for key in ("formerType", "former_type"):  # Lotide
        raw: JsonObject = {"type": "Tombstone", "id": "https://a.example/1", key: "Note"}

        assert parse_document(raw) == Tombstone(id="https://a.example/1", former_type="Note")


def test_person_that_also_is_a_tombstone_is_gone() -> None:
    raw: JsonObject = {"type": ["Person", "Tombstone"], "id": "https://a.example/1"}

    assert parse_tombstone(raw) == parse_document(raw)
