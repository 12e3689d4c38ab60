"""What was not said to a community is not shown to its members because somebody announced it."""

import pytest

from communities.community import CommunityVisibility
from communities.posts import Visibility
from federation.inbox import Outcome
from tests.support.postbox import Postbox, activity, note, page


@pytest.mark.parametrize("is_private", [False, True])
async def test_an_announced_post_for_followers_is_not_filed_for_members(
    postbox: Postbox, *, is_private: bool
) -> None:
    visibility = CommunityVisibility.PRIVATE if is_private else CommunityVisibility.PUBLIC
    group = await postbox.distant_group("wasps", visibility=visibility)
    await postbox.member(group, await postbox.resident("ada"))
    author = await postbox.stranger("ida", "far.example")
    said = note(author.uri, to=[f"{author.uri}/followers"])
    postbox.wire.documents[str(said["id"])] = said

    await postbox.deliver(activity("Announce", group.uri, said["id"]))

    assert await postbox.find(str(said["id"])) is None


async def test_what_an_announced_answer_answers_is_not_filed_for_members(
    postbox: Postbox,
) -> None:
    group = await postbox.distant_group("wasps")
    await postbox.member(group, await postbox.resident("ada"))
    author = await postbox.stranger("ida", "far.example")
    said = note(author.uri, to=[f"{author.uri}/followers"])
    postbox.wire.documents[str(said["id"])] = said
    eve = await postbox.stranger("eve", "groups.example")
    answer = page(eve.uri, group.uri, inReplyTo=said["id"])

    await postbox.deliver(activity("Announce", group.uri, activity("Create", eve.uri, answer)))

    assert await postbox.find(str(said["id"])) is None


async def test_what_was_said_to_the_group_alone_is_for_its_members(postbox: Postbox) -> None:
    group = await postbox.distant_group("wasps")
    await postbox.member(group, await postbox.resident("ada"))
    author = await postbox.stranger("ida", "far.example")
    said = page(author.uri, group.uri, to=[group.uri])
    postbox.wire.documents[str(said["id"])] = said

    outcome = await postbox.deliver(activity("Announce", group.uri, said["id"]))

    stored = await postbox.find(str(said["id"]))
    assert outcome is Outcome.QUEUED
    assert stored is not None
    assert stored.visibility is Visibility.MEMBERS
