"""What an operator does on one node, as the others come to see it."""

import pytest

from communities.membership import Role
from communities.people import ActorState
from communities.posts import PostState, Visibility
from node.demo_nodes import DemoNode
from node.demo_story import until
from node.drafts import Draft
from node.verbs.operator_forms import (
    AddModerator,
    BlockPeer,
    ClearPeer,
    DeleteAccount,
    DeleteCommunity,
    EditCommunity,
    RotateKeys,
    SuspendAccount,
)
from node.verbs.table import run
from storage.unit_of_work import UnitOfWork
from tests.journeys.conftest import Street

pytestmark = pytest.mark.slow
"""Each starts three nodes and waits for what they send each other: one to three seconds."""


def _state(uow: UnitOfWork, uri: str) -> ActorState | None:
    found = uow.actors.by_uri(uri)
    return None if found is None else found.state


def _name(uow: UnitOfWork, uri: str) -> str | None:
    found = uow.actors.by_uri(uri)
    return None if found is None else found.name


async def is_state(where: DemoNode, uri: str, state: ActorState) -> bool:
    return await where.node.storage.read(_state, uri) is state


async def test_new_keys_are_accepted_by_those_who_know_the_old_ones(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment")
    parent = await story.found("post", story.near)

    await run(story.near.node, RotateKeys(name="bob"))
    await run(story.home.node, RotateKeys(name="bees"))
    draft = Draft(source="Signed anew", parent_id=parent.id)
    await story.write("anew", story.near, story.bob, draft)

    for where in (story.home, story.near, story.far):
        await until(story.has("anew", where), f"{where.name} has what was signed with new keys")


async def test_a_deleted_account_is_gone_everywhere(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment", "vote")

    await run(story.near.node, DeleteAccount(name="bob"))

    await until(lambda: is_state(story.home, story.bob.uri, ActorState.DELETED), "the home knows")
    await until(lambda: is_state(story.far, story.bob.uri, ActorState.DELETED), "the far one, too")


async def test_a_changed_community_is_changed_everywhere(street: Street) -> None:
    story = street.story
    await street.play("find", "follow")

    await run(story.home.node, EditCommunity(name="bees", title="Bees and wasps"))

    async def is_renamed(where: DemoNode) -> bool:
        return await where.node.storage.read(_name, story.bees.uri) == "Bees and wasps"

    await until(lambda: is_renamed(story.near), "the near node has the new name")
    await until(lambda: is_renamed(story.far), "the far node has the new name")


async def test_a_moderator_elsewhere_is_known_everywhere(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post", "comment", "vote")

    await run(story.home.node, AddModerator(name="bees", whom=f"@bob@{story.near.name}"))

    for where in (story.near, story.far):
        await until(lambda where=where: moderates(where, street), f"{where.name} knows")  # type: ignore[misc]  # mypy cannot infer a lambda's default


async def moderates(where: DemoNode, street: Street) -> bool:
    uris = street.story.bees.uri, street.story.bob.uri
    return await where.node.storage.read(_role, *uris) is Role.MODERATOR


def _role(uow: UnitOfWork, community: str, person: str) -> Role | None:
    keys = uow.actors.key_of(community), uow.actors.key_of(person)
    held = None if keys[0] is None or keys[1] is None else uow.memberships.get(keys[0], keys[1])
    return None if held is None else held.role


async def test_a_closed_community_is_closed_everywhere(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")

    await run(story.home.node, DeleteCommunity(name="bees"))

    await until(
        lambda: is_state(story.near, story.bees.uri, ActorState.DELETED), "the near node knows"
    )


async def test_a_community_without_an_owner_here_closes_itself(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    await run(story.home.node, DeleteAccount(name="alice"))

    await run(story.home.node, DeleteCommunity(name="bees"))

    await until(
        lambda: is_state(story.near, story.bees.uri, ActorState.DELETED), "the near node knows"
    )


async def test_a_person_who_is_suspended_elsewhere_is_not_heard(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    parent = await story.found("post", story.near)

    await run(story.home.node, SuspendAccount(whom=story.bob.uri, reason="threats"))
    await story.write("unheard", story.near, story.bob, Draft(source="x", parent_id=parent.id))

    async def was_refused() -> bool:
        return any("suspended" in (one.refusal or "") for one in story.home.arrivals)

    await until(was_refused, "the home refused it")
    assert await story.post("unheard", story.home) is None


async def test_a_blocked_peer_is_neither_heard_nor_told_until_that_ends(street: Street) -> None:
    story = street.story
    await street.play("find", "follow", "post")
    near = story.near.node.uris.base
    parent = await story.found("post", story.near)

    await run(story.home.node, BlockPeer(host=near))
    await story.write("unheard", story.near, story.bob, Draft(source="x", parent_id=parent.id))
    await story.write(
        "untold",
        story.home,
        story.alice,
        Draft(source="y", title="y", community_id=story.bees.id),
    )
    await until(story.has("untold", story.far), "the other one is told")

    assert await story.post("unheard", story.home) is None
    assert await story.post("untold", story.near) is None

    await run(story.home.node, ClearPeer(host=near))
    await story.write("heard", story.near, story.bob, Draft(source="z", parent_id=parent.id))
    await until(story.has("heard", story.home, PostState.PUBLISHED), "it is heard again")


async def test_a_group_that_asks_newcomers_is_read_and_posted_in_by_everyone(
    street: Street,
) -> None:
    story = street.story
    await run(story.home.node, EditCommunity(name="bees", join="ask"))
    await street.play("find")
    group = await story.local(story.near)
    seen = await story.near.node.storage.read(lambda uow: uow.communities.get(group))
    assert seen is not None
    assert seen.is_open_to_read

    draft = Draft(source="For all to read", title="Asked", community_id=group)
    await story.write("asked", story.near, story.bob, draft)

    await until(story.has("asked", story.home), "the home has the post")
    assert (await story.found("asked", story.home)).visibility is Visibility.PUBLIC
