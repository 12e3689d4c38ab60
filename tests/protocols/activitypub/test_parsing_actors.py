"""Actors of peers in the many ways they are written, and who may not speak for whom."""

import pytest

from protocols.activitypub.parsing import parse_actor
from protocols.activitypub.vocabulary import (
    Actor,
    ActorType,
    Emoji,
    KeyDocument,
    Picture,
    PropertyField,
)
from protocols.errors import RemoteProtocolError
from protocols.strict_json import JsonObject, JsonValue

ADA = "https://a.example/u/ada"
PERSON: JsonObject = {
    "type": "Person",
    "id": ADA,
    "preferredUsername": "ada",
    "inbox": f"{ADA}/inbox",
}


def actor(**properties: JsonValue) -> Actor:
    """A Person with these properties, parsed."""
    return parse_actor({**PERSON, **properties})


def refused(status: int, sentence: str, **properties: JsonValue) -> None:
    """The Person with these properties is refused so."""
    with pytest.raises(RemoteProtocolError, match=sentence) as caught:
        actor(**properties)
    assert caught.value.status_hint == status


def test_least_of_an_actor_is_id_name_and_inbox() -> None:
    found = actor()

    assert (found.id, found.type, found.inbox) == (ADA, ActorType.PERSON, f"{ADA}/inbox")
    assert found.keys == ()
    assert found.discoverable is None


def test_type_may_be_one_of_several() -> None:
    names: JsonValue = ["schema:Person", "vcard:Individual", "Person"]

    assert actor(type=names).type is ActorType.PERSON


@pytest.mark.parametrize(
    ("properties", "status", "sentence"),
    [
        ({"id": None}, 400, "no id"),
        ({"id": "ap://did:key:z6Mk/actor"}, 400, "id of the actor"),
        ({"inbox": None}, 422, "no inbox"),
        ({"inbox": "nowhere"}, 400, "inbox of the actor is not"),
        ({"inbox": "https://victim.example/inbox"}, 422, "inbox of the actor is of another origin"),
        ({"inbox": "http://a.example/u/ada/inbox"}, 422, "another origin"),
        ({"preferredUsername": None}, 422, "no preferredUsername"),
        ({"preferredUsername": "a" * 256}, 400, "preferredUsername"),
        ({"preferredUsername": "ada@b.example"}, 400, "preferredUsername"),
        ({"preferredUsername": "a b"}, 400, "preferredUsername"),
        ({"preferredUsername": "../x"}, 400, "preferredUsername"),
        ({"preferredUsername": "\u202eada"}, 400, "preferredUsername"),
        ({"preferredUsername": 5}, 400, "preferredUsername"),
        ({"type": "Note"}, 422, "not one of an actor"),
        ({"summary": "a" * 100_001}, 422, "summary is too long"),
    ],
)
def test_unusable_actor_is_refused(properties: JsonObject, status: int, sentence: str) -> None:
    refused(status, sentence, **properties)


def key(**properties: JsonValue) -> JsonObject:
    """A key of the actor as Mastodon writes it, with these properties."""
    return {"id": f"{ADA}#main-key", "owner": ADA, "publicKeyPem": "PEM", **properties}


def test_keys_of_both_kinds_are_read() -> None:
    found = actor(
        publicKey=key(),
        assertionMethod=[
            {
                "id": f"{ADA}#ed25519-key",
                "type": "Multikey",
                "controller": ADA,
                "publicKeyMultibase": "z6Mk",
            },
            f"{ADA}#other",
        ],
    )

    assert found.keys == (
        KeyDocument(id=f"{ADA}#main-key", owner=ADA, pem="PEM"),
        KeyDocument(id=f"{ADA}#ed25519-key", owner=ADA, multikey="z6Mk"),
    )


@pytest.mark.parametrize(
    "changed", [{"owner": "https://victim.example/u"}, {"id": "https://victim.example/u#main-key"}]
)
def test_key_of_another_origin_refuses_the_actor(changed: JsonObject) -> None:
    refused(422, "key of the actor", publicKey=key(**changed))


def test_multikey_controlled_elsewhere_refuses_the_actor() -> None:
    foreign: JsonValue = {
        "id": f"{ADA}#ed25519-key",
        "type": "Multikey",
        "controller": "https://victim.example/u",
        "publicKeyMultibase": "z6Mk",
    }

    refused(422, "key of the actor", assertionMethod=[foreign])


def test_ten_keys_are_taken() -> None:
    many: JsonValue = [key(id=f"{ADA}#{number}") for number in range(60)]

    assert len(actor(publicKey=many).keys) == 10


def test_key_too_long_to_be_one_is_not_taken() -> None:
    assert actor(publicKey=key(publicKeyPem="A" * 10_000)).keys == ()


@pytest.mark.parametrize("name", ["outbox", "followers", "following", "featured", "members"])
def test_collection_of_another_origin_is_left_out(name: str) -> None:
    assert actor(**{name: "https://victim.example/u/followers"}) == actor()


def test_foreign_shared_inbox_is_left_out() -> None:
    foreign: JsonValue = {"sharedInbox": "https://victim.example/inbox"}

    assert actor(endpoints=foreign).shared_inbox is None


def test_shared_inbox_is_in_endpoints_or_on_the_actor() -> None:
    own = "https://a.example/inbox"

    assert actor(endpoints={"sharedInbox": own}).shared_inbox == own
    assert actor(sharedInbox=own).shared_inbox == own  # Discourse


def test_group_names_its_moderators_as_a_collection() -> None:
    moderators = "https://a.example/g/moderators"

    for properties in ({"attributedTo": moderators}, {"moderators": moderators}):
        found = actor(type="Group", **properties)
        assert (found.moderators, found.moderator_ids) == (moderators, ())


def test_group_names_its_moderators_one_by_one() -> None:
    admins: JsonValue = [
        {"type": "Person", "id": "https://a.example/u/1", "title": "admin", "displayOrder": 0},
        {"type": "Person", "id": "https://a.example/u/2"},
    ]

    found = actor(type="Group", attributedTo=admins)

    assert found.moderators is None
    assert found.moderator_ids == ("https://a.example/u/1", "https://a.example/u/2")


@pytest.mark.parametrize(
    ("properties", "closed"),
    [
        ({}, False),
        ({"manuallyApprovesFollowers": True}, True),
        ({"manuallyApprovesFollowers": "yes"}, False),
        ({"accessType": "open"}, False),
        ({"accessType": "closed"}, True),  # Smithereen
        ({"accessType": "private"}, True),
    ],
)
def test_group_says_in_two_ways_that_it_is_closed(properties: JsonObject, closed: bool) -> None:
    assert actor(type="Group", **properties).manually_approves_followers is closed


def test_members_are_the_followers_of_a_smithereen_group() -> None:
    found = actor(
        type="Group", members="https://a.example/g/members", capabilities={"acceptsJoins": True}
    )

    assert found.followers == "https://a.example/g/members"
    assert found.accepts_joins


def test_matrix_id_is_read_as_lemmy_sends_it() -> None:
    assert actor(matrixUserId="@ada:a.example").matrix_user_id == "@ada:a.example"
    assert actor(matrixUserId="ada").matrix_user_id is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ada@a.example", "ada@a.example"),
        ("acct:ada@a.example", "ada@a.example"),
        ("ada", None),
        ("@a.example", None),
        ("ada@", None),
        ("ada@a.example/../b", None),
        (5, None),
    ],
)
def test_webfinger_is_a_handle_or_nothing(value: JsonValue, expected: str | None) -> None:
    assert actor(webfinger=value).webfinger == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://a.example/i.png", Picture(url="https://a.example/i.png")),
        (
            {"type": "Image", "mediaType": "image/png", "url": "https://a.example/i.png"},
            Picture(url="https://a.example/i.png", media_type="image/png"),
        ),
        (
            [
                {"type": "Image", "url": "https://a.example/s.png", "width": 48},
                {"type": "Image", "url": "https://a.example/l.png", "width": 120},
            ],
            Picture(url="https://a.example/l.png", width=120),
        ),
        ("/avatars/missing.png", None),
        ("javascript:alert(1)", None),
        ([], None),
    ],
)
def test_icon_is_read_in_every_form(value: JsonValue, expected: Picture | None) -> None:
    assert actor(icon=value).icon == expected


def test_profile_fields_and_emojis_are_read_up_to_a_limit() -> None:
    field: JsonObject = {"type": "PropertyValue", "name": "Site", "value": "<a>x</a>"}
    emoji: JsonObject = {"type": "Emoji", "name": ":x:", "icon": {"url": "https://a.example/x"}}

    found = actor(attachment=[field] * 60, tag=emoji, alsoKnownAs=[ADA] * 300)

    assert found.fields == (PropertyField(name="Site", value_html="<a>x</a>"),) * 50
    assert found.emojis == (Emoji(name="x", icon_url="https://a.example/x"),)
    assert len(found.also_known_as) == 256


def test_languages_of_a_lemmy_community_are_read() -> None:
    several: JsonValue = [{"identifier": "fr", "name": "Français"}, {"identifier": "de"}]

    assert actor(type="Group", language=several).languages == ("fr", "de")


def test_name_over_the_limit_is_cut() -> None:
    name = actor(name="n" * 5000).name

    assert name is not None
    assert len(name) == 2048
