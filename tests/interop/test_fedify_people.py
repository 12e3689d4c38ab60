"""People of ours and people of a Fedify server: follows, posts for followers, messages.

Slow: a process of another language, and 4096-bit keys.
"""

import pytest

from communities.people import ActorKey, FollowState
from communities.posts import Post, PostState, Visibility
from node.drafts import Changes, Draft
from storage.actors import Profile
from storage.unit_of_work import UnitOfWork
from tests.interop.fedify_server import Arrival, Fedify, of_type
from tests.interop.home import Home

pytestmark = pytest.mark.slow


@pytest.fixture
async def ada(home: Home) -> Profile:
    """Someone of ours."""
    return await home.person("ada")


async def find(home: Home, fedify: Fedify, name: str = "alice") -> ActorKey:
    """Someone of the Fedify server, found by WebFinger."""
    found = await home.finder.person(fedify.handle(name))
    return found.id


async def follow(home: Home, fedify: Fedify, ada: Profile) -> ActorKey:
    """Let Ada follow Alice, and be accepted."""
    alice = await find(home, fedify)
    await home.acts.follow(ada.id, alice)
    await home.until("Alice accepted", lambda uow: follows(uow, ada.id, alice))
    return alice


def follows(uow: UnitOfWork, follower: ActorKey, followee: ActorKey) -> bool:
    """Whether one follows the other."""
    found = uow.people.follow(follower, followee)
    return found is not None and found.state is FollowState.ACCEPTED


def signed_by(home: Home, person: Profile, arrival: Arrival) -> bool:
    """Whether an activity is a person's own, by the signature of the request."""
    return arrival.is_from(person.uri, home.node.uris.main_key(person.uri))


def state_of(uow: UnitOfWork, post: Post) -> PostState | None:
    """What became of a post."""
    found = uow.posts.get(post.id)
    return None if found is None else found.state


def text_of(uow: UnitOfWork, post: Post) -> str | None:
    """What a post says now."""
    found = uow.posts.get(post.id)
    return None if found is None else found.content.html


async def test_person_of_ours_follows_and_is_accepted(
    home: Home, fedify: Fedify, ada: Profile
) -> None:
    await follow(home, fedify, ada)

    asked = await fedify.hears(of_type("Follow"))
    assert asked.scheme == fedify.process.scheme
    assert signed_by(home, ada, asked)
    assert await fedify.call("followers", of="alice") == [ada.uri]


async def test_post_of_whom_we_follow_arrives_changes_and_ends(
    home: Home, fedify: Fedify, ada: Profile
) -> None:
    alice = await follow(home, fedify, ada)

    uri = await fedify.act("post", "alice", content="<p>Rain.</p>", followers=True)

    post = await home.post_of(uri)
    assert post.author_id == alice
    assert post.content.html == "<p>Rain.</p>"
    assert post.visibility is Visibility.PUBLIC
    await fedify.act("edit", "alice", id=uri, content="<p>Sun.</p>", followers=True)
    await home.until("the edit", lambda uow: text_of(uow, post) == "<p>Sun.</p>")
    await fedify.act("remove", "alice", id=uri, followers=True)
    await home.until("the end", lambda uow: state_of(uow, post) is PostState.WITHDRAWN)


async def test_unfollowing_tells_the_other_server(home: Home, fedify: Fedify, ada: Profile) -> None:
    alice = await follow(home, fedify, ada)

    await home.acts.unfollow(ada.id, alice)

    undone = await fedify.hears(of_type("Undo"))
    assert signed_by(home, ada, undone)
    assert await fedify.call("followers", of="alice") == []


async def test_post_of_ours_reaches_a_follower_signed_by_its_author(
    home: Home, fedify: Fedify, ada: Profile
) -> None:
    await fedify.act("follow", "alice", actor=ada.uri)
    await fedify.hears(of_type("Accept"))

    post = await home.acts.write(ada.id, Draft(source="Rain."))

    created = await fedify.hears(of_type("Create"))
    assert signed_by(home, ada, created)
    assert created.proofs == [home.node.uris.ed25519_key(ada.uri)]
    assert created.inner is not None
    assert created.inner.id == post.uri
    assert created.inner.content == "<p>Rain.</p>"
    await home.acts.edit(ada.id, post.id, Changes(source="Sun."))
    edited = await fedify.hears(of_type("Update"))
    assert signed_by(home, ada, edited)
    assert edited.inner is not None
    assert edited.inner.content == "<p>Sun.</p>"
    await home.acts.withdraw(ada.id, post.id)
    deleted = await fedify.hears(of_type("Delete"))
    assert signed_by(home, ada, deleted)
    assert deleted.heard_id == post.uri


async def test_messages_go_both_ways_and_to_nobody_else(
    home: Home, fedify: Fedify, ada: Profile
) -> None:
    alice = await find(home, fedify)

    draft = Draft(source="Psst.", visibility=Visibility.DIRECT, recipients=(alice,))
    sent = await home.acts.write(ada.id, draft)

    heard = await fedify.hears(of_type("Create"))
    assert signed_by(home, ada, heard)
    assert heard.proofs is None
    assert heard.wrapped["id"] == sent.uri
    assert heard.wrapped["to"] == [fedify.actor("alice")]
    assert not heard.wrapped.get("cc")
    uri = await fedify.act(
        "post",
        "alice",
        content="<p>Yes?</p>",
        direct=True,
        people=[ada.uri],
        inReplyTo=sent.uri,
    )
    answer = await home.post_of(uri)
    assert answer.visibility is Visibility.DIRECT
    assert answer.parent_id == sent.id
    readers = await home.node.storage.read(lambda uow: list(uow.posts.recipients(answer.id)))
    assert readers == [ada.id]
