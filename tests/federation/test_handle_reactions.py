"""Votes, emoji and boosts, given and taken back."""

import pytest

from communities.community import CommunityVisibility, JoinPolicy
from communities.errors import NotAllowed, Reason
from communities.membership import MembershipState
from communities.posts import ReactionKind, Visibility
from federation.inbox import Outcome
from tests.support.postbox import Postbox, activity, actor_document, note


async def test_a_like_counts_once_and_is_relayed(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"), group)

    await postbox.deliver(activity("Like", eve.uri, post.uri))
    await postbox.deliver(activity("Like", eve.uri, post.uri))

    assert (await postbox.counts(post)).likes == 1
    assert len(await postbox.relayed()) == 1


async def test_a_dislike_replaces_a_like(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"), group)

    await postbox.deliver(activity("Like", eve.uri, post.uri))
    await postbox.deliver(activity("Dislike", eve.uri, post.uri))

    counts = await postbox.counts(post)
    assert (counts.likes, counts.dislikes) == (0, 1)


async def test_a_dislike_is_refused_where_there_are_no_downvotes(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees", downvotes=False), await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"), group)

    with pytest.raises(NotAllowed) as refused:
        await postbox.deliver(activity("Dislike", eve.uri, post.uri))

    assert refused.value.reason is Reason.FEATURE_OFF
    assert await postbox.relayed() == []


@pytest.mark.parametrize("kind", ["EmojiReact", "Like"])
async def test_an_emoji_is_no_vote(postbox: Postbox, kind: str) -> None:
    eve = await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"))

    await postbox.deliver(activity(kind, eve.uri, post.uri, content="🐝"))

    reaction = await postbox.storage.read(
        lambda uow: uow.reactions.find(eve.id, post.id, ReactionKind.EMOJI, "🐝")
    )
    assert reaction is not None
    assert (await postbox.counts(post)).likes == 0


@pytest.mark.parametrize("form", ["embedded", "id", "other-id"])
async def test_a_vote_is_taken_back(postbox: Postbox, form: str) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"), group)
    like = activity("Like", eve.uri, post.uri)
    await postbox.deliver(like)
    undone = {"embedded": like, "id": like["id"], "other-id": {**like, "id": f"{eve.uri}/x"}}

    await postbox.deliver(activity("Undo", eve.uri, undone[form]))

    assert (await postbox.counts(post)).likes == 0
    assert len(await postbox.relayed()) == 2


async def test_ori_12_nobody_takes_back_the_vote_of_another(postbox: Postbox) -> None:
    ida, eve = await postbox.stranger("ida", "far.example"), await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"))
    like = activity("Like", ida.uri, post.uri)
    await postbox.deliver(like)

    for undone in (like, {**like, "actor": eve.uri}, like["id"]):
        with pytest.raises(NotAllowed):
            await postbox.deliver(activity("Undo", eve.uri, undone))

    assert (await postbox.counts(post)).likes == 1


async def test_a_like_that_was_undone_before_it_came_does_not_count(postbox: Postbox) -> None:
    eve = await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"))
    like = activity("Like", eve.uri, post.uri)

    await postbox.deliver(activity("Undo", eve.uri, like))
    late = await postbox.deliver(like)

    assert late is Outcome.DUPLICATE
    assert (await postbox.counts(post)).likes == 0


async def test_a_vote_for_a_post_that_we_do_not_have_is_ignored_without_a_fetch(
    postbox: Postbox,
) -> None:
    eve = await postbox.stranger("eve")

    outcome = await postbox.deliver(activity("Like", eve.uri, "https://far.example/post/1"))

    assert outcome is Outcome.IGNORED
    assert postbox.wire.asked == []


async def test_a_banned_person_does_not_vote(postbox: Postbox) -> None:
    group, eve = await postbox.group("bees"), await postbox.stranger("eve")
    await postbox.member(group, eve, state=MembershipState.BANNED)
    post = await postbox.post(await postbox.resident("ada"), group)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Like", eve.uri, post.uri))


async def test_a_private_post_is_not_there_for_who_is_not_a_member(postbox: Postbox) -> None:
    group = await postbox.group("bees", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
    eve = await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"), group, visibility=Visibility.MEMBERS)

    outcome = await postbox.deliver(activity("Like", eve.uri, post.uri))

    assert outcome is Outcome.IGNORED


async def test_a_boost_counts_and_can_be_taken_back(postbox: Postbox) -> None:
    eve = await postbox.stranger("eve")
    post = await postbox.post(await postbox.resident("ada"))
    boost = activity("Announce", eve.uri, post.uri)

    await postbox.deliver(boost)
    boosted = (await postbox.counts(post)).boosts
    await postbox.deliver(activity("Undo", eve.uri, boost))

    assert boosted == 1
    assert (await postbox.counts(post)).boosts == 0


async def test_a_post_for_followers_is_not_boosted(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.follow(eve, ada)
    post = await postbox.post(ada, visibility=Visibility.FOLLOWERS)

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Announce", eve.uri, post.uri))


async def test_a_boost_of_a_followed_person_brings_the_post(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.follow(ada, eve)
    author = "https://far.example/users/ida"
    sent = note(author)
    postbox.wire.documents[author] = actor_document(author)
    postbox.wire.documents[str(sent["id"])] = sent

    await postbox.deliver(activity("Announce", eve.uri, sent["id"]))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.community_id is None
    assert (await postbox.counts(stored)).boosts == 1
