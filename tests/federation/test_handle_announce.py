"""What communities announce: facts about their own, and nothing else (FEP-1b12)."""

import pytest

from communities.community import Community
from communities.errors import NotAllowed
from communities.events import PostPublished
from communities.membership import MembershipState
from communities.people import Person
from communities.posts import Post, PostState, Visibility
from federation.inbox import Outcome
from protocols.strict_json import JsonObject, JsonValue
from tests.support.postbox import (
    Postbox,
    activity,
    actor_document,
    note,
    page,
)


async def wasps(postbox: Postbox) -> Community:
    """A group elsewhere with a member here."""
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    await postbox.member(group, ada)
    return group


def announce(group: Community, inner: JsonObject) -> JsonObject:
    return activity("Announce", group.uri, inner, cc=[f"{group.uri}/followers"])


async def published(postbox: Postbox, author: Person, group: Community) -> Post:
    """A post of a peer in a group."""
    return await postbox.post(author, group)


async def test_an_announced_post_of_the_same_server_is_published_without_a_fetch(
    postbox: Postbox,
) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("wim", "groups.example")
    sent = page(author.uri, group.uri)

    outcome = await postbox.deliver(announce(group, activity("Create", author.uri, sent)))

    assert outcome is Outcome.APPLIED
    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert (stored.community_id, stored.state) == (group.id, PostState.PUBLISHED)
    assert postbox.wire.asked == []


async def test_ori_07_of_an_altered_copy_the_origin_is_asked(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("ida", "far.example")
    original = page(author.uri, group.uri)
    postbox.wire.documents[str(original["id"])] = original
    forged = {**original, "content": "<p>forged</p>"}

    outcome = await postbox.deliver(announce(group, activity("Create", author.uri, forged)))

    assert outcome is Outcome.QUEUED
    stored = await postbox.find(str(original["id"]))
    assert stored is not None
    assert stored.content.html == "<p>Moin.</p>"


async def test_an_unknown_author_is_fetched(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = "https://far.example/users/ida"
    sent = page(author, group.uri)
    postbox.wire.documents[author] = actor_document(author)
    postbox.wire.documents[str(sent["id"])] = sent

    await postbox.deliver(announce(group, activity("Create", author, sent)))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.state is PostState.PUBLISHED


async def test_a_group_that_nobody_here_joined_is_not_listened_to(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    author = await postbox.stranger("wim", "groups.example")
    sent = page(author.uri, group.uri)

    wrapped = await postbox.deliver(announce(group, activity("Create", author.uri, sent)))
    bare = await postbox.deliver(activity("Announce", group.uri, sent["id"]))

    assert (wrapped, bare) == (Outcome.IGNORED, Outcome.IGNORED)
    assert await postbox.find(str(sent["id"])) is None
    assert postbox.wire.asked == []


async def test_its_announcement_publishes_a_post_of_ours(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    post = await postbox.post(ada, group, state=PostState.PENDING)
    sent = page(ada.uri, group.uri, id=post.uri, content="<p>forged</p>")
    create = activity("Create", ada.uri, sent, id="https://noaber.example/activities/create/9")

    outcome = await postbox.deliver(announce(group, create))

    stored = await postbox.find(post.uri)
    assert outcome is Outcome.APPLIED
    assert stored is not None
    assert stored.state is PostState.PUBLISHED
    assert stored.content == post.content
    assert isinstance((await postbox.events())[-1], PostPublished)


async def test_the_bare_announcement_publishes_a_post_that_waited(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("ida", "far.example")
    sent = page(author.uri, group.uri)
    await postbox.deliver(activity("Create", author.uri, sent))
    waiting = await postbox.find(str(sent["id"]))

    await postbox.deliver(activity("Announce", group.uri, sent["id"]))

    stored = await postbox.find(str(sent["id"]))
    assert waiting is not None
    assert stored is not None
    assert (waiting.state, stored.state) == (PostState.PENDING, PostState.PUBLISHED)


async def test_a_bare_announcement_files_a_fetched_post_and_is_no_boost(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("ida", "far.example")
    sent = note(author.uri)
    postbox.wire.documents[str(sent["id"])] = sent

    await postbox.deliver(activity("Announce", group.uri, sent["id"]))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.community_id == group.id
    assert (await postbox.counts(stored)).boosts == 0


async def test_ori_04_a_document_with_the_id_of_another_server_is_not_stored(
    postbox: Postbox,
) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("ida", "far.example")
    sent = note(author.uri)
    postbox.wire.documents["https://groups.example/fake/1"] = sent

    await postbox.deliver(activity("Announce", group.uri, "https://groups.example/fake/1"))

    assert await postbox.find(str(sent["id"])) is None


async def test_votes_are_counted_on_the_word_of_the_group(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("wim", "groups.example")
    voter = await postbox.stranger("ida", "far.example")
    post = await published(postbox, author, group)

    await postbox.deliver(announce(group, activity("Like", voter.uri, post.uri)))

    assert (await postbox.counts(post)).likes == 1


async def test_a_batch_of_votes_counts_those_that_can_be_counted(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("wim", "groups.example")
    voter = await postbox.stranger("ida", "far.example")
    post = await published(postbox, author, group)
    unknown = activity("Like", voter.uri, "https://groups.example/post/404")
    disliked = activity("Dislike", author.uri, post.uri)
    votes: list[JsonValue] = [unknown, activity("Like", voter.uri, post.uri), disliked]
    collection: JsonObject = {"type": "OrderedCollection", "totalItems": 3, "orderedItems": votes}

    outcome = await postbox.deliver(activity("Announce", group.uri, collection))

    assert outcome is Outcome.APPLIED
    counts = await postbox.counts(post)
    assert (counts.likes, counts.dislikes) == (1, 1)


async def test_nobody_can_be_made_to_vote_by_a_group(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    await postbox.member(group, ada)
    author = await postbox.stranger("wim", "groups.example")
    post = await published(postbox, author, group)
    like = activity("Like", ada.uri, post.uri)
    undo = activity("Undo", ada.uri, like)

    outcomes = [await postbox.deliver(announce(group, forged)) for forged in (like, undo)]

    assert outcomes == [Outcome.IGNORED, Outcome.IGNORED]
    assert (await postbox.counts(post)).likes == 0


async def test_a_group_cannot_speak_for_another_group(postbox: Postbox) -> None:
    group = await wasps(postbox)
    other = await postbox.distant_group("hornets", "other.example")
    author = await postbox.stranger("wim", "groups.example")
    post = await published(postbox, author, other)
    voter = await postbox.stranger("ida", "far.example")

    for inner in (activity("Like", voter.uri, post.uri), activity("Delete", voter.uri, post.uri)):
        with pytest.raises(NotAllowed):
            await postbox.deliver(announce(group, inner))

    stored = await postbox.find(post.uri)
    assert stored is not None
    assert stored.state is PostState.PUBLISHED


async def test_grp_07_a_group_elsewhere_cannot_echo_what_is_ours(postbox: Postbox) -> None:
    ours = await postbox.group("bees")
    group = await wasps(postbox)
    eve = await postbox.stranger("eve")
    known, unknown = page(eve.uri, ours.uri), page(eve.uri, ours.uri)
    await postbox.deliver(activity("Create", eve.uri, known))
    before = len(await postbox.events())

    for sent in (known, unknown):
        with pytest.raises(NotAllowed):
            await postbox.deliver(announce(group, activity("Create", eve.uri, sent)))
    nested = activity("Announce", group.uri, announce(ours, activity("Like", eve.uri, known["id"])))
    with pytest.raises(NotAllowed):
        await postbox.deliver(nested)

    assert len(await postbox.events()) == before
    assert await postbox.find(str(unknown["id"])) is None


async def test_a_group_cannot_announce_a_follow_or_an_accept(postbox: Postbox) -> None:
    group = await wasps(postbox)
    ours = await postbox.group("bees")
    eve = await postbox.stranger("eve")

    outcome = await postbox.deliver(announce(group, activity("Follow", eve.uri, ours.uri)))

    assert outcome is Outcome.IGNORED
    assert await postbox.membership(ours, eve) is None


async def test_what_is_announced_goes_below_what_it_answers(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("wim", "groups.example")
    thread = page(author.uri, group.uri)
    middle = note(author.uri, inReplyTo=thread["id"])
    comment = note(author.uri, inReplyTo=middle["id"], audience=group.uri)
    for document in (thread, middle):
        postbox.wire.documents[str(document["id"])] = document

    await postbox.deliver(announce(group, activity("Create", author.uri, comment)))

    found = [await postbox.find(str(one["id"])) for one in (thread, middle, comment)]
    assert [post.depth for post in found if post is not None] == [0, 1, 2]
    assert {post.community_id for post in found if post is not None} == {group.id}


async def test_an_announced_update_of_another_server_is_fetched(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("ida", "far.example")
    sent = page(author.uri, group.uri)
    postbox.wire.documents[str(sent["id"])] = sent
    await postbox.deliver(announce(group, activity("Create", author.uri, sent)))
    edited = {**sent, "content": "<p>edited</p>", "updated": "2026-11-01T11:30:00Z"}
    postbox.wire.documents[str(sent["id"])] = edited
    forged = {**edited, "content": "<p>forged</p>"}

    await postbox.deliver(announce(group, activity("Update", author.uri, forged)))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.content.html == "<p>edited</p>"


async def test_an_announced_deletion_by_an_author_elsewhere_is_looked_up(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("ida", "far.example")
    post = await published(postbox, author, group)
    postbox.wire.documents[post.uri] = page(author.uri, group.uri, id=post.uri)

    await postbox.deliver(announce(group, activity("Delete", author.uri, post.uri)))
    kept = await postbox.find(post.uri)
    del postbox.wire.documents[post.uri]
    await postbox.deliver(announce(group, activity("Delete", author.uri, post.uri)))

    gone = await postbox.find(post.uri)
    assert kept is not None
    assert gone is not None
    assert (kept.state, gone.state) == (PostState.PUBLISHED, PostState.WITHDRAWN)


async def test_an_announced_removal_by_a_moderator_is_a_fact(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    await postbox.member(group, ada)
    mod = await postbox.stranger("mod", "groups.example")
    post = await postbox.post(ada, group)
    removal = activity("Delete", mod.uri, post.uri, summary="Spam")

    await postbox.deliver(announce(group, removal))
    removed = await postbox.find(post.uri)
    await postbox.deliver(announce(group, activity("Undo", mod.uri, removal)))
    restored = await postbox.find(post.uri)

    assert removed is not None
    assert restored is not None
    assert (removed.state, restored.state) == (PostState.REMOVED, PostState.PUBLISHED)


async def test_what_is_announced_to_a_group_of_ours_by_its_members_is_relayed_as_it_came(
    postbox: Postbox,
) -> None:
    ours = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = activity("Create", eve.uri, page(eve.uri, ours.uri), extra={"kept": "as it came"})

    await postbox.deliver(sent)

    assert b"as it came" in (await postbox.relayed())[0]


async def test_prv_14_an_activity_with_hidden_recipients_is_not_relayed(postbox: Postbox) -> None:
    ours = await postbox.group("bees")
    eve = await postbox.stranger("eve")

    await postbox.deliver(
        activity("Create", eve.uri, page(eve.uri, ours.uri), bcc=["https://far.example/u/1"])
    )

    assert await postbox.relayed() == []


async def test_a_closed_group_adds_to_its_wall_instead_of_announcing(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("wim", "groups.example")
    sent = note(author.uri, to=[group.uri])
    wall = {"type": "Collection", "id": f"{group.uri}/wall", "attributedTo": group.uri}

    await postbox.deliver(activity("Add", group.uri, sent, target=wall))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.community_id == group.id


async def test_a_ban_that_is_announced_reaches_the_member_here(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada = await postbox.resident("ada")
    await postbox.member(group, ada)
    mod = await postbox.stranger("mod", "groups.example")
    post = await postbox.post(ada, group)
    block = activity("Block", mod.uri, ada.uri, target=group.uri, removeData=True, summary="Spam")

    await postbox.deliver(announce(group, block))

    membership = await postbox.membership(group, ada)
    removed = await postbox.find(post.uri)
    assert membership is not None
    assert membership.state is MembershipState.BANNED
    assert removed is not None
    assert removed.state is PostState.REMOVED


async def test_a_profile_of_the_group_that_it_announces_is_taken_over(postbox: Postbox) -> None:
    group = await wasps(postbox)
    mod = await postbox.stranger("mod", "groups.example")
    document = actor_document(group.uri, "Group", name="Wasps and friends")

    await postbox.deliver(announce(group, activity("Update", mod.uri, document)))

    stored = await postbox.storage.read(lambda uow: uow.communities.get(group.id))
    assert stored is not None
    assert stored.name == "Wasps and friends"


async def test_what_was_said_to_a_group_alone_is_for_its_members(postbox: Postbox) -> None:
    group = await wasps(postbox)
    author = await postbox.stranger("wim", "groups.example")
    sent = page(author.uri, group.uri, to=[group.uri, f"{group.uri}/followers"])

    await postbox.deliver(announce(group, activity("Create", author.uri, sent)))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.visibility is Visibility.MEMBERS
