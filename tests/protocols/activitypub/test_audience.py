"""Who may read, which community it is for, and which Announce is in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.activitypub.audience import (
    Visibility,
    address,
    community_candidates,
    may_announce,
    visibility_of,
)
from protocols.activitypub.parsing import parse_activity
from protocols.activitypub.vocabulary import (
    PUBLIC,
    Activity,
    ActivityObject,
    ActorId,
    ObjectId,
    ObjectType,
    Post,
    Reference,
)
from protocols.errors import LocalProtocolError
from protocols.strict_json import JsonValue
from tests.support import fixture_outcomes

ADA = ActorId("https://a.example/u/ada")
FOLLOWERS = "https://a.example/u/ada/followers"
BOB = "https://b.example/u/bob"
GROUP = "https://g.example/g/1"


def post(
    to: tuple[str, ...] = (),
    cc: tuple[str, ...] = (),
    audience: str | None = None,
    group: str | None = None,
) -> Post:
    """A Note of Ada, addressed so."""
    return Post(
        id=ObjectId("https://a.example/n/1"),
        type=ObjectType.NOTE,
        attributed_to=ADA,
        to=to,
        cc=cc,
        audience=audience,
        group=group,
    )


def activity(kind: str, found: JsonValue, **properties: JsonValue) -> Activity:
    """An activity of Bob."""
    return parse_activity({"type": kind, "actor": BOB, "object": found, **properties})


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        ((PUBLIC,), (FOLLOWERS,), "public"),
        ((FOLLOWERS,), (PUBLIC,), "unlisted"),
        ((PUBLIC,), (PUBLIC,), "public"),
        ((FOLLOWERS,), (BOB,), "followers"),
        ((BOB,), (FOLLOWERS,), "followers"),
        ((BOB,), (), "direct"),
        ((), (), "direct"),
        ((BOB + "/followers",), (), "direct"),
    ],
)
def test_visibility_follows_the_addressing(
    to: tuple[str, ...], cc: tuple[str, ...], expected: Visibility
) -> None:
    assert visibility_of(to, cc, followers=FOLLOWERS) == expected


def test_followers_of_nobody_are_not_a_visibility() -> None:
    assert visibility_of((FOLLOWERS,), (), followers=None) == "direct"


@given(
    st.sampled_from(["public", "unlisted", "followers", "direct"]),
    st.lists(st.sampled_from([BOB, ADA, PUBLIC]), max_size=3).map(tuple),
    st.none() | st.just(GROUP),
)
def test_visibility_addressed_reads_back(
    visibility: Visibility, people: tuple[str, ...], community: str | None
) -> None:
    to, cc = address(visibility, followers=FOLLOWERS, people=people, community=community)

    assert visibility_of(to, cc, followers=FOLLOWERS) == visibility
    assert community is None or to[0] == community
    assert set(people) - {PUBLIC} <= {*to, *cc}


def test_post_in_a_closed_community_goes_to_its_members() -> None:
    members = f"{GROUP}/followers"

    to, cc = address("followers", followers=members, community=GROUP, people=(BOB,))

    assert (to, cc) == ((GROUP, members), (BOB,))  # as Lemmy 1.0 addresses a private community


def test_post_for_followers_needs_their_collection() -> None:
    with pytest.raises(LocalProtocolError):
        address("followers")


def test_direct_post_names_only_people() -> None:
    assert address("direct", followers=FOLLOWERS, people=(BOB, BOB)) == ((BOB,), ())


def test_community_is_looked_for_in_the_order_of_receiving() -> None:
    found = community_candidates(
        post(to=(PUBLIC, "https://g.example/2"), cc=("https://g.example/3",), audience=GROUP,
             group="https://g.example/channel"),
        activity("Create", "https://a.example/n/1", to=["https://g.example/4", PUBLIC, GROUP]),
    )  # fmt: skip

    assert found == (
        GROUP,
        "https://g.example/2",
        "https://g.example/3",
        "https://g.example/4",
        "https://g.example/channel",
    )


def test_author_and_actor_are_no_communities() -> None:
    inner = activity("Create", "https://a.example/n/1", cc=[BOB, PUBLIC])

    assert community_candidates(post(to=(ADA, PUBLIC)), inner) == ()
    assert community_candidates(None, None) == ()


@pytest.mark.parametrize(
    "inner",
    [
        activity("Like", "https://a.example/n/1", audience=GROUP),
        activity("Like", "https://a.example/n/1", to=[GROUP]),
        activity("Delete", "https://a.example/n/1", cc=GROUP),
        activity("Delete", "https://a.example/n/1", cc=[f"{GROUP}/followers"]),
        activity("Update", GROUP),
        activity("Add", ADA, target=f"{GROUP}/moderators"),
        activity("Block", ADA, target=GROUP),
        activity("Undo", {"type": "Like", "actor": BOB, "object": "https://a.example/n/1",
                          "audience": GROUP}),
        activity("Create", {"type": "Note", "id": "https://b.example/n", "attributedTo": BOB,
                            "audience": GROUP}),
        parse_activity({"type": "Add", "actor": GROUP, "object": "https://g.example/g/2"}),
        post(audience=GROUP),
        post(to=(f"{GROUP}/followers",)),
        post(group=GROUP),
        Reference(id=GROUP),
    ],
)  # fmt: skip
def test_group_may_announce_what_names_it(inner: ActivityObject) -> None:
    assert may_announce(GROUP, inner)
    assert not may_announce("https://g.example/g/12", inner)


@pytest.mark.parametrize(
    "inner",
    [
        activity("Like", "https://a.example/n/1"),
        activity("Create", "https://a.example/n/1", to=[PUBLIC], audience="https://g.example/g/2"),
        activity("Add", ADA, target=f"{GROUP}0/moderators"),
        activity("Add", ADA, target="https://evil.example/g/1/moderators"),
        Reference(id="https://a.example/n/1"),
        post(to=(PUBLIC,)),
    ],
)
def test_what_does_not_name_the_group_is_left_to_storage(inner: ActivityObject) -> None:
    assert not may_announce(GROUP, inner)


@pytest.mark.skipif(not fixture_outcomes.FIXTURES.is_dir(), reason="../shared/fixtures is missing")
def test_announces_of_real_groups_are_in_order() -> None:
    for path, raw in fixture_outcomes.documents():
        if path.startswith(("mbin/AnnounceTest__testAnnounce", "piefed/docs", "piefed/sig")):
            found = fixture_outcomes.read(raw)
            if isinstance(found, Activity) and isinstance(found.object, Activity):
                assert may_announce(found.actor, found.object), path
