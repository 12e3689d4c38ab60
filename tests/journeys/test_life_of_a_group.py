"""What happens to a group whose members live on three nodes."""

import asyncio

import pytest

from communities.appointing import ChangeRole, grant_role
from communities.errors import NotFound
from communities.membership import Membership, MembershipState, Role
from communities.moderation import ModeratePost, lock, remove
from communities.people import ActorKey
from communities.posts import PostState, ReactionKind
from communities.reports import Report
from node.control import ask
from node.demo_nodes import DemoNode, published
from node.demo_story import until
from node.drafts import Draft
from node.verbs.act_forms import Timeline
from node.verbs.answers import Answer
from storage.unit_of_work import UnitOfWork
from tests.journeys.conftest import Street

pytestmark = pytest.mark.slow
"""Each starts three nodes and waits for what they send each other: one to three seconds."""


async def test_what_members_do_on_one_node_stands_on_all_of_them(street: Street) -> None:
    await street.play("find", "follow", "post", "comment", "vote", "edit", "delete")

    for where in (street.story.home, street.story.near, street.story.far):
        post = await street.story.found("post", where)
        assert post.content.title == "The first swarm of the year: housed"


async def test_a_message_stays_between_two_nodes(street: Street) -> None:
    await street.play("find", "follow", "message")


async def test_a_removal_and_a_ban_reach_every_node(street: Street) -> None:
    await street.play("find", "follow", "remove", "ban")


async def test_a_ban_holds_against_a_node_that_does_not_know_of_it(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment", "vote", "ban")
    group = await story.local(story.far)
    await story.far.acting.run(_forget_ban, group, story.carol.id)

    draft = Draft(source="I am still here", title="Again", community_id=group)
    await story.write("stubborn", story.far, story.carol, draft)
    await until(lambda: _has_refused(story.home, "banned"), "the home refused the post")

    assert await story.post("stubborn", story.home) is None
    assert await story.post("stubborn", story.near) is None
    own = await story.found("stubborn", story.far)
    assert own.state is not PostState.PUBLISHED


async def _has_refused(where: DemoNode, word: str) -> bool:
    return any(word in (arrival.refusal or "") for arrival in where.arrivals)


def _forget_ban(uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey) -> None:
    held = uow.memberships.get(community_id, person_id)
    assert held is not None
    assert held.state is MembershipState.BANNED
    uow.memberships.put(
        Membership(
            community_id=community_id,
            person_id=person_id,
            state=MembershipState.MEMBER,
            since=held.since,
        )
    )


async def test_a_moderator_on_another_node_moderates(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    bob_at_home = await story.home.finder.person(story.bob.uri)
    command = ChangeRole(
        community_id=story.bees.id,
        person_id=bob_at_home.id,
        role=Role.MODERATOR,
        moderator_id=story.alice.id,
        at=story.home.acting.now(),
    )
    await story.home.acting.run(grant_role, command)
    await until(lambda: _is_moderator(street), "bob's own node knows that he moderates")

    post = await story.found("post", story.near)
    act = ModeratePost(
        post_id=post.id, moderator_id=story.bob.id, at=story.near.acting.now(), reason="settled"
    )
    await story.near.acting.run(lock, act)
    await until(lambda: _is_locked(street), "all three nodes have locked the thread")
    await story.near.acting.run(remove, act)

    for where in (story.home, story.near, story.far):
        await until(
            story.has("post", where, PostState.REMOVED), f"{where.name} has removed the post"
        )


async def _is_moderator(street: Street) -> bool:
    story = street.story
    group = await story.local(story.near)
    return await story.near.node.storage.read(_role, group, story.bob.id) is Role.MODERATOR


def _role(uow: UnitOfWork, community_id: ActorKey, person_id: ActorKey) -> Role | None:
    held = uow.memberships.get(community_id, person_id)
    return None if held is None else held.role


async def _is_locked(street: Street) -> bool:
    story = street.story
    posts = [await story.found("post", where) for where in (story.home, story.near, story.far)]
    return all(post.locked for post in posts)


async def test_a_report_reaches_the_moderators_at_home(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment")
    comment = await story.found("comment", story.far)

    await story.far.acting.report(story.carol.id, comment.author_id, "rude", post_id=comment.id)

    await until(lambda: _is_reported(street), "the report is in the queue at home")


async def _is_reported(street: Street) -> bool:
    home = street.story.home
    reports = await home.node.storage.read(_queue, street.story.bees.id)
    return [report.reason for report in reports] == ["rude"]


def _queue(uow: UnitOfWork, community_id: ActorKey) -> list[Report]:
    return [*uow.reports.queue(community_id)]


async def test_a_vote_that_is_taken_back_is_taken_back_everywhere(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment", "vote")
    post = await story.found("post", story.far)

    await story.far.acting.take_back(story.carol.id, post.id, ReactionKind.LIKE)

    for where in (story.home, story.near):
        await until(story.likes("post", where, 0), f"{where.name} counts no vote any more")


async def test_who_leaves_gets_nothing_more(street: Street) -> None:
    story = street.story
    await street.play("find", "follow")
    await story.far.acting.leave(story.carol.id, await story.local(story.far))
    await until(
        story.standing(story.home, story.carol.uri, MembershipState.LEFT), "carol is gone at home"
    )

    draft = Draft(source="Honey", title="Honey", community_id=story.bees.id)
    await story.write("later", story.home, story.alice, draft)
    await until(story.has("later", story.near), "the member that stayed has the post")

    assert await story.post("later", story.far) is None


async def test_a_command_acts_on_the_running_node(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    data_dir = story.near.node.settings.node.data_dir

    answer = await asyncio.to_thread(
        ask, data_dir, Timeline(person="bob"), lambda: Answer(lines=["alone"])
    )

    assert "The first swarm of the year" in "\n".join(answer.lines)


async def test_the_outbox_of_a_group_is_read_by_who_comes_late(street: Street) -> None:
    story = street.story
    draft = Draft(source="Before anyone came", title="Before", community_id=story.bees.id)
    await story.write("before", story.home, story.alice, draft)

    outbox = await published(story.near, f"{story.bees.uri}/outbox")

    assert outbox["totalItems"] == 1


async def test_a_post_that_was_never_sent_here_is_looked_up_and_answered(street: Street) -> None:
    story = street.story
    await story.write("note", story.near, story.bob, Draft(source="Good morning."))
    assert await story.post("note", story.far) is None

    found = await story.far.finder.post(story.posts["note"])
    draft = Draft(source="Good morning to you.", parent_id=found.id)
    await story.write("answer", story.far, story.carol, draft)

    assert found.content.html == "<p>Good morning.</p>"
    await until(story.has("answer", story.near), "the one who was answered has the answer")


async def test_nobody_gets_into_a_group_by_being_looked_up(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment", "vote", "ban")
    group = await story.local(story.far)
    await story.far.acting.run(_forget_ban, group, story.carol.id)
    draft = Draft(source="I am still here", title="Again", community_id=group)
    await story.write("stubborn", story.far, story.carol, draft)
    await until(lambda: _has_refused(story.home, "banned"), "the home refused the post")

    with pytest.raises(NotFound):
        await story.home.finder.post(story.posts["stubborn"])

    assert await story.post("stubborn", story.home) is None
