"""What is rendered reads back as the same value, and has the shapes that peers need."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from protocols.activitypub.contexts import compact, is_plain
from protocols.activitypub.parsing import (
    parse_activity,
    parse_actor,
    parse_document,
    parse_post,
    parse_tombstone,
)
from protocols.activitypub.rendering import (
    announce_batch_bytes,
    announce_bytes,
    render_activity,
    render_actor,
    render_group,
    render_post,
    render_tombstone,
)
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityId,
    ActivityType,
    Actor,
    ActorId,
    ActorType,
    Attachment,
    KeyDocument,
    ObjectId,
    ObjectType,
    Post,
    Reference,
    Tombstone,
)
from protocols.errors import LocalProtocolError
from protocols.strict_json import JsonObject, load_object
from tests.support.vocabulary_strategies import activities, actors, posts, tombstones

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GROUP = "https://n.example/g/1"
ADA = ActorId("https://n.example/u/ada")

thorough = settings(
    max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def sent(document: JsonObject) -> JsonObject:
    """The document as a peer reads it: encoded, and decoded by the strict reader."""
    return load_object(msgspec.json.encode(document))


def garden() -> Actor:
    """A community of ours."""
    return Actor(
        id=ActorId(GROUP),
        type=ActorType.GROUP,
        preferred_username="garden",
        inbox=f"{GROUP}/inbox",
        followers=f"{GROUP}/followers",
        moderators=f"{GROUP}/moderators",
        keys=(
            KeyDocument(id=f"{GROUP}#main-key", owner=GROUP, pem="PEM"),
            KeyDocument(id=f"{GROUP}#ed25519", owner=GROUP, multikey="z6Mk"),
        ),
        languages=("nl",),
    )


def page() -> Post:
    """A thread in the community."""
    return Post(
        id=ObjectId("https://n.example/p/1"),
        type=ObjectType.PAGE,
        attributed_to=ADA,
        name="Bees",
        content_html="<p>Who keeps bees?</p>",
        content_media_type="text/html",
        language="nl",
        audience=GROUP,
        context="https://n.example/p/1/context",
        to=(GROUP, PUBLIC),
        link="https://bees.example/",
        published=NOON,
    )


@thorough
@given(posts())
def test_post_reads_back_as_it_was(post: Post) -> None:
    assert parse_post(sent(render_post(post))) == post


@thorough
@given(actors())
def test_actor_reads_back_as_it_was(actor: Actor) -> None:
    # Smithereen's accessType and members are said again in other words: they read back as such.
    assert parse_actor(sent(render_actor(actor))) == actor


@given(tombstones)
def test_tombstone_reads_back_as_it_was(tombstone: Tombstone) -> None:
    assert parse_tombstone(sent(render_tombstone(tombstone, deleted=NOON))) == tombstone


@thorough
@given(activities())
def test_activity_reads_back_as_it_was(activity: Activity) -> None:
    assert parse_activity(sent(render_activity(activity))) == activity


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(posts())
def test_post_means_the_same_to_a_reader_of_json_ld(post: Post) -> None:
    rendered = sent(render_post(post))

    assert is_plain(rendered)
    read = parse_post(compact(rendered))

    assert replace(read, to=post.to, cc=post.cc, language=post.language) == post
    assert set(read.to) == set(post.to)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(actors())
def test_actor_means_the_same_to_a_reader_of_json_ld(actor: Actor) -> None:
    rendered = sent(render_actor(actor))

    assert is_plain(rendered)
    read = parse_actor(compact(rendered))

    assert (read.id, read.type, read.inbox) == (actor.id, actor.type, actor.inbox)
    assert set(read.keys) == set(actor.keys)
    assert read.followers == actor.followers
    assert read.manually_approves_followers == actor.manually_approves_followers


def test_group_has_what_each_kind_of_software_reads() -> None:
    document = sent(render_group(replace(garden(), accepts_joins=True)))

    assert document["attributedTo"] == document["moderators"] == f"{GROUP}/moderators"  # Lemmy
    assert document["postingRestrictedToMods"] is False
    assert document["language"] == [{"identifier": "nl", "name": "nl"}]
    assert document["members"] == f"{GROUP}/followers"  # Smithereen
    assert document["accessType"] == "open"
    assert document["capabilities"] == {"acceptsJoins": True}
    assert document["publicKey"] == {
        "id": f"{GROUP}#main-key",
        "owner": GROUP,
        "publicKeyPem": "PEM",
    }
    assert document["assertionMethod"] == [  # FEP-521a
        {
            "id": f"{GROUP}#ed25519",
            "type": "Multikey",
            "controller": GROUP,
            "publicKeyMultibase": "z6Mk",
        }
    ]


@pytest.mark.parametrize(
    ("approves", "discoverable", "access"),
    [
        (False, None, "open"),
        (True, True, "closed"),
        (True, None, "closed"),
        (True, False, "private"),
    ],
)
def test_group_says_to_smithereen_how_open_it_is(
    approves: bool, discoverable: bool | None, access: str
) -> None:
    closed = replace(garden(), manually_approves_followers=approves, discoverable=discoverable)

    assert render_group(closed)["accessType"] == access
    assert render_actor(closed) == render_group(closed)


def test_page_has_what_each_kind_of_software_reads() -> None:
    post = replace(
        page(),
        attachments=(Attachment(kind="Image", url="https://n.example/m/1.png", alt="a bee"),),
    )

    document = sent(render_post(post, likes="https://n.example/p/1/likes"))

    assert document["to"] == [GROUP, PUBLIC]
    assert document["cc"] == []
    assert document["audience"] == GROUP  # FEP-1b12
    assert document["context"] == "https://n.example/p/1/context"  # FEP-7888
    assert document["contentMap"] == {"nl": "<p>Who keeps bees?</p>"}  # Mastodon
    assert document["language"] == {"identifier": "nl", "name": "nl"}  # Lemmy
    assert document["attachment"] == [
        {"type": "Link", "href": "https://bees.example/"},
        {"type": "Image", "url": "https://n.example/m/1.png", "name": "a bee"},
    ]
    assert document["likes"] == "https://n.example/p/1/likes"
    assert document["published"] == "2026-03-01T12:00:00Z"
    assert document["interactionPolicy"] == {"canQuote": {"automaticApproval": PUBLIC}}


def test_post_for_members_grants_no_quotes() -> None:
    closed = replace(page(), to=(GROUP, f"{GROUP}/followers"))

    assert "interactionPolicy" not in render_post(closed)


def test_create_embeds_the_post_under_one_context() -> None:
    create = Activity(
        id=ActivityId("https://n.example/a/1"),
        type=ActivityType.CREATE,
        type_name="Create",
        actor=ADA,
        objects=(page(),),
        to=(GROUP, PUBLIC),
    )

    document = sent(render_activity(create))

    assert isinstance(document["object"], dict)
    assert "@context" not in document["object"]
    assert is_plain(document)
    assert parse_document(document) == create


def test_document_given_takes_the_place_of_the_object() -> None:
    create = Activity(
        id=None, type=ActivityType.CREATE, type_name="Create", actor=ADA, objects=(page(),)
    )
    rendered = render_post(page(), shares="https://n.example/p/1/shares", context=False)

    document = render_activity(create, document=rendered)

    assert document["object"] is rendered
    assert parse_activity(sent(document)) == create


def test_plain_activity_carries_no_terms() -> None:
    follow = Activity(
        id=ActivityId("https://n.example/a/2"),
        type=ActivityType.FOLLOW,
        type_name="Follow",
        actor=ADA,
        objects=(Reference(id=GROUP),),
    )

    document = render_activity(follow)

    assert document == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "https://n.example/a/2",
        "type": "Follow",
        "actor": ADA,
        "object": GROUP,
    }


def test_ban_says_its_end_as_lemmy_and_as_mbin_read_it() -> None:
    ban = Activity(
        id=None,
        type=ActivityType.BLOCK,
        type_name="Block",
        actor=ADA,
        objects=(Reference(id="https://b.example/u/x"),),
        target=GROUP,
        end_time=NOON,
        remove_data=True,
    )

    document = render_activity(ban)

    assert document["endTime"] == document["expires"] == "2026-03-01T12:00:00Z"
    assert document["removeData"] is True
    assert is_plain(document)


def test_date_without_time_zone_is_our_fault() -> None:
    naive = replace(page(), published=NOON.replace(tzinfo=None))

    with pytest.raises(LocalProtocolError, match="time zone"):
        render_post(naive)


def test_date_of_another_zone_is_sent_in_utc() -> None:
    there = timezone(timedelta(hours=2))

    document = render_post(replace(page(), published=NOON.astimezone(there)))

    assert document["published"] == "2026-03-01T12:00:00Z"


ORIGINAL = (
    b'{ "@context" : ["https://www.w3.org/ns/activitystreams"],\n "type":"Like", "id":'
    b'"https://b.example/l/1","actor":"https://b.example/u/x", "object":"https://n.example/p/1",'
    b'"price": 1.0, "n": 1e2, "s":"\\u00e9\xc3\xa9\\/" }'
)


def test_announce_holds_the_original_bytes_unchanged() -> None:
    body = announce_bytes(
        id="https://n.example/a/9",
        actor=GROUP,
        to=[PUBLIC],
        cc=[f"{GROUP}/followers"],
        original=ORIGINAL,
        published=NOON,
    )

    assert ORIGINAL in body
    assert load_object(body) == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "https://n.example/a/9",
        "type": "Announce",
        "actor": GROUP,
        "to": [PUBLIC],
        "cc": [f"{GROUP}/followers"],
        "audience": GROUP,
        "published": "2026-03-01T12:00:00Z",
        "object": json.loads(ORIGINAL),
    }
    found = parse_activity(load_object(body))
    assert isinstance(found.object, Activity)
    assert found.object.type is ActivityType.LIKE


def test_batch_holds_each_original_unchanged_and_reads_as_several() -> None:
    other = ORIGINAL.replace(b"l/1", b"l/2")

    body = announce_batch_bytes(
        id="https://n.example/a/9",
        actor=GROUP,
        to=[PUBLIC],
        cc=[],
        originals=[ORIGINAL, other],
        published=NOON,
    )

    assert ORIGINAL in body
    assert other in body
    found = parse_activity(load_object(body))
    assert [item.id for item in found.objects] == ["https://b.example/l/1", "https://b.example/l/2"]


@pytest.mark.parametrize("original", [b"", b"[]", b'"x"', b"{", b'{"a":1},{"b":2'])
def test_what_is_no_object_is_not_announced(original: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        announce_bytes(
            id="https://n.example/a/9",
            actor=GROUP,
            to=[],
            cc=[],
            original=original,
            published=NOON,
        )


def test_empty_batch_is_not_announced() -> None:
    with pytest.raises(LocalProtocolError):
        announce_batch_bytes(
            id="https://n.example/a/9", actor=GROUP, to=[], cc=[], originals=[], published=NOON
        )
