"""Create: threads, comments, messages and votes in polls, and whose word counts (ORI, PRV, GRP)."""

import pytest

from communities.community import CommunityVisibility, JoinPolicy, PostingPolicy
from communities.errors import Invalid, NotAllowed, Reason
from communities.membership import MembershipState
from communities.people import ActorState
from communities.posts import Poll, PollOption, PostContent, PostKind, PostState, Visibility
from federation.errors import SignatureRejected
from federation.inbox import Outcome
from protocols.errors import RemoteProtocolError
from tests.support.postbox import PUBLIC, Postbox, activity, note, page


async def test_a_post_to_a_group_of_ours_is_published_and_relayed(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = page(eve.uri, group.uri, "Swarming")

    outcome = await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert outcome is Outcome.APPLIED
    assert stored is not None
    assert (stored.content.title, stored.state) == ("Swarming", PostState.PUBLISHED)
    assert len(await postbox.relayed()) == 1


async def test_sig_18_the_same_activity_takes_effect_once(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = activity("Create", eve.uri, page(eve.uri, group.uri))

    outcomes = [await postbox.deliver(sent) for _ in range(3)]

    assert outcomes == [Outcome.APPLIED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert len(await postbox.events()) == 1


async def test_ori_01_an_object_of_another_server_is_refused_without_a_fetch(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = page(eve.uri, group.uri, id="https://victim.example/n/1")

    with pytest.raises(RemoteProtocolError):
        await postbox.deliver(activity("Create", eve.uri, sent))

    assert await postbox.find("https://victim.example/n/1") is None
    assert postbox.wire.asked == []


@pytest.mark.parametrize("host", ["victim.example", "peer.example"])
async def test_ori_02_nobody_writes_in_the_name_of_another(postbox: Postbox, host: str) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    victim = await postbox.stranger("victim", host)
    sent = page(eve.uri, group.uri, attributedTo=victim.uri)

    with pytest.raises((RemoteProtocolError, NotAllowed)):
        await postbox.deliver(activity("Create", eve.uri, sent))

    assert await postbox.find(str(sent["id"])) is None


async def test_ori_02_an_activity_of_another_actor_is_not_believed(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    victim = await postbox.stranger("victim", "victim.example")
    sent = page(victim.uri, group.uri)

    with pytest.raises(SignatureRejected):
        await postbox.deliver(activity("Create", victim.uri, sent), signer=eve.uri)

    assert await postbox.find(str(sent["id"])) is None


async def test_an_activity_with_the_id_of_another_server_is_refused(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = activity("Create", eve.uri, page(eve.uri, group.uri), id="https://victim.example/a/1")

    with pytest.raises(RemoteProtocolError):
        await postbox.deliver(sent)


async def test_ori_19_who_is_suspended_is_refused_and_later_not_made_good(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    await postbox.set_state(eve, ActorState.SUSPENDED)
    sent = page(eve.uri, group.uri)

    with pytest.raises(NotAllowed) as refused:
        await postbox.deliver(activity("Update", eve.uri, sent))
    await postbox.set_state(eve, ActorState.ACTIVE)

    assert refused.value.reason is Reason.SUSPENDED
    assert await postbox.find(str(sent["id"])) is None


async def test_grp_09_a_banned_member_is_refused_and_not_relayed(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    await postbox.member(group, eve, state=MembershipState.BANNED)

    with pytest.raises(NotAllowed) as refused:
        await postbox.deliver(activity("Create", eve.uri, page(eve.uri, group.uri)))

    assert refused.value.reason is Reason.BANNED
    assert await postbox.relayed() == []


async def test_only_moderators_post_where_the_group_is_so(postbox: Postbox) -> None:
    group = await postbox.group("bees", posting=PostingPolicy.MODERATORS)
    eve = await postbox.stranger("eve")

    with pytest.raises(NotAllowed) as refused:
        await postbox.deliver(activity("Create", eve.uri, page(eve.uri, group.uri)))

    assert refused.value.reason is Reason.ROLE


async def test_grp_10_a_comment_stays_in_the_group_of_what_it_answers(postbox: Postbox) -> None:
    bees, wasps = await postbox.group("bees"), await postbox.group("wasps")
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    post = await postbox.post(ada, bees)
    sent = note(eve.uri, inReplyTo=post.uri, audience=wasps.uri)

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.community_id == bees.id


async def test_a_post_that_answers_itself_is_refused(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = page(eve.uri, group.uri, id=f"{eve.uri}/n/1", inReplyTo=f"{eve.uri}/n/1")

    with pytest.raises(Invalid):
        await postbox.deliver(activity("Create", eve.uri, sent))


async def test_what_is_said_in_a_private_group_is_for_its_members_whatever_it_says(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
    eve = await postbox.stranger("eve")
    await postbox.member(group, eve)
    loud = page(eve.uri, group.uri)
    quiet = page(eve.uri, group.uri, to=[group.uri, f"{group.uri}/followers"])

    for sent in (loud, quiet):
        await postbox.deliver(activity("Create", eve.uri, sent))

    found = [await postbox.find(str(sent["id"])) for sent in (loud, quiet)]
    assert [post.visibility for post in found if post is not None] == [Visibility.MEMBERS] * 2


async def test_who_takes_a_group_that_asks_for_a_closed_one_posts_for_its_members(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees", join=JoinPolicy.ASK)
    eve = await postbox.stranger("eve")
    await postbox.member(group, eve)
    sent = page(eve.uri, group.uri, to=[group.uri, f"{group.uri}/followers"])

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert (stored.visibility, stored.community_id) == (Visibility.MEMBERS, group.id)


async def test_a_private_answer_in_a_private_group_is_not_shown_to_its_members(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees", visibility=CommunityVisibility.PRIVATE, join=JoinPolicy.ASK)
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.member(group, ada)
    await postbox.member(group, eve)
    post = await postbox.post(ada, group, visibility=Visibility.MEMBERS)
    sent = note(eve.uri, inReplyTo=post.uri, to=[ada.uri])

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert (stored.visibility, stored.community_id) == (Visibility.DIRECT, None)
    assert await postbox.relayed() == []


@pytest.mark.parametrize("kind", ["Note", "ChatMessage"])
async def test_a_direct_message_reaches_its_reader(postbox: Postbox, kind: str) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    sent = note(eve.uri, type=kind, to=[ada.uri])

    await postbox.deliver(activity("Create", eve.uri, sent, to=[ada.uri]))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.visibility is Visibility.DIRECT
    readers = await postbox.storage.read(lambda uow: uow.posts.recipients(stored.id))
    assert list(readers) == [ada.id]


async def test_prv_13_a_message_does_not_reach_who_blocked_its_author(postbox: Postbox) -> None:
    ada, bob = await postbox.resident("ada"), await postbox.resident("bob")
    eve = await postbox.stranger("eve")
    await postbox.storage.write(
        lambda uow: uow.people.set_blocked(
            ada.id, eve.id, blocked=True, uri="https://noaber.example/b/1", at=postbox.world.now
        )
    )
    both = note(eve.uri, to=[ada.uri, bob.uri])

    with pytest.raises(NotAllowed):
        await postbox.deliver(activity("Create", eve.uri, note(eve.uri, to=[ada.uri])))
    await postbox.deliver(activity("Create", eve.uri, both))

    stored = await postbox.find(str(both["id"]))
    assert stored is not None
    readers = await postbox.storage.read(lambda uow: uow.posts.recipients(stored.id))
    assert list(readers) == [bob.id]


async def test_a_vote_counts_in_a_poll_of_ours_and_is_no_post(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    poll = Poll(options=(PollOption(name="Honey"), PollOption(name="Wax")))
    post = await postbox.post(
        ada, kind=PostKind.QUESTION, content=PostContent(html="<p>Which?</p>", poll=poll)
    )
    vote = note(eve.uri, inReplyTo=post.uri, name="Wax", to=[ada.uri])
    del vote["content"]

    await postbox.deliver(activity("Create", eve.uri, vote))

    stored = await postbox.find(post.uri)
    assert stored is not None
    assert stored.content.poll is not None
    assert [option.votes for option in stored.content.poll.options] == [0, 1]
    assert await postbox.find(str(vote["id"])) is None


async def test_a_followed_author_is_read_and_a_stranger_is_not(postbox: Postbox) -> None:
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    ida = await postbox.stranger("ida", "far.example")
    await postbox.follow(ada, eve)
    read, unread = note(eve.uri), note(ida.uri)

    outcomes = [
        await postbox.deliver(activity("Create", eve.uri, read)),
        await postbox.deliver(activity("Create", ida.uri, unread)),
    ]

    assert outcomes == [Outcome.APPLIED, Outcome.IGNORED]
    assert await postbox.find(str(read["id"])) is not None
    assert await postbox.find(str(unread["id"])) is None


async def test_a_post_for_a_group_elsewhere_waits_for_its_word(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    ada, eve = await postbox.resident("ada"), await postbox.stranger("eve")
    await postbox.member(group, ada)
    sent = page(eve.uri, group.uri)

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert stored.state is PostState.PENDING


async def test_an_object_sent_as_its_id_is_fetched(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    sent = page(eve.uri, group.uri)
    postbox.wire.documents[str(sent["id"])] = sent

    await postbox.deliver(activity("Create", eve.uri, sent["id"]))

    assert await postbox.find(str(sent["id"])) is not None


async def test_an_ancestor_that_never_spoke_to_the_group_is_not_put_into_it(
    postbox: Postbox,
) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    above = note(eve.uri)
    postbox.wire.documents[str(above["id"])] = above
    sent = note(eve.uri, inReplyTo=above["id"], to=[PUBLIC, group.uri])

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(above["id"]))
    assert stored is not None
    assert stored.community_id is None


async def test_more_tags_and_pictures_than_we_keep_do_not_cost_the_post(postbox: Postbox) -> None:
    group = await postbox.group("bees")
    eve = await postbox.stranger("eve")
    tags = [
        {"type": "Hashtag", "name": f"#tag{number}", "href": f"https://peer.example/t/{number}"}
        for number in range(80)
    ]
    sent = page(eve.uri, group.uri, tag=tags)

    await postbox.deliver(activity("Create", eve.uri, sent))

    stored = await postbox.find(str(sent["id"]))
    assert stored is not None
    assert len(stored.content.hashtags) == 50
