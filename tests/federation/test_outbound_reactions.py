"""Votes, emoji, boosts and polls on their way out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from communities import polls, reactions
from communities.community import Community
from communities.people import Person
from communities.posts import (
    Poll,
    PollOption,
    Post,
    PostContent,
    PostKind,
    Reaction,
    ReactionKind,
)
from protocols.activitypub.vocabulary import PUBLIC, ActivityType
from protocols.activitypub.vocabulary import Post as Document
from storage.unit_of_work import UnitOfWork
from tests.support.factories import HOME
from tests.support.fixture_files import lemmy_keys
from tests.support.outbox import (
    LEMMY,
    MASTODON,
    OLD_LEMMY,
    PIEFED,
    UNKNOWN,
    Village,
    at_host,
    inner,
    to_hosts,
)


async def react(
    village: Village,
    actor: Person,
    post: Post,
    kind: ReactionKind = ReactionKind.LIKE,
    *,
    cause: bytes | None = None,
) -> str:
    """Give a reaction; its id."""
    number = village.world.key()
    uri = HOME.request(number) if actor.host is None else f"https://{actor.host}/like/{number}"
    reaction = Reaction(
        actor_id=actor.id,
        post_id=post.id,
        kind=kind,
        uri=uri,
        at=village.world.now,
        emoji="🐝" if kind is ReactionKind.EMOJI else None,
    )

    def unit(uow: UnitOfWork) -> None:
        if cause is not None:
            uow.cause = uow.inbox.keep(cause, at_ms=1)
        assert reactions.react(uow, reaction)

    await village.storage.write(unit)
    return uri


async def thread(village: Village, author: Person, community: Community | None = None) -> Post:
    """A post that everyone knows already."""
    cause = None if author.host is None else b"{}"
    post = await village.publish(author, community, cause=cause)
    await village.skip()
    return post


async def poll(village: Village, author: Person, community: Community | None = None) -> Post:
    """A poll that everyone knows already."""
    choices = Poll(options=(PollOption(name="honey"), PollOption(name="wax")), multiple=True)
    post = await village.publish(
        author,
        community,
        kind=PostKind.QUESTION,
        content=PostContent(html="<p>Which?</p>", poll=choices),
    )
    await village.skip()
    return post


async def test_a_vote_in_our_community_is_announced_and_reaches_no_microblog(
    village: Village,
) -> None:
    """The keys of lemmy/activities/voting/dislike_page.json."""
    post = await thread(village, village.ada, village.bees)

    uri = await react(village, village.bob, post, ReactionKind.DISLIKE)
    sent = await village.step()

    assert to_hosts(sent) == [LEMMY, PIEFED, UNKNOWN]
    (announce,) = at_host(sent, LEMMY)
    dislike = inner(announce.document)
    assert dislike["id"] == uri
    assert (dislike["type"], dislike["object"]) == ("Dislike", post.uri)
    assert dislike["audience"] == village.bees.uri
    assert lemmy_keys("voting/dislike_page.json") <= dislike.keys()
    assert not {"to", "cc"} & {key for key, value in dislike.items() if value}


async def test_the_author_at_a_microblog_gets_the_like_directly(village: Village) -> None:
    post = await thread(village, village.members[MASTODON], village.bees)

    await react(village, village.bob, post)
    sent = await village.step()

    (direct,) = at_host(sent, MASTODON)
    assert direct.document["type"] == "Like"
    assert direct.sender_id == village.bob.id


async def test_an_undo_holds_the_whole_of_what_it_takes_back(village: Village) -> None:
    """The keys of lemmy/activities/voting/undo_like_note.json."""
    post = await thread(village, village.ada, village.bees)
    uri = await react(village, village.bob, post)
    await village.skip()

    await village.do(reactions.undo_reaction, uri, village.bob.id)
    sent = await village.step()

    undo = inner(at_host(sent, LEMMY)[0].document)
    like = inner(undo)
    assert undo["type"] == "Undo"
    assert undo["id"] != uri
    assert (like["type"], like["id"], like["object"]) == ("Like", uri, post.uri)
    assert lemmy_keys("voting/undo_like_note.json") <= undo.keys()


async def test_votes_of_a_step_go_together_to_peers_that_read_batches(village: Village) -> None:
    post = await thread(village, village.ada, village.bees)
    first = b'{"type":"Like","id":"https://lemmy.example/like/1"}'
    await react(village, village.members[LEMMY], post, cause=first)
    await react(village, village.bob, post)
    await react(village, village.members[MASTODON], post, cause=b'{"type":"Like","n":2}')

    sent = await village.step()

    (batch,) = at_host(sent, PIEFED)
    assert len(at_host(sent, LEMMY)) == 3
    collection = inner(batch.document)
    assert collection["type"] == "OrderedCollection"
    assert collection["totalItems"] == 3
    assert first in batch.body
    items = collection["orderedItems"]
    assert isinstance(items, list)
    assert isinstance(items[1], dict)
    assert items[1]["actor"] == village.bob.uri


async def test_votes_on_a_new_thread_do_not_overtake_it(village: Village) -> None:
    old = await thread(village, village.ada, village.bees)
    post = await village.publish(village.ada, village.bees)
    await react(village, village.bob, post)
    await react(village, village.bob, old)

    sent = at_host(await village.step(), PIEFED)

    keys = {one.order_key for one in sent if b"OrderedCollection" in one.body}
    created = next(one for one in sent if b"Create" in one.body)
    assert keys == {created.order_key, village.bees.id}


async def test_emoji_are_announced_to_whoever_can_read_them(village: Village) -> None:
    post = await thread(village, village.ada, village.bees)

    await react(village, village.bob, post, ReactionKind.EMOJI)
    sent = await village.step()

    assert to_hosts(sent) == [PIEFED, UNKNOWN]
    reaction = inner(at_host(sent, PIEFED)[0].document)
    assert (reaction["type"], reaction["content"]) == ("EmojiReact", "🐝")


async def test_a_vote_in_a_community_elsewhere_is_sent_to_it(village: Village) -> None:
    post = await village.storage.write(village.world.post, village.members[LEMMY], village.trees)

    await react(village, village.bob, post)
    (sent,) = await village.step()

    assert sent.host == LEMMY
    assert (sent.document["type"], sent.document["audience"]) == ("Like", village.trees.uri)


async def test_a_vote_outside_communities_goes_to_the_author_alone(village: Village) -> None:
    await village.storage.write(village.world.follow, village.members[LEMMY], village.bob)
    post = await village.storage.write(village.world.post, village.members[MASTODON])

    await react(village, village.bob, post)
    (sent,) = await village.step()

    assert sent.host == MASTODON
    assert sent.document["to"] == [village.members[MASTODON].uri]


async def test_what_peers_like_of_a_peer_is_told_to_nobody(village: Village) -> None:
    post = await village.storage.write(village.world.post, village.members[MASTODON])

    await react(village, village.members[LEMMY], post)

    assert await village.step() == []


async def test_a_boost_goes_to_followers_and_the_author_and_is_never_announced(
    village: Village,
) -> None:
    post = await thread(village, village.members[OLD_LEMMY], village.bees)
    await village.storage.write(village.world.follow, village.members[MASTODON], village.bob)

    uri = await react(village, village.bob, post, ReactionKind.BOOST)
    sent = await village.step()
    await village.do(reactions.undo_reaction, uri, village.bob.id)
    undone = await village.step()

    assert to_hosts(sent) == to_hosts(undone) == [MASTODON, OLD_LEMMY]
    boost = sent[0].document
    assert (boost["type"], boost["actor"], boost["object"]) == (
        "Announce",
        village.bob.uri,
        post.uri,
    )
    assert boost["to"] == [PUBLIC]
    assert inner(undone[0].document)["id"] == uri


async def test_a_peers_boost_is_not_announced(village: Village) -> None:
    post = await thread(village, village.ada, village.bees)

    await react(
        village,
        village.members[MASTODON],
        post,
        ReactionKind.BOOST,
        cause=b'{"type":"Announce"}',
    )

    assert await village.step() == []


async def test_choices_in_a_poll_elsewhere_go_to_its_author_alone(village: Village) -> None:
    author = village.members[MASTODON]
    choices = Poll(options=(PollOption(name="honey"), PollOption(name="wax")), multiple=True)
    post = await village.storage.write(
        lambda uow: village.world.post(
            uow, author, kind=PostKind.QUESTION, content=PostContent(poll=choices)
        )
    )

    await village.do(polls.vote, post.id, village.bob.id, ("wax", "honey"), village.world.now)
    sent = await village.step()

    votes = [one.activity.object for one in sent]
    assert {one.inbox for one in sent} == {f"{author.uri}/inbox"}
    assert [vote.name for vote in votes if isinstance(vote, Document)] == ["wax", "honey"]
    assert all(isinstance(vote, Document) and vote.is_poll_vote for vote in votes)
    assert all(one.activity.to == (author.uri,) for one in sent)
    assert not any("proof" in one.document for one in sent)


async def test_a_choice_that_its_poll_no_longer_has_costs_the_others_nothing(
    village: Village, caplog: pytest.LogCaptureFixture
) -> None:
    author = village.members[MASTODON]
    names = ("honey", "wax", "mead")
    choices = Poll(options=tuple(PollOption(name=name) for name in names), multiple=True)
    post = await village.storage.write(
        lambda uow: village.world.post(
            uow, author, kind=PostKind.QUESTION, content=PostContent(poll=choices)
        )
    )
    await village.do(polls.vote, post.id, village.bob.id, ("mead", "honey"), village.world.now)
    fewer = PostContent(poll=replace(choices, options=choices.options[:2]))
    await village.storage.write(lambda uow: uow.posts.edit(post.id, fewer, at=village.world.tick()))

    sent = await village.step()

    votes = [one.activity.object for one in sent]
    assert [vote.name for vote in votes if isinstance(vote, Document)] == ["honey"]
    assert "option 2" in caplog.text


async def test_counts_of_our_poll_go_out_once_a_step(village: Village) -> None:
    post = await poll(village, village.ada, village.bees)
    for voter in (village.bob, village.members[LEMMY], village.members[MASTODON]):
        await village.do(polls.vote, post.id, voter.id, ("wax",), village.world.now)

    sent = await village.step()

    (announce,) = at_host(sent, LEMMY)
    (direct,) = at_host(sent, MASTODON)
    question = direct.activity.object
    assert inner(announce.document)["type"] == "Update"
    assert direct.activity.type is ActivityType.UPDATE
    assert isinstance(question, Document)
    assert question.poll is not None
    assert [option.votes for option in question.poll.options] == [0, 3]
    assert question.updated is None


async def test_a_vote_that_was_taken_back_before_the_step_ends_taken_back(
    village: Village,
) -> None:
    post = await thread(village, village.ada, village.bees)
    uri = await react(village, village.bob, post)
    await village.do(reactions.undo_reaction, uri, village.bob.id)

    sent = at_host(await village.step(), LEMMY)

    assert [inner(one.document)["type"] for one in sent] == ["Like", "Undo"]
    assert len({one.order_key for one in sent}) == 1


async def test_a_vote_on_a_post_that_was_removed_before_the_step_is_not_announced(
    village: Village,
) -> None:
    post = await thread(village, village.ada, village.bees)
    await react(village, village.bob, post)
    await village.remove(post)

    sent = at_host(await village.step(), LEMMY)

    assert [inner(one.document)["type"] for one in sent] == ["Delete"]


async def test_a_closed_poll_that_was_withdrawn_tells_no_counts(village: Village) -> None:
    post = await poll(village, village.ada, village.bees)
    await village.do(polls.vote, post.id, village.bob.id, ("wax",), village.world.now)
    await village.withdraw(replace(post, edited_at=village.world.tick(timedelta(hours=1))))

    sent = at_host(await village.step(), LEMMY)

    assert [inner(one.document)["type"] for one in sent] == ["Delete"]
