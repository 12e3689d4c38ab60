"""A group of ours with members on a Fedify server, in both signature schemes.

The Fedify server gives its documents to signed requests only, refuses the other scheme, and tells
what it could prove of each activity. Slow: a process of another language, and 4096-bit keys.
"""

import pytest

from communities.membership import MembershipState
from communities.posts import Post, PostState, ReactionKind
from node.drafts import Changes
from storage.unit_of_work import UnitOfWork
from tests.interop.fedify_server import Arrival, Fedify, of_type, wraps
from tests.interop.gardening import join, write
from tests.interop.home import Garden, Home

pytestmark = pytest.mark.slow


def proof_key(garden: Garden) -> str:
    """The id of the key that makes the proofs of the owner of the garden."""
    return garden.home.node.uris.ed25519_key(garden.owner.uri)


def announced(garden: Garden, arrival: Arrival) -> bool:
    """Whether an activity is the garden's own, by the signature of the request."""
    return arrival.is_from(garden.uri, garden.home.node.uris.main_key(garden.uri))


async def until_counted(home: Home, post: Post, likes: int, dislikes: int) -> None:
    """Wait until the post has these votes."""

    def has_them(uow: UnitOfWork) -> bool:
        counts = uow.posts.counts(post.id)
        return (counts.likes, counts.dislikes) == (likes, dislikes)

    await home.until(f"{likes} likes and {dislikes} dislikes", has_them)


async def test_follows_a_group_and_is_accepted(garden: Garden, fedify: Fedify) -> None:
    asked = await join(garden, fedify)

    accept = await fedify.hears(of_type("Accept"))
    assert accept.scheme == fedify.process.scheme
    assert announced(garden, accept)
    assert accept.heard is not None
    assert accept.heard.object_id == asked
    membership = await garden.membership(fedify.actor("alice"))
    assert membership is not None
    assert membership.state is MembershipState.MEMBER


async def test_leaves_a_group_by_undoing_the_follow(garden: Garden, fedify: Fedify) -> None:
    asked = await join(garden, fedify)

    await fedify.act("undo", "alice", id=asked, to=garden.uri)

    await garden.home.until(
        "alice has left",
        lambda uow: garden.state(uow, fedify.actor("alice")) is MembershipState.LEFT,
    )


async def test_hears_a_post_of_ours_as_a_signed_announce(garden: Garden, fedify: Fedify) -> None:
    await join(garden, fedify)

    post = await garden.write("Who has beans?", title="Beans")

    wrapped = await fedify.hears(wraps("Create", post.uri))
    assert announced(garden, wrapped)
    create = wrapped.inner
    assert create is not None
    assert create.actor == garden.owner.uri
    assert create.object is not None
    assert (create.object.type, create.object.name) == ("Page", "Beans")
    assert create.object.content == "<p>Who has beans?</p>"
    assert create.object.author == garden.owner.uri
    assert wrapped.wrapped_proofs == [proof_key(garden)]


async def test_altered_activity_of_ours_is_proven_no_more(garden: Garden, fedify: Fedify) -> None:
    await join(garden, fedify)
    await garden.write("Who has beans?", title="Beans")
    create = (await fedify.hears(wraps("Create"))).wrapped

    sound = await fedify.call("proofs", document=create)
    altered = await fedify.call("proofs", document={**create, "published": "2026-01-01T00:00:00Z"})

    assert sound == {"proofs": [proof_key(garden)], "proven": True}
    assert altered == {"proofs": [""], "proven": False}


async def test_reads_the_post_that_a_bare_announce_names(garden: Garden, fedify: Fedify) -> None:
    await join(garden, fedify)

    post = await garden.write("Who has beans?", title="Beans")

    twin = await fedify.hears(lambda one: of_type("Announce")(one) and one.heard_id == post.uri)
    assert announced(garden, twin)
    assert twin.inner is not None
    assert twin.inner.name == "Beans"


async def test_post_of_a_member_is_kept_and_announced_unchanged(
    garden: Garden, fedify: Fedify
) -> None:
    await join(garden, fedify)
    await join(garden, fedify, "bob")

    post = await write(garden, fedify, content="<p>They are <b>back</b>.<script>x()</script></p>")

    assert post.state is PostState.PUBLISHED
    assert post.community_id == garden.community.id
    assert post.content.title == "Slugs"
    assert post.content.html == "<p>They are <b>back</b>.</p>"
    back = await fedify.hears(wraps("Create", post.uri))
    assert announced(garden, back)
    assert back.wrapped_proofs == [fedify.proof_key("alice")]


async def test_comment_of_a_member_hangs_below_the_post(garden: Garden, fedify: Fedify) -> None:
    await join(garden, fedify)
    await join(garden, fedify, "bob")
    post = await write(garden, fedify)

    uri = await fedify.act(
        "post", "bob", group=garden.uri, inReplyTo=post.uri, content="<p>Beer helps.</p>"
    )

    comment = await garden.home.post_of(uri)
    assert comment.parent_id == post.id
    assert comment.community_id == garden.community.id
    back = await fedify.hears(wraps("Create", uri))
    assert announced(garden, back)
    assert back.wrapped_proofs == [fedify.proof_key("bob")]


async def test_comment_of_ours_reaches_the_author_on_the_other_server(
    garden: Garden, fedify: Fedify
) -> None:
    await join(garden, fedify)
    post = await write(garden, fedify)

    comment = await garden.write("Copper tape too.", parent=post)

    wrapped = await fedify.hears(wraps("Create", comment.uri))
    assert announced(garden, wrapped)
    assert wrapped.document is not None
    assert wrapped.document["object"]["object"]["inReplyTo"] == post.uri


@pytest.mark.parametrize(
    ("kind", "counts"), [("like", (1, 0)), ("dislike", (0, 1))], ids=["like", "dislike"]
)
async def test_vote_counts_until_it_is_undone(
    garden: Garden, fedify: Fedify, kind: str, counts: tuple[int, int]
) -> None:
    await join(garden, fedify)
    post = await garden.write("Beans?", title="Beans")

    vote = await fedify.act("vote", "alice", object=post.uri, kind=kind, to=garden.uri)

    await until_counted(garden.home, post, *counts)
    back = await fedify.hears(wraps(kind.capitalize(), post.uri))
    assert announced(garden, back)
    assert back.wrapped_proofs == [fedify.proof_key("alice")]
    await fedify.act("undo", "alice", id=vote, to=garden.uri)
    await until_counted(garden.home, post, 0, 0)
    undone = await fedify.hears(wraps("Undo", vote))
    assert announced(garden, undone)


async def test_vote_of_ours_reaches_the_members_and_its_undo_too(
    garden: Garden, fedify: Fedify
) -> None:
    await join(garden, fedify)
    post = await write(garden, fedify)

    await garden.home.acts.react(garden.owner.id, post.id, ReactionKind.LIKE)

    liked = await fedify.hears(wraps("Like", post.uri))
    assert announced(garden, liked)
    assert liked.wrapped_proofs == [proof_key(garden)]
    await garden.home.acts.take_back(garden.owner.id, post.id, ReactionKind.LIKE)
    undone = await fedify.hears(wraps("Undo"))
    assert announced(garden, undone)
    assert undone.wrapped_proofs == [proof_key(garden)]
    assert undone.inner is not None
    assert liked.inner is not None
    assert undone.inner.object_id == liked.inner.id


async def test_edit_of_a_member_takes_effect_and_is_announced(
    garden: Garden, fedify: Fedify
) -> None:
    await join(garden, fedify)
    post = await write(garden, fedify)

    await fedify.act("edit", "alice", id=post.uri, content="<p>They left.</p>", group=garden.uri)

    await garden.home.until("the edit", lambda uow: text_of(uow, post) == "<p>They left.</p>")
    back = await fedify.hears(wraps("Update", post.uri))
    assert announced(garden, back)
    assert back.wrapped_proofs == [fedify.proof_key("alice")]


async def test_edit_of_ours_reaches_the_members(garden: Garden, fedify: Fedify) -> None:
    await join(garden, fedify)
    post = await garden.write("Beans?", title="Beans")

    await garden.home.acts.edit(garden.owner.id, post.id, Changes(source="Peas?"))

    wrapped = await fedify.hears(wraps("Update", post.uri))
    assert announced(garden, wrapped)
    assert wrapped.inner is not None
    assert wrapped.inner.object is not None
    assert wrapped.inner.object.content == "<p>Peas?</p>"
    assert wrapped.wrapped_proofs == [proof_key(garden)]


async def test_deletion_of_a_member_takes_effect_and_is_announced(
    garden: Garden, fedify: Fedify
) -> None:
    await join(garden, fedify)
    post = await write(garden, fedify)

    await fedify.act("remove", "alice", id=post.uri, group=garden.uri)

    await garden.home.until("the end", lambda uow: state_of(uow, post) is PostState.WITHDRAWN)
    back = await fedify.hears(wraps("Delete", post.uri))
    assert announced(garden, back)


async def test_deletion_of_ours_reaches_the_members(garden: Garden, fedify: Fedify) -> None:
    await join(garden, fedify)
    post = await garden.write("Beans?", title="Beans")

    await garden.home.acts.withdraw(garden.owner.id, post.id)

    wrapped = await fedify.hears(wraps("Delete", post.uri))
    assert announced(garden, wrapped)
    assert wrapped.wrapped_proofs == [proof_key(garden)]
    gone = await fedify.lookup(post.uri, reader="alice")
    assert gone is None or gone["@type"] == ["https://www.w3.org/ns/activitystreams#Tombstone"]


def text_of(uow: UnitOfWork, post: Post) -> str | None:
    """What a post says now."""
    found = uow.posts.get(post.id)
    return None if found is None else found.content.html


def state_of(uow: UnitOfWork, post: Post) -> PostState | None:
    """What became of a post."""
    found = uow.posts.get(post.id)
    return None if found is None else found.state
